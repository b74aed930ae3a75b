#!/usr/bin/env python3
# tests/proc/test_serve.py - the installed service, started by root: every process is who it should be.
import json
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import unittest

import nla
from trial import Trial
from world import BUILD, Case, World, descendants, free_port, main, need, wait_for

PASSWORD = 'four staples and a horse'
ROOT_ONLY = 'only root can start processes of other users'
PREFIX = 'sptest'
PAM = '/etc/pam.d/sallyport'


def who(pid):
    """(program, uid) of a process; all of its user numbers must be one."""
    try:
        program = os.path.basename(os.readlink(f'/proc/{pid}/exe'))
        with open(f'/proc/{pid}/status') as f:
            status = dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)
    except OSError:
        return None, None, {}
    users = set(status['Uid'].split())
    return program, int(users.pop()) if len(users) == 1 else users, status


def family(pid):
    """Program to [(pid, uid, status)] of everything below pid, and pid itself."""
    found = {}
    for p in [pid] + descendants(pid):
        program, uid, status = who(p)
        if program:
            found.setdefault(program, []).append((p, uid, status))
    return found


def settled(pid):
    """The family of a service whose children ahead are all jailed; None before."""
    found = family(pid)
    ahead = found.get('sp-net', []) + found.get('sp-login', [])
    return len(ahead) >= 6 and all(status['NoNewPrivs'] == '1' for _, _, status in ahead) and found


class Account:
    """A user of this machine, for as long as a test takes."""

    def __init__(self, name, *options):
        self.name = name
        subprocess.run(['useradd', *options, name], check=True, capture_output=True)
        self.uid, self.gid = pwd.getpwnam(name)[2:4]

    def remove(self):
        subprocess.run(['userdel', '-f', self.name], capture_output=True)


class Installed(unittest.TestCase):
    """`meson install` into a folder, a configuration beside it, two accounts."""

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest(ROOT_ONLY)
        need('useradd', 'userdel', 'meson')
        cls.world = World()
        cls.addClassCleanup(cls.world.close)
        cls.tree = cls.world.path('tree')
        cls.world.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--destdir', cls.tree], seconds=120)
        cls.keeper = cls.account('k', '--system', '--no-create-home', '--shell', '/usr/sbin/nologin')
        cls.person = cls.account('p', '--create-home', '--home-dir', cls.world.path('person'), '--shell', '/bin/sh')
        cls.sallyport = cls.find('bin/sallyport')
        cls.bin = os.path.dirname(cls.sallyport)

    @classmethod
    def account(cls, letter, *options):
        account = Account(f'{PREFIX}{letter}{os.getpid() % 100000}', *options)
        cls.addClassCleanup(account.remove)
        return account

    @classmethod
    def find(cls, tail):
        paths = [os.path.join(here, name) for here, _, names in os.walk(cls.tree) for name in names]
        return next(path for path in paths if path.endswith('/' + tail))

    def configure(self, folder, keeper=None, more=''):
        """A configuration in a folder of its own; the state will be beside it."""
        os.makedirs(self.world.path(folder), exist_ok=True)
        conf = self.world.path(folder, 'sallyport.conf')
        self.port = free_port()
        with open(conf, 'w') as f:
            f.write(f'listen = ["127.0.0.1:{self.port}"];\nstate = "state";\nmfa = "none";\n'
                    f'run-as = "{keeper or self.keeper.name}";\n{more}')
        return conf

    def user(self, conf, *args, stdin='', check=True):
        done = subprocess.run([self.sallyport, 'user', *args, '-c', conf], input=stdin, text=True,
                              capture_output=True, timeout=30)
        if check:
            self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done

    def add(self, conf, name):
        self.user(conf, 'add', name, '--password-stdin', stdin=PASSWORD + '\n')

    def serve(self, conf):
        proc = self.world.start('serve', [self.sallyport, 'serve', '-c', conf])
        wait_for('ready', lambda: 'ready, certificate' in proc.log() or not proc.alive(), 15)
        self.assertTrue(proc.alive(), proc.log())
        return proc

    def refused(self, conf, *words):
        proc = self.world.start('serve', [self.sallyport, 'serve', '-c', conf])
        self.assertEqual(proc.wait(), 1, proc.log())
        for word in words:
            self.assertIn(word, proc.log())

    def owned(self, conf):
        """The state directory and all in it are the keeper's alone."""
        state = os.path.join(os.path.dirname(conf), 'state')
        self.assertEqual(stat.S_IMODE(os.stat(state).st_mode), 0o700)
        for name in ['.'] + os.listdir(state):
            st = os.stat(os.path.join(state, name))
            self.assertEqual((st.st_uid, st.st_gid), (self.keeper.uid, self.keeper.gid), name)
        return os.listdir(state)


