#!/usr/bin/env python3
# bench/bench-channels.py - how fast files and clipboard text pass through a stock client's channels; beside xrdp.
"""
usage: bench-channels [--json] [--runs N] [--megabytes N] [--files N] [--only WORD]

The same xfreerdp, /drive and +clipboard, on our desktop through the gate and on xrdp's, in one run. Large file: one
copied onto the client's drive, one read from it. Tree: as many small files (100 bytes to 9 KB, 50 in a directory)
copied in and read out with cp -r. Clipboard: text copied on one side and pasted on the other. Medians of runs in turns.
The client's directory is in memory where there is room. xrdp logs in Unix accounts: without root, or where it is not
installed, there is no peer.

xrdp 0.9.21 tells of the logon before the capabilities, and FreeRDP 2.11 then announces no drive to it; a library
preloaded into its chansrv puts the two in order, or there would be nothing to compare with.
"""
import argparse
import json
import os
import pwd
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.environ.get('SP_BUILD') or os.path.dirname(os.path.dirname(os.path.realpath(sys.argv[0])))
os.environ['SP_BUILD'] = BUILD
sys.path.insert(0, os.path.join(os.environ.get('SP_SOURCE') or '@SOURCE@', 'tests', 'harness'))
import peers    # noqa: E402
from trial import Trial    # noqa: E402
from world import World, descendants, wait_for    # noqa: E402
from xdisplay import Display    # noqa: E402

ORDER = os.path.join(BUILD, 'bench', 'libchansrv-order.so')
LIMIT = 240    # seconds for one copy
TEXT = 128 << 10    # what FreeRDP 2.11 takes from its display in one piece; more it does not offer
ROWS = {'write': ('drive: large file written', 'MB/s'), 'read': ('drive: large file read', 'MB/s'),
        'tree-in': ('drive: small files copied in', 'files/s'), 'tree-out': ('drive: small files read out', 'files/s'),
        'paste': ('clipboard: 128 KB of text to the desktop', 'MB/s'), 'copy': ('clipboard: 128 KB of text from it', 'MB/s')}


class Side:
    """A desktop that a client looks at: how to run something on it, and where the drive is."""

    def __init__(self, folder, user, env):
        self.folder, self.user, self.env = folder, user, env

    def argv(self, *argv):
        if self.user:
            return ['setpriv', f'--reuid={self.user}', f'--regid={self.user}', '--clear-groups', *argv]
        return list(argv)

    def run(self, *argv, **more):
        os.sync()    # what the disk still has to do is nobody's here
        begin = time.perf_counter()
        subprocess.run(self.argv(*argv), check=True, timeout=LIMIT, stdin=subprocess.DEVNULL,
                       env=self.env, **{'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, **more})
        return time.perf_counter() - begin

    def has(self, path):
        return subprocess.run(self.argv('test', '-d', path), timeout=LIMIT).returncode == 0


def environment_of(pid):
    with open(f'/proc/{pid}/environ', 'rb') as f:
        return dict(item.decode().split('=', 1) for item in f.read().split(b'\0') if b'=' in item)


def session_of(root_pid, mark, seconds=20):
    """The environment of the program on the desktop whose command line has the mark."""
    def look():
        for pid in descendants(root_pid):
            try:
                with open(f'/proc/{pid}/cmdline', 'rb') as f:
                    if mark in f.read().replace(b'\0', b' ') and 'DISPLAY' in environment_of(pid):
                        return environment_of(pid)
            except OSError:
                pass
        return None
    return wait_for('program of the session', look, seconds)


def mount_below(path, kind):
    with open('/proc/self/mounts') as f:
        return next((line.split()[1] for line in f if kind in line and line.split()[1].startswith(path)
                     and 'clipboard' not in line), None)


def start_ours(world, display, theirs):
    trial = Trial(world, '--session', 'sleep 424242', '--allow', 'drives,clipboard')
    peers.Xfreerdp(display, trial.port, trial.user, trial.password, size=(800, 600),
                   options=(f'/drive:share,{theirs}', '+clipboard')).window()
    env = session_of(trial.proc.pid, b'sleep 424242')
    side = Side(None, None, env)
    found = wait_for('our mount', lambda: mount_below(trial.dir, ' fuse.sallyport '), 20)
    side.folder = os.path.join(found, 'share')
    wait_for('our folder', lambda: side.has(side.folder), 10)
    return side


class OrderedXrdp(peers.Xrdp):
    def _configure(self, crt, key):
        super()._configure(crt, key)
        path = self.world.path('sesman.ini')
        with open(path) as f:
            text = f.read()
        with open(path, 'w') as f:
            f.write(text.replace('[SessionVariables]', f'[SessionVariables]\nLD_PRELOAD={ORDER}', 1))


def start_xrdp(world, display, theirs):
    xrdp = OrderedXrdp(world)
    peers.Xfreerdp(display, xrdp.port, xrdp.user, xrdp.password, sec='tls', size=(800, 600),
                   options=(f'/drive:share,{theirs}', '+clipboard')).window()
    home = pwd.getpwnam(xrdp.user).pw_dir
    env = session_of(xrdp.sesman.pid, b'sleep 100000')
    env.pop('LD_PRELOAD', None)
    side = Side(os.path.join(home, 'thinclient_drives', 'share'), xrdp.user, env)
    wait_for("xrdp's folder", lambda: side.has(side.folder), 20)
    return side


def make_tree(root, files):
    dice = random.Random(1)
    for i in range(files):
        folder = os.path.join(root, f'd{i // 50}')
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f'f{i}'), 'wb') as f:
            f.write(dice.randbytes(dice.randint(100, 9000)))


