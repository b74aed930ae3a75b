#!/usr/bin/env python3
# tests/house/ban.py - functions and manners that this house does not use.
import re

import house

BANNED = {
    'strcpy': 'snprintf or a span', 'strcat': 'snprintf', 'strncat': 'snprintf', 'stpcpy': 'snprintf',
    'sprintf': 'snprintf', 'vsprintf': 'vsnprintf', 'gets': 'nothing', 'system': 'fork and exec',
    'popen': 'fork and exec', 'alloca': 'a fixed array', 'tmpnam': 'mkstemp', 'mktemp': 'mkstemp',
    'strtok': 'a loop', 'atoi': 'strtol with its checks', 'atol': 'strtol with its checks',
}
CALL = re.compile(r'(?<![\w.>])(%s)\s*\(' % '|'.join(BANNED))
# Only core/base/mem.c may allocate in core, so that tests can make every allocation fail.
ALLOC = re.compile(r'(?<![\w.>])(malloc|calloc|realloc|free|strdup)\s*\(')
# Lengths from the wire: scalar reads of the cursor.
WIRE = re.compile(r'\b(\w+)\s*=\s*(?:\(\w+\)\s*)?sp_rd_(?:u8|le16|be16|le32|be32|le64)\s*\(')
COPY = re.compile(r'(?<![\w.>])(memcpy|memmove)\s*\(')


def arguments(source, at):
    """The arguments of the call whose '(' stands just before at, and where it ends."""
    depth, start, out = 1, at, []
    for i in range(at, len(source)):
        c = source[i]
        if c in '([{':
            depth += 1
        elif c in ')]}':
            depth -= 1
            if depth == 0:
                return out + [source[start:i]]
        elif c == ',' and depth == 1:
            out.append(source[start:i])
            start = i + 1
    return out


def wire_copies(source):
    """Offsets of memcpy and memmove whose length was just read from the wire in the same function."""
    for body in re.finditer(r'^\{.*?^\}', source, re.S | re.M):
        text = body.group()
        wire = {m.group(1) for m in WIRE.finditer(text)}
        for m in COPY.finditer(text):
            length = (arguments(text, m.end()) or [''])[-1]
            if 'sp_rd_' in length or wire & set(re.findall(r'\w+', length)):
                yield body.start() + m.start()


def main():
    faults = []
    for path in house.files('src', 'tests', 'fuzz', 'bench', ext=('.c', '.h')):
        raw = house.text(path)
        source = house.bare(raw)
        for m in CALL.finditer(source):
            faults.append(f'{path}:{house.line_of(source, m.start())}: {m.group(1)}; '
                          f'take {BANNED[m.group(1)]}')
        for m in re.finditer(r'\b(TODO|FIXME|XXX)\b', raw):
            faults.append(f'{path}:{house.line_of(raw, m.start())}: {m.group(1)}: finish it or leave it out')
        if path.startswith('src/core/') and path != 'src/core/base/mem.c':
            for m in ALLOC.finditer(source):
                faults.append(f'{path}:{house.line_of(source, m.start())}: {m.group(1)}; '
                              f'core allocates through core/base/mem.h')
        if path.startswith('src/') and not path.startswith('src/core/base/'):
            for at in wire_copies(source):
                faults.append(f'{path}:{house.line_of(source, at)}: copies with a length from the wire; '
                              f'take sp_rd_copy or sp_rd_span')
    house.verdict('ban', faults)


main()
