#!/usr/bin/env python3
# tests/peer/test_variants.py - clients that offer what we do not have, or lack what we like: each shows the desktop.
import json
import os

import picture
from inside import Shared, difference, save_ppm, tiled
from trial import SALLYPORT
from world import main, wait_for

VARIANTS = {
    'graphics pipeline': ('/gfx',),
    'graphics pipeline with H.264': ('/gfx:AVC444',),
    'RemoteFX': ('/rfx',),
    'NSCodec': ('/nsc',),
    'clipboard': ('+clipboard',),
    'drive': ('/drive:share,{dir}',),
    'sound': ('/sound:sys:fake',),
    'printer, serial, smartcard': ('/printer', '/serial', '/smartcard'),
    'all channels': ('+clipboard', '/drive:share,{dir}', '/sound:sys:fake', '/gfx', '/disp', '/dynamic-resolution'),
    'dynamic channel for size': ('/dynamic-resolution',),
    'echo, geometry, video': ('/echo', '/geometry', '/video'),
    'multitransport': ('+multitransport',),
    'several monitors': ('/multimon', '/f'),
    'compression': ('+compression', '/compression-level:2'),
    'no compression': ('-compression',),
    'slow path': ('-fast-path',),
    'no bitmap cache': ('-bitmap-cache', '-offscreen-cache', '-glyph-cache'),
    'persistent caches': ('+bitmap-cache', '+offscreen-cache', '+glyph-cache'),
    'software GDI': ('/gdi:sw',),
    'hardware GDI': ('/gdi:hw',),
    'network detection': ('/network:auto',),
    'modem': ('/network:modem',),
    'reconnection': ('+auto-reconnect',),
    'administrator': ('/admin',),
    'heartbeat': ('+heartbeat',),
    'no desktop effects': ('-themes', '-wallpaper', '-aero', '-fonts', '-window-drag', '-menu-anims'),
    'program of its own': ('/shell:xterm', '/shell-dir:/tmp'),
    'other client name': ('/client-hostname:ÄÖÜ-a-very-long-name-of-a-client', '/client-build-number:22621'),
    'load balancing': ('/load-balance-info:Cookie: msts=1234.5678.0000',),
    'TLS 1.2 at most': ('/tls-ciphers:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384',),
    'scaled': ('/scale:140', '/scale-desktop:150'),
}


class Variants(Shared):
    screen = (1024, 768)

    def test_variants(self):
        first = self.connect()
        inside = self.inside()
        probe = self.probe(inside)
        card = save_ppm(tiled(picture.test_card(320, 240), 1024, 768), self.world.path('card.ppm'))
        probe.ask('show', card, 0, 0)
        self.same(first, inside)
        first.proc.stop()
        os.makedirs(self.world.path('share'))
        for name, options in VARIANTS.items():
            with self.subTest(name):
                options = [o.format(dir=self.world.path('share')) for o in options]
                viewer = self.connect(options=options)
                self.same(viewer, inside, what='at once')
                probe.ask('copy', 0, 0, 900, 700, 31, 17)
                self.same(viewer, inside, what='after a change')
                self.display.run('xdotool', 'mousemove', '77', '88')
                self.display.run('xdotool', 'mousemove', '123', '234')
                wait_for('pointer', lambda: probe.state()[0] == (123, 234), 5)
                viewer.proc.stop()

    def test_names(self):
        """As clients send them: a domain, a machine's name, a UPN's form, capitals."""
        user = self.trial.user
        for name, domain in ((user, 'SOMEWHERE'), (f'SOMEWHERE\\{user}', None), (user.upper(), None),
                             (user, 'host.example.org')):
            with self.subTest(name=name, domain=domain):
                done = self.world.run(
                    ['xfreerdp', f'/v:127.0.0.1:{self.trial.port}', f'/u:{name}', f'/p:{self.trial.password}',
                     '/cert:ignore', '+auth-only', *([f'/d:{domain}'] if domain else [])], env=self.display.env())
                self.assertIn('exit status 0', done.stdout + done.stderr)

    def shot(self, size, depth, codec='auto'):
        """(facts, picture) of our own headless client."""
        out = self.world.path('shot.png')
        done = self.world.run(
            [SALLYPORT, 'shot', f'127.0.0.1:{self.trial.port}', out, '--user', self.trial.user, '--password-stdin',
             '--size', '%dx%d' % size, '--depth', str(depth), '--codec', codec, '--trust', 'pin:' + self.trial.facts['fingerprint']],
            text=self.trial.password + '\n')
        return json.loads(done.stdout), picture.load(out)

    def test_shot(self):
        card = picture.test_card(640, 480)
        for size, depth, near, ask, codec in (
                ((1024, 768), 32, 0, 'bitmap', 'planar'), ((1920, 1080), 32, 0, 'gfx', 'gfx-.*'),
                ((1002, 601), 32, 0, 'auto', 'gfx-.*'), ((640, 480), 24, 0, 'auto', 'interleaved'),
                ((640, 480), 16, 7, 'auto', 'interleaved'), ((640, 480), 15, 7, 'auto', 'interleaved')):
            with self.subTest(size=size, depth=depth, codec=ask):
                self.shot(size, depth)    # the size stays, and only now the card has its place
                want = tiled(card, *size)
                self.probe(self.inside(size)).ask('show', save_ppm(want, self.world.path('card.ppm')), 0, 0)
                facts, shown = self.shot(size, depth, ask)
                self.assertEqual((facts['width'], facts['height']), size)
                self.assertRegex(facts['codec'], f'^{codec}$')
                self.assertEqual((shown.width, shown.height), size)
                if near == 0:
                    self.assertEqual('', difference('shot', want, shown))
                else:
                    self.assertTrue(all(abs(a - b) <= near for a, b in set(zip(want.rgb, shown.rgb))))


if __name__ == '__main__':
    main()
