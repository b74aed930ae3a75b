#!/usr/bin/env python3
# tests/peer/test_harness.py - the harness itself, proved with peers alone: what it sees and types is real.
import os

import capture
import nla
import picture
import rdpraw
from peers import Rdesktop, Shadow, Weston, Xfreerdp, Xrdp, key_log
from world import Case, Deadline, main, wait_for
from xdisplay import Display, desktop


def share(shot, colour):
    """How much of a picture has one colour."""
    return shot.colours()[picture.colour(colour)] / (shot.width * shot.height)


class Pictures(Case):
    def test_png_and_comparison(self):
        card = picture.test_card(96, 64)
        card.save(self.world.path('card.png'))
        self.assertEqual(picture.load(self.world.path('card.png')), card)
        spoilt = bytearray(card.rgb)
        spoilt[3 * (96 * 10 + 7)] ^= 1
        other = picture.Picture(96, 64, spoilt)
        self.assertEqual(card.difference(other), (1, (7, 10)))
        self.assertGreater(card.psnr(other), 80)

    def test_display_shows_what_is_drawn(self):
        display = Display(self.world, (640, 480), colour='#123456')
        self.assertEqual(display.pixel(320, 240), (0x12, 0x34, 0x56))
        self.assertEqual(display.wait_still().width, 640)

    def test_deadlines_are_kept(self):
        with self.assertRaises(Deadline):
            wait_for('nothing', lambda: None, 0.2)


class FreerdpAgainstShadow(Case):
    def test_nla_picture_and_keys(self):
        server = desktop(self.world, (800, 600), '#335577')
        shadow = Shadow(server, 'nla')
        client = Display(self.world, (1024, 768))
        viewer = Xfreerdp(client, shadow.port, shadow.user, shadow.password, size=(800, 600))
        client.wait_picture('shadowed desktop', lambda p: share(p, '#335577') > 0.2, 20, viewer.window())
        proof = self.world.path('proof')
        viewer.type(f'echo KEYS_$((6*7)) > {proof}')
        wait_for('typed text', lambda: os.path.exists(proof) and os.path.getsize(proof), 10)
        with open(proof) as f:
            self.assertEqual(f.read(), 'KEYS_42\n')
        there, here = server.wait_still(quiet=1.5), client.screenshot(viewer.window())
        self.assertGreater(here.psnr(there), 30)

    def test_decrypted_capture(self):
        server = desktop(self.world, (640, 480), '#335577')
        shadow = Shadow(server, 'nla')
        client = Display(self.world, (1024, 768))
        env, keys = key_log(self.world)
        wire = capture.Capture(self.world, shadow.port)
        viewer = Xfreerdp(client, shadow.port, shadow.user, shadow.password, size=(640, 480), env=env)
        client.wait_picture('shadowed desktop', lambda p: share(p, '#335577') > 0.2, 20, viewer.window())
        wire.stop()
        versions = {row[0] for row in wire.fields(keys, 'credssp', 'credssp.version')}
        self.assertTrue(versions, 'tshark saw no CredSSP')
        self.assertEqual(wire.malformed(keys), [])

    def test_wrong_password_is_refused(self):
        shadow = Shadow(desktop(self.world, (640, 480)), 'nla')
        viewer = Xfreerdp(Display(self.world), shadow.port, shadow.user, 'wrong')
        self.assertNotEqual(viewer.proc.wait(20), 0)

    def test_tls_without_login(self):
        shadow = Shadow(desktop(self.world, (640, 480), '#775533'), 'tls')
        client = Display(self.world)
        viewer = Xfreerdp(client, shadow.port, 'x', 'x', sec='tls', size=(640, 480))
        client.wait_picture('shadowed desktop', lambda p: share(p, '#775533') > 0.2, 20, viewer.window())


class OurOwnClient(Case):
    def test_md4(self):
        self.assertEqual(nla.md4(b'message digest').hex(), 'd9130a8164549fe818874806e1c7014b')
        self.assertEqual(nla.md4(b'1234567890' * 8).hex(), 'e33b4ddc9c38f2199c3e7b164fcc0536')

    def test_nla_of_shadow(self):
        shadow = Shadow(desktop(self.world, (640, 480)), 'nla')
        for domain in ('', 'SOMEWHERE'):
            verdict, login = nla.login(shadow.port, shadow.user, shadow.password, domain=domain)
            self.assertEqual(verdict, 'welcome')
        self.assertGreaterEqual(login.server_version, 5)
        for how in ('bad-mic', 'bad-key', 'bad-nonce'):
            self.assertNotEqual(nla.login(shadow.port, shadow.user, shadow.password, how=how)[0], 'welcome', how)
        self.assertNotEqual(nla.login(shadow.port, shadow.user, 'wrong')[0], 'welcome')

    def test_refusals_of_shadow(self):
        shadow = Shadow(desktop(self.world, (640, 480)), 'nla')
        for protocols in (rdpraw.RDP, rdpraw.TLS):
            with rdpraw.Door(shadow.port) as door:
                self.assertEqual(door.negotiate(protocols)[:2], ('failure', 5))


class OtherPeers(Case):
    def test_weston(self):
        weston = Weston(self.world, (640, 480))
        client = Display(self.world)
        viewer = Xfreerdp(client, weston.port, 'x', 'x', sec='tls', size=(640, 480))
        client.wait_picture('a picture', lambda p: len(p.colours()) > 2, 20, viewer.window())

    def test_xrdp_with_two_clients(self):
        xrdp = Xrdp(self.world, '#335577')
        client = Display(self.world)
        viewer = Xfreerdp(client, xrdp.port, xrdp.user, xrdp.password, sec='tls')
        client.wait_picture('desktop of xrdp', lambda p: share(p, '#335577') > 0.2, 40, viewer.window())
        viewer.proc.stop()
        old = Rdesktop(client, xrdp.port, xrdp.user, xrdp.password, bpp=32)
        client.wait_picture('desktop in rdesktop', lambda p: share(p, '#335577') > 0.2, 40, old.window())


if __name__ == '__main__':
    main()
