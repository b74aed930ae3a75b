#!/usr/bin/env python3
# tests/proc/test_firewall.py - the rules that `sallyport firewall` prints, loaded, and tried from outside.
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

BUILD = os.environ.get('SP_BUILD') or os.path.join(os.path.dirname(__file__), '..', '..', 'build')
SALLYPORT = os.path.join(os.path.abspath(BUILD), 'sallyport')
PORT, OTHER = 13389, 22

# Two networks: a LAN and a VPN. What the rules say of users and targets is not the filter's business.
CONF = '''listen = [LISTEN]; state = "state"; run-as = "caller"; limits = { rate = RATE; burst = BURST; };
rules = (RULES);
'''
VPN = '{ name = "by the VPN"; interface = ["spvpn0"]; }'
DESK = '{ name = "one desk"; from = ["10.99.0.2", "fd99::2"]; }'

SERVER = '''
import socket, sys, time
open_ones = []
for port in map(int, sys.argv[1:]):
    s = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=100)
    open_ones.append(s)
print("ready", flush=True)
sys.stdin.read()
'''
# Tries all at once: what is dropped costs its time only once.
PROBE = '''
import json, socket, sys, threading
asked = json.load(sys.stdin)
said = [None] * len(asked)
def ask(i, source, host, port):
    try:
        socket.create_connection((host, port), 0.7, (source, 0)).close()
        said[i] = True
    except OSError:
        said[i] = False
threads = [threading.Thread(target=ask, args=(i, *a)) for i, a in enumerate(asked)]
for t in threads: t.start()
for t in threads: t.join()
print(json.dumps(said))
'''


def run(*argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, **more)


