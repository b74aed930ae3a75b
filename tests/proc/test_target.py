#!/usr/bin/env python3
# tests/proc/test_target.py - RDP hosts behind the gate that misbehave: a reason each time, and no secret told.
import subprocess
import threading

from badhost import HYBRID, TLS, BadHost
from peers import certificate
from trial import SALLYPORT, Trial, need_trial
from world import Case, free_port, main, need, wait_for



class Target(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        need('openssl')
        self.crt, self.key = certificate(self.world)
        self.hosts, self.lines = {}, []

    def host(self, name, *settings, **how):
        """A target of that name that behaves so."""
        self.hosts[name] = BadHost(self.world, self.crt, self.key, **how)
        self.entry(name, self.hosts[name].port, *settings)
        return self.hosts[name]

    def entry(self, name, port, *settings):
        known = ' '.join(settings)
        more = '' if 'trust' in known else 'trust = "first-seen"; '
        self.lines.append(f'  {name} = {{ kind = "rdp"; address = "127.0.0.1:{port}"; login = "same"; '
                          f'{more}{known} }};')

    def start(self):
        include = self.world.path('targets.conf')
        with open(include, 'w') as f:
            f.write('targets = {\n' + '\n'.join(self.lines) + '\n};\n')
        self.trial = Trial(self.world, '--include', include, env={'SP_LOG_DEBUG': '1'})

    def shot(self, target, wait=1, seconds=60):
        """Connects as a person would, and looks at the screen for so long."""
        subprocess.run(
            [SALLYPORT, 'shot', f'127.0.0.1:{self.trial.port}', self.world.path(f'{target}.png'), '--user',
             f'{self.trial.user}#{target}', '--password-stdin', '--trust', 'first-seen', '--wait', str(wait)],
            input=self.trial.password + '\n', capture_output=True, text=True, timeout=seconds, env=self.world.env())

    def shots(self, targets, wait=1):
        """All at once: each has its process, and some wait for a time limit."""
        threads = [threading.Thread(target=self.shot, args=(name, wait)) for name in targets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def reason(self, name, *words):
        """The line of the log that says why, as it was said to the person."""
        line = wait_for(f'reason of {name}', lambda: next(
            (line for line in self.trial.log().splitlines() if f': no way to target {name}' in line),
            None), 8)
        for word in words:
            self.assertIn(word, line)
        return line

    def nothing_told(self):
        """Neither password nor user, in any of the ways they are written."""
        for name, host in self.hosts.items():
            for text in (self.trial.password, self.trial.user):
                for code in ('utf-8', 'utf-16-le'):
                    self.assertNotIn(text.encode(code), host.seen, name)
        told = [line for line in self.trial.log().splitlines() if line.startswith('20')]
        self.assertNotIn(self.trial.password, '\n'.join(told))


class Misbehaves(Target):
    def test_closes(self):
        """At each step, in order and not."""
        cases = {}
        for until, state in (('accept', 'wait x224 confirm'), ('confirm', 'TLS|wait tls'), ('tls', 'wait credssp'),
                             ('first', 'wait credssp')):
            for then in ('close', 'reset'):
                name = f'{until}-{then}'
                self.host(name, until=until, then=then)
                cases[name] = state
        self.start()
        self.shots(cases)
        for name, states in cases.items():
            line = self.reason(name)
            self.assertTrue(any(state in line for state in states.split('|')), line)
            self.assertEqual(1, self.hosts[name].connections, name)
        self.nothing_told()

    def test_hangs(self):
        """At each step: one time limit for all of it."""
        names = []
        for until in ('accept', 'confirm', 'tls', 'first'):
            names.append(f'hang-{until}')
            self.host(names[-1], until=until, then='hang')
        self.start()
        self.shots(names, 20)    # the screen that says to wait comes after three seconds
        for name in names:
            self.reason(name, 'did not answer in time')
        self.nothing_told()

    def test_nonsense(self):
        self.host('failure', until='confirm', failure=1)
        self.host('garbage', until='accept', then='hang', words=b'SSH-2.0-OpenSSH\r\n' * 20)
        self.host('no-tls', until='confirm', then='hang', words=b'\x16\x03\x03\xff\xff' + bytes(300))
        self.host('plain', until='confirm', then='hang', protocol=0)
        self.host('unasked', until='confirm', then='hang', protocol=4)
        self.host('long', until='first', then='hang', words=b'\x30\x83\x7f\xff\xff' + bytes(70000))
        self.host('not-der', until='first', then='hang', words=b'\x04\x05hello')
        self.host('damaged', until='first', then='hang', words=b'\x30\x05hello')
        self.start()
        self.shots(self.hosts)
        self.reason('failure', 'refused the connection', 'failure code 1')
        self.reason('garbage', 'tpkt')
        self.reason('no-tls', 'TLS is not possible')
        self.reason('plain', 'only the old RDP encryption')
        self.reason('unasked', 'x224.selectedProtocol')
        self.reason('long', 'tsrequest.length')
        self.reason('not-der', 'tsrequest.tag')
        self.reason('damaged', 'login failed', 'credssp.TSRequest')
        self.nothing_told()

    def test_no_nla(self):
        """Refused unless it is allowed to; then the password goes by TLS, and not before the certificate."""
        self.host('strict', until='tls', then='hang', protocol=TLS)
        self.host('lax', 'security = "tls";', until='first', then='hang', protocol=TLS)
        self.start()
        self.shot('strict')
        self.reason('strict', 'no Network Level Authentication')
        self.assertEqual(b'', self.hosts['strict'].seen)
        self.shot('lax', 20)
        self.assertTrue(self.hosts['lax'].seen.startswith(b'\x03\x00'), self.hosts['lax'].seen[:16])
        self.reason('lax', 'did not answer in time (wait connect response)')
        self.nothing_told()    # it came no further than the settings

    def test_unreachable(self):
        self.entry('nobody', free_port())
        self.start()
        self.shot('nobody')
        self.trial.wait_log('target nobody')
        self.assertIn('refused', self.trial.log())


class Certificates(Target):
    def test_trust(self):
        """By CA: not known. By another pin. First seen, then changed."""
        self.host('by-ca', 'trust = "ca";')
        self.host('by-pin', f'trust = "pin:{"00" * 32}";')
        seen = self.host('seen', until='first', then='close')
        self.start()
        self.shots(('by-ca', 'by-pin'))
        for name in ('by-ca', 'by-pin'):
            self.reason(name, 'certificate')
            self.assertEqual(b'', self.hosts[name].seen, name)
        self.shot('seen')
        self.assertIn(b'NTLMSSP', seen.seen)    # trusted: the login began
        self.world.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', self.world.path('k2'),
                        '-out', self.world.path('c2'), '-days', '30', '-subj', '/CN=localhost'])
        seen.context.load_cert_chain(self.world.path('c2'), self.world.path('k2'))
        seen.seen = b''
        self.shot('seen')
        self.trial.wait_log('ALARM')
        self.assertEqual(b'', seen.seen)
        self.nothing_told()


if __name__ == '__main__':
    main()
