#!/usr/bin/env python3
# tests/house/pure.py - what the core libraries take from outside, against pure.allow: no system call.
# usage: pure.py LIB...   (all core libraries, as meson built them)
import os
import re
import subprocess
import sys

import house


def symbols(lib, *options):
    out = subprocess.run(['nm', *options, lib], check=True, capture_output=True, text=True).stdout
    obj = ''
    for line in out.splitlines():
        if line.endswith(':'):
            obj = line[:-1]
        elif line.strip():
            yield obj, line.split()[-1]


def main():
    libs = sys.argv[1:]
    faults = []
    allow = house.allowed('tests/house/pure.allow')
    patterns = [re.compile(word) for word in allow]
    ours = {name for lib in libs for _, name in symbols(lib, '--defined-only', '--extern-only')}
    for lib in libs:
        for obj, name in symbols(lib, '--undefined-only'):
            if name not in ours and not any(p.fullmatch(name) for p in patterns):
                faults.append(f'{os.path.basename(lib)}: {obj} takes {name} from outside core')
    given = {os.path.basename(os.path.dirname(lib)) for lib in libs}
    for path in house.files('src/core', ext=('.c',)):
        folder = path.split('/')[2]
        if folder not in given:
            given.add(folder)
            faults.append(f'src/core/{folder} has code, but its library is not in core_libs (meson.build)')
    house.verdict('pure', faults)


main()