class Firewall(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for program in ('ip', 'nft'):
            if not shutil.which(program, path='/usr/sbin:/sbin:' + os.environ['PATH']):
                raise unittest.SkipTest(f'{program} not installed')
        if os.geteuid() != 0:
            raise unittest.SkipTest('only root can make network namespaces')
        here, there = f'spfwh{os.getpid()}', f'spfwt{os.getpid()}'
        for name in (here, there):
            if run('ip', 'netns', 'add', name).returncode:
                raise unittest.SkipTest('this machine permits no network namespaces')
            cls.addClassCleanup(run, 'ip', 'netns', 'delete', name)
        cls.here, cls.there = ['ip', 'netns', 'exec', here], ['ip', 'netns', 'exec', there]
        for n, name in enumerate(('splan0', 'spvpn0')):
            steps = [['ip', '-n', here, 'link', 'add', name, 'type', 'veth', 'peer', name, 'netns', there]]
            for space, last in ((here, (1,)), (there, (2, 3))):
                for i in last:
                    steps += [['ip', '-n', space, 'address', 'add', f'10.99.{n}.{i}/24', 'dev', name],
                              ['ip', '-n', space, 'address', 'add', f'fd99:0:0:{n}::{i}/64', 'dev', name, 'nodad']]
                steps += [['ip', '-n', space, 'link', 'set', name, 'up'], ['ip', '-n', space, 'link', 'set', 'lo', 'up']]
            for step in steps:
                done = run(*step)
                if done.returncode:
                    raise unittest.SkipTest(f'{" ".join(step)}: {done.stderr.strip()}')
        if run(*cls.here, 'nft', 'list', 'ruleset').returncode:
            raise unittest.SkipTest('this kernel has no nftables')
        cls.dir = tempfile.mkdtemp(prefix='sp-test-firewall-')
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.conf = os.path.join(cls.dir, 'sallyport.conf')
        server = subprocess.Popen([*cls.here, 'python3', '-c', SERVER, str(PORT), str(OTHER)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(server.communicate)
        if server.stdout.readline() != 'ready\n':
            raise AssertionError('no server')
        # A new link carries nothing at first; and who knows no neighbour yet keeps only a few packets for it.
        ways = [[where % (n, i), where % (n, 1), OTHER] for n in (0, 1) for i in (2, 3)
                for where in ('10.99.%d.%d', 'fd99:0:0:%d::%d')]
        ends = time.monotonic() + 20
        while ways and time.monotonic() < ends:
            said = json.loads(run(*cls.there, 'python3', '-c', PROBE, input=json.dumps(ways)).stdout)
            ways = [way for way, through in zip(ways, said) if not through]
        if ways:
            raise AssertionError(f'do not get through: {ways}')

    def setUp(self):
        run(*self.here, 'nft', 'flush', 'ruleset')

    def command(self, *args):
        return run(*self.here, SALLYPORT, 'firewall', '-c', self.conf, *args, stdin=subprocess.DEVNULL)

    def write(self, *rules, listen=f'"[::]:{PORT}"', rate=500, burst=500):
        with open(self.conf, 'w') as f:
            f.write(CONF.replace('LISTEN', listen).replace('RULES', ', '.join(rules))
                    .replace('RATE', str(rate)).replace('BURST', str(burst)))

    def nft(self, text):
        done = run(*self.here, 'nft', '-f', '-', input=text)
        self.assertEqual(done.stderr, '')

    def load(self, *rules, **more):
        self.write(*rules, **more)
        done = self.command()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.nft(done.stdout)
        return done

    def probe(self, *asked, space=None):
        done = run(*(space or self.there), 'python3', '-c', PROBE, input=json.dumps(asked))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def differs(self, *expected):
        done = self.command('--check')
        self.assertEqual((done.returncode, done.stderr), (1, ''))
        lines = done.stdout.splitlines()
        self.assertEqual([line[11:] for line in lines if line.startswith('different: ')], list(expected))
        # As it is pasted, in a shell that is somewhere else.
        self.mend = lines[-1].removeprefix('to mend it, as root: ')
        self.assertTrue(self.mend.endswith(f' firewall -c {self.conf} | nft -f -'), self.mend)
        told = json.loads(self.command('--check', '--json').stdout)
        self.assertEqual(told['differences'], list(expected))
        return done.stdout

    def test_who_comes_in(self):
        self.load(VPN, DESK)
        asked = [('10.99.0.2', '10.99.0.1', PORT), ('10.99.0.3', '10.99.0.1', PORT),
                 ('fd99:0:0:0::2', 'fd99:0:0:0::1', PORT), ('fd99:0:0:0::3', 'fd99:0:0:0::1', PORT),
                 ('10.99.1.3', '10.99.1.1', PORT), ('fd99:0:0:1::3', 'fd99:0:0:1::1', PORT),
                 # Nobody is locked out of anything else.
                 ('10.99.0.3', '10.99.0.1', OTHER), ('fd99:0:0:0::3', 'fd99:0:0:0::1', OTHER)]
        self.assertEqual(self.probe(*asked), [True, False, True, False, True, True, True, True])
        self.assertEqual(self.probe(('127.0.0.1', '127.0.0.1', PORT), ('::1', '::1', PORT),
                                    ('10.99.0.1', '10.99.0.1', PORT), space=self.here), [True] * 3)
        done = self.command('--check')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(done.stdout, 'ok: the table inet sallyport is loaded, and does what the configuration says\n')

        # One IPv4 listener at one address; the other addresses are none of ours.
        self.load(DESK, listen=f'"10.99.1.1:{PORT}"')
        self.assertEqual(self.probe(*asked), [True, True, True, True, False, True, True, True])
        self.assertEqual(self.command('--check').returncode, 0)

        # What it was loaded from before is gone: the replacement is one of the whole.
        self.load(VPN)
        self.assertEqual(self.probe(*asked), [False, False, False, False, True, True, True, True])
        # No rules: nobody.
        self.load()
        self.assertEqual(self.probe(*asked), [False] * 6 + [True, True])
        self.assertEqual(self.command('--check').returncode, 0)

    def test_everybody(self):
        done = self.load('{ name = "all"; }')
        self.assertIn('# WARNING: everybody gets to the port, since "all"', done.stdout)
        self.assertIn('warning: a rule for all networks and interfaces lets everybody to the port', done.stderr)
        self.assertEqual(self.probe(('10.99.0.3', '10.99.0.1', PORT), ('fd99:0:0:0::3', 'fd99:0:0:0::1', PORT)),
                         [True, True])
        done = self.command('--check')
        self.assertEqual(done.returncode, 0)
        self.assertIn('note: a rule for all networks and interfaces lets everybody to the port', done.stdout)
        # This machine only: nothing to close, loaded or not.
        self.load('{ name = "all"; }', listen=f'"127.0.0.1:{PORT}"')
        for _ in range(2):
            done = self.command('--check')
            self.assertEqual((done.returncode, done.stdout),
                             (0, 'ok: the service listens on this machine only, there is nothing to close\n'))
            run(*self.here, 'nft', 'flush', 'ruleset')

    def test_rate(self):
        self.load('{ name = "all"; }', rate=1, burst=5)
        many = self.probe(*[('10.99.0.2', '10.99.0.1', PORT)] * 12, ('10.99.0.3', '10.99.0.1', PORT),
                          *[('fd99:0:0:0::2', 'fd99:0:0:0::1', PORT), ('fd99:0:0:0::3', 'fd99:0:0:0::1', PORT)] * 6,
                          ('fd99:0:0:1::2', 'fd99:0:0:1::1', PORT),
                          *[('10.99.0.2', '10.99.0.1', OTHER)] * 12)
        # One more each may come while they are asked.
        self.assertIn(sum(many[:12]), (5, 6))
        self.assertTrue(many[12])
        self.assertIn(sum(many[13:25]), (5, 6), 'a /64 is one source')
        self.assertTrue(many[25])
        self.assertEqual(many[26:], [True] * 12)

    def test_check(self):
        self.write(VPN, DESK, rate=10, burst=20)
        said = self.differs('the table inet sallyport is not loaded')
        self.assertIn('no other table looks at what comes in', said)
        self.nft('table ip filter { chain INPUT { type filter hook input priority 0; policy drop; };'
                 ' chain ufw-user-input { }; }')
        said = self.differs('the table inet sallyport is not loaded')
        self.assertIn('also there: ip filter INPUT, which drops by default', said)
        self.assertIn('seen: ufw', said)
        run(*self.here, 'nft', 'flush', 'ruleset')

        self.load(VPN, DESK, rate=10, burst=20)
        self.assertEqual(self.command('--check').returncode, 0)
        rules = run(*self.here, 'nft', '-a', 'list', 'table', 'inet', 'sallyport').stdout
        # As nft itself writes it down, for a start of the machine: the same.
        self.nft('flush ruleset\n' + rules)
        self.assertEqual(self.command('--check').returncode, 0)
        self.nft('insert rule inet sallyport door ip saddr 203.0.113.0/24 goto rate')
        self.differs('lets in 203.0.113.0/24 by any interface, whom no rule of the configuration lets in')
        self.nft('insert rule inet sallyport door accept')
        handle = max(int(line.split()[-1]) for line in run(
            *self.here, 'nft', '-a', 'list', 'table', 'inet', 'sallyport').stdout.splitlines() if '# handle' in line)
        self.differs('lets in 203.0.113.0/24 by any interface, whom no rule of the configuration lets in',
                     f'has a rule that is none of ours (chain door, handle {handle})')

        self.load(VPN, DESK, rate=10, burst=20)
        self.write('{ name = "by the VPN"; interface = ["spvpn0"]; from = ["10.99.1.0/24"]; }', DESK, rate=10, burst=30,
                   listen='"[::]:13390"')
        self.differs('port 13390 of every address is not guarded (listen = "[::]:13390")',
                     f'port {PORT} of every address is guarded, and nothing of ours listens there',
                     'lets in 0.0.0.0-10.99.0.1, 10.99.0.3-10.99.0.255, 10.99.2.0-255.255.255.255 by the interface spvpn0,'
                     ' whom no rule of the configuration lets in',
                     'lets in ::-fd99::1, fd99::3-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff by the interface spvpn0,'
                     ' whom no rule of the configuration lets in',
                     'lets one source make 10 connections per second and 20 at once (IPv4);'
                     ' the configuration says 10 and 30 (limits)',
                     'lets one source make 10 connections per second and 20 at once (IPv6);'
                     ' the configuration says 10 and 30 (limits)')
        done = run(*self.here, 'sh', '-c', self.mend, cwd='/')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(self.command('--check').returncode, 0)

    def test_cannot_look(self):
        self.write(DESK)
        done = run('setpriv', '--reuid', '65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all', SALLYPORT,
                   'firewall', '-c', self.conf, '--check', stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 3, done.stderr)
        with open(self.conf, 'w') as f:
            f.write('listen = 7;')
        self.assertEqual(self.command('--check').returncode, 3)
        self.assertEqual(self.command().returncode, 1)
        for argv in (('--json',), ('x',), ('--chek',)):
            self.assertEqual(self.command(*argv).returncode, 2)


if __name__ == '__main__':
    unittest.main()
