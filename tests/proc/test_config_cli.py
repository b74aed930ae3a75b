#!/usr/bin/env python3
# tests/proc/test_config_cli.py - `sallyport config check` and `config explain` as people and scripts use them.
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import mmdb

BUILD = os.environ.get('SP_BUILD') or os.path.join(os.path.dirname(__file__), '..', '..', 'build')
SALLYPORT = os.path.join(os.path.abspath(BUILD), 'sallyport')
GOOD = 'four staples and a horse'

RULES = '''state = "state"; run-as = "caller"; countries-file = "geo.mmdb";
targets = { desk = { kind = "desktop"; };
            db1 = { kind = "rdp"; address = "10.0.0.5"; }; };
rules = (
  { name = "admins"; users = ["@dba", "alice"]; from = ["10.8.0.0/16", "2001:db8::/32"];
    interface = ["wg0"]; countries = ["DE"]; hours = ["Mon-Fri 08:00-18:00 Europe/Berlin"];
    devices = ["enrolled"]; targets = ["db1"]; mfa = ["totp", "device"]; clipboard = ["text-in", "files-out"];
    drives = "read"; sound = false; microphone = true; other = true; max = "8h"; idle = "1h30m";
    approval = ["@leads", "bob"]; reason = true; },
  { name = "everybody"; targets = ["desk"]; clipboard = "none"; }
);
'''


def run(*args, stdin='', **more):
    return subprocess.run([SALLYPORT, *args], input=stdin, capture_output=True, text=True, timeout=30, **more)


class Command(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='sp-test-config-')
        self.addCleanup(shutil.rmtree, self.dir)
        self.conf = os.path.join(self.dir, 'sallyport.conf')
        mmdb.write(os.path.join(self.dir, 'geo.mmdb'),
                   {'10.8.0.0/16': 'DE', '10.9.0.0/16': 'FR', '2001:db8::/32': 'DE'})

    def write(self, text):
        with open(self.conf, 'w') as f:
            f.write(text)

    def check(self, text):
        self.write(text)
        return run('config', 'check', '-c', self.conf)

    def command(self, *args, stdin=''):
        done = run(*args, '--dir', self.dir, stdin=stdin)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def users(self):
        for name in ('alice', 'carol', 'dave'):
            self.command('user', 'add', name, '--password-stdin', stdin=GOOD + '\n')
        self.command('user', 'disable', 'dave')
        self.command('group', 'add', 'dba')
        self.command('group', 'member', 'dba', 'add', 'carol')

    def explain(self, user, target, source, *more):
        return run('config', 'explain', '--user', user, '--target', target, '--from', source, '--dir', self.dir, *more)

    def answer(self, *args):
        done = self.explain(*args, '--json')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return json.loads(done.stdout)


class Check(Command):
    def test_which_service(self):
        """Of two that are named none is taken for the one that was meant."""
        self.write('')
        for args in (('config', 'check'), ('user', 'list'), ('audit', 'list'), ('doctor',), ('session', 'list')):
            done = run(*args, '-c', self.conf, f'--dir={self.dir}')
            self.assertEqual((done.returncode, done.stdout), (2, ''), args)
            self.assertIn('-c and --dir name two services', done.stderr)

    def test_empty_file(self):
        done = self.check('')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(done.stdout, f'{self.conf}: ok, 1 listener, 1 target, built-in rule\n')

    def test_rules(self):
        done = self.check(RULES)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(done.stdout, f'{self.conf}: ok, 1 listener, 2 targets, 2 rules\n')

    def test_nobody(self):
        done = self.check('rules = ();')
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout, f'{self.conf}: ok, 1 listener, 1 target, 0 rules\n')
        self.assertEqual(done.stderr, f'sallyport: {self.conf}:1: warning: targets: no rule reaches "desktop"\n')

    def test_every_mistake_of_meaning(self):
        done = self.check('rules = (\n { users = ["a b"];\n hours = "noon";\n targets = "nowhere"; more = 1; } );\nx = 1;')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        lines = done.stderr.splitlines()
        for line, start in zip(lines, (':2: users: ', ':3: hours: ', ':4: more: ', ':5: x: ', ':4: targets: ')):
            self.assertTrue(line.startswith(f'sallyport: {self.conf}{start}'), line)
        self.assertEqual(len(lines), 5)

    def test_countries(self):
        done = self.check('countries-file = "none.mmdb";')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertEqual(done.stderr, f'sallyport: {self.conf}:1: countries-file: {self.dir}/none.mmdb: '
                                      'No such file or directory\n')
        done = self.check('countries-file = "sallyport.conf";')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertEqual(done.stderr, f'sallyport: {self.conf}: countries-file: {self.conf}: '
                                      'is no file in MMDB format\n')

    def test_included_file(self):
        with open(os.path.join(self.dir, 'more.conf'), 'w') as f:
            f.write('targets = { desk = { kind = "desktop"; }; };\nrules = ( { users = "A"; } );\n')
        done = self.check('@include "more.conf"\n')
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.startswith('sallyport: more.conf:2: users: "A" '), done.stderr)


