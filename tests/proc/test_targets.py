#!/usr/bin/env python3
# tests/proc/test_targets.py - targets that misbehave: the person is told, the secret stays, the log says what it was.
import concurrent.futures
import os
import socket

import picture
from rdpraw import RDP, TLS
from target import Target, make_authority, make_certificate
from trial import SALLYPORT, Trial, need_trial
from world import Case, main, wait_for

GROUND = picture.colour('#151b23')  # SP_UI_BACKGROUND
SECRET = 'Passw0rd-of-target'

# What a line of the log must say about a misdeed: the first entry that its name has in it.
REASONS = {
    'authenticate-close': 'closed the connection at the login',
    'authenticate-reset': 'closed the connection at the login',
    'tls-garbage': 'TLS is not possible',
    'credentials-garbage': 'refused the login',
    'wrong-key': 'did not prove that it holds the key of its certificate; the password was not sent',
    'no-login': 'wrong user name or password',
    'cut': 'closed the connection',
    'huge': 'tsrequest.length',
    'damaged': 'credssp.TSRequest',
    'lengths': 'mcs.connectResponse',
    'failure-99': 'unknown failure code',
    'failure-': 'refused the connection: ',
    'lax': 'closed the connection',
    'tls-only': 'no Network Level Authentication',
    'standard': 'only the old RDP encryption',
    'not-asked': 'x224.selectedProtocol',
    '-hang': 'did not answer in time',
    '-close': 'closed the connection',
    '-reset': 'closed the connection',
    '-garbage': 'does not speak RDP as expected',
}


def include(world, targets):
    """A file for --include: targets {name: lines} that everybody may reach, with credentials of the vault."""
    path = world.path('targets.conf')
    with open(path, 'w') as f:
        f.write('targets = {\n')
        for name, lines in targets.items():
            f.write(f'  {name} = {{ kind = "rdp"; {lines} }};\n')
        names = list(targets)
        rules = [names[at:at + 16] for at in range(0, len(names), 16)]
        f.write('};\nrules = (%s);\n' % ', '.join(
            '{ name = "part %d"; targets = [%s]; mfa = ["none"]; }' % (i, ', '.join(f'"{name}"' for name in part))
            for i, part in enumerate(rules)))
    return path


