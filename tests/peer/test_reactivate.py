#!/usr/bin/env python3
# tests/peer/test_reactivate.py - one client, two servers: a drawn screen first, then another server through us.
import os

import picture
from peers import Shadow, Xfreerdp
from world import BUILD, Case, free_port, main, wait_for
from xdisplay import Display, desktop

OWN = '#c02060'  # what tests/peer/reactivate.c draws
THERE = '#335577'


def share(shot, colour):
    """How much of a picture has about this colour; codecs that lose a little count too."""
    want = picture.colour(colour)
    near = sum(n for got, n in shot.colours().items() if all(abs(a - b) <= 6 for a, b in zip(got, want)))
    return near / (shot.width * shot.height)


class Reactivation(Case):
    def through_us(self, seconds, options):
        server = desktop(self.world, (800, 600), THERE)
        shadow = Shadow(server, 'tls')
        port = free_port()
        gate = self.world.start('reactivate', [os.path.join(BUILD, 'tests/peer/reactivate'), f'127.0.0.1:{port}',
                                               f'127.0.0.1:{shadow.port}', str(seconds)])
        client = Display(self.world, (1024, 768), colour='#000000')
        viewer = Xfreerdp(client, port, 'x', 'x', sec='tls', size=(800, 600), options=options)
        window = viewer.window()
        if seconds:
            client.wait_picture('our own screen', lambda p: share(p, OWN) > 0.9, 20, window)
        client.wait_picture('the other server', lambda p: share(p, THERE) > 0.2, 30, window)
        proof = self.world.path('proof')
        viewer.type(f'echo KEYS_$((6*7)) > {proof}')
        wait_for('typed text', lambda: os.path.exists(proof) and os.path.getsize(proof), 10)
        there, here = server.wait_still(quiet=1.5), client.screenshot(window)
        self.assertGreater(here.psnr(there), 30)
        viewer.proc.stop()
        return wait_for('what was relayed', lambda: next(
            (line for line in gate.log().splitlines() if 'relayed: ' in line), None), 10)

    def test_own_screen_first_bitmaps(self):
        self.through_us(2, ())

    def test_own_screen_first_graphics_pipeline(self):
        self.assertIn(', with graphics', self.through_us(2, ('/gfx:AVC420',)))

    def test_held_activation_graphics_pipeline(self):
        self.assertIn(', with graphics', self.through_us(0, ('/gfx:AVC420',)))

    def test_own_screen_first_remotefx(self):
        self.through_us(2, ('/rfx',))


if __name__ == '__main__':
    main()
