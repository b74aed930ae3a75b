#!/usr/bin/env python3
# tests/proc/test_user_cli.py - `sallyport user` and `sallyport config` as people and scripts use them.
import json
import os
import pty
import select
import shutil
import stat
import subprocess
import tempfile
import threading
import time
import unittest

BUILD = os.environ.get('SP_BUILD') or os.path.join(os.path.dirname(__file__), '..', '..', 'build')
SALLYPORT = os.path.join(os.path.abspath(BUILD), 'sallyport')
GOOD, OTHER = 'four staples and a horse', 'five staples and a horse'


def run(*args, stdin=''):
    return subprocess.run([SALLYPORT, *args], input=stdin, capture_output=True, text=True, timeout=30)


class Command(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='sp-test-cli-')
        self.addCleanup(shutil.rmtree, self.dir)
        self.conf = os.path.join(self.dir, 'sallyport.conf')
        self.write('state = "state"; run-as = "caller";\n')

    def write(self, text):
        with open(self.conf, 'w') as f:
            f.write(text)

    def user(self, *args, stdin=''):
        return run('user', *args, '--dir', self.dir, stdin=stdin)

    def add(self, name, password=GOOD, *more):
        return self.user('add', name, '--password-stdin', *more, stdin=password + '\n')

    def good(self, done, out=None):
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        if out is not None:
            self.assertEqual(done.stdout, out)
        return done

    def bad(self, done, err, status=1):
        self.assertEqual(done.returncode, status)
        self.assertEqual(done.stdout, '')
        self.assertIn(err, done.stderr)
        self.assertTrue(done.stderr.startswith('sallyport: '), done.stderr)