class Targets(Case):
    def setUp(self):
        super().setUp()
        need_trial()

    def trial(self, targets, env=None, **more):
        made = Trial(self.world, '--include', include(self.world, targets), mfa=True,
                     env=dict(env or {}, SP_LOG_DEBUG='1'), **more)
        self.world.run([SALLYPORT, 'secret', 'set', 'victim', '--dir', made.dir], text=f'victim\n{SECRET}\n')
        return made

    def shot(self, trial, name):
        """Tries to reach a target; what the client says about it."""
        out, wait = self.world.path(f'{name}.png'), '26' if name.endswith('hang') else '2'
        done = self.world.run([SALLYPORT, 'shot', f'127.0.0.1:{trial.port}', out, '--user', f'{trial.user}#{name}',
                               '--password-stdin', '--trust', 'first-seen', '--wait', wait],
                              text=trial.password + '\n', check=False, seconds=150)
        return done.returncode, done.stdout + done.stderr

    def all(self, trial, names):
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            return dict(zip(names, pool.map(lambda name: self.shot(trial, name), names)))

    def refused(self, name):
        """The person saw the greeter with a red sign, not a desktop."""
        path = self.world.path(f'{name}.png')
        if not os.path.exists(path):
            return False
        shown = picture.load(path)
        return shown.pixel(0, 0) == GROUND and sum(
            n for (r, g, b), n in shown.colours().items() if r > 180 and g < 150 and b < 150) > 20

    def lines(self, trial, name):
        return [line for line in trial.log().splitlines() if f' {name}' in line or f'"{name}"' in line]

    def assert_told(self, trial, name, text):
        """One line of the log names the target and has the text."""
        wait_for(f'"{text}" about {name}', lambda: any(text in line for line in self.lines(trial, name)), 5)

    def test_certificates(self):
        world = self.world
        ca = make_authority(world)
        good = make_certificate(world, 'good', 'localhost', ca)
        cases = {
            'wrongname': make_certificate(world, 'wrongname', 'other.example', ca),
            'expired': make_certificate(world, 'expired', 'localhost', ca, start=-90 * 86400),
            'early': make_certificate(world, 'early', 'localhost', ca, start=5 * 86400),
            'selfsigned': make_certificate(world, 'selfsigned', 'localhost'),
            'otherca': make_certificate(world, 'otherca', 'localhost', make_authority(world, 'stranger')),
        }
        hosts = {name: Target(world, cert) for name, cert in cases.items()}
        hosts['good'] = Target(world, good)
        hosts['pinned'] = Target(world, good)
        trust = {name: 'trust = "ca";' for name in hosts}
        trust['pinned'] = 'trust = "pin:%s";' % ('00' * 32)
        trial = self.trial({name: f'address = "localhost:{host.port}"; login = "secret:victim"; '
                                  f'{trust[name]}' for name, host in hosts.items()}, env={'SSL_CERT_FILE': ca[0]})
        self.all(trial, list(hosts))
        for name, text in (('wrongname', 'name'), ('expired', 'expired'), ('early', 'not yet valid'),
                           ('selfsigned', 'self-signed'), ('otherca', 'issuer'), ('pinned', 'pin')):
            self.assertEqual(hosts[name].secrets, [], name)
            self.assertNotIn('authenticate', hosts[name].reached, name)
            self.assert_told(trial, name, text)
        self.assertTrue(hosts['good'].saw_secret())
        self.assertNotIn(SECRET, trial.log())

    def test_changed_certificate(self):
        world = self.world
        first, second = make_certificate(world, 'first'), make_certificate(world, 'second')
        host = Target(world, first)
        trial = self.trial({'db1': f'address = "localhost:{host.port}"; login = "secret:victim"; '
                                   'trust = "first-seen";'})
        self.shot(trial, 'db1')
        self.assertTrue(host.saw_secret())
        host.certificate, host.reached, host.secrets = second, [], []
        self.shot(trial, 'db1')
        self.assertEqual(host.secrets, [])
        self.assertNotIn('authenticate', host.reached)
        self.assert_told(trial, 'db1', 'has changed')
        trial.wait_log('ALARM')
        # An administrator who knows why takes the new one.
        trial.command('target', 'forget', 'db1')
        self.shot(trial, 'db1')
        self.assertTrue(host.saw_secret())

    def test_misdeeds(self):
        world = self.world
        cert = make_certificate(world, 'host')
        hosts = {}
        for step in ('request', 'tls', 'negotiate', 'authenticate', 'credentials', 'connect'):
            for do in ('hang', 'close', 'garbage', 'reset'):
                hosts[f'{step}-{do}'] = Target(world, cert, step, do)
        for how in ('wrong-key', 'no-login', 'cut', 'huge', 'lengths'):
            hosts[how] = Target(world, cert, how=how)
        for code in (1, 5, 99):
            hosts[f'failure-{code}'] = Target(world, cert, 'request', code)
        hosts['tls-only'] = Target(world, cert, select=TLS)
        hosts['standard'] = Target(world, cert, select=RDP)
        hosts['lax'] = Target(world, cert, 'connect', 'close', select=TLS)
        hosts['damaged'] = Target(world, cert, how='damaged')
        hosts['not-asked'] = Target(world, cert, select=4)
        trial = self.trial({name: f'address = "localhost:{host.port}"; login = "secret:victim"; trust = "first-seen";'
                            + ('security = "tls";' if name == 'lax' else '') for name, host in hosts.items()},
                           seconds=60)
        # Those that hang take the longest: they do it together. No more at once than a source may.
        names = sorted(hosts, key=lambda name: not name.endswith('hang'))
        told = {}
        for at in range(0, len(names), 7):
            told.update(self.all(trial, names[at:at + 7]))
        beyond = ('credentials', 'connect', 'lengths', 'lax')
        for name, host in hosts.items():
            with self.subTest(target=name):
                self.assertTrue(self.refused(name), (told[name][1], self.lines(trial, name)))
                if not name.startswith(beyond):
                    self.assertEqual(host.secrets, [], 'the secret was sent')
                # What the person reads stands in the log, and says where it broke.
                line = wait_for(f'a reason for {name}', lambda: next(
                    (line for line in self.lines(trial, name) if f'no way to target {name}:' in line), None), 5)
                self.assertIn(next(words for part, words in REASONS.items() if part in name), line)
        self.assertTrue(hosts['lax'].clear.startswith(b'\3\0'), 'TLS only goes on with Connect Initial')
        self.assertNotIn(SECRET, trial.log())
        # None of this costs anybody else anything: the next one comes through.
        hosts['failure-1'].at = None
        self.shot(trial, 'failure-1')
        self.assertTrue(hosts['failure-1'].saw_secret())

    def test_nobody_there(self):
        with socket.create_server(('127.0.0.1', 0)) as s:
            port = s.getsockname()[1]
        trial = self.trial({'closed': f'address = "127.0.0.1:{port}"; login = "secret:victim";',
                            'nowhere': 'address = "no-such-host.invalid:3389"; login = "secret:victim";'})
        self.all(trial, ['closed', 'nowhere'])
        self.assert_told(trial, 'closed', 'connection refused')
        self.assert_told(trial, 'nowhere', 'no such host')


if __name__ == '__main__':
    main()
