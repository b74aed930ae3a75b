#!/usr/bin/env python3
# tests/proc/test_siege.py - strangers guess from everywhere while somebody works: over real sockets, in a network
# namespace where every address of 10/8 is this machine's own but not loopback.
import json
import os
import signal
import subprocess
import sys
import threading
import time

import nla
import picture
from procfs import comm
from trial import SALLYPORT, Trial, need_trial
from world import Case, free_port, have, main, wait_for

INSIDE = 'SP_SIEGE_INSIDE'
DESK, SECONDS, ATTACKERS = '10.200.0.1', 12, 3
GROUND, DESKTOP = picture.colour('#151b23'), picture.colour('#802040')
SESSION = 'xsetroot -solid "#802040"; exec sleep 1000'


def enter():
    """Runs this program again where it may use all those addresses; or says why not."""
    if os.environ.get(INSIDE) or os.geteuid() != 0 or not have('unshare', 'ip'):
        return
    steps = 'ip link set lo up && ip route add local 10.0.0.0/8 dev lo'
    if subprocess.run(['unshare', '--net', 'sh', '-c', steps], stdin=subprocess.DEVNULL,
                      capture_output=True).returncode == 0:
        os.environ[INSIDE] = '1'
        os.execvp('unshare', ['unshare', '--net', 'sh', '-c', steps + ' && exec "$@"', 'sh', sys.executable,
                              *sys.argv])


class Siege(Case):
    def setUp(self):
        super().setUp()
        if not os.environ.get(INSIDE):
            self.skipTest('only root can have a network of its own, and only where that is permitted')
        need_trial()

    def open(self, **options):
        port = free_port()
        self.trial = Trial(self.world, '--session', SESSION, '--listen', f'0.0.0.0:{port}', port=port, **options)
        # Penalties are another matter; they would end what is to be seen here.
        path = os.path.join(self.trial.dir, 'sallyport.conf')
        with open(path) as f:
            text = f.read()
        with open(path, 'w') as f:
            f.write(text + '\nlimits = { exempt = ["10.0.0.0/8"]; };\n')
        self.reload()

    def reload(self):
        os.kill(next(pid for pid in self.trial.processes() if comm(pid) == 'sallyportd'), signal.SIGHUP)
        self.trial.wait_log('configuration read again')
        time.sleep(0.2)

    def login(self, source, user=None, password=None):
        return nla.login(self.trial.port, user or self.trial.user, password or self.trial.password, source=source)[0]

    def attack(self, mine, until, made):
        """Everybody's name with a wrong password, each time from another address."""
        n = 0
        while time.monotonic() < until:
            n += 1
            user = self.trial.user if n % 2 else f'user{mine}-{n}'
            try:
                verdict = self.login(f'10.{mine}.{n // 250}.{n % 250 + 1}', user, 'wrong password 1234')
            except (OSError, AssertionError) as why:
                verdict = str(why)
            made.append(verdict)

    def test_familiar_user(self):
        self.open()
        self.assertEqual(self.login(DESK), 'welcome')
        made, until, good, slowest = [], time.monotonic() + SECONDS, 0, 0
        threads = [threading.Thread(target=self.attack, args=(i + 1, until, made)) for i in range(ATTACKERS)]
        for thread in threads:
            thread.start()
        while time.monotonic() < until:
            began = time.monotonic()
            self.assertEqual(self.login(DESK), 'welcome', self.trial.log()[-2000:])
            good, slowest = good + 1, max(slowest, time.monotonic() - began)
            time.sleep(0.4)    # the rate of one source
        for thread in threads:
            thread.join()
        print(f'{len(made)} attempts; {good} logins of {good}, the slowest took {slowest:.2f} s')
        self.assertNotIn('welcome', made)
        self.assertGreater(len(made), 60)
        self.assertGreater(good, 5)
        # A stranger with the right password has to bring more; the desk does not.
        self.assertNotEqual(self.login('10.99.0.1'), 'welcome')
        self.assertEqual(self.login(DESK), 'welcome')
        log = self.trial.log()
        self.assertIn('only a token or a device secret will do now', log)
        self.assertEqual(log.count('users failed within this hour'), 1)
        self.assertEqual(log.count('all from a machine that calls itself "CLIENT"'), 1)
        self.assertTrue(json.loads(self.trial.command('user', 'show', self.trial.user, '--json').stdout)['locked'])
        self.trial.command('user', 'unlock', self.trial.user)
        self.assertEqual(self.login('10.99.0.1'), 'welcome')

    def shot(self, address, *options):
        out = self.world.path('shot.png')
        self.world.run([SALLYPORT, 'shot', f'{address}:{self.trial.port}', out, '--user', self.trial.user, *options,
                        '--password-stdin', '--trust', 'first-seen'], text=self.trial.password + '\n', check=False)
        return picture.load(out).pixel(0, 0)

    def test_codes(self):
        self.open(mfa=True)
        secret = self.trial.facts['totp_secret']
        there, elsewhere = '10.1.0.1', '10.2.0.1'
        for n in range(5):
            self.assertNotIn('too many wrong codes', self.trial.log())
            self.assertEqual(self.shot(there, '--code', '000000'), GROUND)
            wait_for('the refusal', lambda n=n: self.trial.log().count(' refused: wrong code') == n + 1)
        self.trial.wait_log('too many wrong codes of user')
        self.assertEqual(self.shot(there, '--totp-secret', secret), GROUND)
        self.trial.wait_log('Too many wrong codes from here. Try again in 10 minutes.')
        self.assertEqual(self.shot(elsewhere, '--totp-secret', secret), DESKTOP)
        # Killed, and started again: it lasts.
        keeper = next(pid for pid in self.trial.processes() if comm(pid) == 'sp-keeper')
        os.kill(keeper, signal.SIGKILL)
        self.trial.proc.wait(15)
        self.open(mfa=True, folder=self.trial.dir)
        self.assertEqual(self.shot(there, '--totp-secret', secret), GROUND)
        self.trial.wait_log('Too many wrong codes from here.')
        self.assertEqual(self.trial.log().count('too many wrong codes of user'), 0)
        self.assertIn(f'codes paused: from {there} until ', self.trial.command('user', 'show', self.trial.user).stdout)
        self.trial.command('user', 'unlock', self.trial.user)
        self.assertEqual(self.shot(there, '--code', self.trial.code()), DESKTOP)


if __name__ == '__main__':
    enter()
    main()
