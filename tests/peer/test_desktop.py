#!/usr/bin/env python3
# tests/peer/test_desktop.py - what a real client shows is what stands on the desktop: pixel for pixel.
import os

import picture
from inside import Shared, difference, save_ppm, tiled
from peers import Xfreerdp
from trial import Trial
from world import Case, main, need, wait_for
from xdisplay import Display

CARD = picture.test_card(640, 480)


class Pictures(Shared):
    screen = (2600, 1500)

    def card(self, probe, size):
        """Puts the test card on the desktop; gives it."""
        card = tiled(CARD, *size)
        probe.ask('show', save_ppm(card, self.world.path('card.ppm')), 0, 0)
        return card

    def exactly(self, size):
        viewer = self.connect(size=size)
        inside = self.inside(size)
        card = self.card(self.probe(inside), size)
        self.assertEqual('', difference('card', card, self.same(viewer, inside, what='test card')))
        viewer.proc.stop()
        again = self.connect(size=size)    # nothing changes meanwhile: the first picture must be complete
        self.assertEqual('', difference('card', card, self.same(again, inside, what='test card at once')))

    def test_1024x768(self):
        self.exactly((1024, 768))

    def test_1920x1080(self):
        self.exactly((1920, 1080))

    def test_2560x1440(self):
        self.exactly((2560, 1440))

    def test_odd_sizes(self):
        for size in ((801, 599), (202, 201)):
            viewer = self.connect(size=size)
            inside = self.inside(size)
            self.card(self.probe(inside), size)
            shown = self.same(viewer, inside, what='%dx%d' % size)
            self.assertEqual((shown.width, shown.height), (size[0] & ~1, size[1]))
            viewer.proc.stop()

    def test_fewer_colours(self):
        # Each sample loses its lower bits; FreeRDP fills the gap by repeating upper ones or not: 7 at most.
        for bpp, near in ((24, 0), (16, 7), (15, 7)):
            with self.subTest(bpp=bpp):
                viewer = self.connect(bpp=bpp)
                inside = self.inside()
                self.card(self.probe(inside), (1024, 768))
                self.same(viewer, inside, near=near, what=f'{bpp} bits')
                viewer.proc.stop()

    def test_256_colours(self):
        """A client of 8 bits gets 16, or would have to be refused."""
        viewer = self.connect(bpp=8)
        inside = self.inside()
        self.card(self.probe(inside), (1024, 768))
        self.same(viewer, inside, near=7, what='8 bits asked for')

    def test_changes(self):
        viewer = self.connect()
        inside = self.inside()
        probe = self.probe(inside)
        self.card(probe, (1024, 768))
        self.same(viewer, inside, what='begin')
        for step in range(200):
            probe.ask('fill', step * 37 % 1000, step * 91 % 760, 1 + step % 90, 1 + step * 7 % 60, '%06x' % (step * 83701))
        self.same(viewer, inside, what='rectangles')
        for step in range(40):
            probe.ask('copy', 0, 16, 1024, 752, 0, 0)
            probe.ask('fill', 0, 752, 1024, 16, '%06x' % (step * 402653))
        self.same(viewer, inside, what='scrolled up')
        for step in range(64):
            probe.ask('copy', 100, 100, 500, 400, 101 + step % 2, 99 + step % 3)
        self.same(viewer, inside, what='moved about')
        for x, y in ((0, 0), (1023, 0), (0, 767), (1023, 767), (511, 383)):
            probe.ask('fill', x, y, 1, 1, 'ff00ff')
            self.same(viewer, inside, what=f'pixel {x},{y}')

    def test_terminal_and_moving_window(self):
        viewer = self.connect()
        inside = self.inside()
        term = inside.start('xterm', ['xterm', '-geometry', '100x40+0+0', '-e', 'sh', '-c',
                                      'seq 1 4000; ls -l /usr/bin; exec sleep 1000'])
        self.addCleanup(term.stop)
        window = inside.window('xterm')
        inside.wait_still()
        self.same(viewer, inside, what='text scrolled')
        for step in range(60):
            inside.run('xdotool', 'windowmove', str(window), str(step * 5), str(step * 3))
        self.same(viewer, inside, what='window moved')


class DefaultSession(Case):
    def test_work(self):
        """What a person gets who asks for nothing: a window manager, a terminal, and what programs expect."""
        need('icewm', 'xterm')
        trial = Trial(self.world)
        display = Display(self.world)
        viewer = Xfreerdp(display, trial.port, trial.user, trial.password)
        wait_for('desktop', lambda: 'up on' in trial.log(), 20)
        display.wait_picture('a terminal', lambda p: p.colours()[(255, 255, 255)] > 100000, 20, viewer.window())
        proof = self.world.path('proof')
        display.focus(viewer.window(), 300, 200)
        display.type(f'(env; echo KEYS_$((6*7))) > {proof}.new; mv {proof}.new {proof}')
        display.key('Return')

        wait_for('typed command', lambda: os.path.exists(proof), 75)    # somebody's shell may take its time
        with open(proof) as f:
            facts = f.read()
        self.assertIn('KEYS_42\n', facts)
        env = dict(line.split('=', 1) for line in facts.splitlines() if '=' in line)
        self.assertTrue(os.path.isdir(env['XDG_RUNTIME_DIR']))
        self.assertIn('DBUS_SESSION_BUS_ADDRESS', env)
        self.assertEqual(env['XDG_SESSION_TYPE'], 'x11')
        for name in ('SSLKEYLOGFILE', 'SP_BUILD'):
            self.assertNotIn(name, env)
        trial.stop()


if __name__ == '__main__':
    main()
