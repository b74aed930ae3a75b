#!/usr/bin/env python3
# tests/house/layers.py - every #include under src/ against src/LAYERS.
import os
import re

import house

# What C itself gives without a system: all that core may name between angle brackets.
CORE_ANGLE = {'assert.h', 'ctype.h', 'float.h', 'inttypes.h', 'limits.h', 'stdalign.h', 'stdarg.h',
              'stdbool.h', 'stddef.h', 'stdint.h', 'stdio.h', 'stdlib.h', 'string.h', 'math.h',
              'emmintrin.h', 'tmmintrin.h', 'smmintrin.h', 'nmmintrin.h', 'immintrin.h', 'arm_neon.h'}
# Libraries of others belong into host; these folders are the reason why theirs are there.
ANGLE_FREE = ('host/', 'desk/session', 'desk/broker', 'client')
LIBRARIES = re.compile(r'(openssl|nettle|xcb|xkbcommon|X11|security|fuse3)/|sodium\.h|sqlite3\.h|'
                       r'libconfig\.h|jansson\.h|seccomp\.h|png\.h|liboath/|qrencode\.h|SDL|libpq-fe\.h')


def layers(faults):
    """{folder: folders it may include}; a line may only name folders that stand above it."""
    rows = {}
    for number, line in enumerate(house.text('src/LAYERS').splitlines(), 1):
        line = line.split('#')[0].strip()
        if not line:
            continue
        folder, colon, below = line.partition(':')
        if not colon:
            faults.append(f'src/LAYERS:{number}: no colon')
            continue
        for name in below.split():
            if name not in rows:
                faults.append(f'src/LAYERS:{number}: {folder} names {name}, which does not stand above it')
        if folder in rows:
            faults.append(f'src/LAYERS:{number}: {folder} stands there twice')
        rows[folder] = below.split()
    return rows


def folder_of(path, rows):
    """The row a path below src/ belongs to: the longest folder that holds it."""
    folder = os.path.dirname(path)
    while folder and folder not in rows:
        folder = os.path.dirname(folder)
    return folder


def main():
    faults = []
    rows = layers(faults)
    for path in house.files('src', ext=('.c', '.h')):
        here = folder_of(path[len('src/'):], rows)
        if not here:
            faults.append(f'{path}: its folder has no line in src/LAYERS')
            continue
        for number, line in enumerate(house.text(path).splitlines(), 1):
            m = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if not m:
                continue
            name = m.group(2)
            if m.group(1) == '<':
                if here.startswith('core/') and name not in CORE_ANGLE:
                    faults.append(f'{path}:{number}: core may not include <{name}>')
                elif LIBRARIES.match(name) and not here.startswith(ANGLE_FREE):
                    faults.append(f'{path}:{number}: <{name}> belongs behind src/host')
                continue
            there = folder_of(name, rows)
            if not there:
                faults.append(f'{path}:{number}: "{name}" is not written from src/')
            elif there != here and there not in rows[here]:
                faults.append(f'{path}:{number}: {here} may not include {there} ("{name}")')
    house.verdict('layers', faults)


main()
