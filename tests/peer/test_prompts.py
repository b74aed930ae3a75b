#!/usr/bin/env python3
# tests/peer/test_prompts.py - a stock client walks through every prompt of the greeter, by keys and by mouse.
import os
import re

import picture
from peers import Xfreerdp
from world import BUILD, Case, free_port, have, main, wait_for
from xdisplay import Display

GROUND = picture.colour('#151b23')  # SP_UI_BACKGROUND
PRIMARY = picture.colour('#2b74d1')  # SP_UI_COL_PRIMARY
ASKING = ('p-notice', 'p-last', 'p-code', 'p-wrong', 'p-enrol', 'p-recovery', 'p-target', 'p-few', 'p-long',
          'p-reason', 'p-login')
ALL = ASKING + ('p-wait', 'open', 'p-refused')


def near(a, b, by=9):
    return all(abs(x - y) <= by for x, y in zip(a, b))


def is_greeter(p):
    corners = [p.pixel(x, y) for x in (0, p.width - 1) for y in (0, p.height - 1)]
    return all(near(c, GROUND) for c in corners) and len(p.colours()) > 20


def middle_of(p, colour):
    """The middle of all that has about this colour; None when there is too little of it."""
    found = [(i // 3 % p.width, i // 3 // p.width) for i in range(0, len(p.rgb), 3) if near(p.rgb[i:i + 3], colour)]
    if len(found) < 500:
        return None
    return sum(x for x, y in found) // len(found), sum(y for x, y in found) // len(found)


class Prompts(Case):
    def meet(self, *prompts, size=(1024, 768), bpp=32, display=(1300, 1000), options=()):
        port = free_port()
        self.prompter = self.world.start('prompter', [os.path.join(BUILD, 'tests/peer/prompter'),
                                                      f'127.0.0.1:{port}', *prompts])
        self.display = Display(self.world, display, colour='#000000')
        self.viewer = Xfreerdp(self.display, port, 'x', 'x', sec='tls', size=size, bpp=bpp, options=options)
        self.shown(prompts[0])
        self.display.wait_picture('the greeter', is_greeter, 20, self.viewer.window())
        self.display.focus(self.viewer.window(), 5, 5)

    def said(self, pattern, count=1, seconds=10):
        """The lines of the prompter that begin so, once there are that many."""
        def look():
            found = re.findall(rf'^{pattern}.*$', self.prompter.log(), re.M)
            return found if len(found) >= count else None
        return wait_for(f'"{pattern}" of the prompter', look, seconds)

    def shown(self, name):
        self.said(f'show {name}', seconds=20)

    def still(self):
        return self.display.wait_still(quiet=0.3, window=self.viewer.window())

    def click(self, x, y, times=1):
        self.display.run('xdotool', 'mousemove', '--window', str(self.viewer.window()), str(x), str(y))
        self.display.run('xdotool', 'click', '--repeat', str(times), '--delay', '120', '1')

    def press(self):
        """A click on the blue button."""
        place = wait_for('the default button', lambda: middle_of(self.still(), PRIMARY), 10)
        self.click(*place)

    def answers(self):
        return [line[len('answer '):] for line in self.said('answer', 0)]

    def test_by_keys(self):
        def settle(name):
            self.shown(name)
            self.display.run('sleep', '1')  # what is to be read takes no key at once

        self.meet(*ASKING, 'p-wait', 'open', 'p-refused')
        settle('p-notice')
        self.display.key('Next', 'Return')
        settle('p-last')
        self.display.key('space')
        settle('p-code')
        self.display.type('12345')
        self.display.key('Return')  # not yet
        self.display.type('6')
        self.display.key('Return')
        settle('p-wrong')
        self.display.key('Tab', 'Tab', 'Return')
        self.display.type('k7m2-9xw4-0fz3q')
        self.display.key('Return')
        settle('p-enrol')
        self.display.type('000111')
        self.display.key('Return')
        settle('p-recovery')
        self.display.key('Escape', 'Return')
        settle('p-target')
        self.display.type('win')
        self.display.key('Down', 'Return')
        settle('p-few')
        self.display.key('Down', 'Down', 'Up', 'Return')
        settle('p-long')
        self.display.key('End', 'ctrl+End', 'Return')
        settle('p-reason')
        self.display.type('INC-10234 ')
        self.display.key('ctrl+a', 'Delete')
        self.display.type('INC-7: power')
        self.display.key('Home', 'Delete', 'End', 'Return')
        settle('p-login')
        self.display.type('correct horse')
        self.display.key('shift+Tab')
        self.display.type('2')
        self.display.key('Tab', 'Tab', 'Return')
        settle('p-refused')
        self.display.key('Return')
        self.said('end left')
        self.assertEqual(self.answers(), [
            '0 [] []', '0 [] []', '0 [123456] []', '0 [k7m2-9xw4-0fz3q] []', '0 [000111] []', '0 [] []',
            '2 [] []', '1 [] []', '63 [] []', '0 [NC-7: power] []', '0 [anna.schmidt2] [correct horse]'])

    def test_by_mouse(self):
        self.meet('p-notice', 'p-recovery', 'p-few', 'p-target', 'p-login', 'p-refused')
        self.press()
        self.shown('p-recovery')
        self.display.run('sleep', '1')
        self.press()
        self.shown('p-few')
        shot = self.still()
        row = middle_of(shot, picture.colour('#27507f'))  # SP_UI_COL_SELECT: the first row
        self.click(row[0], row[1] + 36)
        self.press()
        self.shown('p-target')
        row = middle_of(self.still(), picture.colour('#27507f'))
        self.click(row[0], row[1] + 72, times=2)
        self.shown('p-login')
        self.display.type('abc')
        self.press()
        self.shown('p-refused')
        self.display.run('sleep', '1')
        self.press()
        self.said('end left')
        self.assertEqual(self.answers(), ['0 [] []', '0 [] []', '1 [] []', '2 [] []', '0 [anna.schmidt] [abc]'])

    def test_french(self):
        self.meet('p-code', 'p-reason', 'p-login', options=('/kbd:0x40c',))
        self.display.type('120945')
        self.display.key('Return')
        self.shown('p-reason')
        self.said(r'answer 0 \[120945\]')

    def test_flood(self):
        """Keys and clicks without end while screens come and go; nothing is lost or stuck."""
        self.meet(*['p-wait', 'p-code', 'p-target'] * 3)
        window = self.viewer.window()
        for n in range(12):
            self.display.run('xdotool', 'type', '--delay', '1', 'abcdefghij1234567890' * 3)
            for x, y in ((300, 300), (700, 500), (512, 384), (20, 20)):
                self.display.run('xdotool', 'mousemove', '--window', str(window), str(x), str(y), 'click', '1', 'click', '4')
        self.assertTrue(self.viewer.proc.alive())
        self.display.key('Escape')
        self.said('end left', seconds=15)

    def test_every_size(self):
        """Pictures of each prompt where SP_PICTURES says so; each stands on its ground at every size and depth."""
        folder = os.environ.get('SP_PICTURES', self.world.dir)
        for size, bpp, options in (((800, 600), 16, ()), ((1024, 768), 8, ()), ((1024, 768), 15, ()),
                                   ((1920, 1080), 32, ()), ((1920, 1080), 24, ('/scale-desktop:200',)),
                                   ((3840, 2160), 32, ())):
            with self.subTest(size=size, bpp=bpp, options=options):
                self.meet('p-target', size=size, bpp=bpp, display=(size[0] + 20, size[1] + 20), options=options)
                shot = self.still()
                self.assertEqual((shot.width, shot.height), size)
                self.assertTrue(is_greeter(shot))
                shot.save(os.path.join(folder, 'target-%dx%d-%d%s.png' % (*size, bpp, '-200' if options else '')))
                self.viewer.proc.stop()

    def test_two_monitors(self):
        """The primary one stands on the right."""
        if not have('xrandr'):
            self.skipTest('xrandr not installed')
        port = free_port()
        self.prompter = self.world.start('prompter', [os.path.join(BUILD, 'tests/peer/prompter'),
                                                      f'127.0.0.1:{port}', 'p-login'])
        self.display = Display(self.world, (2000, 800), colour='#000000')
        self.display.run('xrandr', '--setmonitor', 'left', '1000/200x800/200+0+0', 'screen')
        self.display.run('xrandr', '--setmonitor', '*right', '1000/200x800/200+1000+0', 'none')
        self.viewer = Xfreerdp(self.display, port, 'x', 'x', sec='tls', options=('/multimon',))
        self.shown('p-login')
        if ', 2 monitors' not in self.prompter.log():
            self.skipTest('this client sees one monitor here')
        shot = self.display.wait_picture('the greeter', lambda p: is_greeter(p), 20)
        shot.save(os.path.join(os.environ.get('SP_PICTURES', self.world.dir), 'two-monitors.png'))
        self.assertEqual(len(shot.crop(0, 0, 1000, 800).colours()), 1)
        self.assertGreater(len(shot.crop(1000, 0, 1000, 800).colours()), 20)


if __name__ == '__main__':
    main()
