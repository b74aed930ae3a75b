#!/usr/bin/env python3
# tests/house/manual.py - the manual knows every command and every key, and every command its --help.
import os
import re
import shutil
import subprocess

import house

BUILD = os.environ.get('SP_BUILD') or os.path.join(house.ROOT, 'build')
SALLYPORT = os.path.join(BUILD, 'sallyport')
# How the configuration names its keys: in tables of reading functions, and in one of numbers.
KEY = re.compile(r'\{"([a-z][a-z-]*)", (?:read_|offsetof)')
# mandoc looks for the pages we refer to in the system, where those of other packages may be missing.
NOT_OURS = re.compile(r'referenced manual not found|outdated mandoc.db')


def run(*argv):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def commands():
    """Names of the subcommands, by the table in main.c and each file's own word for itself."""
    for name in re.findall(r'&app_(\w+),', house.text('src/app/main.c')):
        yield re.search(rf'app_command app_{name} = \{{\s*\.name = "([^"]+)"',
                        '\n'.join(house.text(p) for p in house.files('src/app', ext=('.c',)))).group(1)


def helps(name, faults):
    for argv in ([SALLYPORT, name, '--help'], [SALLYPORT, name, '-h']):
        done = run(*argv)
        if done.returncode or not done.stdout.lower().startswith(f'usage: sallyport {name}') or done.stderr:
            faults.append(f'{" ".join(argv[1:])}: exit {done.returncode}, starts {done.stdout[:40]!r} {done.stderr[:80]}')
        faults += [f'{name} --help: {line!r} is wider than a terminal'
                   for line in done.stdout.splitlines() if len(line) > 96]
    page = f'man/sallyport-{name}.1'
    if not os.path.exists(os.path.join(house.ROOT, page)):
        return [f'{page}: no manual page for `sallyport {name}`']
    # Every option that --help names is in the page.
    words = house.text(page).replace('\\-', '-')
    return [f'{page}: --{option} is not in it' for option in sorted(set(re.findall(r'(?<![\w-])--([a-z][a-z-]+)', run(
        SALLYPORT, name, '--help').stdout))) if f'Fl -{option}' not in words and f'--{option}' not in words]


def main():
    faults = []
    installed = house.text('man/meson.build')
    front = house.text('man/sallyport.1')
    for name in commands():
        faults += helps(name, faults)
        if f'.Xr sallyport-{name} 1' not in front:
            faults.append(f'man/sallyport.1: does not refer to sallyport-{name}(1)')
    keys = set(KEY.findall('\n'.join(house.text(p) for p in house.files('src/host/conf', ext=('.c',)))))
    if len(keys) < 10:
        faults.append('src/host/conf: its tables of keys are not found any more')
    for key in sorted(keys):
        if f'.It Cm {key}\n' not in house.text('man/sallyport.conf.5'):
            faults.append(f'man/sallyport.conf.5: key {key} is not in it')
        if not re.search(rf'^#\s*{key}\s*=', house.text('data/conf/sallyport.conf'), re.M):
            faults.append(f'data/conf/sallyport.conf: key {key} is not in it')
    pages = house.files('man', ext=('.1', '.5', '.8'))
    for page in pages:
        if f"'{os.path.basename(page)}'" not in installed:
            faults.append(f'{page}: not installed')
        if '.Sh EXAMPLES' not in house.text(page):
            faults.append(f'{page}: no examples')
    if shutil.which('mandoc'):
        done = run('mandoc', '-Tlint', '-W', 'style', *[os.path.join(house.ROOT, p) for p in pages])
        faults += [line for line in (done.stdout + done.stderr).splitlines() if not NOT_OURS.search(line)]
    else:
        print('skipped: the form of the pages: mandoc not installed')
    house.verdict('manual', faults)


main()
