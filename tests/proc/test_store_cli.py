#!/usr/bin/env python3
# tests/proc/test_store_cli.py - the commands for groups, devices, tokens, secrets, targets, recovery codes.
import json
import os
import pty
import re
import select
import sqlite3
import stat
import subprocess
import threading
import time
import unittest

import test_user_cli as cli

DEVICE = re.compile(r'^([0-9a-z]{5}-){4}[0-9a-z]{5}$')
TOKEN = re.compile(r'^[A-Za-z0-9_-]{22}$')


class Store(cli.Command):
    def setUp(self):
        super().setUp()
        self.write('state = "state"; run-as = "caller"; listen = ["127.0.0.1:3399"];\n'
                   'targets = { desktop = { kind = "desktop"; };\n'
                   '  db1 = { kind = "rdp"; address = "10.0.0.5:3389"; trust = "first-seen"; }; };\n')
        self.good(self.add('alice'))

    def cmd(self, *args, stdin=''):
        return cli.run(*args, '--dir', self.dir, stdin=stdin)

    def json(self, *args):
        return json.loads(self.good(self.cmd(*args, '--json')).stdout)

    def sql(self, text, *values):
        db = sqlite3.connect(os.path.join(self.dir, 'state', 'store.db'))
        with db:
            rows = db.execute(text, values).fetchall()
        db.close()
        return rows

    def on_disk(self, text):
        state = os.path.join(self.dir, 'state')
        for folder, _, names in os.walk(state):
            for name in names:
                with open(os.path.join(folder, name), 'rb') as f:
                    if text.encode() in f.read():
                        return True
        return False

    def usage(self, *rows):
        for args in rows:
            with self.subTest(args):
                done = self.cmd(*args)
                self.assertEqual((done.returncode, done.stdout), (2, ''))
                self.assertTrue(done.stderr.startswith(f'sallyport: {args[0]}: '), done.stderr)
                self.assertIn('--help', done.stderr)

    def none(self, path):
        self.assertFalse(os.path.exists(path))


class Group(Store):
    def test_life(self):
        self.good(self.add('bob'))
        self.good(self.cmd('group', 'list'), '')
        self.assertEqual(self.json('group', 'list'), [])
        self.good(self.cmd('group', 'add', '@ops'), 'ops: added\n')
        self.good(self.cmd('group', 'member', 'ops', 'add', 'bob', 'alice'), 'ops: added bob\nops: added alice\n')
        self.good(self.cmd('group', 'member', '@ops'), 'alice\nbob\n')
        self.assertEqual(self.json('group', 'member', 'ops'), ['alice', 'bob'])
        listed = self.json('group', 'list')
        self.assertEqual((listed[0]['name'], listed[0]['members']), ('ops', ['alice', 'bob']))
        self.assertRegex(self.good(self.cmd('group', 'list')).stdout, r'(?m)^ops +alice bob$')
        self.good(self.cmd('group', 'member', 'ops', 'remove', 'bob'), 'ops: removed bob\n')
        self.good(self.cmd('group', 'delete', 'ops'), 'ops: deleted\n')
        self.bad(self.cmd('group', 'delete', 'ops'), 'sallyport: ops: no such group\n')

    def test_refusals(self):
        self.bad(self.cmd('group', 'add', 'Ops'), 'sallyport: Ops: name may only have lower-case')
        self.good(self.cmd('group', 'add', 'ops'))
        self.bad(self.cmd('group', 'add', 'ops'), 'sallyport: ops: group exists\n')
        self.bad(self.cmd('group', 'member', 'ops', 'add', 'carol'), 'sallyport: carol: no such user\n')
        self.bad(self.cmd('group', 'member', 'nobody', 'add', 'alice'), 'no such group\n')
        self.bad(self.cmd('group', 'member', 'ops', 'remove', 'alice'), 'alice: user is not in that group\n')
        self.usage(['group'], ['group', 'x'], ['group', 'add'], ['group', 'add', 'a', 'b'], ['group', 'list', 'a'],
                   ['group', 'member'], ['group', 'member', 'a', 'b'], ['group', 'member', 'a', 'add'],
                   ['group', 'list', '--nothing'])


