#!/usr/bin/env python3
# tests/peer/test_drives.py - a stock client's directory is a folder of our desktop, through the gate.
import errno
import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

from peers import Xfreerdp
from trial import Trial, need_trial
from world import Case, main, wait_for
from xdisplay import Display

FILES = 1000
HUGE = 5 << 30
NAMES = ('plain.txt', 'two words', '.hidden', 'Grüße', 'Ελλάδα', 'Привет', '東京', '서울', 'مرحبا', 'שלום', 'नमस्ते', 'ไทย',
         'e\u0301', '😀🎉', "quote'&$`;", '100%', 'x' * 100, 'a.b.c.tar.gz', '~', 'CONSOLE')
FORBIDDEN = ('a:b', 'a*', 'what?', 'a<b', 'a>b', 'a|b', '"', 'a:b?*"<>|.txt', 'C:', 'dot.', 'blank ', 'NUL',
             'con.txt', 'aux.txt', 'COM1')
WRITTEN = ('back\\slash', 'line\nbreak', 'tab\there')    # a client that has them itself cannot show them


def mounts():
    with open('/proc/self/mounts') as f:
        return [line.split()[1] for line in f if ' fuse.sallyport ' in line]


def digest(root):
    """{path: hash} of all files below it."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, 'rb') as f:
                found[os.path.relpath(path, root)] = hashlib.sha256(f.read()).hexdigest()
    return found


def make_tree(root):
    for i in range(FILES):
        folder = os.path.join(root, f'd{i % 25}')
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f'f{i}.bin'), 'wb') as f:
            f.write(os.urandom(i * 7 % 9000))


class Drives(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        if not os.access('/dev/fuse', os.R_OK | os.W_OK):
            raise unittest.SkipTest('no /dev/fuse here')
        self.theirs = self.world.path('theirs')    # the client's directory
        self.ours = self.world.path('ours')
        for path in (self.theirs, self.ours):
            os.makedirs(path)
        self.display = Display(self.world, (1000, 800))
        self.trial = Trial(self.world, '--session', 'sleep 100000', '--allow', 'drives')

    def connect(self):
        viewer = Xfreerdp(self.display, self.trial.port, self.trial.user, self.trial.password, size=(800, 600),
                          options=(f'/drive:share,{self.theirs}',))

        def look():
            if 'drives of the client are not there' in self.trial.log():
                raise unittest.SkipTest('this machine may not mount')
            return next((path for path in mounts() if path.startswith(self.trial.dir) and
                         os.path.isdir(os.path.join(path, 'share'))), None)
        self.folder = os.path.join(wait_for('folder of the drive', look, 20), 'share')
        return viewer

    def refused(self, number, fn, *args):
        with self.assertRaises(OSError) as caught:
            fn(*args)
        self.assertEqual(errno.errorcode[number], errno.errorcode[caught.exception.errno])

    def test_drives(self):
        viewer = self.connect()
        with self.subTest('silent'):
            self.silent(viewer)
        for check in (self.tree, self.huge, self.names, self.forbidden, self.changes, self.volume):
            with self.subTest(check.__name__):
                check()
        with self.subTest('gone'):
            self.gone(viewer)
        with self.subTest('again'):
            self.again()

    def tree(self):
        make_tree(os.path.join(self.ours, 'tree'))
        want = digest(os.path.join(self.ours, 'tree'))
        self.assertEqual(FILES, len(want))
        shutil.copytree(os.path.join(self.ours, 'tree'), os.path.join(self.folder, 'in'),
                        copy_function=shutil.copyfile)
        self.assertEqual(want, digest(os.path.join(self.theirs, 'in')))
        shutil.copytree(os.path.join(self.ours, 'tree'), os.path.join(self.theirs, 'out'))
        shutil.copytree(os.path.join(self.folder, 'out'), os.path.join(self.ours, 'back'),
                        copy_function=shutil.copyfile)
        self.assertEqual(want, digest(os.path.join(self.ours, 'back')))
        shutil.rmtree(os.path.join(self.folder, 'in'))
        self.assertFalse(os.path.exists(os.path.join(self.theirs, 'in')))

    def huge(self):
        """5 GB, mostly holes: its size, and what stands here and there; a part of it written."""
        there, here = os.path.join(self.theirs, 'huge'), os.path.join(self.folder, 'huge')
        places = (0, (1 << 31) - 7, (1 << 32) - 5, HUGE - 100)
        with open(there, 'wb') as f:
            f.truncate(HUGE)
            for at in places:
                f.seek(at)
                f.write(b'here is %d' % at)
        self.assertEqual(HUGE, os.stat(here).st_size)
        with open(here, 'r+b') as f:
            for at in places:
                f.seek(at)
                self.assertEqual(b'here is %d' % at, f.read(len(b'here is %d' % at)))
            f.seek(HUGE - 10)
            self.assertEqual(bytes(10), f.read(100))
            f.seek((1 << 32) + 1000)
            f.write(b'beyond')
        with open(there, 'rb') as f:
            f.seek((1 << 32) + 1000)
            self.assertEqual(b'beyond', f.read(6))
        self.assertEqual(HUGE, os.stat(there).st_size)
        big = os.urandom(24 << 20)
        with open(os.path.join(self.folder, 'big'), 'wb') as f:
            f.write(big)
        with open(os.path.join(self.theirs, 'big'), 'rb') as f:
            self.assertEqual(hashlib.sha256(big).digest(), hashlib.sha256(f.read()).digest())
        with open(os.path.join(self.folder, 'big'), 'rb') as f:
            self.assertEqual(hashlib.sha256(big).digest(), hashlib.sha256(f.read()).digest())

    def names(self):
        for here, there in ((self.folder, self.theirs), (self.theirs, self.folder)):
            os.makedirs(os.path.join(here, 'n'))
            for name in NAMES:
                with open(os.path.join(here, 'n', name), 'w') as f:
                    f.write(name)
            time.sleep(1.2 if here == self.theirs else 0)    # so long it may believe what was there before
            self.assertEqual(sorted(NAMES), sorted(os.listdir(os.path.join(there, 'n'))))
            for name in NAMES:
                with open(os.path.join(there, 'n', name)) as f:
                    self.assertEqual(name, f.read())
            for name in NAMES:
                os.unlink(os.path.join(self.folder, 'n', name))
            os.rmdir(os.path.join(self.folder, 'n'))
            self.assertFalse(os.path.exists(os.path.join(self.theirs, 'n')))

    def forbidden(self):
        """What Windows forbids: it crosses the wire in the private use area, or as the client has it."""
        def fill(root, names):
            for name in names:
                os.makedirs(os.path.join(root, name, 'in'))
                for path in (f'{name}/{name}', f'{name}/in/{name}'):
                    with open(os.path.join(root, path), 'w') as f:
                        f.write(path)
        mine, here = os.path.join(self.ours, 'odd'), lambda *p: os.path.join(self.folder, 'odd', *p)
        fill(mine, FORBIDDEN + WRITTEN)
        want = digest(mine)
        shutil.copytree(mine, os.path.join(self.folder, 'written'), copy_function=shutil.copyfile)
        self.assertEqual(want, digest(os.path.join(self.folder, 'written')))
        there = os.path.join(self.theirs, 'written')
        self.assertEqual(sorted(want.values()), sorted(digest(there).values()))
        self.assertEqual(['in', 'a\uf03ab'], sorted(os.listdir(os.path.join(there, 'a\uf03ab')), key=len))
        self.assertEqual([], [name for name in os.listdir(there) if name in FORBIDDEN + WRITTEN])
        fill(os.path.join(self.theirs, 'odd'), FORBIDDEN)
        want = {path: value for path, value in want.items() if not path.startswith(WRITTEN)}
        with open(here('what?', 'in', 'what?')) as f:
            self.assertEqual('what?/in/what?', f.read())
        self.assertEqual(want, digest(here()))
        for name in FORBIDDEN:
            with open(here(name, name), 'a') as f:
                f.write('more')
            with open(os.path.join(self.theirs, 'odd', name, name)) as f:
                self.assertEqual(f'{name}/{name}more', f.read())
            os.rename(here(name, name), here(name, 'plain'))
            self.assertEqual(['in', 'plain'], sorted(os.listdir(os.path.join(self.theirs, 'odd', name))))
            os.rename(here(name, 'plain'), here(name, name))
            self.assertEqual({'in', name}, set(os.listdir(here(name))))
            self.refused(errno.EEXIST, os.mkdir, here(name))
        self.both_names()
        for folder in ('odd', 'written'):
            shutil.rmtree(os.path.join(self.folder, folder))
            self.assertFalse(os.path.exists(os.path.join(self.theirs, folder)))
        self.refused(errno.EPERM, os.symlink, '/etc/passwd', os.path.join(self.folder, 'link'))
        self.refused(errno.EPERM, os.link, os.path.join(self.folder, 'big'), os.path.join(self.folder, 'link'))
        self.refused(errno.EPERM, os.mkdir, os.path.join(os.path.dirname(self.folder), 'drive'))
        self.refused(errno.EINVAL, os.mkdir, os.path.join(self.folder.encode(), b'\xff'))

    def both_names(self):
        """The client has both of two files that would be called the same."""
        os.makedirs(os.path.join(self.theirs, 'odd', 'both'))
        for name in ('a:b', 'a\uf03ab'):
            with open(os.path.join(self.theirs, 'odd', 'both', name), 'w') as f:
                f.write(name)
        time.sleep(1.2)    # so long it may believe what was there before
        both = os.path.join(self.folder, 'odd', 'both')
        self.assertEqual(['a:b', 'a\uf03ab'], sorted(os.listdir(both)))
        for name in ('a:b', 'a\uf03ab'):
            with open(os.path.join(both, name)) as f:
                self.assertEqual(name, f.read())

    def changes(self):
        here, there = (lambda *p: os.path.join(self.folder, *p)), (lambda *p: os.path.join(self.theirs, *p))

        def holds(name, want):
            with open(there(name), 'rb') as f:
                self.assertEqual(want, f.read())
        with open(here('file'), 'wb', buffering=0) as f:
            for i in range(100):
                f.write(b'%03d\n' % i)
            f.seek(8)
            f.write(b'two\n')
        want = b''.join(b'two\n' if i == 2 else b'%03d\n' % i for i in range(100))
        holds('file', want)
        with open(here('file'), 'ab') as f:
            f.write(b'end')
        holds('file', want + b'end')
        os.truncate(here('file'), 10)
        holds('file', want[:10])
        self.assertEqual(10, os.stat(here('file')).st_size)
        with open(here('file'), 'r+b') as f:
            f.truncate(4)
            f.seek(6)
            f.write(b'x')
            f.flush()
            f.seek(0)
            self.assertEqual(want[:4] + b'\0\0x', f.read())
        holds('file', want[:4] + b'\0\0x')
        os.utime(here('file'), (1e9, 1.1e9))
        self.assertEqual(1.1e9, os.stat(there('file')).st_mtime)
        self.assertEqual(1.1e9, os.stat(here('file')).st_mtime)
        os.mkdir(here('dir'))
        os.mkdir(here('dir', 'inner'))
        os.rename(here('file'), here('dir', 'inner', 'moved'))
        self.assertFalse(os.path.exists(there('file')))
        holds('dir/inner/moved', want[:4] + b'\0\0x')
        self.refused(errno.ENOTEMPTY, os.rmdir, here('dir'))
        os.rename(here('dir'), here('other'))
        self.assertEqual(['inner'], os.listdir(there('other')))
        with open(here('target'), 'w') as f:
            f.write('old')
        os.rename(here('other', 'inner', 'moved'), here('target'))
        holds('target', want[:4] + b'\0\0x')
        self.refused(errno.EEXIST, os.mkdir, here('other'))
        self.refused(errno.EEXIST, os.open, here('target'), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        self.refused(errno.ENOENT, open, here('nowhere'))
        self.refused(errno.ENOTDIR, os.listdir, here('target'))
        os.unlink(here('target'))
        os.rmdir(here('other', 'inner'))
        os.rmdir(here('other'))
        self.assertFalse(os.path.exists(there('other')) or os.path.exists(there('target')))

    def volume(self):
        mine, wanted = os.statvfs(self.folder), os.statvfs(self.theirs)
        total = wanted.f_blocks * wanted.f_frsize
        self.assertAlmostEqual(1.0, mine.f_blocks * mine.f_frsize / total, delta=0.01)
        self.assertLessEqual(mine.f_bavail, mine.f_blocks)

    def silent(self, viewer):
        """The client does not answer: who waits for it can be ended, and goes on when it answers again."""
        os.kill(viewer.proc.pid, signal.SIGSTOP)
        begin = time.monotonic()
        try:
            with self.assertRaises(subprocess.TimeoutExpired):
                subprocess.run(['mkdir', os.path.join(self.folder, 'late')], timeout=0.5)
            self.assertLess(time.monotonic() - begin, 4)
        finally:
            os.kill(viewer.proc.pid, signal.SIGCONT)
        os.mkdir(os.path.join(self.folder, 'late'))
        os.rmdir(os.path.join(self.folder, 'late'))

    def gone(self, viewer):
        """The client is killed while it gives and takes: whoever reads and writes has an error, and soon."""
        ends = {}

        def pull():
            try:
                with open(os.path.join(self.folder, 'huge'), 'rb', buffering=0) as f:
                    while f.read(1 << 20):
                        pass
                ends['read'] = None
            except OSError as e:
                ends['read'] = e.errno

        def push():
            try:
                with open(os.path.join(self.folder, 'endless'), 'wb', buffering=0) as f:
                    for _ in range(5000):
                        f.write(bytes(1 << 20))
                ends['write'] = None
            except OSError as e:
                ends['write'] = e.errno
        threads = [threading.Thread(target=fn, daemon=True) for fn in (pull, push)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        begin = time.monotonic()
        viewer.proc.popen.kill()
        for thread in threads:
            thread.join(10)
        self.assertEqual({'read': errno.EIO, 'write': errno.EIO}, ends)
        self.assertLess(time.monotonic() - begin, 8)
        wait_for('the folder is gone', lambda: not os.path.exists(self.folder), 5)

    def again(self):
        """The same client comes back: so does the folder, and it works."""
        self.connect()
        with open(os.path.join(self.folder, 'again'), 'w') as f:
            f.write('here')
        with open(os.path.join(self.theirs, 'again')) as f:
            self.assertEqual('here', f.read())
        self.trial.stop()
        self.assertEqual([], [path for path in mounts() if path.startswith(self.trial.dir)])


main()
