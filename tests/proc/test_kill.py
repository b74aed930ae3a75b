#!/usr/bin/env python3
# tests/proc/test_kill.py - kill -9 of any process at any moment: the audit stays whole and forgets nothing.
import json
import os
import random
import signal
import subprocess
import threading
import time

from procfs import comm
from trial import SALLYPORT, Trial
from world import Case, free_port, listens, main, wait_for

# With SP_LONG=N as many kills instead.
KILLS = int(os.environ.get('SP_LONG') or 0)
KILLS = KILLS if KILLS > 1 else 5000 if KILLS else 12


class Kill(Case):
    def start(self):
        self.trial = Trial(self.world, '--record', folder=self.dir, port=self.port, seconds=60)

    def shot(self):
        """A whole session; whether its picture came."""
        argv = [SALLYPORT, 'shot', f'127.0.0.1:{self.port}', self.world.path(f'{threading.get_ident()}.png'),
                '--user', self.trial.user, '--password-stdin', '--trust', f'pin:{self.trial.facts["fingerprint"]}']
        try:
            done = subprocess.run(argv, input=self.trial.password + '\n', text=True, capture_output=True, timeout=20)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def load(self):
        while not self.stop.is_set():
            if self.shot():
                with self.lock:
                    self.seen += 1
            else:
                time.sleep(0.2)

    def records(self):
        done = self.trial.command('audit', 'list', '--json', check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def verify(self, when):
        done = self.trial.command('audit', 'verify', check=False)
        self.assertEqual(done.returncode, 0, f'{when}: {done.stdout}{done.stderr}')

    def kill_one(self):
        """Somebody of the service, anybody."""
        ours = {}
        for pid in [self.trial.proc.pid] + self.trial.processes():
            if (comm(pid) or '').startswith(('sp-', 'sallyport')):
                ours.setdefault(comm(pid), []).append(pid)
        name = random.choice(sorted(ours))
        pid = random.choice(ours[name])
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None
        return name

    def revive(self):
        """The service ends with its parent or its keeper; everything of it is gone before the next begins."""
        end = time.monotonic() + 3
        time.sleep(0.3)                   # until the others have heard of it
        while self.trial.proc.alive() and time.monotonic() < end:
            if all(any(comm(pid) == name for pid in self.trial.processes())
                   for name in ('sallyportd', 'sp-keeper', 'sp-scribe')):
                return False
            time.sleep(0.1)
        self.trial.proc.stop()
        wait_for('a free port', lambda: not listens(self.port), 10)
        self.start()
        return True

    def recordings(self):
        """Each is readable from its beginning to where it ends, or the line was cut."""
        found = json.loads(self.trial.command('recording', 'list', '--json').stdout)
        self.assertTrue(found)
        self.assertLessEqual({r['state'] for r in found}, {'whole', 'unfinished', 'torn'}, found)
        for r in found:
            self.trial.command('recording', 'show', r['id'], '--json')

    def test_any_process_at_any_moment(self):
        self.dir, self.port = self.world.path('trial'), free_port()
        self.lock, self.stop, self.seen = threading.Lock(), threading.Event(), 0
        seed = int(os.environ.get('SP_SEED') or random.randrange(1 << 30))
        random.seed(seed)
        self.start()
        load = threading.Thread(target=self.load)    # one: sessions of a user take each other over
        load.start()
        known, restarts, killed = {}, 0, {}
        try:
            wait_for('the first session', lambda: self.seen > 0, 30)
            for n in range(KILLS):
                time.sleep(random.random() * 0.7)
                # Whatever a reader has seen was acknowledged, and must be there for ever.
                known.update((r['seq'], r['hash']) for r in self.records() or [])
                with self.lock:
                    sessions = self.seen
                name = self.kill_one()
                killed[name] = killed.get(name, 0) + 1
                restarts += self.revive()
                self.verify(f'seed {seed}, kill {n} ({name})')
                now = self.records()
                self.assertIsNotNone(now, f'seed {seed}, kill {n} ({name}): the audit cannot be read')
                hashes = {r['seq']: r['hash'] for r in now}
                lost = [seq for seq, h in known.items() if hashes.get(seq) != h]
                self.assertEqual(lost, [], f'seed {seed}, kill {n} ({name})')
                # A picture that somebody saw is of a session that was written down before.
                begun = sum(r['event'] in ('session.start', 'session.reconnect') for r in now)
                self.assertGreaterEqual(begun, sessions, f'seed {seed}, kill {n} ({name})')
        finally:
            self.stop.set()
            load.join()
        self.revive()
        wait_for('somebody to get in again', self.shot, 20)
        self.verify('at the end')
        self.recordings()
        print(f'{KILLS} kills: {killed}, {restarts} new starts, {self.seen} sessions, {len(known)} records')


if __name__ == '__main__':
    main()