class Device(Store):
    def test_life(self):
        secret = self.good(self.cmd('device', 'add', 'alice', 'front desk')).stdout.rstrip('\n')
        self.assertRegex(secret, DEVICE)
        self.assertFalse(self.on_disk(secret))
        other = self.json('device', 'add', 'alice', 'phone')
        self.assertRegex(other['secret'], DEVICE)
        self.assertEqual((other['id'], other['user'], other['label']), (2, 'alice', 'phone'))
        listed = self.json('device', 'list', 'alice')
        self.assertEqual([(d['id'], d['label'], d['last_used'], d['revoked']) for d in listed],
                         [(1, 'front desk', None, None), (2, 'phone', None, None)])
        self.assertNotIn('secret', listed[0])
        self.good(self.cmd('device', 'revoke', 'alice', 'front desk'), 'front desk: revoked\n')
        self.good(self.cmd('device', 'revoke', '2'), '2: revoked\n')
        self.assertRegex(self.good(self.cmd('device', 'list')).stdout, r'(?m)^1 +alice +revoked +never +front desk$')
        self.bad(self.cmd('device', 'revoke', '2'), 'no such device, or revoked already')

    def test_refusals(self):
        self.bad(self.cmd('device', 'add', 'carol', 'x'), 'sallyport: carol: no such user\n')
        self.bad(self.cmd('device', 'list', 'carol'), 'sallyport: carol: no such user\n')
        self.bad(self.cmd('device', 'revoke', 'alice', 'x'), 'sallyport: x: no such device\n')
        self.bad(self.cmd('device', 'revoke', 'x'), 'not the number of a device')
        for i in range(16):
            self.good(self.cmd('device', 'add', 'alice', f'd{i}'))
        self.bad(self.cmd('device', 'add', 'alice', 'more'), 'user has 16 devices already')
        self.bad(self.cmd('device', 'add', 'alice', ''), 'label must be 1 to 63 bytes')
        self.usage(['device'], ['device', 'x'], ['device', 'add'], ['device', 'add', 'alice'],
                   ['device', 'add', 'a', 'b', 'c'], ['device', 'list', 'a', 'b'], ['device', 'revoke'],
                   ['device', 'revoke', 'a', 'b', 'c'])


