#!/usr/bin/env python3
# tests/peer/test_script.py - `sallyport script` on our own desktop, and the desktop that follows its client's screen.
import re
import subprocess

import picture
from inside import Shared, difference
from trial import SALLYPORT
from world import main, wait_for

TEXT = 'Grüße, мир 你好 "quoted" \\n $HOME 🎉'


class Script(Shared):
    screen = (1700, 1300)

    def script(self, text, *args):
        # The service wants its password first.
        return subprocess.run([SALLYPORT, 'script', f'127.0.0.1:{self.trial.port}', '-', '--user', self.trial.user,
                               '--password-stdin', *args], input=f'{self.trial.password}\n{text}',
                              capture_output=True, text=True, timeout=60, env=self.world.env())

    def good(self, text, *args):
        done = self.script(text, *args)
        self.assertEqual((done.returncode, done.stdout), (0, ''), done.stderr)

    def monitors(self, inside):
        """What a program on the desktop sees: 'WxH+X+Y', the primary one first."""
        return primary_first(inside.run('xrandr', '--listmonitors').stdout)

    def test_steps(self):
        self.good('')                                   # a desktop to begin with
        inside = self.inside()
        read = inside.typist('typed')
        shot, wide = self.world.path('one.png'), self.world.path('wide.png')
        self.good(f'''\
# types, looks, and asks for other monitors
expect-still
click 20 20
type {TEXT}
key Enter
type second
key Shift+1
key Return
expect-still
move 1000 700
shot {shot}
resize 1280x800
expect-still
resize 1024x768 800x600-800+100@150 640x480+1024+0@100
expect-still
shot {wide}
''')
        wait_for('typed lines', lambda: read().count('\n') == 2)
        self.assertEqual(read(), TEXT + '\nsecond!\n')
        self.assertEqual((picture.load(shot).width, picture.load(shot).height), (1024, 768))
        self.assertEqual(self.monitors(inside), ['1024x768+800+0', '640x480+1824+0', '800x600+0+100'])
        there, here = inside.wait_still(), picture.load(wide)
        self.assertEqual((here.width, here.height), (2464, 768))
        self.assertEqual('', difference('three monitors', there, here))

        # Several monitors at once, with a scale for programs; then one again.
        self.good('expect-still\n', '--size', '800x600@200,800x600+0-600')
        self.assertEqual(self.monitors(inside), ['800x600+0+600', '800x600+0+0'])
        self.assertRegex(inside.run('xrdb', '-query').stdout, r'Xft\.dpi:\s+192')
        self.good('')
        self.assertEqual(self.monitors(inside), ['1024x768+0+0'])

    def test_wrong(self):
        for text, why in (
                ('wait 0\n\n#\nmove 5000 5', 'standard input:4: move: outside of the desktop, which is 1024x768'),
                ('wait 0\njump', 'standard input:2: jump: no such step'),
                ('key Ctrl+Nope', 'standard input:1: key: Ctrl+Nope: no such key'),
                ('resize 801x600', 'standard input:1: resize: 801x600: not WIDTHxHEIGHT'),
                ('resize 800x600 800x600+1000+0', 'standard input:1: resize: a monitor stands apart'),
                ('click 1', 'standard input:1: click: wanted: click X Y'),
                ('shot /nowhere/x.png', 'standard input:1: shot: /nowhere/x.png: No such file or directory')):
            done = self.script(text)
            self.assertEqual((done.returncode, done.stdout), (1, ''))
            self.assertIn(f'sallyport: script: {why}', done.stderr)

    def test_window_drawn_larger(self):
        """xfreerdp tells of each step; the desktop has the last one, and the picture is right."""
        viewer = self.connect(options=('/dynamic-resolution',))
        inside = self.inside()
        self.same(viewer, inside, what='begin')
        window = str(viewer.window())
        for size in ((1100, 800), (1301, 901), (900, 1000), (1600, 1200)):
            self.display.run('xdotool', 'windowsize', window, *map(str, size))
        inside.wait_size((1600, 1200))
        self.same(viewer, inside, what='larger')
        self.assertEqual(self.monitors(inside), ['1600x1200+0+0'])
        self.display.run('xdotool', 'windowsize', window, '820', '620')
        inside.wait_size((820, 620))
        self.same(viewer, inside, what='smaller')

    def test_two_screens(self):
        """xfreerdp /multimon: the desktop has monitors where the client's screen has them."""
        for name, place, output in (('right', '900/238x1000/265+800+100', 'screen'),
                                    ('left', '800/212x700/185+0+300', 'none')):
            self.display.run('xrandr', '--setmonitor', name, place, output)
            self.addCleanup(self.display.run, 'xrandr', '--delmonitor', name)
        self.connect(options=('/multimon',))
        inside = self.inside((1700, 1000))
        self.assertEqual(self.monitors(inside), ['900x1000+800+0', '800x700+0+200'])


def primary_first(text):
    found = re.findall(r'^ \d+: \+(\*?)\S+ (\d+)/\d+x(\d+)/\d+(\S+)', text, re.M)
    return [f'{w}x{h}{at}' for primary, w, h, at in sorted(found, key=lambda m: (m[0] != '*', m[1:]))]


if __name__ == '__main__':
    main()
