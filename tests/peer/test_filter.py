#!/usr/bin/env python3
# tests/peer/test_filter.py - what the rules take from clipboard and drives of a stock client, and what the log says of the rest.
import errno
import hashlib
import os
import pwd
import re
import time
import unittest
from urllib.parse import unquote

from clip import Side
from inside import Inside, session_command
from peers import Xfreerdp
from trial import Trial, need_trial
from world import Case, main, need, wait_for
from xdisplay import Display

LIMIT = 1 << 20
# name: what its rule lets through
RULES = {'read': 'clipboard = ["text-in", "files-in"]; drives = "read"; transfer-limit = "1M";',
         'none': 'clipboard = "text-in"; drives = "none"; sound = false;'}


class Filter(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        need('xclip')
        if not os.access('/dev/fuse', os.R_OK | os.W_OK):
            raise unittest.SkipTest('no /dev/fuse here')
        self.display = Display(self.world, (1000, 800))
        self.folder = self.world.path('theirs')
        os.makedirs(os.path.join(self.folder, 'sub'))
        self.data = {'sub/one.bin': os.urandom(200000), 'two.txt': 'Grüße'.encode() * 100}
        for name, data in self.data.items():
            with open(os.path.join(self.folder, name), 'wb') as f:
                f.write(data)
        with open(os.path.join(self.folder, 'large'), 'wb') as f:
            f.truncate(LIMIT + 1)
        include, account = self.world.path('include.conf'), pwd.getpwuid(os.geteuid()).pw_name
        with open(include, 'w') as f:
            f.write('targets = {\n')
            for name in RULES:
                command = session_command(self.world.path(f'{name}.env')).replace('"', '\\"')
                f.write(f'  {name} = {{ kind = "desktop"; account = "map:{account}"; session = "{command}"; }};\n')
            f.write('};\nrules = (\n' + ',\n'.join(
                f'  {{ name = "{name}"; targets = ["{name}"]; mfa = ["none"]; {rule} }}'
                for name, rule in RULES.items()) + '\n);\n')
        self.trial = Trial(self.world, '--include', include)

    def connect(self, target):
        """The client, and both sides of the clipboard."""
        self.viewer = Xfreerdp(self.display, self.trial.port, f'{self.trial.user}#{target}', self.trial.password,
                               size=(800, 600), options=(f'/drive:share,{self.folder}', '+clipboard'))
        inside = Inside(self.world, self.world.path(f'{target}.env'))
        return Side(self.world, self.display.name), Side(self.world, inside.name, inside.authority)

    def mounted(self):
        with open('/proc/self/mounts') as f:
            return next((path for path in (line.split()[1] for line in f if ' fuse.sallyport ' in line)
                         if path.startswith(self.trial.dir) and os.path.isdir(os.path.join(path, 'share'))), None)

    def denied(self, what, fn, *args):
        with self.assertRaises(OSError, msg=what) as caught:
            fn(*args)
        self.assertEqual('EACCES', errno.errorcode[caught.exception.errno], what)

    def told(self, *words, seconds=5):
        """A line of the keeper for this session that has all of these."""
        return wait_for(f'{words} in the log', lambda: next((
            line for line in self.trial.log().splitlines()
            if re.search(r'sp-keeper\S* session \d+ of demo on ', line) and all(word in line for word in words)), None),
            seconds)

    def test_filter(self):
        here, there = self.connect('read')
        share = os.path.join(wait_for('folder of the drive', self.mounted, 20), 'share')
        with self.subTest('drive'):
            self.reads(share)
            self.writes_nothing(share)
        with self.subTest('clipboard'):
            here.copy(b'inward')
            there.arrives(b'inward', 'text toward the desktop')
            self.told('clipboard: text, ', 'toward the target')
            self.files(here, there)
            self.nothing_out(here, there)
        self.viewer.proc.stop()
        with self.subTest('denied'):
            here, there = self.connect('none')
            here.copy(b'inward again')
            there.arrives(b'inward again', 'text toward the desktop')
            self.nothing_out(here, there)
            here.copy(f'file://{self.folder}/two.txt\r\n'.encode(), 'text/uri-list')
            self.told('on none: clipboard: files refused, toward the target')
            self.assertNotIn('text/uri-list', there.targets())
            self.assertIsNone(self.mounted())
        self.trial.stop()

    def reads(self, share):
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(os.listdir(share)))
        for name, data in self.data.items():
            with open(os.path.join(share, name), 'rb') as f:
                self.assertEqual(data, f.read())
            self.told(f'on read: drives: file, {len(data)} bytes, toward the target', f'"share/{name}"',
                      f'sha256 {hashlib.sha256(data).hexdigest()}')
        with self.assertRaises(OSError):
            with open(os.path.join(share, 'large'), 'rb') as f:
                while f.read(1 << 16):
                    pass
        self.told('drives: file refused, toward the target', 'bytes are too much', '"share/large"')

    def writes_nothing(self, share):
        before = {name: os.stat(os.path.join(self.folder, name)) for name in os.listdir(self.folder)}
        two = os.path.join(share, 'two.txt')
        for what, fn, *args in (
                ('new', open, os.path.join(share, 'new'), 'w'), ('truncate', open, two, 'w'),
                ('append', open, two, 'a'), ('both', open, two, 'r+'), ('mkdir', os.mkdir, os.path.join(share, 'dir')),
                ('rename', os.rename, two, os.path.join(share, 'three')), ('remove', os.unlink, two),
                ('rmdir', os.rmdir, os.path.join(share, 'sub')), ('times', os.utime, two, (1, 1))):
            self.denied(what, fn, *args)
        self.told('drives: open refused, toward the client', '"share/new"')
        self.assertEqual(before, {name: os.stat(os.path.join(self.folder, name)) for name in os.listdir(self.folder)})
        with open(two, 'rb') as f:
            self.assertEqual(self.data['two.txt'], f.read())

    def files(self, here, there):
        here.copy(f'file://{self.folder}/two.txt\r\nfile://{self.folder}/large\r\n'.encode(), 'text/uri-list')
        uris = wait_for('files on the desktop', lambda: 'text/uri-list' in there.targets() and
                        there.paste('text/uri-list'), 10)
        paths = [unquote(uri.removeprefix('file://')) for uri in uris.decode().split()]
        data = self.data['two.txt']
        with open(next(path for path in paths if path.endswith('/two.txt')), 'rb') as f:
            self.assertEqual(data, f.read())
        self.told(f'clipboard: file, {len(data)} bytes, toward the target', '"two.txt"',
                  f'sha256 {hashlib.sha256(data).hexdigest()}')
        with self.assertRaises(OSError):
            with open(next(path for path in paths if path.endswith('/large')), 'rb') as f:
                f.read()
        self.told('clipboard: file refused, toward the target', '"large"')

    def nothing_out(self, here, there):
        there.copy(b'outward')
        self.told('clipboard: text refused, toward the client')
        time.sleep(0.5)
        self.assertNotEqual(here.paste(), b'outward')


if __name__ == '__main__':
    main()
