#!/usr/bin/env python3
# tests/proc/test_audit.py - the audit of a running service: told, proved, exported, killed, tampered with.
import getpass
import json
import os
import shutil
import signal
import sqlite3
import time

import nla
from procfs import comm
from trial import SALLYPORT, Trial, need_trial
from world import Case, main, wait_for

# What a login may be; with line feeds it is refused before.
HOSTILE = 'al"ice" info auth.ok (conn=7) \u202egnp\u2028'


class Audit(Case):
    """One trial, many looks at it."""

    def setUp(self):
        super().setUp()
        need_trial()
        self.trial = Trial(self.world)
        self.dir = os.path.join(self.trial.dir, 'state', 'audit')

    def audit(self, *args, check=True):
        return self.trial.command('audit', *args, check=check)

    def records(self, *args):
        return json.loads(self.audit('list', '--json', *args).stdout)

    def scribe(self):
        return [pid for pid in self.trial.processes() if comm(pid) == 'sp-scribe']

    def verified(self, *args):
        done = self.audit('verify', '--json', *args, check=False)
        return done.returncode, json.loads(done.stdout)

    def copy(self):
        """The audit as it is now, in a folder of its own."""
        to = self.world.path('copy')
        shutil.rmtree(to, ignore_errors=True)
        os.mkdir(to)
        with sqlite3.connect(os.path.join(self.dir, 'audit.db')) as live, \
                sqlite3.connect(os.path.join(to, 'audit.db')) as there:
            live.backup(there)
        shutil.copy(os.path.join(self.dir, 'first.pub'), to)
        return to

    def tampered(self, *sql):
        to = self.copy()
        db = sqlite3.connect(os.path.join(to, 'audit.db'))
        for text in sql:
            db.execute(text)
        db.commit()
        db.close()
        done = self.world.run([SALLYPORT, 'audit', 'verify', '--json', '--store', to], check=False)
        return done.returncode, json.loads(done.stdout)

    def test_whole_story(self):
        self.check_story()
        self.check_changes()
        self.check_formats()
        self.check_tail()
        self.check_proof()
        self.check_kills()
        self.check_usage()
        self.check_end()

    def check_story(self):
        self.assertEqual(os.stat(self.dir).st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(os.path.join(self.dir, 'key')).st_mode & 0o777, 0o600)
        self.assertNotEqual(nla.login(self.trial.port, self.trial.user, 'wrong')[0], 'welcome')
        self.assertNotEqual(nla.login(self.trial.port, HOSTILE, 'wrong')[0], 'welcome')
        self.assertEqual(nla.login(self.trial.port, self.trial.user, self.trial.password)[0], 'welcome')
        wait_for('the login in the audit', lambda: self.records('--event', 'auth.ok'))
        them = self.records()
        self.assertEqual([r['seq'] for r in them], list(range(1, len(them) + 1)))
        for before, after in zip(them, them[1:]):
            self.assertEqual(after['prev'], before['hash'])
        fails = self.records('--event', 'auth.fail')
        self.assertEqual(len(fails), 2)
        self.assertEqual(fails[0]['actor.user'], self.trial.user)
        self.assertEqual(fails[1]['claimed.user'], HOSTILE)
        self.assertEqual(self.records('--event', 'auth', '--user', self.trial.user, '--limit', '1')[0]['event'], 'auth.ok')
        self.assertEqual(len(self.records('--severity', 'low', '--event', 'auth')), 2)
        self.assertEqual(self.records('--until', '1h'), [])
        self.assertEqual(len(self.records('--since', '1h', '--limit', '3')), 3)
        self.assertEqual(len(self.records('--since', '400d', '--limit', '3')), 3)
        lines = self.audit('list').stdout.splitlines()
        for line, record in zip(lines, self.records()):
            self.assertIn(f'#{record["seq"]} ', line)
            self.assertIn(f' {record["event"]} ', line + ' ')
        text = next(line for line in lines if 'gnp' in line)
        self.assertTrue(text.isprintable(), text)
        self.assertIn('127.0.0.1', text)

    def check_changes(self):
        """What commands change, while the service runs."""
        self.trial.command('user', 'disable', self.trial.user)
        self.trial.command('user', 'enable', self.trial.user)
        self.trial.command('user', 'list')
        self.assertNotEqual(self.trial.command('user', 'delete', 'nobody', check=False).returncode, 0)
        self.assertEqual([(r['change.action'], r['change.object'], r['outcome'])
                          for r in self.records('--event', 'admin.change')][-4:],
                         [('disable', f'user {self.trial.user}', 'ok'), ('enable', f'user {self.trial.user}', 'ok'),
                          ('delete', 'user nobody', 'ok'), ('delete', 'user nobody', 'failed')])
        self.assertEqual(self.records('--event', 'admin')[0]['actor.admin'].split()[0], getpass.getuser())

    def check_formats(self):
        lines = self.audit('export').stdout.splitlines()
        self.assertEqual([json.loads(line)['seq'] for line in lines], list(range(1, len(lines) + 1)))
        for name in ('syslog', 'cef', 'ocsf'):
            out = self.audit('export', '--format', name).stdout
            self.assertGreaterEqual(len(out.splitlines()), len(lines))
            self.assertNotIn('\x1b', out)
            self.assertEqual(self.audit('tail', '-n', '2', '--format', name).stdout.splitlines(),
                             self.audit('export', '--limit', '2', '--format', name).stdout.splitlines())
        self.assertEqual(json.loads(self.audit('list', '--format', 'json', '--limit', '3').stdout), self.records('--limit', '3'))
        self.assertEqual(self.audit('list', '--format', 'text').stdout, self.audit('list').stdout)
        self.assertEqual(json.loads(self.audit('verify', '--format', 'json').stdout).keys(), self.verified()[1].keys())

    def check_tail(self):
        self.assertEqual([r['seq'] for r in self.records()][-2:],
                         [json.loads(line)['seq'] for line in self.audit('tail', '-n', '2', '--json').stdout.splitlines()])
        follower = self.world.start('tail', [SALLYPORT, 'audit', 'tail', '-f', '-n', '0', '--json', '--dir', self.trial.dir])
        wait_for('a tail that looks', lambda: follower.alive())
        self.assertNotEqual(nla.login(self.trial.port, 'nobody', 'wrong')[0], 'welcome')
        wait_for('the failure in the tail', lambda: 'auth.fail' in follower.log() and 'nobody' in follower.log())
        os.kill(follower.pid, signal.SIGKILL)

    def check_proof(self):
        key = open(os.path.join(self.dir, 'first.pub')).read().strip()
        self.assertIn(key, self.trial.log())
        rc, told = self.verified('--key', key)
        self.assertEqual((rc, told['whole'], told['bad']), (0, True, None), told)
        n = told['last']
        self.assertEqual(self.verified('--at', f'{n}:{told["hash"]}')[0], 0)
        self.assertEqual(self.verified('--at', f'3:{told["hash"]}')[1]['bad'], 3)
        other = ('1' if key[0] == '0' else '0') + key[1:]
        self.assertEqual(self.verified('--key', other)[0], 1)
        self.assertEqual(self.tampered()[0], 0)
        n = self.verified()[1]['last']
        for sql, bad in (
                (["UPDATE record SET hash = zeroblob(32) WHERE seq = 4"], 4),
                (["UPDATE record SET bytes = CAST(substr(bytes, 1, 100) || x'fe' || substr(bytes, 102) AS BLOB)"
                  " WHERE seq = 5"], 5),
                (["DELETE FROM record WHERE seq = 3"], 3),
                (["DELETE FROM record WHERE seq < 3"], 1),
                (["UPDATE record SET seq = -1 WHERE seq = 3", "UPDATE record SET seq = 3 WHERE seq = 4",
                  "UPDATE record SET seq = 4 WHERE seq = -1"], 3),
                (["UPDATE record SET bytes = (SELECT bytes FROM record WHERE seq = 2),"
                  " hash = (SELECT hash FROM record WHERE seq = 2) WHERE seq = 3"], 3)):
            rc, told = self.tampered(*sql)
            self.assertEqual((rc, told['bad']), (1, bad), (sql, told))
        rc, told = self.tampered(f'DELETE FROM record WHERE seq > {n - 2}')
        self.assertEqual((rc, told['whole']), (1, False))
        self.assertIn('cut off', told['why'])

    def check_kills(self):
        """Without a scribe nothing begins; with the next one it goes on."""
        for _ in range(2):
            before = self.trial.log().count('another one is started')
            scribe, = self.scribe()
            os.kill(scribe, signal.SIGKILL)
            wait_for('another one', lambda: self.trial.log().count('another one is started') > before)
            self.assertEqual(nla.login(self.trial.port, self.trial.user, self.trial.password)[0], 'welcome')
            self.assertNotEqual(self.scribe(), [scribe])
        self.assertEqual(self.verified()[1]['recovered'], 2)
        self.assertEqual(len(self.records('--event', 'audit.recovered')), 2)
        self.assertEqual(self.verified()[0], 0)

    def check_usage(self):
        for args, err in (((), 'say what to do'), (('watch',), 'no such command'), (('list', '--key', 'x'), 'does not belong'),
                          (('list', '--since', 'soon'), 'no moment'), (('list', '--event', 'auth.f'), 'no such event'),
                          (('list', '--severity', 'bad'), '--severity: bad: none of'), (('list', '--limit', '-1'), 'not a number'),
                          (('list', '--limit', '0'), 'not a number from 1 on'),
                          (('export', '--format', 'xml'), '--format: xml: none of'), (('export', '--format', 'text'), 'text: none of'),
                          (('verify', '--format', 'cef'), 'cef: none of text, json'),
                          (('list', '--json', '--format', 'cef'), 'do not go'), (('prune',), '--before'),
                          (('verify', '--at', '3'), '--at')):
            done = self.audit(*args, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ''), (args, done))
            self.assertIn(err, done.stderr)
        done = self.audit('verify', '--key', 'zz', check=False)
        self.assertEqual(done.returncode, 1)
        done = self.audit('list', '--store', '/nonexistent', check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('there is no audit', done.stderr)

    def check_end(self):
        self.assertEqual(self.audit('prune', '--before', '1h').stdout, '0 records removed\n')
        last = self.verified()[1]['last']
        time.sleep(2.1)
        removed = int(self.audit('prune', '--before', '1s').stdout.split()[0])
        self.assertGreaterEqual(removed, last)
        rc, told = self.verified()
        self.assertEqual((rc, told['first']), (0, removed + 1), told)
        self.assertEqual(self.records('--event', 'audit.retention')[0]['count'], removed)
        self.trial.stop()
        # Ended in order, and still to be read.
        self.assertEqual(self.verified()[0], 0)
        self.assertEqual(self.records()[-1]['event'], 'audit.checkpoint')


if __name__ == '__main__':
    main()
