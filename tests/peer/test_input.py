#!/usr/bin/env python3
# tests/peer/test_input.py - what is typed and clicked in a real client happens on the desktop.
import os
import re
import signal
import time

from inside import Shared
from world import BUILD, main, wait_for

SHIFT, LOCK, CONTROL, NUM = 1, 2, 4, 16    # X modifiers of a usual keyboard map
LEFT_SHIFT, ALT_GR, LESS = 50, '108', '94'    # keycodes of evdev


class Input(Shared):
    def viewer(self, *options, **more):
        """A client whose window has the keyboard, as a click on a quiet corner gives it."""
        viewer = self.connect(options=options, **more)
        self.display.focus(viewer.window(), 1000, 700)
        return viewer

    def typed(self, inside, name, text, press):
        """Calls press, which types into a terminal of the desktop; the line there must be the text."""
        read = inside.typist(name)
        inside.run('xdotool', 'mousemove', '100', '100')    # the pointer's window gets the keys
        self.display.run('xdotool', 'mousemove', '100', '100')
        time.sleep(0.2)
        press()
        self.display.key('Return')
        try:
            wait_for('line', lambda: '\n' in read(), 10)
        finally:
            got = read()
            inside.run('xdotool', 'search', '--class', 'xterm', 'windowclose', check=False)
        self.assertEqual(got, text + '\n')

    def keys(self, *names):
        for name in names:
            self.display.key(name)

    def test_default_layout(self):
        self.viewer()
        text = 'The quick brown Fox: "jumps" over {13} lazy dogs! ~`@#$%^&*()_+-=[]\\;\',./<>?|'
        self.typed(self.inside(), 'us', text, lambda: self.display.type(text))

    def test_german(self):
        self.viewer('/kbd:0x00000407')

        def press():    # names are those of the client's keys, which are American
            self.keys('y', 'z', 'semicolon', 'apostrophe', 'bracketleft', 'minus', 'shift+semicolon', 'shift+2',
                      'shift+7', LESS)
            for key in ('q', 'e', '7', 'minus'):
                self.display.run('xdotool', 'keydown', ALT_GR, 'key', key, 'keyup', ALT_GR)
        self.typed(self.inside(), 'de', 'zyöäüßÖ"/<@€{\\', press)

    def test_french(self):
        self.viewer('/kbd:0x0000040C')
        self.typed(self.inside(), 'fr', 'aqzwm,éèçà1', lambda: self.keys(
            'q', 'a', 'w', 'z', 'semicolon', 'm', '2', '7', '9', '0', 'shift+1'))

    def test_russian(self):
        self.viewer('/kbd:0x00000419')
        self.typed(self.inside(), 'ru', 'фывапролджэФ', lambda: self.keys(
            'a', 's', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'semicolon', 'apostrophe', 'shift+a'))

    def test_unicode(self):
        """Characters without keys, also such as no layout has; xfreerdp sends keys only."""
        self.viewer('/kbd:0x00000407').proc.stop()
        text = 'Grüße, "Ελλάδα" и Москва; עברית, 日本語 – 𝒜🙂 {@}\\~`^'
        self.typed(self.inside(), 'unicode', text, lambda: self.world.run(
            [os.path.join(BUILD, 'tests/peer/typist'), f'127.0.0.1:{self.trial.port}', self.trial.user, text + '\r'],
            text=self.trial.password + '\n'))

    def xev(self, inside):
        """A window that tells what happens in it; gives a function that returns new events as text."""
        proc = inside.start('xev', ['stdbuf', '-oL', 'xev', '-geometry', '900x650+0+0', '-event', 'mouse', '-event',
                                    'button', '-event', 'keyboard'])
        self.addCleanup(proc.stop)
        inside.window('Event Tester', 'name')
        time.sleep(0.3)
        state = {'at': len(proc.log())}

        def new():
            text = proc.log()[state['at']:]
            state['at'] += len(text)
            return text
        return new

    def buttons(self, new, count):
        """The next presses and releases: [('Press', button, (x, y)), ...]"""
        found = []

        def look():
            found.extend((kind, int(button), (int(x), int(y))) for kind, x, y, button in re.findall(
                r'Button(Press|Release) event.*?root:\((\d+),(\d+)\).*?button (\d+)', new(), re.S))
            return len(found) >= count
        wait_for(f'{count} button events', look, 5)
        return found

    def test_mouse(self):
        viewer = self.viewer()
        inside = self.inside()
        new = self.xev(inside)
        probe = self.probe(inside)
        window = str(viewer.window())
        for x, y in ((10, 10), (899, 649), (1023, 767), (0, 0), (450, 300)):
            self.display.run('xdotool', 'mousemove', '--window', window, str(x), str(y))
            wait_for(f'pointer at {x},{y}', lambda: probe.state()[0] == (x, y), 5)
        new()
        for button in (1, 2, 3, 4, 5, 6, 7, 8, 9):
            with self.subTest(button=button):
                self.display.run('xdotool', 'click', str(button))
                self.assertEqual(self.buttons(new, 2), [('Press', button, (450, 300)), ('Release', button, (450, 300))])
        self.display.run('xdotool', 'mousedown', '1', 'mousemove', '--window', window, '600', '400', 'mouseup', '1')
        self.assertEqual(self.buttons(new, 2), [('Press', 1, (450, 300)), ('Release', 1, (600, 400))])
        self.display.run('xdotool', 'click', '--repeat', '3', '--delay', '20', '4')
        self.assertEqual([b for _, b, _ in self.buttons(new, 6)], [4] * 6)

    def test_no_stuck_modifier_after_focus_loss(self):
        viewer = self.viewer()
        probe = self.probe(self.inside())
        other = self.display.start('xterm', ['xterm', '-geometry', '20x5+1100+800', '-e', 'sleep', '1000'])
        self.addCleanup(other.stop)
        window = self.display.window('xterm')
        self.display.run('xdotool', 'keydown', 'shift', 'keydown', 'ctrl')
        wait_for('Shift and Control', lambda: probe.state()[1] & (SHIFT | CONTROL) == SHIFT | CONTROL, 5)
        self.display.run('xdotool', 'windowfocus', '--sync', str(window))
        self.display.run('xdotool', 'keyup', 'shift', 'keyup', 'ctrl')
        self.display.run('xdotool', 'windowfocus', '--sync', str(viewer.window()))
        wait_for('no modifier', lambda: probe.state()[1:] == (0, []), 5)

    def test_no_stuck_key_after_killed_client(self):
        viewer = self.viewer()
        probe = self.probe(self.inside())
        self.display.run('xdotool', 'mousemove', '500', '500')
        self.display.run('xdotool', 'keydown', 'shift', 'keydown', 'x', 'mousedown', '1')
        try:
            wait_for('keys down', lambda: LEFT_SHIFT in (s := probe.state())[2] and len(s[2]) == 2 and s[1] & 256, 5)
            os.kill(viewer.proc.pid, signal.SIGKILL)
            wait_for('all let go', lambda: probe.state()[1:] == (0, []), 5)
        finally:
            self.display.run('xdotool', 'keyup', 'shift', 'keyup', 'x', 'mouseup', '1')

    def test_lock_keys_follow_the_client(self):
        probe = self.probe(self.display)
        for key, mask in (('Caps_Lock', LOCK), ('Num_Lock', NUM)):
            with self.subTest(key=key):
                self.display.key(key)    # while no client runs
                try:
                    self.assertEqual(probe.state()[1], mask)
                    self.viewer()
                    there = self.probe(self.inside())
                    wait_for(f'{key} on', lambda: there.state()[1] == mask, 5)
                finally:
                    self.display.key(key)
                wait_for(f'{key} off', lambda: there.state()[1] == 0, 5)
                self.doCleanups()
                probe = self.probe(self.display)


if __name__ == '__main__':
    main()