class Token(Store):
    def test_life(self):
        token = self.good(self.cmd('token', 'new', '--user', 'alice')).stdout.rstrip('\n')
        self.assertRegex(token, TOKEN)
        self.assertFalse(self.on_disk(token))
        made = self.json('token', 'new', '--user', 'alice', '--target=db1', '--ttl', '600', '--from', '192.0.2.0/24')
        self.assertRegex(made['token'], TOKEN)
        self.assertEqual((made['id'], made['target']), (2, 'db1'))
        self.assertNotIn(made['token'], made['route'])
        listed = self.json('token', 'list')
        self.assertEqual([(t['id'], t['user'], t['target']) for t in listed],
                         [(1, 'alice', None), (2, 'alice', 'db1')])
        self.good(self.cmd('token', 'revoke', '1'), '1: revoked\n')
        self.assertRegex(self.good(self.cmd('token', 'list')).stdout, r'(?m)^2 +alice +db1 +20')
        self.assertEqual(self.sql('SELECT expires - created FROM token'), [(600,)])

    def test_rdp(self):
        path = os.path.join(self.dir, 'alice.rdp')
        made = self.json('token', 'new', '--user', 'alice', '--target', 'db1', '--rdp', path, '--host', 'gate.example')
        with open(path, 'rb') as f:
            raw = f.read()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertTrue(raw.endswith(b'\r\n') and raw.count(b'\n') == raw.count(b'\r\n'))
        lines = dict((key, value) for key, kind, value in
                     (line.split(':', 2) for line in raw.decode().split('\r\n') if line))
        self.assertEqual(lines['full address'], 'gate.example:3399')
        self.assertEqual(lines['username'], 'alice#db1')
        self.assertEqual(lines['loadbalanceinfo'], f'Cookie: msts={made["route"]}')
        self.assertEqual(len(lines['loadbalanceinfo'] + '\r\n') % 2, 0)
        self.assertEqual(lines['enablecredsspsupport'], '1')
        self.assertNotIn(made['token'].encode(), raw)
        # A shorter one over a longer one; the address of the first listener.
        self.good(self.cmd('token', 'new', '--user', 'alice', '--rdp', path))
        with open(path) as f:
            text = f.read()
        self.assertIn('full address:s:127.0.0.1:3399\n', text)
        self.assertIn('username:s:alice\n', text)
        self.assertEqual(text.count('full address'), 1)
        for host, want in (('[2001:db8::1]', '[2001:db8::1]:3399'), ('gate:4000', 'gate:4000')):
            self.good(self.cmd('token', 'new', '--user', 'alice', '--rdp', path, '--host', host))
            with open(path) as f:
                self.assertIn(f'full address:s:{want}\n', f.read())

    def test_failures_leave_nothing(self):
        path = os.path.join(self.dir, 'x.rdp')
        self.bad(self.cmd('token', 'new', '--user', 'carol', '--rdp', path), 'sallyport: carol: no such user\n')
        self.none(path)
        self.bad(self.cmd('token', 'new', '--user', 'alice', '--target', 'db2'), 'db2: no such target')
        self.bad(self.cmd('token', 'new', '--user', 'alice', '--rdp', path, '--host', 'a b'), 'not a host')
        self.none(path)
        self.bad(self.cmd('token', 'new', '--user', 'alice', '--rdp', '/nowhere/x'), '/nowhere/x: No such file')
        self.bad(self.cmd('token', 'new', '--user', 'alice', '--rdp', '/dev/full'), '/dev/full: ')
        self.assertEqual(self.sql('SELECT COUNT(*) FROM token'), [(0,)])
        self.write('state = "state"; run-as = "caller"; listen = ["127.0.0.1:0"];\n')
        self.bad(self.cmd('token', 'new', '--user', 'alice', '--rdp', path), 'names no port')

    def test_limits(self):
        for _ in range(8):
            self.good(self.cmd('token', 'new', '--user', 'alice'))
        self.bad(self.cmd('token', 'new', '--user', 'alice'), 'user has 8 tokens that nobody used yet')
        self.sql('UPDATE token SET expires = 5')
        self.good(self.cmd('token', 'new', '--user', 'alice'))
        self.assertEqual(self.sql('SELECT COUNT(*) FROM token'), [(1,)])

    def test_refusals(self):
        self.bad(self.cmd('token', 'revoke', '99'), 'sallyport: 99: no such token\n')
        self.bad(self.cmd('token', 'revoke', 'x'), 'not the number of a token')
        self.usage(['token'], ['token', 'x'], ['token', 'new'], ['token', 'new', 'alice'], ['token', 'new', '--user'],
                   ['token', 'new', '--user', 'alice', '--ttl', '0'], ['token', 'new', '--user', 'alice', '--ttl', 'x'],
                   ['token', 'new', '--user', 'alice', '--ttl=86401'], ['token', 'new', '--user', 'alice', '--ttl=-1'],
                   ['token', 'new', '--user', 'alice', '--from', 'x'], ['token', 'list', 'x'],
                   ['token', 'list', '--user', 'alice'], ['token', 'revoke'], ['token', 'revoke', '1', '2'])

    def test_many_at_once(self):
        results = []
        threads = [threading.Thread(target=lambda: results.append(
            self.cmd('token', 'new', '--user', 'alice').returncode)) for _ in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(results), [0] * 8 + [1] * 4)


