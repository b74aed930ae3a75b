#!/usr/bin/env python3
# tests/house/size.py - no file over 1,000 lines, no page wider than its reader.
import house

HARD = 1000


def main():
    faults = []
    for path in house.files('src', 'tests', 'fuzz', 'bench', 'tools'):
        source = house.text(path)
        if '\0' in source:
            continue
        lines = source.count('\n')
        if lines > HARD:
            faults.append(f'{path}: {lines} lines, the limit is {HARD}')
    house.verdict('size', faults)


main()
