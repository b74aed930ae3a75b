#!/usr/bin/env python3
# tests/proc/test_jail.py - the processes that meet strangers, seen from outside: rights, descriptors, memory.
import os
import re
import resource
import socket
import subprocess
import time
import unittest

import nla
from memory import key_of
from procfs import SANITIZED, comm, descriptors, limits, memory, server_of, status
from rdpraw import HYBRID, TLS, Door
from trial import SALLYPORT, Trial
from world import World, libc, main, wait_for

LANDLOCK_CREATE_RULESET = 444


def holds(pid, secret):
    """In the order of its bytes, or in that of a machine's words."""
    dump = memory(pid)
    return secret[:24] in dump or secret[::-1][-24:] in dump or secret[::-1][:24] in dump


class Jail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.close)
        # A target that takes connections and says nothing.
        cls.quiet = socket.create_server(('127.0.0.1', 0))
        cls.addClassCleanup(cls.quiet.close)
        cls.trial = Trial(cls.world, '--target', f'quiet=localhost:{cls.quiet.getsockname()[1]}')

    def setUp(self):
        # Nobody is left of the test before, and those that wait are through with their preparations.
        def settled():
            pids = self.named('sp-net') + self.named('sp-login')
            try:
                return len(pids) == 6 and all(status(pid)['NoNewPrivs'] == '1' for pid in pids)
            except OSError:
                return False
        wait_for('three pairs that wait', settled, 10)
        time.sleep(0.1)    # the rest of the jail comes with that

    def named(self, name):
        return [pid for pid in self.trial.processes() if comm(pid) == name]

    def waiting(self, name, n=3):
        return wait_for(f'{n} of {name}', lambda: (lambda p: p if len(p) >= n else None)(self.named(name)), 5)

    def door(self):
        door = Door(self.trial.port)
        self.addCleanup(door.close)
        return door

    def half_way(self):
        """A login that has proved the password and not gone on; (door, sp-net)."""
        door = self.door()
        self.assertEqual(door.negotiate(TLS | HYBRID)[:2], ('selected', HYBRID))
        door.start_tls()
        attempt, nonce = nla.Login(self.trial.user, self.trial.password), os.urandom(32)
        negotiate = nla.negotiate_message()
        reply = attempt._ask(door, nla.ts_request(6, negotiate, nonce=nonce))
        token = attempt.authenticate(negotiate, nla.Challenge(reply['token']), door.certificate())
        proof = attempt.seal(attempt.binding('Client-To-Server', nonce, nla.public_key(door.certificate())))
        self.assertIsNone(attempt._ask(door, nla.ts_request(6, token, None, proof, nonce))['error'])
        return door, server_of(self.trial, door)

    def in_jail(self, pid, files, memory_mib):
        fields = status(pid)
        self.assertEqual(fields['NoNewPrivs'], '1')
        self.assertEqual(fields['CapEff'].strip('0'), '', 'capabilities')
        self.assertEqual(fields['CapPrm'].strip('0'), '', 'capabilities')
        self.assertEqual(fields['Threads'], '1')
        bound = limits(pid)
        self.assertEqual(bound['Max core file size'], 0)
        self.assertEqual(bound['Max processes'], 0)
        self.assertEqual(bound['Max open files'], files)
        if not SANITIZED:
            self.assertEqual(fields['Seccomp'], '2')
            self.assertEqual(bound['Max address space'], memory_mib << 20)
        if os.getuid() == 0:
            users = set(fields['Uid'].split())
            self.assertEqual(len(users), 1, 'real, effective and saved user differ')
            self.assertGreaterEqual(int(users.pop()), 61184)
            self.assertEqual(fields['Groups'].strip(), '')
            root = os.readlink(f'/proc/{pid}/root')
            self.assertRegex(root, r'^/tmp/sallyport\..* \(deleted\)$')
            self.assertEqual(os.listdir(f'/proc/{pid}/root'), [])

    def test_network_and_login_processes(self):
        door, serving = self.half_way()
        for pid in {serving, *self.waiting('sp-net')}:
            self.in_jail(pid, 32, 384)
            # A build that tells TLS keys to a file must be able to write one.
            if not any(path.endswith('.keys') for path in descriptors(pid).values()):
                self.assertEqual(limits(pid)['Max file size'], 0)
        for pid in self.waiting('sp-login'):
            self.in_jail(pid, 16, 64)
            self.assertEqual(limits(pid)['Max file size'], 0)
        door.close()

    def test_nobody_shares_a_user(self):
        if os.getuid() != 0:
            self.skipTest('only root can give users away')
        pids = self.waiting('sp-net') + self.waiting('sp-login')
        users = [status(pid)['Uid'].split()[0] for pid in pids]
        self.assertEqual(len(set(users)), len(users))

    def test_keeper(self):
        keeper, = self.named('sp-keeper')
        fields = status(keeper)
        self.assertEqual(fields['NoNewPrivs'], '1')
        if not SANITIZED:
            self.assertEqual(fields['Seccomp'], '2')
        self.assertEqual(limits(keeper)['Max core file size'], 0)
        # Half of all descriptors are for connections, and the parent counts on them.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self.assertGreaterEqual(limits(keeper)['Max open files'], min(hard, 4096))

    def test_dial(self):
        dial, = self.named('sp-dial')
        fields, bound = status(dial), limits(dial)
        self.assertEqual(fields['NoNewPrivs'], '1')
        self.assertEqual(fields['CapEff'].strip('0') + fields['CapPrm'].strip('0'), '', 'capabilities')
        self.assertEqual(fields['Threads'], '1')
        if not SANITIZED:
            self.assertEqual(fields['Seccomp'], '2')
            self.assertEqual(bound['Max address space'], 64 << 20)
        self.assertEqual(bound['Max core file size'], 0)
        self.assertEqual(bound['Max open files'], 1024)
        if os.getuid() == 0:
            self.assertGreaterEqual(int(fields['Uid'].split()[0]), 61184)
            self.assertEqual(fields['Groups'].strip(), '')
        # A link to the keeper, a loop, and where all of our programs write their lines.
        got = {fd: path for fd, path in descriptors(dial).items() if fd > 2}
        self.assertEqual([path.split('[')[0] for _, path in sorted(got.items())],
                         ['socket:', 'anon_inode:'], got)

    def test_login_at_a_target(self):
        """The second sp-login of a connection, while the target keeps it waiting."""
        viewer = subprocess.Popen([SALLYPORT, 'shot', f'127.0.0.1:{self.trial.port}', self.world.path('quiet.png'),
                                   '--user', self.trial.user + '#quiet', '--password-stdin', '--trust',
                                   f'pin:{self.trial.facts["fingerprint"]}'], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.world.env())
        self.addCleanup(viewer.wait)
        self.addCleanup(viewer.kill)
        viewer.stdin.write(self.trial.password.encode() + b'\n')
        viewer.stdin.close()
        target, = self.waiting('sp-target', 1)
        wait_for('its jail', lambda: status(target)['NoNewPrivs'] == '1', 5)
        time.sleep(0.1)
        self.in_jail(target, 16, 64)
        self.assertEqual(limits(target)['Max file size'], 0)
        # Its roots are read, and nothing is left that could be read.
        self.expect_descriptors(target, {3: 'socket', 4: 'socket'})
        if os.getuid() == 0 and not SANITIZED:
            scalar, _ = key_of(os.path.join(self.trial.dir, 'state', 'tls.pem'))
            self.assertFalse(holds(target, scalar), 'it has the private key')
            self.assertFalse(holds(target, nla.md4(nla.utf16(self.trial.password))), 'it has the NT hash')
            for pid in self.named('sp-net') + self.named('sp-dial'):
                self.assertNotIn(self.trial.password.encode('utf-16-le'), memory(pid), f'{comm(pid)} has the password')
        # It ends with its connection.
        viewer.kill()
        wait_for('its end', lambda: not self.named('sp-target'), 5)

    def test_levels_are_logged(self):
        for name in ('sp-net', 'sp-login', 'sp-target', 'sp-dial'):
            lines = [line for line in self.trial.log().splitlines() if f' {name}[' in line and 'jail: ' in line]
            self.assertEqual(len(lines), 1)
            self.assertIn('every way out is closed' if not SANITIZED else 'not tested', lines[0])
            if os.getuid() == 0 and name != 'sp-dial':
                self.assertIn('empty root', lines[0])
            version = libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)
            self.assertIn(f'landlock {version}' if version > 0 else 'no landlock', lines[0])

    def expect_descriptors(self, pid, want, free=()):
        """Exactly these, by the kind of what they are."""
        got = descriptors(pid)
        kinds = {fd: path if path.startswith('/') else path.split(':')[0] + (path[10:] if 'anon' in path else '')
                 for fd, path in got.items()}
        kinds = {fd: kind for fd, kind in kinds.items() if not kind.endswith('.keys')}
        expected = {0: '/dev/null', 1: '/dev/null', 2: 'pipe', **want}
        extra = {fd: kind for fd, kind in kinds.items() if fd not in expected}
        self.assertEqual({fd: kind for fd, kind in kinds.items() if fd in expected}, expected)
        self.assertEqual(sorted(extra.values()), sorted(free), f'{comm(pid)} has {got}')

    def test_descriptors(self):
        net = {3: 'socket', 4: 'socket', 5: 'socket'}    # parent, keeper, sp-login
        for pid in self.waiting('sp-net'):
            self.expect_descriptors(pid, net, ['anon_inode:[eventpoll]'])
        for pid in self.waiting('sp-login'):
            self.expect_descriptors(pid, {3: 'socket', 4: 'socket'})
        doors = [self.door() for _ in range(4)]
        for door in doors:
            door.negotiate()
        for door in doors:
            pid = server_of(self.trial, door)
            self.expect_descriptors(pid, net, ['anon_inode:[eventpoll]', 'socket'])
        # The same with others before them: what the parent has open for them is not passed on.
        self.waiting('sp-net', 7)
        for pid in self.named('sp-login'):
            self.expect_descriptors(pid, {3: 'socket', 4: 'socket'})

    def test_secrets_stay_in_the_keeper(self):
        if os.getuid() != 0:
            self.skipTest('only root can look into other processes')
        if SANITIZED:
            self.skipTest('a sanitizer build has terabytes of memory')
        scalar, point = key_of(os.path.join(self.trial.dir, 'state', 'tls.pem'))
        hashed = nla.md4(nla.utf16(self.trial.password))
        with open(os.path.join(self.trial.dir, 'state', 'tls.pem')) as f:
            lines = re.search('-----BEGIN PRIVATE KEY-----\n(.*?)-----END', f.read(), re.S)[1].split()
        door, serving = self.half_way()
        keeper, = self.named('sp-keeper')
        # The search works: the public key is here, the private one there.
        self.assertTrue(holds(serving, point[:32]), 'sp-net does not even have the public key')
        self.assertTrue(holds(keeper, scalar), 'the key cannot be found where it is')
        for pid in self.named('sp-net') + self.named('sp-login') + self.named('sp-dial'):
            self.assertFalse(holds(pid, scalar), f'{comm(pid)} has the private key')
            self.assertFalse(holds(pid, hashed), f'{comm(pid)} has the NT hash')
            for line in lines[1:]:
                self.assertNotIn(line.encode(), memory(pid), f'{comm(pid)} has the private key as text')
        door.close()


if __name__ == '__main__':
    main()
