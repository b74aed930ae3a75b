#!/usr/bin/env python3
# tests/proc/test_kill.py - kill -9 of any process at any moment: the audit stays whole and forgets nothing.
import json
import os
import pwd
import random
import re
import signal
import sqlite3
import struct
import subprocess
import threading
import time

from procfs import comm
from rdppeer import Client, Host
from rdpraw import Closed
from target import make_certificate
from trial import SALLYPORT
from world import Case, Deadline, descendants, end, free_port, main, wait_for

# With SP_LONG=N as many kills instead, in services of so many each.
KILLS = int(os.environ.get('SP_LONG') or 0)
KILLS = KILLS if KILLS > 1 else 5000 if KILLS else 16
EACH = 250
PASSWORD = 'four staples and a horse'
USERS = ('ann', 'ben', 'cat')
LATE = 2.0             # seconds of a recording that may be lost
WRITES = 0.1           # the target shows something new as often


def below(pid):
    """As descendants(), and so cheap that it can be asked all the time; who is just starting may be missing."""
    try:
        with open(f'/proc/{pid}/task/{pid}/children') as f:
            children = [int(n) for n in f.read().split()]
    except FileNotFoundError:
        return []
    return children + [n for child in children for n in below(child)]


class Session(threading.Thread):
    """Somebody who logs in, looks for a while, and comes again; and what he was shown when."""

    def __init__(self, load, user):
        super().__init__(daemon=True)
        self.load, self.user, self.seen, self.since, self.client, self.why = load, user, 0, [], None, ''
        self.start()

    def run(self):
        while not self.load.over.is_set():
            try:
                # Addresses of their own, as people have.
                client = Client(self.load.port, f'{self.user}#mill', PASSWORD, ['cliprdr'], seconds=4,
                                source=f'127.0.1.{random.randrange(1, 255)}')
            except (Closed, OSError, AssertionError, ValueError, struct.error, StopIteration) as why:
                self.why = repr(why)
                self.load.over.wait(0.1)
                continue
            self.look(client)

    def look(self, client):
        begin, shown = time.monotonic(), []
        life = random.uniform(1, 12)
        try:
            while not (self.load.over.is_set() or client.ended) and time.monotonic() < begin + life:
                if not shown and time.monotonic() > begin + 2:
                    break                 # what is shown is that there is no way to the mill
                if client.pictures > len(shown):
                    if not shown:
                        self.seen += 1
                    shown += [time.monotonic()] * (client.pictures - len(shown))
                    self.since, self.client = shown, client
                time.sleep(0.02)
        finally:
            self.client = None
            client.close()

    def shown(self, when):
        """Of a session that goes on: when the first picture was seen, and how many by then."""
        shown = self.since
        return (shown[0], sum(t <= when for t in shown)) if self.client else (0, 0)


