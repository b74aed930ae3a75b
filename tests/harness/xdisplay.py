# tests/harness/xdisplay.py - an X display for clients and shadowed desktops: start, look, type.
import os
import subprocess
import time

import picture
from world import Deadline, need, wait_for


class Display:
    """An Xvfb that ends with the world; with a window manager where a client needs one."""

    def __init__(self, world, size=(1280, 960), wm=None, colour='#335577'):
        need('Xvfb', 'xwd', 'xdotool', 'xdpyinfo')
        self.world, self.size = world, size
        read, write = os.pipe()
        self.proc = world.start('xvfb', ['Xvfb', '-displayfd', str(write), '-screen', '0', '%dx%dx24' % size,
                                         '-nolisten', 'tcp', '-noreset'], pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as f:
            number = f.readline().strip()
        if not number:
            raise Deadline('Xvfb did not start')
        self.name = f':{number}'
        if colour:
            self.run('xsetroot', '-solid', colour)
        self.wm = self.start('wm', [wm]) if wm else None
        if self.wm:
            wait_for('window manager', lambda: 'window id' in self.run(
                'xprop', '-root', '_NET_SUPPORTING_WM_CHECK', check=False).stdout)

    def env(self, **more):
        return self.world.env(DISPLAY=self.name, **more)

    def start(self, name, argv, pass_fds=(), **more):
        return self.world.start(name, argv, env=self.env(**more), pass_fds=pass_fds)

    def run(self, *argv, check=True):
        return self.world.run(list(argv), env=self.env(), check=check)

    def screenshot(self, window=None):
        """The whole screen, or what stands on it inside a window."""
        where = ['-root'] if window is None else ['-id', str(window)]
        done = subprocess.run(['xwd', '-silent', *where, '-display', self.name], env=self.env(),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
        if done.returncode:
            raise AssertionError(f'xwd: {done.stderr.decode(errors="replace")}')
        return picture.from_xwd(done.stdout)

    def glance(self, window):
        """A screenshot, or None while the window is gone or changes its size."""
        try:
            return self.screenshot(window)
        except AssertionError:
            return None

    def pixel(self, x, y):
        return self.screenshot().pixel(x, y)

    def window(self, pattern, kind='class', seconds=10.0):
        """The id of the first visible window whose class (or name) matches."""
        def look():
            return self.run('xdotool', 'search', '--onlyvisible', '--' + kind, pattern, check=False).stdout.split()
        return int(wait_for(f'window {pattern}', look, seconds)[0])

    def focus(self, window, x=None, y=None):
        """Gives a window the keyboard as a user does: by a click, on its middle unless told."""
        self.run('xdotool', 'windowfocus', '--sync', str(window))
        if x is None:
            out = self.run('xdotool', 'getwindowgeometry', '--shell', str(window)).stdout
            shape = dict(line.split('=') for line in out.split())
            x, y = int(shape['WIDTH']) // 2, int(shape['HEIGHT']) // 2
        self.run('xdotool', 'mousemove', '--window', str(window), str(x), str(y))
        time.sleep(0.1)
        self.run('xdotool', 'click', '1')
        time.sleep(0.3)

    def type(self, text, delay_ms=25):
        self.run('xdotool', 'type', '--delay', str(delay_ms), text)

    def key(self, *names):
        self.run('xdotool', 'key', *names)

    def wait_picture(self, what, judge, seconds=15.0, window=None):
        """Takes screenshots until judge(picture) is true; gives that picture."""
        def look():
            shot = self.glance(window)
            return shot if shot and judge(shot) else None
        return wait_for(what, look, seconds, 0.1)

    def wait_still(self, seconds=15.0, quiet=0.6, window=None):
        """A screenshot after which nothing changed for the given time."""
        end = time.monotonic() + seconds
        last, since = self.screenshot(window), time.monotonic()
        while time.monotonic() - since < quiet:
            if time.monotonic() > end:
                raise Deadline(f'{self.name}: not still within {seconds:g} s')
            time.sleep(0.1)
            now = self.screenshot(window)
            if now != last:
                last, since = now, time.monotonic()
        return last


def desktop(world, size=(1024, 768), colour='#335577'):
    """A display with a terminal that has the keyboard; what is typed runs in a shell there."""
    need('xterm')
    display = Display(world, size, colour=colour)
    display.terminal = display.start('xterm', ['xterm', '-geometry', '80x24+20+20', '-e', 'sh'])
    window = display.window('xterm', 'class')
    display.run('xdotool', 'windowfocus', '--sync', str(window))
    display.terminal_window = window
    return display
