#!/usr/bin/env python3
# tests/peer/test_greeter.py - a stock client meets the greeter: codes typed, enrolled, refused; then the desktop.
import base64
import hashlib
import hmac
import json
import os
import signal
import struct
import time
import urllib.parse

import picture
from capture import Capture
from inside import Inside, Probe, session_command
from peers import Shadow, Xfreerdp
from procfs import comm
from trial import Trial, need_trial
from world import Case, free_port, main, need, wait_for
from xdisplay import Display, desktop

GROUND = picture.colour('#151b23')  # SP_UI_BACKGROUND
LOCK = 2  # LockMask of X
DESKTOP = picture.colour('#204060')


def totp(secret, when):
    """[RFC 6238] by itself."""
    mac = hmac.new(base64.b32decode(secret), struct.pack('>Q', int(when) // 30), hashlib.sha1).digest()
    at = mac[19] & 15
    return '%06d' % ((struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 10**6)


def is_greeter(p):
    """The ground all around and a card in the middle."""
    corners = [p.pixel(x, y) for x in (0, p.width - 1) for y in (0, p.height - 1)]
    return all(max(abs(a - b) for a, b in zip(c, GROUND)) <= 7 for c in corners) and len(p.colours()) > 20


def is_desktop(p):
    return p.colours()[DESKTOP] > p.width * p.height // 2


def red(p):
    """Pixels of an error message."""
    return sum(n for (r, g, b), n in p.colours().items() if r > 180 and g < 150 and b < 150)


class Greeter(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        self.env_path = self.world.path('inside.env')
        self.trial = Trial(self.world, '--session', session_command(self.env_path), mfa=True,
                           env={'SP_LOG_DEBUG': '1'})
        self.display = Display(self.world, (1300, 1000), colour='#000000')

    def connect(self, user=None, password=None, **more):
        return Xfreerdp(self.display, self.trial.port, user or self.trial.user, password or self.trial.password, **more)

    def greeter(self, viewer):
        return self.display.wait_picture('the greeter', is_greeter, 20, viewer.window())

    def answer(self, viewer, text):
        viewer.type(text)

    def picture(self, viewer, what, judge, seconds=15):
        return self.display.wait_picture(what, judge, seconds, viewer.window())

    def ends(self, viewer, *errors):
        viewer.proc.wait(15)
        for error in errors:
            self.assertIn(error, viewer.errors())

    def test_code(self):
        viewer = self.connect()
        first = self.greeter(viewer)
        self.assertEqual(0, red(first))
        self.assertNotIn('new desktop', self.trial.log())
        self.answer(viewer, '000000')
        self.picture(viewer, 'what was wrong', lambda p: is_greeter(p) and red(p) > 100)
        code = self.trial.code()
        self.display.key('Caps_Lock')
        self.answer(viewer, code)
        self.picture(viewer, 'the desktop', is_desktop)
        inside = Inside(self.world, self.env_path)
        inside.wait_size((1024, 768))
        probe = Probe(inside)
        probe.ask('fill', 100, 100, 300, 200, 'ff8000')
        self.picture(viewer, 'the same pixels', lambda p: p.rgb == inside.screenshot().rgb)
        wait_for('Caps Lock on the desktop too', lambda: probe.state()[1] & LOCK, 10)
        self.display.key('Caps_Lock')
        wait_for('Caps Lock off again', lambda: not probe.state()[1] & LOCK, 10)
        probe.end()
        read = inside.typist('typed')
        viewer.type('behind the door')
        wait_for('typed text', lambda: 'behind the door' in read(), 10)
        viewer.proc.stop()
        # The same code does not open it twice, neither in the greeter nor in the name.
        again = self.connect()
        self.greeter(again)
        self.answer(again, code)
        self.picture(again, 'what was wrong', lambda p: is_greeter(p) and red(p) > 100)
        again.proc.stop()
        third = self.connect(user=f'{self.trial.user}##{code}')
        self.picture(third, 'what was wrong', lambda p: is_greeter(p) and red(p) > 100)
        self.assertEqual(self.trial.log().count('code was used already'), 2)
        self.assertEqual(self.trial.log().count('logged in'), 1)

    def test_three_tries(self):
        viewer = self.connect()
        self.greeter(viewer)
        for n in range(3):
            self.answer(viewer, '00000%d' % n)
            time.sleep(0.5)
        self.trial.wait_log('login of user demo ended: Too many wrong codes')
        self.ends(viewer, 'ERRINFO_SERVER_DENIED_CONNECTION')
        self.trial.wait_log('left without second factor')
        self.assertNotIn('logged in', self.trial.log())
        self.assertNotIn('new desktop', self.trial.log())

    def test_left(self):
        viewer = self.connect()
        self.greeter(viewer)
        self.display.focus(viewer.window(), 5, 5)
        self.display.key('Escape')
        self.ends(viewer)
        self.trial.wait_log('left without second factor')

    def test_code_in_the_name(self):
        for name in ('demo##%s', r'CORP\demo#desktop#%s'):
            with self.subTest(name=name):
                viewer = self.connect(user=name % self.trial.code())
                self.picture(viewer, 'the desktop', is_desktop)
                viewer.proc.stop()
        self.assertNotIn('greeter shown', self.trial.log())
        elsewhere = self.connect(user='demo#elsewhere#' + self.trial.code())
        self.ends(elsewhere)
        self.trial.wait_log('no such target')

    def test_shot(self):
        """Our own client answers in the user name: no greeter, and its picture is the desktop's."""
        path = self.world.path('shot.png')
        secret = self.secret()
        for options in (['--totp-secret', secret],
                        ['--target', 'desktop', '--code', totp(secret, time.time() + 30)]):  # a code is good once
            with self.subTest(options=options):
                done = self.world.run([self.trial.proc.argv[0], 'shot', f'127.0.0.1:{self.trial.port}', path,
                                       '--user', self.trial.user, '--password-stdin', *options],
                                      text=self.trial.password + '\n', check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(is_desktop(picture.load(path)))
        self.assertNotIn('greeter shown', self.trial.log())

    def secret(self):
        shown = self.world.run([*self.command('totp', self.trial.user), '--show']).stdout
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(shown.strip().split()[-1]).query))['secret']

    def test_enrolment(self):
        need('zbarimg')
        password = 'four staples and a horse'
        self.world.run([*self.command('add', 'carol'), '--password-stdin'], text=password + '\n')
        viewer = self.connect(user='carol', password=password)
        self.greeter(viewer)
        path = self.world.path('qr.png')

        def scan():
            self.display.screenshot(viewer.window()).save(path)
            return self.world.run(['zbarimg', '--raw', '-q', path], check=False).stdout.strip()
        uri = wait_for('a QR code that can be read', scan, 10)
        parts = urllib.parse.urlsplit(uri)
        self.assertEqual((parts.scheme, parts.netloc, parts.path), ('otpauth', 'totp', '/Sallyport:carol'))
        query = dict(urllib.parse.parse_qsl(parts.query))
        self.assertEqual(query['issuer'], 'Sallyport')
        self.assertIn('not enrolled', self.world.run(self.command('show', 'carol')).stdout)
        self.answer(viewer, '000000')
        self.picture(viewer, 'what was wrong', lambda p: is_greeter(p) and red(p) > 100)
        self.assertEqual(scan(), uri)
        self.answer(viewer, totp(query['secret'], time.time()))
        # The recovery codes are shown once, until they are written down.
        self.picture(viewer, 'recovery codes', lambda p: is_greeter(p) and not red(p) and not scan())
        time.sleep(0.8)  # what is to be read takes no key at once
        self.display.key('Return')
        self.picture(viewer, 'the desktop', is_desktop)
        self.assertIn(uri, self.world.run([*self.command('totp', 'carol'), '--show']).stdout)
        viewer.proc.stop()
        # From now on without a QR code.
        again = self.connect(user='carol', password=password)
        self.greeter(again)
        viewer = again
        self.assertEqual(scan(), '')

    def walk(self, viewer, step, *keys, text=''):
        """The next screen, when it stands still; then what is pressed on it."""
        window = viewer.window()
        shown = wait_for(f'another screen for {step}', lambda: self.next_screen(window), 15)
        shown.save(os.path.join(os.environ.get('SP_PICTURES', self.world.dir), f'walk-{step}.png'))
        self.last = shown
        time.sleep(0.8)  # what is to be read takes no key at once
        if text:
            self.display.type(text)
        if keys:
            self.display.key(*keys)
        return shown

    def next_screen(self, window):
        """A caret and the seconds below a card change as well, but little."""
        shown = self.display.screenshot(window)
        changed = self.last is None or shown.difference(self.last)[0] > 5000
        return shown if is_greeter(shown) and changed else None

    def test_every_prompt(self):
        """All that a keeper asks, up to another machine, and how the session ended at the next login."""
        need('zbarimg')
        there = desktop(self.world, (1024, 768), '#305030')
        shadow = Shadow(there, 'nla')
        path = self.world.path('rules.conf')
        with open(path, 'w') as f:
            f.write('targets = { there = { kind = "rdp"; address = "127.0.0.1:%d"; login = "ask"; '
                    'trust = "first-seen"; description = "Another machine"; }; };\n'
                    'rules = ( { name = "walk"; users = ["carol"]; targets = ["there"]; mfa = ["totp"]; '
                    'reason = true; approval = ["lead"]; } );\n' % shadow.port)
        self.trial.stop()
        self.trial = Trial(self.world, '--session', session_command(self.env_path), '--include', path, mfa=True,
                           env={'SP_LOG_DEBUG': '1'})
        password = 'four staples and a horse'
        for name in ('carol', 'lead'):
            self.world.run([*self.command('add', name), '--password-stdin'], text=password + '\n')
        with open(os.path.join(self.trial.dir, 'sallyport.conf'), 'a') as f:
            f.write('notice = "For authorised persons only.\\n\\nWhat you do here may be recorded.";\n')
        os.kill(next(pid for pid in self.trial.processes() if comm(pid) == 'sallyportd'), signal.SIGHUP)
        self.trial.wait_log('configuration read again')
        viewer = self.connect(user='carol', password=password)
        self.last = None
        self.greeter(viewer)
        self.display.focus(viewer.window(), 5, 5)
        self.walk(viewer, 'notice', 'Return')
        secret = self.scan_secret(self.walk(viewer, 'enrol'))
        self.answer(viewer, totp(secret, time.time()))
        self.walk(viewer, 'recovery', 'Return')
        self.walk(viewer, 'target', 'Down', 'Return')
        self.walk(viewer, 'reason', 'Return', text='INC-10234')
        self.walk(viewer, 'login', 'shift+Tab', 'ctrl+a', 'Delete')
        self.display.type(shadow.user)
        self.display.key('Tab')
        self.display.type(shadow.password)
        self.display.key('Return')
        self.walk(viewer, 'wait')
        sessions = json.loads(self.trial.command('session', 'list', '--json').stdout)
        number = str(sessions[0]['id'])
        self.assertIn('INC-10234', self.trial.command('session', 'show', number).stdout)
        self.trial.command('session', 'approve', number, '--as', 'lead')
        self.picture(viewer, 'the other machine', lambda p: p.colours()[picture.colour('#305030')] > 100000)
        self.trial.command('session', 'end', number, '--reason', 'tea time')
        viewer.proc.wait(15)
        again = self.connect(user='carol', password=password)
        self.last = None
        self.greeter(again)
        self.display.focus(again.window(), 5, 5)
        self.walk(again, 'last', 'Return')
        self.walk(again, 'code')
        self.display.key('Escape')
        self.ends(again)
        self.trial.wait_log('user carol left the greeter')
        self.assertNotIn(shadow.password, self.trial.log())

    def test_target_out_of_reach(self):
        """Why there is no session stands on the greeter until it is closed."""
        self.trial.stop()
        self.trial = Trial(self.world, '--target', f'there=127.0.0.1:{free_port()}', mfa=True,
                           env={'SP_LOG_DEBUG': '1'})
        viewer = self.connect()
        self.last = self.greeter(viewer)
        self.answer(viewer, self.trial.code())
        self.walk(viewer, 'choice', 'Down', 'Return')
        log = self.trial.wait_log('target there')
        self.assertIn('refused', log)
        shown = self.picture(viewer, 'the reason', lambda p: is_greeter(p) and red(p) > 50)
        shown.save(os.path.join(os.environ.get('SP_PICTURES', self.world.dir), 'walk-refused.png'))
        time.sleep(0.8)
        self.assertTrue(viewer.proc.alive())
        self.display.key('Return')
        viewer.proc.wait(4)

    def scan_secret(self, shown):
        path = self.world.path('secret.png')
        shown.save(path)
        uri = self.world.run(['zbarimg', '--raw', '-q', path]).stdout.strip()
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(uri).query))['secret']

    def command(self, what, name):
        return [self.trial.proc.argv[0], 'user', what, name, '--dir', self.trial.dir]

    def test_variants(self):
        """Other ways to send and to draw, through the greeter to the desktop; tshark finds nothing malformed."""
        wire = Capture(self.world, self.trial.port)
        variants = (('-fast-path', '/bpp:24'), ('/gfx', '+clipboard', '/network:auto'))
        for options in variants:
            viewer = self.connect(options=options)
            self.greeter(viewer)
            self.answer(viewer, '000000')
            self.picture(viewer, 'what was wrong', lambda p: is_greeter(p) and red(p) > 100)
            self.answer(viewer, self.trial.code())
            self.picture(viewer, 'the desktop', is_desktop)
            inside = Inside(self.world, self.env_path)
            self.picture(viewer, 'the same pixels', lambda p: p.rgb == inside.screenshot().rgb)
            viewer.proc.stop()
        wire.stop()
        self.assertEqual(wire.malformed(self.trial.keys, connections=len(variants)), [])

    def test_sizes_and_depths(self):
        for size, bpp in (((800, 600), 32), ((1280, 960), 24), ((640, 480), 16), ((1024, 768), 15)):
            with self.subTest(size=size, bpp=bpp):
                viewer = self.connect(size=size, bpp=bpp)
                shown = self.greeter(viewer)
                shown.save(os.path.join(os.environ.get('SP_PICTURES', self.world.dir), 'greeter-%dx%d-%d.png' % (*size, bpp)))
                viewer.proc.stop()


if __name__ == '__main__':
    main()
