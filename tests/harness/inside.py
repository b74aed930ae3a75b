# tests/harness/inside.py - the desktop behind our service, as its own programs see it; one trial for many tests.
import os
import socket
import unittest

import picture
from peers import Xfreerdp
from trial import Trial, need_trial
from world import BUILD, Case, Deadline, World, wait_for
from xdisplay import Display


class Probe:
    """tests/peer/probe on a display: draws, and tells the state of pointer, keys and cursor."""

    def __init__(self, display):
        ours, theirs = socket.socketpair()
        self.proc = display.start('probe', [os.path.join(BUILD, 'tests/peer/probe'), str(theirs.fileno())],
                      pass_fds=(theirs.fileno(),))
        theirs.close()
        ours.settimeout(20)
        self.file = ours.makefile('rw')
        ours.close()

    def end(self):
        self.file.close()
        self.proc.wait()

    def ask(self, *words):
        self.file.write(' '.join(map(str, words)) + '\n')
        self.file.flush()
        answer = self.file.readline().strip()
        if answer in ('', 'error'):
            raise AssertionError(f'probe: {words}: {answer or "ended"}')
        return answer

    def shape(self):
        """(width, height, hot x, hot y, pixels as hexadecimal ARGB, not to be told apart where invisible)"""
        width, height, hot_x, hot_y, pixels = self.ask('shape').split()
        return int(width), int(height), int(hot_x), int(hot_y), pixels

    def state(self):
        """(x, y), mask of modifiers and buttons, keycodes that are down"""
        x, y, mask, *keys = map(int, self.ask('state').split())
        return (x, y), mask, keys


class Inside(Display):
    """The desktop of a trial whose --session is session_command()."""

    def __init__(self, world, path, seconds=20):
        def look():
            with open(path) as f:
                return f.read()
        wait_for('environment of the desktop', lambda: os.path.exists(path), seconds)
        env = dict(line.split('=', 1) for line in look().splitlines() if '=' in line)
        self.world, self.name, self.authority = world, env['DISPLAY'], env['XAUTHORITY']
        self.variables = env

    def env(self, **more):
        return self.world.env(DISPLAY=self.name, XAUTHORITY=self.authority, **more)

    def wait_size(self, size):
        """What is drawn before the screen has its size would be lost."""
        width, height = size[0] & ~1, size[1]
        wait_for(f'screen of {width}x{height}', lambda: f'dimensions:    {width}x{height} ' in self.run('xdpyinfo').stdout)

    def typist(self, name):
        """A terminal whose line input goes to a file; gives a function that reads it."""
        path = self.world.path(name)
        self.start('xterm', ['xterm', '-geometry', '80x24+0+0', '-e', 'sh', '-c', f'exec cat > {path}'])
        self.window('xterm')

        def read():
            with open(path, encoding='utf-8', errors='replace') as f:
                return f.read()
        wait_for('terminal', lambda: os.path.exists(path), 10)
        return read


def session_command(path, program='exec sleep 100000'):
    """What a trial runs so that Inside finds its display."""
    return f'env > {path}.new; mv {path}.new {path}; xsetroot -solid "#204060"; {program}'


class Shared(Case):
    """Tests that share one trial, one desktop in it and one screen for the clients."""

    screen = (1300, 1000)
    trial_options = ()

    @classmethod
    def setUpClass(cls):
        need_trial()
        if not os.path.exists(os.path.join(BUILD, 'tests/peer/probe')):
            raise unittest.SkipTest('tests/peer/probe not built')
        cls.world = World()
        cls.addClassCleanup(cls.world.close)
        cls.env_path = cls.world.path('inside.env')
        cls.trial = Trial(cls.world, '--session', session_command(cls.env_path), *cls.trial_options)
        cls.display = Display(cls.world, cls.screen, colour='#000000')

    def setUp(self):
        pass

    def connect(self, ready=True, port=None, **more):
        """xfreerdp, logged in; ended after the test."""
        viewer = Xfreerdp(self.display, port or self.trial.port, self.trial.user, self.trial.password, **more)
        self.addCleanup(viewer.proc.stop)
        if ready:
            viewer.window()
        return viewer

    def inside(self, size=(1024, 768)):
        """The desktop, once it has the size of the client that was connected last."""
        inside = Inside(self.world, self.env_path)
        inside.wait_size(size)
        return inside

    def probe(self, display):
        """A probe that ends, and takes its window away, after the test."""
        probe = Probe(display)
        self.addCleanup(probe.end)
        return probe

    def same(self, viewer, inside, seconds=15, near=0, what='picture'):
        """Waits until the client shows the desktop, each sample of each pixel within near of it."""
        window, last = viewer.window(), []

        def look():
            there, here = inside.screenshot(), viewer.display.glance(window)
            if not here:
                return False
            last[:] = there, here
            if (there.width, there.height) != (here.width, here.height):
                return False
            if near == 0:
                return there.rgb == here.rgb
            return all(abs(a - b) <= near for a, b in set(zip(there.rgb, here.rgb)))
        try:
            wait_for(what, look, seconds, 0.05)
        except Deadline:
            raise AssertionError(difference(what, *last) if last else f'{what}: no window to look at') from None
        return last[1]


def difference(what, there, here):
    """In words, how two pictures differ; '' when they do not."""
    sizes = [f'{shot.width}x{shot.height}' for shot in (there, here)]
    if sizes[0] != sizes[1]:
        return f'{what}: {sizes[0]} there, {sizes[1]} here'
    count, first = there.difference(here)
    return count and (f'{what}: {count} pixels differ in {sizes[0]}, first {first}: {there.pixel(*first)} there, '
                      f'{here.pixel(*first)} here') or ''


def tiled(card, width, height):
    """The card again and again until the size is full."""
    across = -(-width // card.width)
    rows = [(card.rgb[y * card.width * 3:(y + 1) * card.width * 3] * across)[:width * 3] for y in range(card.height)]
    return picture.Picture(width, height, b''.join(rows[y % card.height] for y in range(height)))


def save_ppm(shot, path):
    with open(path, 'wb') as f:
        f.write(b'P6\n%d %d\n255\n' % (shot.width, shot.height) + shot.rgb)
    return path
