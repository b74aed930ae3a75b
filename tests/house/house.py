# tests/house/house.py - what the tests about the house share: its files, C without comments, the verdict.
import os
import re
import sys

ROOT = os.path.abspath(os.environ.get('SP_SOURCE') or os.path.join(os.path.dirname(__file__), '..', '..'))
# Bytes for machines, not pages for people.
DATA = ('tests/corpus/', 'tests/vectors/')


def files(*folders, ext=None):
    """Paths below the given folders, from the root, sorted; only those that end in one of ext."""
    found = []
    for folder in folders:
        for here, dirs, names in os.walk(os.path.join(ROOT, folder)):
            dirs[:] = [d for d in dirs if d != '__pycache__' and not d.startswith('.')]
            for name in names:
                path = os.path.relpath(os.path.join(here, name), ROOT)
                if not path.startswith(DATA) and (ext is None or name.endswith(ext)):
                    found.append(path)
    return sorted(found)


def text(path):
    with open(os.path.join(ROOT, path), encoding='utf-8', errors='replace') as f:
        return f.read()


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def bare(source):
    """C with comments gone and strings emptied; every line keeps its number."""
    def blank(m):
        t = m.group()
        if t[0] == '/':
            return ' ' + '\n' * t.count('\n')
        return t[0] * 2
    return TOKEN.sub(blank, source)


def line_of(source, offset):
    return source.count('\n', 0, offset) + 1


def allowed(path):
    """Words of a list file, one a line, each with a reason after '#'."""
    words = {}
    for number, line in enumerate(text(path).splitlines(), 1):
        word, _, reason = line.partition('#')
        if word.strip():
            if not reason.strip():
                sys.exit(f'{path}:{number}: {word.strip()} stands there without a reason')
            words[word.strip()] = reason.strip()
    return words


def verdict(rule, faults):
    for fault in faults:
        print(fault)
    print(f'{rule}: {len(faults)} faults' if faults else f'{rule}: kept')
    sys.exit(1 if faults else 0)


def skip(why):
    print(f'skipped: {why}')
    sys.exit(77)
