#!/usr/bin/env python3
# tests/peer/test_secrets.py - a password of the vault and the person's own: in whose memory they are, and in whose not.
import os
import subprocess

from peers import Shadow, Xfreerdp
from procfs import SANITIZED, comm, memory
from trial import SALLYPORT, Trial, need_trial
from world import Case, main, wait_for
from xdisplay import Display

PASSWORD = 'Vault8-long-and-only-here'


def ways(text):
    return text.encode(), text.encode('utf-16-le')


class Secrets(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        if SANITIZED:
            self.skipTest('a sanitizer keeps freed memory as it was')
        self.shadow = Shadow(Display(self.world, (640, 480), colour='#335577'), password=PASSWORD)

    def connect(self, login, user='%s#there', password=None):
        include = self.world.path('targets.conf')
        with open(include, 'w') as f:
            f.write(f'targets = {{ there = {{ kind = "rdp"; address = "127.0.0.1:{self.shadow.port}";'
                    f' trust = "first-seen"; login = "{login}"; }}; }};\n')
        self.trial = Trial(self.world, '--include', include, env={'SP_LOG_DEBUG': '1'})
        subprocess.run([SALLYPORT, 'secret', 'set', 'admin', '--dir', self.trial.dir], check=True, text=True,
                       input=f'{self.shadow.user}\n{PASSWORD}\n', env=self.world.env(), capture_output=True)
        self.display = Display(self.world, (700, 500), colour='#000000')
        return Xfreerdp(self.display, self.trial.port, user % self.trial.user, self.trial.password, size=(640, 480))

    def holders(self, text):
        """Names of the service's processes that have the text in their memory."""
        found = set()
        for pid in self.trial.processes():
            name = comm(pid)
            if name.startswith('sp-') or name == 'sallyportd':
                try:
                    dump = memory(pid)
                except (OSError, ProcessLookupError):
                    continue    # it ended meanwhile
                if any(way in dump for way in ways(text)):
                    found.add(name)
        return found

    def test_vault(self):
        if os.geteuid() != 0:
            self.skipTest('only root looks into jailed processes')
        viewer = self.connect('secret:admin')
        self.trial.wait_log('session 1: target there is up', 20)
        self.display.wait_picture('the shared desktop', lambda p: p.pixel(300, 200) == (0x33, 0x55, 0x77), 20,
                                  viewer.window())
        names = {comm(pid) for pid in self.trial.processes()}
        self.assertLessEqual({'sp-net', 'sp-keeper', 'sp-dial', 'sp-login'}, names)
        wait_for('end of sp-target', lambda: 'sp-target' not in {comm(pid) for pid in self.trial.processes()}, 10)
        self.assertEqual(set(), self.holders(PASSWORD))
        self.assertEqual(set(), self.holders(self.trial.password))
        told = '\n'.join(line for line in self.trial.log().splitlines() if line.startswith('20'))
        for text in (PASSWORD, self.trial.password):
            self.assertNotIn(text, told)
            for path in self.files():
                with open(path, 'rb') as f:
                    data = f.read()
                self.assertFalse(any(way in data for way in ways(text)), path)

    def files(self):
        """What the service has written; what the trial wrote for the person is another matter."""
        for root, _, names in os.walk(self.trial.dir):
            for name in names:
                path = os.path.join(root, name)
                if name not in ('trial.json', 'password') and os.path.isfile(path):
                    yield path

    def test_wrong(self):
        """The target says no: so does the gate, and nobody keeps what was tried."""
        self.connect('same')
        self.trial.wait_log('no way to target there', 20)
        line = self.trial.wait_log('target there refused the login', 5)
        self.assertIn('closed the connection during the login', line)
        wait_for('end of sp-target', lambda: 'sp-target' not in {comm(pid) for pid in self.trial.processes()}, 10)
        if os.geteuid() == 0:
            self.assertEqual(set(), self.holders(self.trial.password) - {'sp-keeper'})


if __name__ == '__main__':
    main()
