#!/usr/bin/env python3
# tests/proc/test_leaks.py - where a secret may be while it is needed, and that it is nowhere else, then and later.
import base64
import hashlib
import hmac
import json
import os
import re
import resource
import signal
import struct
import subprocess
import time

import nla
from memory import find, halves, key_of, password_forms, totp_forms
from peers import Xfreerdp, certificate
from procfs import SANITIZED, comm, limits, status
from rdpraw import TLS
from target import Target
from trial import SALLYPORT, Trial, need_trial, zombie
from world import Case, free_port, main, need, wait_for
from xdisplay import Display

VAULT = 'Vault7-of-another-machine'
NOBODY = 65534


def code_of(secret):
    """The one-time code of now, [RFC 6238]."""
    mac = hmac.new(base64.b32decode(secret), struct.pack('>Q', int(time.time()) // 30), hashlib.sha1).digest()
    return '%06d' % ((struct.unpack_from('>I', mac, mac[19] & 15)[0] & 0x7fffffff) % 10**6)


def read(path):
    try:
        with open(path, 'rb') as f:
            return f.read()
    except OSError:
        return b''


class Leaks(Case):
    """A service whose memory is looked into. `known` are the secrets of the test: {name: forms}."""

    def setUp(self):
        super().setUp()
        need_trial()
        if os.geteuid() != 0:
            self.skipTest('only root can look into other processes')
        if SANITIZED:
            self.skipTest('a sanitizer keeps freed memory as it was')
        self.known = {}

    def start(self, *targets, mfa=False, cwd=None):
        """targets: (name, port, login, more)"""
        options = []
        if targets:
            path = self.world.path('targets.conf')
            with open(path, 'w') as f:
                f.write('targets = {\n' + ''.join(
                    f'  {name} = {{ kind = "rdp"; address = "127.0.0.1:{port}"; login = "{login}"; '
                    f'trust = "first-seen"; {more} }};\n' for name, port, login, more in targets) + '};\n')
            options = ['--include', path]
        self.trial = Trial(self.world, *options, mfa=mfa, env={'SP_LOG_DEBUG': '1'}, cwd=cwd)
        self.know('password', self.trial.password)
        if mfa:
            self.known['codes'] = totp_forms(self.trial.facts['totp_secret'])

    def know(self, name, text):
        self.known[name] = password_forms(text)

    def vault(self, user, password):
        self.world.run([SALLYPORT, 'secret', 'set', 'there', '--dir', self.trial.dir], text=f'{user}\n{password}\n')
        self.know('vault', password)

    def json(self, *args):
        return json.loads(self.trial.command(*args, '--json').stdout)

    def shot(self, user, wait=None, password=None):
        """A client that stays until the end of the test; gives the process."""
        argv = [SALLYPORT, 'shot', f'127.0.0.1:{self.trial.port}', self.world.path(f'{free_port()}.png'), '--user',
                user, '--password-stdin', '--trust', 'first-seen'] + (['--wait', str(wait)] if wait else [])
        viewer = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env=self.world.env())
        self.addCleanup(viewer.wait)
        self.addCleanup(viewer.kill)
        viewer.stdin.write((password or self.trial.password).encode() + b'\n')
        viewer.stdin.close()
        return viewer

    def holders(self, *secrets):
        """{secret: {process: [(form, memory, flags)]}}; the trial's own command is the person's."""
        forms = {(secret, form): what for secret in secrets for form, what in self.known[secret].items()}
        held = {}
        for pid in self.trial.processes():
            for (secret, form), where, flags in find(pid, forms):
                held.setdefault(secret, {}).setdefault(comm(pid), []).append((form, where, flags))
        return held

    def hidden(self, hits):
        """Where it may be in the keeper: locked, left out of core files, and no hash."""
        for form, where, flags in hits:
            self.assertLessEqual({'lo', 'dd'}, flags, f'{form} in {where} of sp-keeper')
            self.assertNotIn('NT hash', form)

    def forms(self, hits):
        return {form.split(',')[0] for form, _, _ in hits}

    def nowhere(self, *secrets):
        """In nobody's memory; a line of the log may come a moment before the wiping."""
        end = time.monotonic() + 1.5
        held = self.holders(*(secrets or self.known))
        while held and time.monotonic() < end:
            time.sleep(0.1)
            held = self.holders(*held)
        self.assertEqual({}, held)

    def not_written(self):
        """In no line of the log, no command line, no environment, and no file but those for the person."""
        told = '\n'.join(line for line in self.trial.log().splitlines() if line.startswith('20'))
        self.assertIn(' debug ', told)
        places = {'log': told.encode()}
        for pid in self.trial.processes():
            for what in ('cmdline', 'environ', 'comm'):
                places[f'{what} of {comm(pid)}'] = read(f'/proc/{pid}/{what}')
        for folder, _, names in os.walk(self.trial.dir):
            for name in names:
                places[name] = read(os.path.join(folder, name))
        self.assertLessEqual({'store.db', 'store.db-wal', 'keeper.key', 'trial.json', 'sallyport.conf'}, set(places))
        # What the trial wrote for the person, as INTERFACE says, is there: the search finds what is to be found.
        person = {'trial.json': ('password', 'codes'), 'password': ('password',)}
        for secret, forms in self.known.items():
            for place, data in places.items():
                hit = [form for form, what in forms.items() if what in data]
                if secret in person.get(place, ()):
                    self.assertTrue(hit, place)
                else:
                    self.assertEqual([], hit, f'{secret} in {place}')


class Logins(Leaks):
    """Other machines that stop at a step of the login."""

    def setUp(self):
        super().setUp()
        need('openssl')
        self.crt, self.key = certificate(self.world)

    def host(self, at, **how):
        return Target(self.world, (self.crt, self.key), at, 'hang', **how)

    def reach(self, name, host, sent):
        """A session that goes as far as its target lets it; gives the client."""
        viewer = self.shot(f'{self.trial.user}#{name}')
        wait_for(f'connection to {name}', lambda: host.reached, 10)
        self.trial.wait_log(f'target {name} answers')
        if sent:
            wait_for('first bytes behind TLS', lambda: host.at in host.reached, 10)
        return viewer

    def leave(self, viewer):
        viewer.kill()
        viewer.wait()
        wait_for('end of the session', lambda: 'sp-target' not in {comm(p) for p in self.trial.processes()}, 5)

    def test_before_and_during(self):
        """Of NLA targets: nothing of the vault before the certificate is known; then two processes have it."""
        early, late = self.host('request'), self.host('negotiate')
        self.start(('early', early.port, 'secret:there', ''), ('late', late.port, 'secret:there', ''),
                   ('early-same', early.port, 'same', ''), ('late-same', late.port, 'same', ''))
        self.vault('victim', VAULT)
        self.nowhere('vault', 'password')

        viewer = self.reach('early', early, False)
        self.assertIn('sp-target', {comm(p) for p in self.trial.processes()})
        self.nowhere('vault', 'password')
        self.leave(viewer)

        viewer = self.reach('early-same', early, False)
        held = self.holders('password')['password']
        self.assertEqual({'sp-keeper'}, set(held))
        self.hidden(held['sp-keeper'])
        self.leave(viewer)
        self.nowhere('password')

        for name, secret in (('late', 'vault'), ('late-same', 'password')):
            late.reached = []
            viewer = self.reach(name, late, True)
            held = self.holders(secret)[secret]
            self.assertEqual({'sp-keeper', 'sp-target'}, set(held))
            self.hidden(held['sp-keeper'])
            # As Windows has it, and nothing more: this is what the login is made of.
            self.assertEqual({'UTF-16', 'NT hash'}, self.forms(held['sp-target']))
            self.leave(viewer)
            self.nowhere('vault', 'password')
        self.not_written()

    def test_without_nla(self):
        """Then sp-net sends the password, so it has it, until it was sent; nobody else but the keeper does."""
        lax = self.host('connect', select=TLS)
        self.start(('lax', lax.port, 'secret:there', 'security = "tls";'))
        self.vault('victim', VAULT)
        viewer = self.reach('lax', lax, True)
        held = self.holders('vault')['vault']
        self.assertEqual({'sp-keeper', 'sp-net'}, set(held))
        self.hidden(held['sp-keeper'])
        self.assertEqual({'UTF-16'}, self.forms(held['sp-net']))
        self.leave(viewer)
        self.nowhere('vault', 'password')
        self.not_written()

    def test_at_the_door(self):
        """What a login proves itself with: in sp-login until it ends, and in the keeper not even as a hash."""
        self.start(mfa=True)
        device = self.json('device', 'add', self.trial.user, 'laptop')['secret']
        token = self.json('token', 'new', '--user', self.trial.user)['token']
        for name, text in (('device', device), ('token', token)):
            self.know(name, text)
        self.nowhere()
        for text in (device, token, self.trial.password):
            self.assertEqual('welcome', nla.login(self.trial.port, self.trial.user, text)[0])
            self.nowhere()
        for text in (device[:-1] + '!', 'wrong-' + self.trial.password):
            self.assertNotEqual('welcome', nla.login(self.trial.port, self.trial.user, text)[0])
        self.nowhere()
        self.not_written()


class Living(Leaks):
    """Sessions on another machine, which is a service of ours again, and what a person types on the way."""

    def start_there(self):
        self.there = Trial(self.world, '--session', 'xsetroot -solid "#204060"; exec sleep 1000',
                           folder=self.world.path('there'))

    def screen(self, display, viewer, last=None):
        """The greeter's next screen, from which keys are taken; a caret and seconds change a little only."""
        def look():
            shown = display.screenshot(viewer.window())
            return shown if len(shown.colours()) > 20 and (not last or shown.difference(last)[0] > 5000) else None
        shown = wait_for('another screen', look, 15)
        time.sleep(0.8)    # what has just come takes no key at once
        return shown

    def up(self, n):
        self.trial.wait_log(f'session {n}: target ', 20)
        self.assertIn('sp-net', {comm(p) for p in self.trial.processes()})
        wait_for('end of sp-target', lambda: 'sp-target' not in {comm(p) for p in self.trial.processes()}, 5)

    def test_typed(self):
        """A recovery code, then the target's password, at the greeter of a client that also sends its own along."""
        self.start_there()
        self.start(('there', self.there.port, 'ask', ''), mfa=True)
        self.world.run([SALLYPORT, 'user', 'add', 'carol', '--password-stdin', '--dir', self.trial.dir],
                       text='four staples and a horse\n')
        self.know('carol', 'four staples and a horse')
        made = self.json('user', 'totp', 'carol')
        code = made['recovery_codes'][0]
        self.known['codes of carol'] = totp_forms(made['totp_secret'])
        self.known['recovery'] = {**halves('as shown', code.encode()), **halves('bare', code.replace('-', '').encode())}
        self.know('typed', self.there.password)
        display = Display(self.world, (1300, 1000), colour='#000000')
        viewer = Xfreerdp(display, self.trial.port, 'carol#there', 'four staples and a horse')
        self.addCleanup(viewer.proc.stop)
        self.trial.wait_log('greeter shown', 20)
        self.nowhere()
        display.focus(viewer.window(), 5, 5)
        shown = self.screen(display, viewer)
        display.key('Tab', 'Tab', 'Return')     # "Use a recovery code"
        shown = self.screen(display, viewer, shown)
        display.type(code)
        display.key('Return')
        self.trial.wait_log('used a recovery code', 10)
        self.nowhere()
        self.screen(display, viewer, shown)
        display.key('shift+Tab', 'ctrl+a', 'Delete')
        display.type(self.there.user)
        display.key('Tab')
        display.type(self.there.password)
        # It stands in the field, so this is where it is, and nowhere else.
        held = wait_for('what was typed', lambda: self.holders('typed'), 5)['typed']
        self.assertEqual({'sp-net'}, set(held))
        self.assertEqual({'UTF-8'}, self.forms(held['sp-net']))
        display.key('Return')
        self.up(1)
        self.nowhere()
        self.not_written()

    def test_not_typed(self):
        """Of the vault, and passed on: while the session lives nobody has the password any more."""
        self.start_there()
        self.start(('vault', self.there.port, 'secret:there', ''), ('same', self.there.port, 'same', ''))
        self.vault(self.there.user, self.there.password)
        viewer = self.shot(f'{self.trial.user}#vault', wait=15)
        self.up(1)
        self.nowhere()
        viewer.kill()
        self.world.run([SALLYPORT, 'user', 'passwd', self.there.user, '--password-stdin', '--dir', self.there.dir],
                       text=self.trial.password + '\n')
        self.shot(f'{self.trial.user}#same', wait=15)
        self.up(2)
        self.nowhere()
        self.not_written()

    def test_enrolled(self):
        """Who shows the new secret of one-time codes has it, until it is known that it was read."""
        need('zbarimg')
        self.start(mfa=True)
        self.world.run([SALLYPORT, 'user', 'add', 'carol', '--password-stdin', '--dir', self.trial.dir],
                       text='four staples and a horse\n')
        display = Display(self.world, (1300, 1000), colour='#000000')
        viewer = Xfreerdp(display, self.trial.port, 'carol#desktop', 'four staples and a horse')
        self.addCleanup(viewer.proc.stop)
        path = self.world.path('qr.png')

        def scan():
            display.screenshot(viewer.window()).save(path)
            return re.search('secret=([A-Z2-7]{32})',
                             self.world.run(['zbarimg', '--raw', '-q', path], check=False).stdout)
        secret = wait_for('a QR code', scan, 20)[1]
        words = ' '.join(secret[i:i + 4] for i in range(0, 32, 4))
        # A QR code's bytes stand half a byte beside those of its text.
        shifted = bytes.fromhex(secret.encode().hex()[1:-1])
        self.known = {'new': {**totp_forms(secret), **halves('words', words.encode()), **halves('drawn', shifted)}}
        held = self.holders('new')['new']
        self.assertEqual({'sp-keeper', 'sp-net'}, set(held))
        self.assertEqual({'words'}, self.forms(held['sp-net']))
        self.assertEqual({'bytes'}, self.forms(held['sp-keeper']))
        viewer.type(code_of(secret))
        self.trial.wait_log('user carol enrolled', 10)
        self.nowhere()
        self.not_written()


class Cores(Leaks):
    """Neither a core file nor the swap gets what the service knows."""

    def dies(self, pid, number):
        """Ends a process by a signal that dumps; where we may, with a limit that would let it."""
        try:
            resource.prlimit(pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except PermissionError:
            pass
        os.kill(pid, number)
        wait_for('its end', lambda: not os.path.exists(f'/proc/{pid}') or zombie(pid), 5)

    def cores(self):
        return [name for name in os.listdir(self.world.path('cores')) if name.startswith('core')]

    def named(self, name):
        return wait_for(name, lambda: [p for p in self.trial.processes() if comm(p) == name], 5)

    def settled(self, name):
        """Those that are in their jail."""
        return wait_for(name, lambda: [p for p in self.named(name) if status(p)['NoNewPrivs'] == '1'], 5)

    def test_no_core(self):
        folder = self.world.path('cores')
        os.makedirs(folder)
        sleeper = subprocess.Popen(['sleep', '100'], cwd=folder)
        self.dies(sleeper.pid, signal.SIGABRT)
        if not (os.WCOREDUMP(os.waitpid(sleeper.pid, 0)[1]) and self.cores()):
            self.skipTest('core files of this machine go elsewhere')
        os.unlink(os.path.join(folder, self.cores()[0]))

        self.start(mfa=True, cwd=folder)
        for name in ('sp-net', 'sp-login', 'sp-dial', 'sp-keeper'):
            for pid in self.settled(name):
                self.assertEqual(0, limits(pid)['Max core file size'], name)
        self.dies(self.settled('sp-net')[0], signal.SIGSEGV)
        self.dies(self.settled('sp-login')[0], signal.SIGABRT)
        self.dies(self.settled('sp-keeper')[0], signal.SIGSEGV)
        self.trial.proc.wait(15)
        self.start(mfa=True, cwd=folder)
        self.dies(self.trial.proc.pid, signal.SIGABRT)
        self.assertEqual([], self.cores())

    def test_not_dumpable(self):
        """As an ordinary user: what /proc gives him of a process he started tells whether it may be dumped."""
        def owner(pid):
            return os.stat(f'/proc/{pid}/environ').st_uid
        wrapper = self.world.path('as-nobody')
        with open(wrapper, 'w') as f:
            f.write(f'#!/bin/sh\nexec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups {SALLYPORT} "$@"\n')
        os.chmod(wrapper, 0o755)
        need('setpriv')
        folder = self.world.path('trial')
        os.makedirs(folder)
        os.chown(folder, NOBODY, NOBODY)
        sleeper = subprocess.Popen(['sleep', '100'], user=NOBODY)
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        wait_for('another user\'s process', lambda: owner(sleeper.pid) == NOBODY, 5)
        self.trial = Trial(self.world, mfa=True, program=wrapper)
        self.assertEqual(0, owner(self.trial.proc.pid), 'the trial\'s command may be dumped')
        for name in ('sp-net', 'sp-login', 'sp-dial', 'sp-keeper'):
            for pid in self.settled(name):
                wait_for(f'{name} that may not be dumped', lambda: owner(pid) == 0, 2)

    def test_locked(self):
        """The keys that all else hangs on: in the keeper only, and there once or twice, never to be swapped."""
        self.start()
        state = os.path.join(self.trial.dir, 'state')
        scalar, _ = key_of(os.path.join(state, 'tls.pem'))
        seal = read(os.path.join(state, 'keeper.key'))
        text = read(os.path.join(state, 'tls.pem')).split(b'-----')[2].split()
        self.known = {'key of the store': halves('bytes', seal),
                      'key of TLS': {**halves('octets', scalar), **halves('words', scalar[::-1])},
                      'key of TLS as text': {f'line {i}': line for i, line in enumerate(text)}}
        self.assertEqual('welcome', nla.login(self.trial.port, self.trial.user, self.trial.password)[0])
        held = self.holders(*self.known)
        self.assertEqual({'key of the store', 'key of TLS'}, set(held))
        for secret, those in held.items():
            self.assertEqual({'sp-keeper'}, set(those), secret)
            for form, where, flags in those['sp-keeper']:
                self.assertIn('lo', flags, f'{secret}, {form}, in {where}')
        keeper, = self.named('sp-keeper')
        self.assertGreater(int(status(keeper)['VmLck'].split()[0]), 0)


if __name__ == '__main__':
    main()
