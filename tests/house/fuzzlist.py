#!/usr/bin/env python3
# tests/house/fuzzlist.py - every decoder in core has a fuzz target that calls it.
import re

import house

DECODER = re.compile(r'^(?!static)[a-z][^;{}()=\n]*\b(sp_\w+?_(?:read|decode|step|feed|decompress|parse)(?:_\w+)?)'
                     r'\s*\([^;{}]*\)\s*\{', re.M)
EXCEPT = 'tests/house/fuzzlist.allow'


def main():
    faults = []
    targets = {path: house.bare(house.text(path)) for path in house.files('fuzz', ext=('.c',))
               if re.search(r'/fuzz_\w+\.c$', path)}
    called = set(re.findall(r'\bsp_\w+', '\n'.join(targets.values())))
    for path, source in targets.items():
        if 'LLVMFuzzerTestOneInput' not in source:
            faults.append(f'{path}: no LLVMFuzzerTestOneInput')
    allow = house.allowed(EXCEPT)
    for path in house.files('src/core', ext=('.c',)):
        decoders = set(DECODER.findall(house.bare(house.text(path))))
        if path in allow:
            if not decoders:
                faults.append(f'{EXCEPT}: {path} needs no exception')
            allow.pop(path)
        elif decoders and not decoders & called:
            faults.append(f'{path}: no target in fuzz/ calls any of {", ".join(sorted(decoders))}')
    faults += [f'{EXCEPT}: no file {path}' for path in allow]
    house.verdict('fuzzlist', faults)


main()