class Frame(Command):
    def test_help_and_version(self):
        self.assertRegex(self.good(run('--version')).stdout, r'^sallyport \d+\.\d+\.\d+\n$')
        self.assertIn('user', self.good(run('--help')).stdout)
        self.assertIn('user add NAME', self.good(run('user', '--help')).stdout)
        self.assertIn('user add NAME', self.good(run('user', 'add', '-h')).stdout)
        self.assertIn('config check', self.good(run('config', '--help')).stdout)

    def test_wrong_usage(self):
        for args in ([], ['nothing'], ['--nothing'], ['user'], ['user', 'nothing'], ['user', 'add'],
                     ['user', 'add', 'a', 'b'], ['user', 'list', 'a'], ['user', '--nothing'], ['user', '-c'],
                     ['user', 'list', '--dir='], ['user', 'add', 'a', '--display'], ['config'],
                     ['config', 'nothing'], ['config', 'check', 'x'], ['config', 'check', '--nothing']):
            with self.subTest(args):
                done = run(*args)
                self.assertEqual((done.returncode, done.stdout), (2, ''))
                self.assertTrue(done.stderr.startswith('sallyport: '), done.stderr)
                self.assertIn('--help', done.stderr)

    def test_full_disk_behind_output(self):
        with open('/dev/full', 'w') as full:
            done = subprocess.run([SALLYPORT, '--help'], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertIn(done.returncode, (0, 1))
            self.good(self.add('alice'))
            done = subprocess.run([SALLYPORT, 'user', 'list', '--dir', self.dir], stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (1, 'sallyport: standard output: cannot write\n'))


class Config(Command):
    def check(self):
        return run('config', 'check', '-c', self.conf)

    def test_empty(self):
        self.write('')
        self.good(self.check(), f'{self.conf}: ok, 1 listener, 1 target, built-in rule\n')

    def test_all_mistakes(self):
        self.write('listen = ["x"];\nrules = 1;\n\nlimits = { rate = 0; };\n')
        done = self.check()
        self.bad(done, f'sallyport: {self.conf}:1: listen: ')
        self.assertEqual([line.split(':')[2] for line in done.stderr.splitlines()], ['1', '2', '4'])
        self.assertIn(f'sallyport: {self.conf}:2: rules: must be a list of groups, ( {{ ... }}, {{ ... }} )\n', done.stderr)

    def test_syntax(self):
        self.write('listen = [\n')
        self.bad(self.check(), f'{self.conf}:2: syntax error')

    def test_missing(self):
        self.bad(run('config', 'check', '-c', '/nowhere/x.conf'), '/nowhere/x.conf: No such file or directory')
        self.bad(run('config', 'check', '--dir', '/nowhere'), '/nowhere/sallyport.conf: No such file')


class User(Command):
    def test_life(self):
        self.good(self.add('alice', GOOD, '--display', 'Alice "Al" Ä\\'), 'alice: added\n')
        self.good(self.add('bob@corp'))
        listed = json.loads(self.good(self.user('list', '--json')).stdout)
        self.assertEqual([u['name'] for u in listed], ['alice', 'bob@corp'])
        self.assertEqual(listed[0]['display'], 'Alice "Al" Ä\\')
        self.assertRegex(listed[0]['created'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
        self.assertIsNone(listed[0]['last_login'])
        self.good(self.user('disable', 'alice'), 'alice: disabled\n')
        self.assertTrue(json.loads(self.good(self.user('show', 'alice', '--json')).stdout)['disabled'])
        self.assertRegex(self.good(self.user('list')).stdout, r'(?m)^alice +disabled +never')
        self.good(self.user('enable', 'alice'), 'alice: enabled\n')
        self.assertIn('enabled', self.good(self.user('show', 'alice')).stdout)
        self.good(self.user('passwd', 'alice', '--password-stdin', stdin=OTHER), 'alice: password changed\n')
        self.good(self.user('delete', 'alice'), 'alice: deleted\n')
        self.bad(self.user('show', 'alice'), 'sallyport: alice: no such user\n')
        self.assertEqual(len(json.loads(self.user('list', '--json').stdout)), 1)

    def test_empty_lists(self):
        self.bad(self.user('list'), 'no user was ever added')
        self.good(self.add('alice'))
        self.good(self.user('delete', 'alice'))
        self.good(self.user('list'), '')
        self.good(self.user('list', '--json'), '[]\n')

    def test_refusals(self):
        self.good(self.add('alice'))
        for name, password, why in (
                ('alice', GOOD, 'user exists'),
                ('Bob', GOOD, 'lower-case'),
                ('b' * 65, GOOD, '1 to 64 characters'),
                ('bob', 'short', 'password is shorter than 14 characters'),
                ('bob', 'passwordpassword', 'password is on the list of common passwords'),
                ('bob', 'This is bobs password', 'password holds the user name'),
                ('bob', 'a' * 20, 'password is one character repeated'),
                ('bob', 'a' * 2000, 'password: too long'),
                ('bob', 'with\0nul in the middle', 'password: holds a NUL')):
            with self.subTest(why):
                self.bad(self.add(name, password), why)
        self.bad(self.user('add', 'bob', '--password-stdin'), 'password: nothing was given')
        for action in ('show', 'disable', 'enable', 'delete', 'passwd'):
            self.bad(self.user(action, 'carol'), 'sallyport: carol: no such user\n')

    def test_only_the_first_line_is_taken(self):
        done = self.user('add', 'alice', '--password-stdin', stdin=GOOD + '\r\nsecond line\n')
        self.good(done)

    def test_files(self):
        self.good(self.add('alice'))
        state = os.path.join(self.dir, 'state')
        for folder, _, names in os.walk(state):
            self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700, folder)
            for name in names:
                # Read by sp-ship and by auditors, where the group of the folder lets them in.
                mode = 0o640 if name.startswith('audit.db') or name.endswith('.pub') else 0o600
                self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode), mode, name)
        # Neither the password nor its hash lies there in clear.
        with open(os.path.join(state, 'store.db'), 'rb') as f:
            self.assertNotIn(GOOD.encode('utf-16le'), f.read())
        os.chmod(os.path.join(state, 'keeper.key'), 0o644)
        self.bad(self.user('list'), 'keeper.key: group or others may use it')

    def test_bad_configuration(self):
        self.write('state = 5;\n')
        self.bad(self.user('list'), f'{self.conf}:1: state: must be a text')

    def test_many_at_once(self):
        results = []
        threads = [threading.Thread(target=lambda i=i: results.append(self.add(f'u{i}').returncode))
                   for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(results, [0] * 8)
        self.assertEqual(len(json.loads(self.user('list', '--json').stdout)), 8)

    def prompt(self, *answers):
        """Runs `user add eve` on a terminal of its own; its exit status and all that was shown."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(SALLYPORT, [SALLYPORT, 'user', 'add', 'eve', '--dir', self.dir])
        shown, answers, end = b'', list(answers), time.monotonic() + 20
        while time.monotonic() < end:
            if not select.select([fd], [], [], 0.2)[0]:
                continue
            try:
                got = os.read(fd, 1024)
            except OSError:
                break
            shown += got
            if answers and shown.rstrip(b' ').endswith(b':'):
                os.write(fd, answers.pop(0).encode() + b'\n')
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()

    def test_prompt(self):
        status, shown = self.prompt(GOOD, GOOD)
        self.assertEqual(status, 0, shown)
        self.assertIn('14 characters or more', shown)
        self.assertIn('eve: added', shown)
        self.assertNotIn(GOOD, shown)

    def test_prompt_differs(self):
        status, shown = self.prompt(GOOD, OTHER)
        self.assertEqual(status, 1)
        self.assertIn('the two are not the same', shown)

    def test_prompt_interrupted(self):
        status, shown = self.prompt(GOOD[:5] + '\x03')
        self.assertEqual(status, 1)
        self.assertIn('interrupted', shown)

    def test_no_terminal(self):
        done = subprocess.run([SALLYPORT, 'user', 'add', 'eve', '--dir', self.dir], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, start_new_session=True, timeout=30)
        self.bad(done, 'give --password-stdin')


if __name__ == '__main__':
    unittest.main()
