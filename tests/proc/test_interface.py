#!/usr/bin/env python3
# tests/proc/test_interface.py - by which network interface somebody came: two machines, made of network namespaces.
import os
import subprocess

from trial import SALLYPORT, Trial
from world import Case, free_port, main, need


def run(*argv):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)


class Interface(Case):
    def setUp(self):
        super().setUp()
        need('ip')
        if os.geteuid() != 0:
            self.skipTest('only root can make network namespaces')
        here, there = f'sphere{os.getpid()}', f'spthere{os.getpid()}'
        for name in (here, there):
            if run('ip', 'netns', 'add', name).returncode:
                self.skipTest('this machine permits no network namespaces')
            self.addCleanup(run, 'ip', 'netns', 'delete', name)
        self.here, self.there = ['ip', 'netns', 'exec', here], ['ip', 'netns', 'exec', there]
        # Two cables, as a LAN and a VPN would be.
        for n, name in enumerate(('splan0', 'spvpn0')):
            steps = [['ip', '-n', here, 'link', 'add', name, 'type', 'veth', 'peer', name, 'netns', there]]
            for space, last in ((here, 1), (there, 2)):
                steps += [['ip', '-n', space, 'address', 'add', f'10.99.{n}.{last}/24', 'dev', name],
                          ['ip', '-n', space, 'address', 'add', f'fd99:{n}::{last}/64', 'dev', name, 'nodad'],
                          ['ip', '-n', space, 'link', 'set', name, 'up'],
                          ['ip', '-n', space, 'link', 'set', 'lo', 'up']]
            for step in steps:
                done = run(*step)
                if done.returncode:
                    self.skipTest(f'{" ".join(step)}: {done.stderr.strip()}')
        # An address of the LAN, reached over the VPN: what counts is the way, not the address.
        run('ip', '-n', there, 'route', 'add', '10.99.9.1/32', 'via', '10.99.1.1')
        run('ip', '-n', here, 'address', 'add', '10.99.9.1/24', 'dev', 'splan0')

    def connect(self, space, host, port):
        code = f'import socket; s = socket.create_connection(("{host}", {port}), 5); print(s.getsockname()[1]); s.close()'
        done = run(*space, 'python3', '-c', code)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def expect(self, space, host, name, port=None):
        source = self.connect(space, host, port or self.trial.port)
        line = self.trial.wait_log(f':{source}: connected to ')
        self.assertTrue(line.endswith(f' by {name}'), line)

    def open(self, listen):
        program = self.world.path('sallyport')
        with open(program, 'w') as f:
            f.write(f'#!/bin/sh\nexec {" ".join(self.here)} {SALLYPORT} "$@"\n')
        os.chmod(program, 0o755)
        port = free_port()
        self.trial = Trial(self.world, '--listen', f'{listen}:{port}', port=port, program=program)

    def test_ipv4(self):
        self.open('0.0.0.0')
        self.expect(self.there, '10.99.0.1', 'splan0')
        self.expect(self.there, '10.99.1.1', 'spvpn0')
        self.expect(self.there, '10.99.9.1', 'spvpn0')
        self.expect(self.here, '127.0.0.1', 'lo')

    def test_ipv6(self):
        self.open('[::]')
        self.expect(self.there, 'fd99:0::1', 'splan0')
        self.expect(self.there, 'fd99:1::1', 'spvpn0')
        self.expect(self.there, '10.99.1.1', 'spvpn0')    # IPv4 on the same socket
        self.expect(self.here, '::1', 'lo')


if __name__ == '__main__':
    main()
