#!/usr/bin/env python3
# tests/peer/test_script_drives.py - a directory that `sallyport script --drive` offers: to xrdp, and to our own desktop.
import hashlib
import os
import subprocess
import unittest

from peers import Xrdp
from trial import SALLYPORT, Trial, need_trial
from world import Case, main, need, wait_for

SIZES = {'empty': 0, 'small.txt': 5, 'middle': 70001, 'large': 9 << 20, 'Grüße 東京': 300, 'deep/er/file': 65536}
ODD = ('a:b', 'a:b?*"<>|.txt', 'C:', 'dot.', 'blank ', '...', 'NUL', 'aux.txt', 'COM1', 'back\\slash', 'tab\there',
       'line\nbreak')


def digest(root):
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue
            with open(path, 'rb') as f:
                found[os.path.relpath(path, root)] = hashlib.sha256(f.read()).hexdigest()
    return found


class ScriptDrives(Case):
    def setUp(self):
        super().setUp()
        if not os.access('/dev/fuse', os.R_OK | os.W_OK):
            raise unittest.SkipTest('no /dev/fuse here')
        self.theirs, self.kept = self.world.path('theirs'), self.world.path('kept')
        for name, size in SIZES.items():
            self.put(name, size)
        os.symlink('/etc', os.path.join(self.theirs, 'out'))
        os.mkfifo(os.path.join(self.theirs, 'pipe'))
        os.makedirs(self.kept)
        with open(os.path.join(self.kept, 'file'), 'w') as f:
            f.write('kept')
        os.chmod(self.world.path(), 0o755)
        self.want = digest(self.theirs)
        self.called = {}    # what is called otherwise at the client

    def put(self, name, size):
        path = os.path.join(self.theirs, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(os.urandom(size))

    def script(self, port, user, password):
        """The client, which stays; its password comes first on its standard input, then the steps."""
        self.client = subprocess.Popen(
            [SALLYPORT, 'script', f'127.0.0.1:{port}', '-', '--user', user, '--password-stdin',
             '--drive', f'home={self.theirs}', '--drive', f'kept={self.kept}:ro'],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=self.world.env())
        self.world.cleanup(self.client.kill)
        self.client.stdin.write(f'{password}\nwait 200\n')
        self.client.stdin.close()

    def check(self, folder, run):
        """What people do with a folder; run() is a shell there."""
        home, kept, mine = os.path.join(folder, 'home'), os.path.join(folder, 'kept'), self.world.path('mine')

        def sh(text, good=True):
            done = run(f'cd "{home}" && {text}')
            self.assertEqual(good, done.returncode == 0, f'{text}: {done.stdout}{done.stderr}')
            return done.stdout
        listed = sh('find . -type f -exec sha256sum -z {} +').split('\0')[:-1]
        self.assertEqual(self.want, {line[66:].removeprefix('./'): line[:64] for line in listed})
        sh('test ! -e out && test ! -e pipe')
        sh(f'mkdir "{mine}" && cp -r . "{mine}/" && mkdir back && cp -r "{mine}"/* back/ && mv back/large back/moved && '
           'rm back/small.txt && mkdir empty-dir && rmdir empty-dir && touch -d @1000000000 back/middle')
        want = {self.called.get(name, name): value for name, value in self.want.items()}
        want.update({'back/' + name: value for name, value in self.want.items()})
        want['back/moved'] = want.pop('back/large')
        del want['back/small.txt']
        self.assertEqual(want, digest(self.theirs))
        self.assertFalse(os.path.exists(os.path.join(self.theirs, 'empty-dir')))
        self.assertEqual(1000000000, os.stat(os.path.join(self.theirs, 'back', 'middle')).st_mtime)
        self.assertEqual('kept', sh(f'cat "{kept}/file"'))
        sh(f'echo no > "{kept}/file"', good=False)
        sh(f'echo no > "{kept}/new"', good=False)
        sh(f'rm "{kept}/file"', good=False)
        self.assertEqual(['file'], os.listdir(self.kept))
        with open(os.path.join(self.kept, 'file')) as f:
            self.assertEqual('kept', f.read())

    def test_xrdp(self):
        need('runuser')
        xrdp = Xrdp(self.world)
        for folder, _, names in os.walk(self.world.path()):
            if folder.startswith(self.theirs):
                os.chmod(folder, 0o755)
        os.chmod(self.world.path(), 0o777)    # its user puts a copy there
        self.script(xrdp.port, xrdp.user, xrdp.password)

        def run(text):
            return subprocess.run(['runuser', '-u', xrdp.user, '--', 'sh', '-c', text], capture_output=True, text=True,
                                  timeout=60)
        folder = self.world.path(f'home-{xrdp.user}', 'thinclient_drives')
        wait_for('the drives in the session of xrdp',
                 lambda: run(f'ls "{folder}/home/small.txt" "{folder}/kept/file"').returncode == 0, 40, 0.5)
        self.check(folder, run)

    def test_desktop(self):
        need_trial()
        for name in ODD:
            self.put(f'odd/{name}/{name}', 50)
        # This one stands for itself as long as the other one, which goes out like it, is not there.
        self.put('odd/x/a\uf03ab', 60)
        self.want = digest(self.theirs)
        self.want['odd/x/a:b'] = self.want.pop('odd/x/a\uf03ab')
        self.called = {'odd/x/a:b': 'odd/x/a\uf03ab'}
        trial = Trial(self.world, '--session', 'sleep 100000', '--allow', 'drives')
        self.script(trial.port, trial.user, trial.password)

        def look():
            if 'drives of the client are not there' in trial.log():
                raise unittest.SkipTest('this machine may not mount')
            with open('/proc/self/mounts') as f:
                found = [line.split()[1] for line in f if ' fuse.sallyport ' in line and trial.dir in line]
            return next((path for path in found if os.path.isfile(os.path.join(path, 'home', 'small.txt')) and
                         os.path.isfile(os.path.join(path, 'kept', 'file'))), None)
        self.check(wait_for('the drives on our desktop', look, 30, 0.2),
                   lambda text: subprocess.run(['sh', '-c', text], capture_output=True, text=True, timeout=60))


main()