class Secret(Store):
    def test_life(self):
        self.good(self.cmd('secret', 'set', 'db1-admin', stdin='CORP\\admin\nvery secret\n'), 'db1-admin: set\n')
        self.assertFalse(self.on_disk('very secret') or self.on_disk('CORP'))
        self.good(self.cmd('secret', 'set', 'db1-admin', stdin='root\nother'), 'db1-admin: set\n')
        listed = self.json('secret', 'list')
        self.assertEqual([list(s) for s in listed], [['name', 'created', 'changed']])
        out = self.good(self.cmd('secret', 'list')).stdout
        self.assertRegex(out, r'(?m)^db1-admin +20')
        self.assertNotIn('root', out)
        self.good(self.cmd('secret', 'delete', 'db1-admin'), 'db1-admin: deleted\n')
        self.bad(self.cmd('secret', 'delete', 'db1-admin'), 'sallyport: db1-admin: no such secret\n')

    def test_refusals(self):
        self.bad(self.cmd('secret', 'set', 'x'), 'user name: nothing was given')
        self.bad(self.cmd('secret', 'set', 'x', stdin='root\n'), 'password: nothing was given')
        self.bad(self.cmd('secret', 'set', 'x', stdin='\nsecret\n'), 'sallyport: x: user name is empty\n')
        self.bad(self.cmd('secret', 'set', 'x', stdin='root\n\n'), 'sallyport: x: password is empty\n')
        self.bad(self.cmd('secret', 'set', 'a b', stdin='root\nsecret\n'), 'name may only have')
        self.bad(self.cmd('secret', 'set', 'x', stdin='r' * 2000 + '\n'), 'user name: too long')
        self.usage(['secret'], ['secret', 'x'], ['secret', 'set'], ['secret', 'list', 'x'], ['secret', 'delete'])
        # Whoever puts it there is told nothing that repeats it.
        done = self.cmd('secret', 'set', 'x', 'root', 'hunter2')
        self.assertEqual(done.returncode, 2)
        self.assertNotIn('hunter2', done.stderr)
        self.assertEqual(self.json('secret', 'list'), [])

    def test_no_core_file(self):
        with subprocess.Popen([cli.SALLYPORT, 'secret', 'set', 'x', '--dir', self.dir], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as proc:
            proc.stdin.write('root\n')
            proc.stdin.flush()
            limits, end = '', time.monotonic() + 10
            while not re.search(r'(?m)^Max core file size +0 +0 ', limits) and time.monotonic() < end:
                time.sleep(0.02)
                with open(f'/proc/{proc.pid}/limits') as f:
                    limits = f.read()
            self.assertRegex(limits, r'(?m)^Max core file size +0 +0 ')
            with open(f'/proc/{proc.pid}/cmdline') as f:
                self.assertNotIn('root', f.read())
            self.assertEqual(proc.communicate('secret\n')[0], 'x: set\n')

    def test_before_any_user(self):
        self.write('state = "fresh"; run-as = "caller";\n')
        self.bad(self.cmd('secret', 'list'), 'no user was ever added')
        self.good(self.cmd('secret', 'set', 'x', stdin='root\nsecret\n'))
        self.assertEqual(len(self.json('secret', 'list')), 1)

    def test_prompt(self):
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(cli.SALLYPORT, [cli.SALLYPORT, 'secret', 'set', 'db1', '--dir', self.dir])
        shown, answers, end = b'', [b'admin', b'very secret', b'very secret'], time.monotonic() + 20
        while time.monotonic() < end:
            if not select.select([fd], [], [], 0.2)[0]:
                continue
            try:
                shown += os.read(fd, 1024)
            except OSError:
                break
            if answers and shown.rstrip(b' ').endswith(b':'):
                os.write(fd, answers.pop(0) + b'\n')
        os.close(fd)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, shown)
        self.assertIn(b'User name for db1: admin', shown)
        self.assertNotIn(b'very secret', shown)
        self.assertIn(b'db1: set', shown)


class Target(Store):
    def test_list_and_forget(self):
        listed = self.json('target', 'list')
        self.assertEqual([(t['name'], t['kind'], t['address'], t['trust'], t['keys']) for t in listed],
                         [('desktop', 'desktop', None, None, []),
                          ('db1', 'rdp', '10.0.0.5:3389', 'first-seen', [])])
        self.sql('INSERT INTO pin VALUES (?, ?, ?, 1700000000, ?, 1700000001)', 'db1', '10.0.0.5:3389', b'\1' * 32,
                 b'\2' * 32)
        self.sql('INSERT INTO pin (target, host, spki, first_seen) VALUES (?, ?, ?, 1700000000)', 'old', 'h:1', b'\3' * 32)
        listed = self.json('target', 'list')
        self.assertEqual(listed[1]['keys'], [{
            'host': '10.0.0.5:3389', 'sha256': '01' * 32, 'first_seen': '2023-11-14T22:13:20Z', 'offered': '02' * 32,
            'offered_at': '2023-11-14T22:13:21Z'}])
        self.assertEqual((listed[2]['name'], listed[2]['kind'], listed[2]['keys'][0]['offered']), ('old', None, None))
        text = self.good(self.cmd('target', 'list')).stdout
        self.assertIn('CHANGED', text)
        self.assertIn('old  not in the configuration\n', text)
        self.good(self.cmd('target', 'forget', 'db1'), 'db1: key forgotten\n')
        self.bad(self.cmd('target', 'forget', 'db1'), 'sallyport: db1: no key of that target is kept\n')
        self.assertEqual(self.json('target', 'list')[1]['keys'], [])

    def test_refusals(self):
        self.usage(['target'], ['target', 'x'], ['target', 'forget'], ['target', 'forget', 'a', 'b'],
                   ['target', 'list', 'x'])