class Kill(Case):
    def sallyport(self, *words, text='', check=True):
        return self.world.run([SALLYPORT, *words, '-c', self.conf], text=text, check=check, seconds=60)

    def found(self):
        """A service with its users, in a folder of its own."""
        self.folder = self.world.path(f'service-{self.epoch}')
        os.makedirs(self.folder)
        self.conf, self.key = os.path.join(self.folder, 'sallyport.conf'), os.path.join(self.folder, 'auditor.key')
        public = re.search(r'x25519:[\w+/=-]+', self.world.run([SALLYPORT, 'recording', 'key', self.key]).stdout).group()
        account = pwd.getpwuid(os.getuid()).pw_name
        with open(self.conf, 'w') as f:
            f.write(f'listen = ["127.0.0.1:{self.port}"]; state = "{self.folder}/state"; run-as = "caller";\n'
                    f'mfa = "none"; auditors = ["{public}"];\n'
                    'limits = { exempt = ["127.0.0.0/8"]; per-source = 64; rate = 500; burst = 1000; };\n'
                    f'targets = {{ mill = {{ kind = "rdp"; address = "127.0.0.1:{self.mill.port}"; security = "tls";\n'
                    '  login = "same"; trust = "first-seen"; record = "required"; };\n'
                    f'  desk = {{ kind = "desktop"; account = "map:{account}"; session = "exec sleep 1000"; \n'
                    '  record = "wanted"; }; };\n'
                    f'ship = ({{ type = "file"; path = "{self.folder}/shipped"; }}); rules = ({{ name = "all"; }});\n')
        for user in USERS + ('dan',):
            self.sallyport('user', 'add', user, '--password-stdin', text=PASSWORD + '\n')
        self.db = os.path.join(self.folder, 'state', 'audit', 'audit.db')
        self.last, self.seen, self.ids = (0, ''), sum(s.seen for s in self.sessions), {}
        self.start()

    def start(self):
        self.service = self.world.start('serve', [SALLYPORT, 'serve', '-c', self.conf])
        wait_for('the service', self.ready, 20, every=0.02)

    def ready(self):
        if not self.service.alive():
            raise AssertionError(f'serve ended:\n{self.service.log()[-3000:]}')
        return 'ready, certificate' in self.service.log()

    def play(self, server):
        """The mill: something new on the screen, again and again."""
        n = 0
        while not server.ended:
            server.picture(struct.pack('<I', n), x=4 * (n % 100))
            n += 1
            time.sleep(WRITES)

    def desk(self):
        """A desktop of this machine is another way, with processes of its own, and takes its time."""
        while not self.over.is_set():
            if self.epoch % 4:
                self.over.wait(1)
                continue
            subprocess.run([SALLYPORT, 'shot', f'127.0.0.1:{self.port}', self.world.path('desk.png'), '--user',
                            'dan', '--password-stdin', '--target', 'desk', '--trust', 'first-seen', '--wait', '2'],
                           input=PASSWORD + '\n', text=True, capture_output=True, env=self.world.env())
            self.over.wait(0.2)

    # ---- what was promised ----

    def note(self):
        """The last record that a reader sees now: it was acknowledged, and all before it."""
        db = sqlite3.connect(f'file:{self.db}?mode=ro', uri=True, timeout=5)
        try:
            row = db.execute('SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1').fetchone()
        finally:
            db.close()
        if row and row[0] >= self.last[0]:
            self.last = row[0], row[1].hex()

    def verify(self, when):
        """The whole chain, and in it the last record that was acknowledged, whose hash is over all before it."""
        at = ['--at', '%d:%s' % self.last] if self.last[0] else []
        done = self.sallyport('audit', 'verify', *at, check=False)
        self.assertEqual(done.returncode, 0, f'{when}: {done.stdout}{done.stderr}')

    def begun(self, when, seen):
        """A picture that somebody saw is of a session that was written down before."""
        told = json.loads(self.sallyport('audit', 'list', '--event', 'session', '--json').stdout)
        begun = sum(r['event'] in ('session.start', 'session.reconnect') for r in told)
        self.assertGreaterEqual(begun, seen - self.seen, when)

    def show(self, name):
        done = self.sallyport('recording', 'show', name, '--json', '--key', self.key, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def recording(self, user, first):
        """The last one of a user that began before that picture, as it is now."""
        folder = os.path.join(self.folder, 'state', 'recordings')
        for name in sorted(os.listdir(folder), reverse=True):
            if not name.endswith('.spr') or self.ids.get(name, user) != user:
                continue
            with open(os.path.join(folder, name), 'rb') as f:
                start = f.read(54)
            if len(start) < 54 or struct.unpack('<Q', start[46:])[0] > first * 1e6:
                continue
            got = self.show(name[:-4])
            if got and got.get('user'):
                self.ids[name] = got['user']
                if got['user'] == user:
                    return got
        return None

    def readable(self, when, shown):
        """What they were shown two seconds before is in their recordings."""
        for user, (first, n) in shown.items():
            if n:
                got = self.recording(user, first)
                self.assertIsNotNone(got, f'{when}: no recording of {user}')
                self.assertIn(got['state'], ('whole', 'unfinished', 'torn'), f'{when}: {got}')
                self.assertGreaterEqual(got['frames'].get('out', {'n': 0})['n'], n, f'{when}: {got}')
                self.checked += 1

    # ---- the kills ----

    def family(self):
        ours = {}
        for pid in [self.service.pid] + below(self.service.pid):
            name = comm(pid)
            if name.startswith(('sp-', 'sallyport')):
                ours.setdefault(name, []).append(pid)
        return ours

    def left(self):
        """Of a service without its first process; the other one is who looks at the desktop."""
        return [pid for pid in descendants(os.getpid()) if comm(pid) not in ('', 'sallyport')]

    def await_short(self, name):
        """sp-target instead, where one comes: it lives for milliseconds only, and would hardly ever be hit."""
        until = time.monotonic() + 1.5
        now = self.family()
        while 'sp-target' not in now and time.monotonic() < until:
            time.sleep(0.002)
            now = self.family()
        return next(n for n in ('sp-target', name, *sorted(now)) if n in now), now

    def kill_one(self):
        """Somebody of the service, anybody."""
        ours = self.family()
        name = random.choice(sorted(ours))
        if random.random() < 0.5:         # else those of whom there are many would hardly have their turn
            name = random.choice([name for name, pids in sorted(ours.items()) for _ in pids])
        if random.random() < 0.1:
            name, ours = self.await_short(name)
        pid = random.choice(ours[name])
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None
        return name

    def revive(self, when):
        """Without a helper but the scribe the service ends; all of it is gone before the next begins."""
        until = time.monotonic() + 30
        while self.service.alive():
            names = self.family()
            if all(name in names for name in ('sp-keeper', 'sp-broker', 'sp-dial', 'sp-scribe', 'sp-ship')):
                return False
            self.assertLess(time.monotonic(), until, f'{when}: only {names} after 30 s')
            time.sleep(0.02)
        try:
            wait_for('the end of what is left', lambda: not self.left(), 15, every=0.02)
        except Deadline:
            end(self.left())
            raise
        self.verify(f'{when}, before the next start')
        self.start()
        return True

    def one(self, n):
        when = f'seed {self.seed}, kill {n}'
        time.sleep(random.random() * (0.3 if random.random() < 0.7 else 3))
        seen = sum(s.seen for s in self.sessions)
        shown = {s.user: s.shown(time.monotonic() - LATE) for s in self.sessions}
        self.note()
        name = self.kill_one()
        when += f' ({name})'
        self.killed[name] = self.killed.get(name, 0) + 1
        self.verify(when)
        self.readable(when, shown)
        if self.revive(when):
            self.restarts += 1
        if n % 25 == 24:
            self.begun(when, seen)

    def shipped(self):
        """Whether every record up to the last that was acknowledged went out, each at least once and in order."""
        seen = 0
        with open(os.path.join(self.folder, 'shipped')) as f:
            for line in f:
                seq = json.loads(line)['seq'] if line.endswith('\n') else 0
                if seq > seen + 1:
                    return False
                seen = max(seen, seq)
        return seen >= self.last[0]

    def finish(self, when):
        """All that was recorded can be read, and is as the audit has it."""
        self.note()
        wait_for('all records to go out', self.shipped, 30, every=0.5)
        self.verify(when)
        self.begun(when, sum(s.seen for s in self.sessions))
        found = json.loads(self.sallyport('recording', 'list', '--json', '--key', self.key).stdout)
        self.assertTrue(found, when)
        self.assertLessEqual({r['state'] for r in found}, {'whole', 'unfinished', 'torn'}, when)
        for at in range(0, len(found), 8):
            done = self.sallyport('recording', 'verify', *[r['id'] for r in found[at:at + 8]], '--json', '--key',
                                  self.key, check=False)
            self.assertNotIn('damaged', [r['state'] for r in json.loads(done.stdout)], f'{when}: {done.stdout}')
        self.recorded += len(found)
        self.records += self.last[0]

    def tell(self, n, begin):
        print(f'{time.strftime("%T")} seed {self.seed}: {n} kills in {time.monotonic() - begin:.0f} s: {self.restarts} new starts, '
              f'{sum(s.seen for s in self.sessions)} sessions, {self.checked} times a recording was looked at, '
              f'{self.recorded} finished ones, {self.records} records before these {self.last[0]}, '
              f'{dict(sorted(self.killed.items(), key=str))}', flush=True)

    def test_any_process_at_any_moment(self):
        self.port, self.over, self.sessions = free_port(), threading.Event(), []
        self.mill = Host(self.world, make_certificate(self.world, 'mill'), self.play)
        self.seed = int(os.environ.get('SP_SEED') or random.randrange(1 << 30))
        random.seed(self.seed)
        self.killed, self.restarts, self.records, self.recorded, self.checked, self.epoch = {}, 0, 0, 0, 0, 0
        begin = time.monotonic()
        self.found()
        self.sessions += [Session(self, user) for user in USERS]
        desk = threading.Thread(target=self.desk, daemon=True)
        desk.start()
        try:
            wait_for('sessions', lambda: all(s.seen for s in self.sessions), 30)
            for n in range(KILLS):
                if n and n % EACH == 0:
                    self.finish(f'seed {self.seed}, after {n} kills')
                    self.service.stop()
                    self.epoch += 1
                    self.found()
                self.one(n)
                if n % 100 == 99:
                    self.tell(n + 1, begin)
        finally:
            self.over.set()
        for s in self.sessions:
            s.join(10)
        self.over.clear()
        self.sessions += [Session(self, 'ann')]
        try:
            wait_for('somebody to get in again', lambda: self.sessions[-1].seen, 20)
        finally:
            self.over.set()
        self.finish('at the end')
        self.tell(KILLS, begin)


if __name__ == '__main__':
    main()
