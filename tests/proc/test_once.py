#!/usr/bin/env python3
# tests/proc/test_once.py - what is good once: for one of several who come together, and over the keeper's sudden end.
import json
import os
import signal
import subprocess
import threading
import time

import nla
from peers import certificate
from procfs import comm
from rdpraw import HYBRID, HYBRID_EX, TLS, Closed, Door
from target import Target
from trial import SALLYPORT, Trial, need_trial
from world import Case, main, need, wait_for

TOGETHER = 4


class Held(nla.Login):
    """A login that waits where its proof was taken and nothing is spent yet."""

    def __init__(self, *args, proved, go, **options):
        super().__init__(*args, **options)
        self.proved, self.go = proved, go

    def open(self, data):
        plain = super().open(data)
        self.proved()
        self.go()
        return plain


class Once(Case):
    mfa = False

    def setUp(self):
        super().setUp()
        need_trial()
        need('openssl')
        # A target that takes connections and says nothing: who gets there is through.
        self.host = Target(self.world, certificate(self.world), 'request', 'hang')
        self.start()

    def start(self):
        self.trial = Trial(self.world, '--target', f'there=127.0.0.1:{self.host.port}', mfa=self.mfa)

    def json(self, *args):
        return json.loads(self.trial.command(*args, '--json').stdout)

    def crash(self):
        """The keeper's sudden end, which is the service's; then the same directory again."""
        os.kill(next(pid for pid in self.trial.processes() if comm(pid) == 'sp-keeper'), signal.SIGKILL)
        self.again()

    def again(self):
        self.trial.proc.wait(15)
        self.start()

    def login(self, secret, proved=lambda: None, go=lambda: None, source='127.0.0.1'):
        """The verdict on a login with a secret of the person; 'closed' where it just ends."""
        attempt = Held(self.trial.user, secret, proved=proved, go=go)
        try:
            with Door(self.trial.port, source) as door:
                door.negotiate(TLS | HYBRID | HYBRID_EX)
                door.start_tls()
                return attempt.run(door, True)
        except (Closed, OSError):
            return 'closed'

class Tokens(Once):
    def token(self):
        return self.json('token', 'new', '--user', self.trial.user, '--target', 'desktop', '--ttl', '600')['token']

    def test_at_once(self):
        """Of several who have proved the same token before anybody is let in, one is."""
        for n in range(6):
            token, verdicts = self.token(), []
            barrier = threading.Barrier(TOGETHER, timeout=15)
            threads = [threading.Thread(target=lambda i=i: verdicts.append(self.login(
                token, go=barrier.wait, source=f'127.0.{n + 1}.{i + 1}'))) for i in range(TOGETHER)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(['refused'] * (TOGETHER - 1) + ['welcome'], sorted(verdicts), f'round {n}')
            self.trial.command('user', 'unlock', self.trial.user)

    def test_over_the_end(self):
        """Proved and not used: it is good once more. Used: not even if nobody heard of it."""
        token = self.token()
        self.assertEqual('closed', self.login(token, go=self.crash))
        self.assertEqual('welcome', self.login(token))
        self.crash()
        self.assertNotEqual('welcome', self.login(token))
        for n in range(3):    # at some moment of its use
            token, verdicts = self.token(), []
            proved, go = threading.Event(), threading.Event()
            thread = threading.Thread(target=lambda: verdicts.append(self.login(token, proved.set, lambda: go.wait(10))))
            thread.start()
            self.assertTrue(proved.wait(10))
            keeper = next(pid for pid in self.trial.processes() if comm(pid) == 'sp-keeper')
            go.set()
            time.sleep(n * 0.001)
            os.kill(keeper, signal.SIGKILL)
            thread.join()
            self.again()
            verdicts += [self.login(token), self.login(token)]
            self.assertLessEqual(verdicts.count('welcome'), 1, f'round {n}: {verdicts}')
            self.trial.command('user', 'unlock', self.trial.user)


class Codes(Once):
    mfa = True

    def shot(self, code):
        viewer = subprocess.Popen([SALLYPORT, 'shot', f'127.0.0.1:{self.trial.port}', self.world.path('none.png'),
                                   '--user', f'{self.trial.user}#there#{code}', '--password-stdin', '--trust',
                                   'first-seen'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, env=self.world.env())
        self.addCleanup(viewer.wait)
        self.addCleanup(viewer.kill)
        viewer.stdin.write(self.trial.password.encode() + b'\n')
        viewer.stdin.close()
        return viewer

    def let_in(self, trial):
        return trial.log().count('logged in to there')

    def judged(self, n):
        """Waits until a service has judged as many codes; gives how many were good."""
        refused = 'code was used already'
        wait_for(f'{n} verdicts', lambda: self.let_in(self.trial) + self.trial.log().count(refused) >= n, 10)
        return self.let_in(self.trial)

    def fresh(self):
        """A code of a new secret, so that nobody waits for the next one."""
        self.trial.command('user', 'totp', self.trial.user, '--remove')
        self.trial.command('user', 'totp', self.trial.user, '--json')
        return self.trial.code()

    def test_at_once(self):
        for n in range(4):
            code = self.fresh()
            viewers = [self.shot(code) for _ in range(TOGETHER)]
            self.assertEqual(n + 1, self.judged(TOGETHER * (n + 1)), f'round {n}')
            for viewer in viewers:
                viewer.kill()
            self.trial.command('user', 'unlock', self.trial.user)

    def test_over_the_end(self):
        for n in range(4):    # at some moment of its use, and in the last round after it
            code, old = self.fresh(), self.trial
            keeper = next(pid for pid in old.processes() if comm(pid) == 'sp-keeper')
            viewer = self.shot(code)
            wait_for('a connection', lambda: 'connected to' in old.log(), 5, 0.001)
            if n == 3:
                self.assertEqual(1, self.judged(1))
            else:
                time.sleep(n * 0.006)
            os.kill(keeper, signal.SIGKILL)
            viewer.kill()
            self.again()
            viewer = self.shot(code)
            self.assertLessEqual(self.judged(1) + self.let_in(old), 1, f'round {n}')
            viewer.kill()
            # The next round has a service, and a log, of its own.
            self.trial.stop()
            self.start()


if __name__ == '__main__':
    main()
