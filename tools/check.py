# tools/check.py - builds and runs the tests; ./check calls it once the compiler is there.
import argparse
import glob
import json
import os
import re
import subprocess
import sys

FAST = ('house', 'unit', 'flow', 'fuzz')
LANES = {'desk': 1, 'proc': 2, 'peer': 2}  # few at a time: they look at screens and clocks
SLOW = tuple(LANES)
TWICE = ('unit', 'flow', 'fuzz')    # these run a second time with the sanitizers
BUILDS = {
    'build': {'werror': True},
    'build-asan': {'werror': True, 'b_sanitize': 'address,undefined', 'b_lundef': False,
                   'optimization': '1'},
}
ENV = dict(os.environ, PYTHONUNBUFFERED='1', NINJA_STATUS='[%f/%t] ',
           ASAN_OPTIONS='halt_on_error=1:abort_on_error=1:print_summary=1',
           UBSAN_OPTIONS='halt_on_error=1:abort_on_error=1:print_summary=1:print_stacktrace=1')


class Tally:
    passed = failed = skipped = 0

    def end(self):
        line = f'{self.passed} passed, {self.failed} failed'
        if self.skipped:
            line += f', {self.skipped} skipped'
        print(line, flush=True)
        sys.exit(1 if self.failed else 0)


def say(*words):
    print(*words, flush=True)


def introspect(build, what):
    out = subprocess.run(['meson', 'introspect', build, '--' + what], check=True, capture_output=True)
    return json.loads(out.stdout)


def configure(build):
    """Sets up, or brings an older build directory to these options and the present fuzz targets."""
    options = [f'-D{k}={str(v).lower() if isinstance(v, bool) else v}' for k, v in BUILDS[build].items()]
    if not os.path.exists(f'{build}/build.ninja'):
        say(f'== configuring {build}')
        command = ['meson', 'setup', build, *options]
    else:
        now = {o['name']: o['value'] for o in introspect(build, 'buildoptions')}
        known = {name for _, name in tests(build)}
        there = {'fuzz/' + os.path.basename(p)[5:-2] for p in glob.glob('fuzz/fuzz_*.c')}
        if any(now.get(k) != v for k, v in BUILDS[build].items()):
            command = ['meson', 'configure', build, *options]
        elif there != {name for name in known if name.startswith('fuzz/')}:
            command = ['meson', 'setup', '--reconfigure', build]
        else:
            command = ['ninja', '-C', build, 'build.ninja']    # follows changed meson.build files
    return quiet(command) and quiet(['ninja', '-C', build, 'build.ninja'])


def quiet(command):
    """Runs the command; what it says is of interest only when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENV)
    if done.returncode:
        say(done.stdout)
    return done.returncode == 0


def tests(build):
    """(suite, name) of every test."""
    return [(t['suite'][0].split(':')[-1], t['name']) for t in introspect(build, 'tests')]


def chosen(all_tests, names):
    """Those with one of the names, else those that contain it; a suite's name takes the suite."""
    if not names:
        return all_tests
    picked = []
    for name in names:
        found = [t for t in all_tests if name in t]
        found = found or [t for t in all_tests if name in t[1]]
        if not found:
            print(f'check: {name}: no such test', file=sys.stderr)
            sys.exit(2)
        picked += [t for t in found if t not in picked]
    return picked


def compile(build, names=None):
    """Everything, or what the named tests need."""
    files = []
    if names is not None:
        where = {t['id']: t['filename'] for t in introspect(build, 'targets')}
        for test in introspect(build, 'tests'):
            if test['name'] in names:
                for id in test['depends']:
                    files += where.get(id, [])
        files = sorted({os.path.relpath(f, build) for f in files if f.startswith(os.path.abspath(build))})
    say(f'== building {build}')
    ninja = subprocess.Popen(['ninja', '-C', build, f'-j{os.cpu_count()}', '--quiet', *files], env=ENV,
                             text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in ninja.stdout:
        if 'no work to do' not in line:
            say(line.rstrip())
    return ninja.wait() == 0


def run(build, title, picked, lanes, tally):
    """Runs the picked tests, shows what failed and what was left out, and counts. lanes: None for all."""
    if not picked:
        return
    say(f'== {title} ({build})')
    base = 'check-' + re.sub(r'\W+', '-', title)
    log = f'{build}/meson-logs/{base}.json'
    if os.path.exists(log):
        os.unlink(log)
    command = ['meson', 'test', '-C', build, '--no-rebuild', '--logbase', base,
               '--timeout-multiplier', '4' if build != 'build' else '2']
    if lanes:
        command += ['--num-processes', str(lanes)]
    runner = subprocess.Popen(command + [name for _, name in picked], env=ENV, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in runner.stdout:
        if re.match(r'\s*\d+/\d+ ', line):
            say(line.rstrip())
    runner.wait()
    results = {}
    if os.path.exists(log):
        with open(log, encoding='utf-8', errors='replace') as f:
            for line in f:
                result = json.loads(line)
                results[re.split(r' / |:', result['name'])[-1]] = result
    for suite, name in picked:
        count(suite, name, build, results.get(name), tally)


def count(suite, name, build, result, tally):
    verdict = result['result'] if result else 'NOT RUN'
    output = '' if not result else (result.get('stdout') or '') + (result.get('stderr') or '')
    left_out = re.findall(r'^.*?skipped: (.*)$', output, re.M | re.I)
    if verdict in ('OK', 'EXPECTEDFAIL'):
        tally.passed += 1
        if left_out:
            more = f' and {len(left_out) - 1} more' if len(left_out) > 1 else ''
            say(f'   {name}: left out: {left_out[0]}{more}')
    elif verdict == 'SKIP':
        tally.skipped += 1
        say(f'   {name}: skipped: {left_out[-1] if left_out else "it does not say why"}')
    else:
        tally.failed += 1
        say(f'--- {verdict}: {suite} {name} ({build})')
        say(output.rstrip())
        say(f'--- end of {name}')


def main():
    parser = argparse.ArgumentParser(prog='check', description='Builds and runs the tests.')
    parser.add_argument('names', nargs='*', metavar='NAME', help='a test, part of its name, or a suite: '
                        + ' '.join(FAST + SLOW))
    parser.add_argument('--quick', action='store_true', help='only what needs no peer program')
    args = parser.parse_args()
    tally = Tally()

    def give_up(what):
        say(f'--- {what}')
        tally.failed += 1
        tally.end()

    if not configure('build'):
        give_up('configuring failed')
    everything = [t for t in tests('build') if not args.quick or t[0] in FAST]
    picked = chosen(everything, args.names)
    if not args.quick and any(suite in SLOW + ('house',) for suite, _ in picked):
        if subprocess.run(['tools/install', 'run', 'test']).returncode:
            say('check: some packages could not be installed; what needs them is skipped or fails')
    again = [t for t in picked if t[0] in (('unit',) if args.quick else TWICE)]

    if not compile('build'):
        give_up('building failed')
    run('build', 'house, unit, flow, fuzz', [t for t in picked if t[0] in FAST], None, tally)
    if again:
        if not configure('build-asan'):
            give_up('configuring build-asan failed')
        if compile('build-asan', {name for _, name in again}):
            run('build-asan', 'again with sanitizers', again, None, tally)
        else:
            say('--- building build-asan failed')
            tally.failed += 1
    for suite in SLOW:
        run('build', suite, [t for t in picked if t[0] == suite], LANES[suite], tally)
    tally.end()


main()
