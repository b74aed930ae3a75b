#!/usr/bin/env python3
# tests/peer/test_shot.py - `sallyport shot` against the RDP servers of others.
import json
import math
import subprocess

import picture
from peers import Shadow, Weston, Xrdp
from trial import SALLYPORT
from world import Case, World, main, wait_for
from xdisplay import desktop

KEYS = {'first_frame_ms', 'codec', 'width', 'height', 'bytes_in'}


class Shot(Case):
    def setUp(self):
        super().setUp()
        self.out = self.world.path('shot.png')

    def shot(self, port, *args, user=None, password=None):
        login = ['--user', user, '--password-stdin'] if user else []
        return subprocess.run([SALLYPORT, 'shot', f'127.0.0.1:{port}', self.out, *login, *args],
                              input=(password or '') + '\n', capture_output=True, text=True, timeout=60,
                              env=self.world.env())

    def good(self, port, *args, **login):
        done = self.shot(port, *args, **login)
        self.assertEqual(done.returncode, 0, done.stderr)
        facts = json.loads(done.stdout)
        self.assertEqual(set(facts), KEYS)
        shown = picture.load(self.out)
        self.assertEqual((shown.width, shown.height), (facts['width'], facts['height']))
        return facts, shown

    def bad(self, err, port, *args, **login):
        done = self.shot(port, *args, **login)
        self.assertEqual((done.returncode, done.stdout), (1, ''), done.stderr)
        self.assertIn(err, done.stderr)


class AgainstShadow(Shot):
    """One screen, which does not change, and one server for each kind of security."""

    size = 1280, 1024

    @classmethod
    def setUpClass(cls):
        world = World()
        cls.addClassCleanup(world.close)
        cls.display = desktop(world, cls.size, '#335577')
        cls.display.type('ls -l /usr\n', 5)
        cls.there = cls.display.wait_still()
        cls.servers = {}

    def serve(self, sec):
        if sec not in self.servers:
            self.servers[sec] = Shadow(self.display, sec)
        return self.servers[sec]

    def compare(self, shown, least):
        self.assertEqual((shown.width, shown.height), self.size)
        self.assertGreater(len(self.there.colours()), 2)
        self.assertEqual(self.there, self.display.screenshot())
        self.assertGreaterEqual(shown.psnr(self.there), least)

    def test_nla(self):
        shadow = self.serve('nla')
        who = {'user': shadow.user, 'password': shadow.password}
        for depth, least, codec in ((32, math.inf, 'planar'), (16, 30, 'interleaved'), (15, 30, 'interleaved')):
            facts, shown = self.good(shadow.port, '--sec', 'nla', '--depth', str(depth), '--codec', 'bitmap', **who)
            self.assertEqual(facts['codec'], codec)
            self.compare(shown, least)
        self.good(shadow.port, '--domain', 'SOMEWHERE', **who)
        self.good(shadow.port, user='SOMEWHERE\\' + shadow.user, password=shadow.password)
        self.bad('logon failed: wrong user name or password', shadow.port, user=shadow.user, password='wrong')
        self.bad('logon failed: wrong user name or password', shadow.port, user='nobody', password=shadow.password)
        self.bad('the server requires CredSSP', shadow.port, '--sec', 'tls', **who)
        self.bad('give --user', shadow.port)

    def test_tls(self):
        shadow = self.serve('tls')
        facts, shown = self.good(shadow.port)
        self.compare(shown, 38)
        facts, shown = self.good(shadow.port, '--sec', 'tls', '--codec', 'bitmap')
        self.compare(shown, math.inf)
        self.bad('no Network Level Authentication', shadow.port, '--sec', 'nla')

    def test_codecs(self):
        """Each way in which this server is able to send a picture."""
        shadow = self.serve('tls')
        for ask, codec, least in (('rfx', 'rfx', 45), ('nsc', 'nsc', 38), ('avc420', 'gfx-avc420', 40),
                                  ('auto', 'gfx-avc444v2', 40)):
            with self.subTest(ask=ask):
                def there():
                    facts, shown = self.good(shadow.port, '--codec', ask)
                    return facts['codec'] == codec and shown
                # It sends bitmaps before the pipeline is there, and may be content with them.
                self.compare(wait_for(codec, there, 20), least)

    def test_changed_certificate(self):
        shadow = self.serve('tls')
        self.good(shadow.port)
        known = self.world.path('home', '.config', 'sallyport', 'known_hosts')
        with open(known) as f:
            where, seen = f.read().split()
        self.assertEqual(where, f'127.0.0.1:{shadow.port}')
        with open(known, 'w') as f:
            f.write(f'{where} {"11" * 32}\n')
        self.bad('the certificate has changed', shadow.port)
        self.good(shadow.port, '--trust', 'pin:' + seen)


class AgainstOthers(Shot):
    def test_xrdp(self):
        """TLS with the login in Client Info, and the whole licence exchange before it."""
        xrdp = Xrdp(self.world, '#335577')

        def there():
            facts, shown = self.good(xrdp.port, '--wait', '2', '--codec', 'bitmap', user=xrdp.user, password=xrdp.password)
            share = shown.colours()[picture.colour('#335577')] / (shown.width * shown.height)
            return share > 0.6 and shown
        shown = wait_for('the desktop', there, 40)
        self.assertEqual((shown.width, shown.height), (1024, 768))
        self.assertGreater(shown.colours()[(255, 255, 255)], 100000)
        for ask, codec, least in (('auto', 'rfx', 40), ('bitmap', 'planar', math.inf)):
            facts, again = self.good(xrdp.port, '--codec', ask, user=xrdp.user, password=xrdp.password)
            self.assertEqual(facts['codec'], codec)
            self.assertGreaterEqual(again.psnr(shown), least)
        # What came last was compressed, which is lossless and saves something.
        plain, again = self.good(xrdp.port, '--codec', 'bitmap', '--compression', 'off', user=xrdp.user,
                                 password=xrdp.password)
        self.assertEqual(again.psnr(shown), math.inf)
        self.assertLess(facts['bytes_in'], 0.9 * plain['bytes_in'])
        # Its own screen says that a login failed; it is not the desktop.
        other = self.good(xrdp.port, '--wait', '4', user=xrdp.user, password='wrong')[1]
        self.assertEqual(other.colours()[picture.colour('#335577')], 0)

    def test_weston(self):
        """It has RemoteFX only; to a client without it sends nothing, which is said and not waited for."""
        card = picture.test_card(640, 480)
        card.save(self.world.path('card.png'))
        weston = Weston(self.world, (640, 480), self.world.path('card.png'))
        facts, shown = self.good(weston.port, '--size', '640x480')
        self.assertEqual(facts['codec'], 'rfx')
        # Its cursor stands in the picture.
        self.assertGreater(shown.crop(160, 0, 480, 480).psnr(card.crop(160, 0, 480, 480)), 38)
        self.bad('session ended by the server', weston.port, '--codec', 'bitmap')


if __name__ == '__main__':
    main()
