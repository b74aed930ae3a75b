#!/usr/bin/env python3
# tests/peer/test_pointer.py - the client's cursor is the one that programs of the desktop set.
import struct

from inside import Shared
from world import Deadline, main, wait_for


def xcursor_file(path, width, height, hot, argb):
    """A file with one cursor; argb(x, y) gives premultiplied values, as the format wants."""
    pixels = b''.join(struct.pack('<I', argb(x, y)) for y in range(height) for x in range(width))
    image = struct.pack('<9I', 36, 0xfffd0002, width, 1, width, height, *hot, 0) + pixels
    with open(path, 'wb') as f:
        f.write(b'Xcur' + struct.pack('<3I', 16, 0x10000, 1) + struct.pack('<3I', 0xfffd0002, width, 28) + image)
    return path


def veil(x, y):
    """Red, blue and every degree of transparency."""
    alpha = (x * 8) & 255
    return alpha << 24 | (alpha * (y % 4) // 3) << 16 | alpha // 2


def samples(shape):
    return bytes.fromhex(shape[4])


def alike(there, here):
    """X multiplies colours with alpha, RDP and Windows do not, and FreeRDP 2.11 hands X what it got."""
    if there[:4] != here[:4]:
        return False
    theirs, ours = samples(there), samples(here)
    return theirs[0::4] == ours[0::4] and all(
        abs(a - b * alpha // 255) <= 1 for c in (1, 2, 3)
        for a, b, alpha in zip(theirs[c::4], ours[c::4], ours[0::4]))


class Pointer(Shared):
    def setUp(self):
        self.viewer = self.connect()
        self.there = self.inside()
        self.display.run('xdotool', 'mousemove', '--window', str(self.viewer.window()), '500', '300')
        self.ours, self.theirs = self.probe(self.display), self.probe(self.there)
        wait_for('pointer there', lambda: self.theirs.state()[0] == (500, 300), 5)

    def same_shape(self, what, alike=alike):
        seen = []

        def look():
            seen[:] = [self.theirs.shape(), self.ours.shape()]
            return alike(*seen)
        try:
            wait_for(what, look, 5)
        except Deadline:
            raise AssertionError(f'{what}: there {seen[0][:4]} {seen[0][4][:400]}\nhere {seen[1][:4]} '
                                 f'{seen[1][4][:400]}') from None
        return seen[0]

    def test_named_shapes(self):
        shapes = set()
        for name in ('left_ptr', 'watch', 'xterm', 'crosshair', 'hand2', 'left_ptr'):
            self.there.run('xsetroot', '-cursor_name', name)
            shapes.add(self.same_shape(name))
        self.assertEqual(len(shapes), 5)

    def test_alpha(self):
        for size, hot in (((32, 32), (5, 7)), ((24, 17), (0, 16)), ((64, 64), (63, 0)), ((96, 96), (48, 48))):
            path = xcursor_file(self.world.path('cursor'), *size, hot, veil)
            self.there.run('xsetroot', '-xcf', path, str(size[0]))
            with self.subTest(size=size):
                shape = self.same_shape('%dx%d' % size)
                self.assertEqual(shape[:4], (*size, *hot))

    def test_hidden(self):
        blank = self.world.path('blank.xbm')
        with open(blank, 'w') as f:
            f.write('#define b_width 8\n#define b_height 1\n#define b_x_hot 0\n#define b_y_hot 0\n'
                    'static char b_bits[] = {\n 0x00};\n')
        self.there.run('xsetroot', '-cursor', blank, blank)
        self.same_shape('hidden', lambda there, here: set(there[4]) == {'0'} and set(here[4]) == {'0'})
        self.there.run('xsetroot', '-cursor_name', 'hand1')
        self.same_shape('shown again')

    def test_shape_at_once_for_a_new_client(self):
        self.there.run('xsetroot', '-cursor_name', 'spraycan')
        self.same_shape('before')
        self.viewer.proc.stop()
        self.viewer = self.connect()
        self.display.run('xdotool', 'mousemove', '--window', str(self.viewer.window()), '501', '300')
        self.same_shape('after')


if __name__ == '__main__':
    main()