class Explain(Command):
    def setUp(self):
        super().setUp()
        self.write(RULES)
        self.users()

    def admin(self, user='carol', source='10.8.1.2', **changed):
        more = {'at': '2026-11-23T12:00Z', 'interface': 'wg0', 'device': 'laptop', **changed}
        return self.answer(user, 'db1', source, *[f'--{k}={v}' for k, v in more.items() if v])

    def enrol(self):
        for name in ('alice', 'carol'):
            self.command('device', 'add', name, 'laptop')

    def test_all_that_a_rule_gives(self):
        self.enrol()
        a = self.admin()
        self.assertEqual({k: a[k] for k in ('allow', 'why', 'user', 'target', 'from', 'interface', 'device')},
                         {'allow': True, 'why': None, 'user': 'carol', 'target': 'db1', 'from': '10.8.1.2',
                          'interface': 'wg0', 'device': True})
        self.assertEqual(a['rule'], {'name': 'admins', 'file': self.conf, 'line': 5})
        self.assertEqual((a['factors'], a['optional'], a['approval'], a['reason']),
                         (['totp', 'device'], False, ['@leads', 'bob'], True))
        self.assertEqual((a['clipboard'], a['drives'], a['sound'], a['microphone'], a['other']),
                         (['text-in', 'files-out'], 'read', False, True, True))
        self.assertEqual((a['max'], a['idle'], a['at'], a['until']),
                         (28800, 5400, '2026-11-23T12:00:00Z', '2026-11-23T17:00:00Z'))
        self.assertEqual((a['missed'], a['notes']), ([], []))

    def test_each_clause(self):
        self.enrol()
        for clause, why, changed in (
                ('from', 'not from one of its networks', {'source': '10.9.1.2'}),
                ('interface', 'not by one of its interfaces, but eth0', {'interface': 'eth0'}),
                ('interface', 'interface not known', {'interface': None}),
                ('hours', 'outside its hours', {'at': '2026-11-22T12:00Z'}),
                ('hours', 'outside its hours', {'at': '2026-11-23T17:00Z'}),
                ('devices', 'not on an enrolled device', {'device': None})):
            with self.subTest(clause, **changed):
                a = self.admin(**changed)
                self.assertFalse(a['allow'])
                self.assertIsNone(a['rule'])
                self.assertEqual([(m['name'], m['clause']) for m in a['missed']],
                                 [('admins', clause), ('everybody', 'targets')])
                self.assertEqual(a['missed'][0]['why'], why)
                self.assertIn(f'(admins: {why})', a['why'])
        self.write(RULES.replace('"10.8.0.0/16"', '"10.0.0.0/8"'))
        self.assertTrue(self.admin()['allow'])
        a = self.admin(source='10.9.1.2')
        self.assertEqual(a['missed'][0]['clause'], 'countries')
        self.assertEqual(a['missed'][0]['why'], 'not from one of its countries, but FR')
        self.assertEqual(self.admin(source='10.10.1.2')['missed'][0]['why'], 'country not known')

    def test_people(self):
        self.enrol()
        self.assertTrue(self.admin('alice')['allow'])
        self.assertTrue(self.admin('alice', '2001:db8::7')['allow'])
        a = self.answer('dave', 'desk', '192.0.2.7')
        self.assertEqual((a['allow'], a['why']), (False, 'user is disabled'))
        self.assertEqual(a['notes'], ['user "dave": is disabled'])
        a = self.answer('mallory', 'desk', '192.0.2.7')
        self.assertEqual((a['allow'], a['why']), (False, 'unknown user'))
        self.command('group', 'member', 'dba', 'remove', 'carol')
        self.assertEqual(self.admin()['missed'][0]['clause'], 'users')

    def test_devices(self):
        self.assertEqual(self.admin()['notes'], ['device "laptop": is not enrolled'])
        self.enrol()
        self.assertEqual(self.admin()['notes'], [])
        self.assertEqual(self.admin(device='phone')['notes'], ['device "phone": is not enrolled'])

    def test_words_for_people(self):
        done = self.explain('carol', 'desk', '192.0.2.7', '--at', '2026-11-22T22:00Z')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn(f'allowed by "everybody" ({self.conf}:10)\n', done.stdout)
        self.assertIn('  second factor  totp\n', done.stdout)
        self.assertIn('  clipboard      none\n', done.stdout)
        self.assertIn(f'these did not match:\n  "admins" ({self.conf}:5): targets: not one of its targets\n', done.stdout)
        done = self.explain('carol', 'db1', '192.0.2.7')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('refused: no rule lets carol reach db1 from 192.0.2.7 now (admins: not from one of its '
                      'networks)\n', done.stdout)

    def test_clock_of_the_zone(self):
        done = self.explain('alice', 'db1', '10.8.1.2', '--interface', 'wg0', '--at', '2026-07-01T16:00Z')
        self.assertIn('hours: outside its hours, it is Wed 2026-07-01 18:00:00 +0200\n', done.stdout)

    def test_moments(self):
        for text, want in (('2026-11-22T22:00Z', '2026-11-22T22:00:00Z'),
                           ('2026-11-22 22:00:30 +01:00', '2026-11-22T21:00:30Z'),
                           ('2028-02-29T00:00-0330', '2028-02-29T03:30:00Z')):
            self.assertEqual(self.answer('alice', 'desk', '192.0.2.7', '--at', text)['at'], want)
        # By this machine's clock, whatever that is.
        local = self.answer('alice', 'desk', '192.0.2.7', '--at', '2026-11-22 22:00')['at']
        self.assertRegex(local, r'^2026-11-2[123]T\d\d:\d\d:00Z$')
        self.assertRegex(self.answer('alice', 'desk', '192.0.2.7', '--at', '22:00')['at'], r':00Z$')
        # A day is its beginning.
        self.assertEqual(*(self.answer('alice', 'desk', '192.0.2.7', '--at', text)['at'] for text in ('2026-11-22', '2026-11-22 00:00')))
        for text in ('noon', '25:00', '22:60', '2026-13-01 00:00', '2027-02-29 00:00', '2026-11-22 2:00',
                     '22:00 +1', '22:00 CET', '2026-11-22T22:00Zx'):
            with self.subTest(text):
                done = self.explain('alice', 'desk', '192.0.2.7', '--at', text)
                self.assertEqual((done.returncode, done.stdout), (1, ''))
                self.assertIn('is no moment', done.stderr)

    def test_without_a_store(self):
        shutil.rmtree(os.path.join(self.dir, 'state'))
        done = self.explain('alice', 'desk', '192.0.2.7')
        self.assertEqual(done.returncode, 0)
        self.assertIn('allowed by "everybody"', done.stdout)
        self.assertIn('sallyport: users, groups and devices are not known: ', done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.dir, 'state')))

    def test_built_in_rule(self):
        self.write('state = "state"; run-as = "caller"; mfa = "enrolled";')
        a = self.answer('alice', 'desktop', '192.0.2.7')
        self.assertEqual((a['allow'], a['rule']), (True, {'name': 'built-in rule', 'file': None, 'line': None}))
        self.assertEqual((a['factors'], a['optional'], a['clipboard']), (['totp'], True, ['text-in', 'text-out']))
        self.assertIn('allowed by the built-in rule\n', self.explain('alice', 'desktop', '192.0.2.7').stdout)

    def test_wrong(self):
        for args, text in ((('alice', 'nowhere', '192.0.2.7'), '"nowhere" is no target'),
                           (('alice', 'desk', 'localhost'), '"localhost" is no numeric address')):
            done = self.explain(*args)
            self.assertEqual((done.returncode, done.stdout), (1, ''))
            self.assertIn(text, done.stderr)
        for args in (['explain'], ['explain', '--user', 'a', '--target', 'b'], ['check', '--user', 'a'],
                     ['check', '--json'], ['explain', 'x'], ['explain', '--user']):
            done = run('config', *args, '--dir', self.dir)
            self.assertEqual((done.returncode, done.stdout), (2, ''), args)


if __name__ == '__main__':
    unittest.main()
