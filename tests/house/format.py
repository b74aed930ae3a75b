#!/usr/bin/env python3
# tests/house/format.py - clang-format has nothing to say about our C.
import re
import shutil
import subprocess

import house


def main():
    tool = shutil.which('clang-format-14') or shutil.which('clang-format')
    if not tool:
        house.skip('no clang-format')
    version = subprocess.run([tool, '--version'], capture_output=True, text=True).stdout
    if not re.search(r'version 14\.', version):
        house.skip(f'clang-format 14 judges here, this is {version.strip()}')
    files = house.files('src', 'tests', 'fuzz', 'bench', ext=('.c', '.h'))
    out = subprocess.run([tool, '--dry-run', '-Werror', *files], cwd=house.ROOT, capture_output=True,
                         text=True).stderr
    found = re.findall(r'^(\S+?:\d+):\d+: error', out, re.M)
    house.verdict('format', [f'{at}: not as clang-format -i writes it' for at in dict.fromkeys(found)])


main()