class Tree(Installed):
    def test_what_is_installed(self):
        found = {name for _, _, names in os.walk(self.tree) for name in names}
        for name in ('sallyport', 'sallyportd', 'sp-net', 'sp-login', 'sp-keeper', 'sp-broker', 'sp-dial', 'sp-desk', 'sp-ship',
                     'sallyport.1', 'sallyport.conf.5', 'sallyportd.8', 'sallyport.service'):
            self.assertIn(name, found)
        self.assertEqual(sum(name == 'sallyport.conf' for _, _, names in os.walk(self.tree) for name in names), 3,
                         'configuration, sysusers.d, tmpfiles.d')
        self.assertTrue(self.find('libexec/sallyport/sp-net'))

    def test_example_is_right_and_stays(self):
        conf = self.find('etc/sallyport/sallyport.conf')
        self.world.run([self.sallyport, 'config', 'check', '-c', conf])
        with open(conf, 'a') as f:
            f.write('limits = { rate = 3; };\n')
        # What is switched off by '#' is right too.
        with open(conf) as f:
            lines = f.read().splitlines()
        shown = self.world.path('shown.conf')
        with open(shown, 'w') as f:
            f.write('\n'.join(re.sub('/etc/sallyport/[^"]*', conf, line[1:]) for line in lines
                              if re.match(r'#( {4})*[a-z{})]', line) and not re.search(r'tls\.pem|countries|networks-file', line)))
        self.world.run([self.sallyport, 'config', 'check', '-c', shown])
        self.world.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--destdir', self.tree], seconds=120)
        with open(conf) as f:
            self.assertTrue(f.read().endswith('limits = { rate = 3; };\n'))

    def test_unit(self):
        need('systemd-analyze')
        unit = self.world.path('sallyport.service')
        with open(self.find('sallyport.service')) as f:
            text = f.read()
        for word in ('Type=notify', 'kill -HUP $MAINPID'):
            self.assertIn(word, text)
        with open(unit, 'w') as f:
            f.write(text.replace(self.bin.replace(self.tree, ''), self.bin))
        done = self.world.run(['systemd-analyze', 'verify', '--man=no', unit], check=False)
        self.assertEqual([line for line in done.stderr.splitlines() if 'sallyport' in line], [])