class Recovery(Store):
    CODE = re.compile(r'^[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{5}$')

    def test_life(self):
        self.good(self.user('recovery', 'alice'), 'alice: 0 recovery codes left\n')
        self.bad(self.user('recovery', 'alice', '--new'), 'has no one-time codes')
        made = json.loads(self.good(self.user('totp', 'alice', '--json')).stdout)
        self.assertEqual(len(set(made['recovery_codes'])), 10)
        for code in made['recovery_codes']:
            self.assertRegex(code, self.CODE)
            self.assertFalse(self.on_disk(code))
        self.good(self.user('recovery', 'alice'), 'alice: 10 recovery codes left\n')
        self.assertNotIn('recovery_codes', json.loads(self.user('totp', 'alice', '--show', '--json').stdout))
        fresh = json.loads(self.good(self.user('recovery', 'alice', '--new', '--json')).stdout)
        self.assertEqual((fresh['left'], len(fresh['recovery_codes'])), (10, 10))
        self.assertFalse(set(fresh['recovery_codes']) & set(made['recovery_codes']))
        self.assertEqual(len(re.findall(r'(?m)^  \S+$', self.good(self.user('recovery', 'alice', '--new')).stdout)), 10)
        self.assertEqual(json.loads(self.user('show', 'alice', '--json').stdout)['recovery_codes'], 10)
        self.good(self.user('totp', 'alice', '--remove'))
        self.good(self.user('recovery', 'alice'), 'alice: 0 recovery codes left\n')
        self.bad(self.user('recovery', 'carol'), 'sallyport: carol: no such user\n')
        self.usage(['user', 'recovery'], ['user', 'list', '--new'], ['user', 'unlock'])

    def test_unlock(self):
        self.good(self.user('unlock', 'alice'), 'alice: unlocked\n')
        self.bad(self.user('unlock', 'carol'), 'sallyport: carol: no such user\n')
        self.assertIs(json.loads(self.user('show', 'alice', '--json').stdout)['locked'], False)

    def test_pause(self):
        self.assertEqual(json.loads(self.user('show', 'alice', '--json').stdout)['paused'], [])
        until = int(time.time()) // 60 * 60 + 600
        stamp = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(until))
        for last, end in ((7, until), (8, until + 60), (9, 5)):
            self.sql("INSERT INTO pause SELECT id, ?, x'', 1, ?, 0 FROM user WHERE name = 'alice'",
                     bytes((4, 32, 192, 0, 2, last)), end)
        self.assertIn(f'codes paused: from 192.0.2.7 until {stamp}, after wrong ones\n',
                      self.good(self.user('show', 'alice')).stdout)
        shown = json.loads(self.user('show', 'alice', '--json').stdout)
        self.assertEqual(shown['paused'][0], {'source': '192.0.2.7', 'until': stamp})
        self.assertEqual(len(shown['paused']), 2)
        self.good(self.user('unlock', 'alice'))
        self.assertNotIn('paused', self.good(self.user('show', 'alice')).stdout)
        self.assertEqual(json.loads(self.user('show', 'alice', '--json').stdout)['paused'], [])


class Everywhere(Store):
    def test_help(self):
        for name in ('group', 'device', 'token', 'secret', 'target'):
            with self.subTest(name):
                self.assertIn(name, self.good(cli.run('--help')).stdout)
                self.assertIn(f'usage: sallyport {name} ', self.good(cli.run(name, '--help')).stdout)
                self.assertIn('--dir DIR', self.good(cli.run(name, 'list', '-h')).stdout)

    def test_no_service(self):
        for name in ('group', 'device', 'token', 'secret', 'target'):
            with self.subTest(name):
                self.bad(cli.run(name, 'list', '-c', '/nowhere/x.conf'), '/nowhere/x.conf: No such file')
                self.bad(cli.run(name, 'list', '--dir', '/nowhere'), '/nowhere/sallyport.conf: No such file')

    def test_full_disk_behind_output(self):
        with open('/dev/full', 'w') as full:
            done = subprocess.run([cli.SALLYPORT, 'device', 'add', 'alice', 'x', '--dir', self.dir], stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (1, 'sallyport: standard output: cannot write\n'))


if __name__ == '__main__':
    unittest.main()