def same(one, other):
    if subprocess.run(['diff', '-r', one, other], stdout=subprocess.DEVNULL).returncode:
        raise AssertionError(f'{one} and {other} differ')


def copy_text(side, data):
    """Puts the text on a clipboard; gives the process that holds it."""
    holder = subprocess.Popen(side.argv('xclip', '-selection', 'clipboard', '-quiet'), env=side.env,
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    holder.stdin.write(data)
    holder.stdin.close()
    time.sleep(1.0)
    return holder


def pass_text(source, sink, data):
    holder = copy_text(source, data)
    try:
        begin = time.perf_counter()
        done = subprocess.run(sink.argv('xclip', '-selection', 'clipboard', '-o', '-t', 'UTF8_STRING'), env=sink.env,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
        took = time.perf_counter() - begin
    finally:
        holder.kill()
        holder.wait()
    if done.stdout != data:
        raise AssertionError(f'{len(done.stdout)} of {len(data)} bytes of text came')
    return took


class Desktop:
    """One of the two, with its client and what it measured."""

    def __init__(self, args, start):
        self.args, self.world = args, World()
        self.out = {key: [] for key in ROWS}
        try:
            self.theirs = self.in_memory(4 * args.megabytes * 1000000 + args.files * 100000)
            os.chmod(self.world.path(''), 0o755)
            with open(self.world.path('big'), 'wb') as f:
                for _ in range(args.megabytes):
                    f.write(random.randbytes(1000000))
            make_tree(self.world.path('tree'), args.files)
            os.makedirs(self.world.path('back'))
            os.chmod(self.world.path('back'), 0o777)
            display = Display(self.world, (1000, 800))
            self.client = Side(None, None, display.env())
            self.side = start(self.world, display, self.theirs)
        except BaseException:
            self.world.close()
            raise

    def in_memory(self, size):
        """The client's directory: its disk is nobody's here, and ext4 looks long for inodes after many were removed."""
        if not os.path.isdir('/dev/shm') or os.statvfs('/dev/shm').f_bavail * os.statvfs('/dev/shm').f_bsize < size:
            folder = self.world.path('theirs')
            os.makedirs(folder)
            return folder
        folder = tempfile.mkdtemp(prefix='sp-bench-', dir='/dev/shm')
        os.chmod(folder, 0o755)
        self.world.cleanup(lambda: shutil.rmtree(folder))
        return folder

    def drive(self, run):
        side, here, there = self.side, self.side.folder, self.theirs
        big, tree, back = self.world.path('big'), self.world.path('tree'), self.world.path('back', str(run))
        size = os.path.getsize(big) / 1e6
        self.out['write'].append(size / side.run('cp', big, os.path.join(here, 'in')))
        subprocess.run(['cmp', big, os.path.join(there, 'in')], check=True)
        self.out['tree-in'].append(self.args.files / side.run('cp', '-r', tree, os.path.join(here, 'tree-in')))
        same(tree, os.path.join(there, 'tree-in'))
        shutil.copy(big, os.path.join(there, 'out'))
        shutil.copytree(tree, os.path.join(there, 'tree-out'))
        subprocess.run(['chmod', '-R', 'a+rX', there], check=True)
        time.sleep(1.5)    # so long is believed that they were not there
        self.out['read'].append(size / side.run('cat', os.path.join(here, 'out')))
        self.out['tree-out'].append(self.args.files / side.run('cp', '-r', os.path.join(here, 'tree-out'), back))
        same(tree, back)
        for name in os.listdir(there):
            subprocess.run(['rm', '-rf', os.path.join(there, name)], check=True)

    def clipboard(self):
        text = ''.join(f'{i} zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich\n'
                       for i in range(TEXT >> 6)).encode()
        for key, source, sink in (('paste', self.client, self.side), ('copy', self.side, self.client)):
            if self.out[key] is None:
                continue
            try:
                self.out[key].append(len(text) / 1e6 / pass_text(source, sink, text))
            except (AssertionError, subprocess.SubprocessError) as e:
                print(f'{key}: {e}', file=sys.stderr)
                self.out[key] = None

    def medians(self):
        return {key: statistics.median(values) for key, values in self.out.items() if values}


def version(package):
    done = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', package], capture_output=True, text=True)
    return f'{package} {done.stdout}' if done.returncode == 0 and done.stdout else package


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split('\n\n')[0].strip().removeprefix('usage: '))
    parser.add_argument('--json', action='store_true')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--megabytes', type=int, default=200)
    parser.add_argument('--files', type=int, default=1000)
    parser.add_argument('--only', choices=('drive', 'clipboard', ''), default='')
    args = parser.parse_args()
    desktops, name = [], None
    try:
        desktops.append(Desktop(args, start_ours))
        try:
            desktops.append(Desktop(args, start_xrdp))
            name = version('xrdp')
        except unittest.SkipTest as e:
            print(f'no peer: {e}', file=sys.stderr)
        # In turns: whatever else the machine does meets both.
        for run in range(args.runs):
            for desktop in desktops:
                if args.only != 'clipboard':
                    desktop.drive(run)
                if args.only != 'drive' and shutil.which('xclip'):
                    desktop.clipboard()
    finally:
        for desktop in desktops:
            desktop.world.close()
    ours, peer = desktops[0].medians(), desktops[1].medians() if len(desktops) > 1 else {}
    if not args.json:
        print('%-44s %12s %12s %8s' % ('', 'ours', name or 'no peer', 'ratio'))
    for key, (row, unit) in ROWS.items():
        if key not in ours:
            continue
        theirs = peer.get(key)
        if args.json:
            print(json.dumps({'row': row, 'unit': unit, 'ours': round(ours[key], 1),
                              'peer': round(theirs, 1) if theirs else None, 'peer_name': name, 'better': 'higher',
                              'n': args.runs}))
        else:
            print('%-44s %12.1f %12s %8s' % (f'{row}, {unit}', ours[key], '%.1f' % theirs if theirs else '-',
                                             '%.1f' % (ours[key] / theirs) if theirs else '-'))


main()