class Start(Installed):
    def test_no_account(self):
        conf = self.configure('no-account', keeper='sptest-nobody')
        self.refused(conf, 'account sptest-nobody does not exist', 'systemd-sysusers', 'useradd --system')
        done = self.user(conf, 'add', 'alice', '--password-stdin', stdin=PASSWORD + '\n', check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('account sptest-nobody does not exist', done.stderr)
        self.assertFalse(os.path.exists(self.world.path('no-account', 'state')))

    def test_directory_of_somebody_else(self):
        conf = self.configure('other')
        os.mkdir(self.world.path('other', 'state'), 0o700)
        self.refused(conf, 'does not belong to', f'chown -R {self.keeper.name}:')

    def test_root_is_no_keeper(self):
        self.refused(self.configure('root', keeper='root'), 'run-as: root is root')

    def test_configuration_that_it_cannot_read_again(self):
        conf = self.configure('unreadable')
        os.chmod(conf, 0o600)
        self.refused(conf, f'{self.keeper.name} must be able to read it')


class Service(Installed):
    def setUp(self):
        self.conf = self.configure('service', more='targets = { desktop = { kind = "desktop"; account = '
                                   f'"map:{self.person.name}"; session = "id -un > who; exec sleep 600"; }}; }};\n')
        self.add(self.conf, 'alice')
        self.assertIn('store.db', self.owned(self.conf))
        self.service = self.serve(self.conf)
        self.addCleanup(self.service.stop)

    def tearDown(self):
        self.user(self.conf, 'delete', 'alice')

    def login(self, user='alice', password=PASSWORD):
        return nla.login(self.port, user, password)[0]

    def test_who_is_who(self):
        found = wait_for('children ahead', lambda: settled(self.service.pid))
        self.assertEqual([uid for _, uid, _ in found['sallyportd']], [0])
        self.assertEqual([uid for _, uid, _ in found['sp-broker']], [0])
        self.assertEqual([uid for _, uid, _ in found['sp-keeper']], [self.keeper.uid])
        # Without its account sp-dial is nobody, and says so; with it, it is that.
        dial = found['sp-dial'][0]
        names = {p.pw_uid: p.pw_name for p in pwd.getpwall()}
        if '_spdial' in names.values():
            self.assertEqual(names.get(dial[1]), '_spdial')
        else:
            self.assertTrue(dial[1] > 60000 and dial[1] not in names, dial[1])
            self.assertIn('account _spdial does not exist; run: systemd-sysusers', self.service.log())
        self.assertEqual((int(dial[2]['CapPrm'], 16), dial[2]['NoNewPrivs'], dial[2]['Groups'].strip()), (0, '1', ''))
        keeper = found['sp-keeper'][0]
        self.assertEqual(keeper[2]['NoNewPrivs'], '1')
        self.assertEqual(int(keeper[2]['CapPrm'], 16) | int(keeper[2]['CapEff'], 16), 0)
        numbers = [uid for name in ('sp-net', 'sp-login') for _, uid, _ in found[name]]
        self.assertEqual(len(set(numbers)), len(numbers), 'a number of its own for each')
        names = {p.pw_uid for p in pwd.getpwall()}
        for name in ('sp-net', 'sp-login'):
            for pid, uid, status in found[name]:
                self.assertTrue(uid > 60000 and uid not in names, uid)
                self.assertEqual(status['Groups'].strip(), '')
                self.assertEqual((int(status['CapPrm'], 16), status['NoNewPrivs']), (0, '1'))
                self.assertNotEqual(os.readlink(f'/proc/{pid}/root'), '/')
                self.assertEqual(os.listdir(f'/proc/{pid}/root'), [])

    def test_logins_and_changes_while_it_runs(self):
        self.assertEqual(self.login(), 'welcome')
        self.add(self.conf, 'bob')
        self.assertEqual(self.login('bob'), 'welcome')
        self.user(self.conf, 'delete', 'bob')
        self.assertNotEqual(self.login('bob'), 'welcome')
        self.assertIn('tls.pem', self.owned(self.conf))
        self.assertEqual([u['name'] for u in json.loads(self.user(self.conf, 'list', '--json').stdout)], ['alice'])

    def test_reload(self):
        os.kill(self.service.pid, signal.SIGHUP)
        wait_for('the keeper has read it', lambda: 'configuration read again' in self.service.log())
        self.assertEqual(self.login(), 'welcome')

    def test_who_may_ask_for_sessions(self):
        socket = os.path.join(os.path.dirname(self.conf), 'state', 'control.sock')
        self.assertEqual(stat.S_IMODE(os.stat(socket).st_mode), 0o600)
        self.assertEqual(os.stat(socket).st_uid, self.keeper.uid)

        def ask(uid):
            return subprocess.run([self.sallyport, 'session', 'list', '--json', '-c', self.conf], text=True,
                                  capture_output=True, timeout=30, user=uid, group=uid, extra_groups=[])
        for uid in (0, self.keeper.uid):
            done = ask(uid)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '[]\n', ''), uid)
        done = ask(self.person.uid)
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('only root may ask this service; try sudo', done.stderr)
        # Also where the file rights were opened by mistake.
        os.chmod(os.path.dirname(socket), 0o711)
        os.chmod(socket, 0o666)
        done = ask(self.person.uid)
        os.chmod(os.path.dirname(socket), 0o700)
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn(f'command of uid {self.person.uid} refused', self.service.log())

    def desktop(self):
        """Opens one, as a picture; it is the account's, and so is what runs in it."""
        need('Xvfb')
        said = self.world.path('person', 'who')
        if os.path.exists(said):
            os.unlink(said)
        done = subprocess.run([self.sallyport, 'shot', f'127.0.0.1:{self.port}', self.world.path('shot.png'),
                               '--user', 'alice', '--password-stdin'], input=PASSWORD + '\n', text=True,
                              env=self.world.env(), capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr + self.service.log())
        self.assertEqual([uid for _, uid, _ in family(self.service.pid)['sp-desk']], [self.person.uid])
        wait_for('the session', lambda: os.path.exists(said) and os.path.getsize(said))
        with open(said) as f:
            self.assertEqual(f.read().strip(), self.person.name)
        self.assertEqual(os.stat(said).st_uid, self.person.uid)

    def test_desktop_is_the_account(self):
        self.desktop()

    def test_desktop_with_a_pam_session(self):
        if not os.path.exists('/etc/pam.d/common-session') or os.path.exists(PAM):
            raise unittest.SkipTest(f'needs Debian\'s PAM, and no {PAM} of somebody else')
        self.addCleanup(os.unlink, PAM)
        shutil.copy(self.find('pam.d/sallyport'), PAM)
        told, script = self.world.path('told-to-pam'), self.world.path('tell')
        with open(script, 'w') as f:
            f.write(f'#!/bin/sh\n[ "$PAM_TYPE" != open_session ] || echo "$PAM_RHOST $PAM_TTY" > {told}\n')
        os.chmod(script, 0o755)
        with open(PAM, 'a') as f:
            f.write(f'session optional pam_exec.so {script}\n')
        self.desktop()
        with open(told) as f:
            self.assertEqual(f.read().split(), ['127.0.0.1', 'rdp'])
        self.assertNotIn('PAM session', self.service.log())
        self.assertNotIn('pam:', self.service.log())

    def test_the_end(self):
        pids = [p for found in family(self.service.pid).values() for p, _, _ in found]
        os.kill(self.service.pid, signal.SIGTERM)
        self.assertEqual(self.service.wait(), 0)
        wait_for('end of all', lambda: not [p for p in pids if who(p)[0]])

    def test_nobody_outlives_a_killed_parent(self):
        pids = [p for found in family(self.service.pid).values() for p, _, _ in found]
        os.kill(self.service.pid, signal.SIGKILL)
        wait_for('end of all', lambda: not [p for p in pids if who(p)[0]])


class Caller(Case):
    def test_a_trial_stays_the_caller(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest(ROOT_ONLY)
        trial = Trial(self.world)
        found = wait_for('children ahead', lambda: settled(trial.proc.pid))
        for name in ('sallyport', 'sallyportd', 'sp-keeper', 'sp-broker'):
            self.assertEqual({uid for _, uid, _ in found[name]}, {0}, name)
        for name in ('sp-net', 'sp-login', 'sp-dial'):
            self.assertNotIn(0, {uid for _, uid, _ in found[name]}, name)


if __name__ == '__main__':
    main()
