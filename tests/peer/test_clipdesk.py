#!/usr/bin/env python3
# tests/peer/test_clipdesk.py - the desktop's clipboard with a stock client through the gate, files too.
import os
import struct
import subprocess
import time
from urllib.parse import unquote

from clip import Side
from inside import Shared
from world import main, need, wait_for

# What xfreerdp 2.11 can: its own display is served in one piece only, nothing in pieces is taken from
# it, files go from it to the desktop, and a PNG has no name of its own on the wire.
TEXT = ('Grüße, Ελλάδα, Русский, עברית, العربية, हिन्दी, ไทย, 東京, 한국어, 😀 𝒎𝒂𝒕𝒉, a\u0301 and a "quote"\n'
        'second line\ttab').encode()
HUGE = 5 << 30


def bmp(width, height):
    """A picture as a .bmp file: 24 bits, bottom-up."""
    row = bytes(range(256)) * (width * 3 // 256 + 1)
    pixels = b''.join(row[y % 256:][:width * 3].ljust(width * 3, b'\x55') for y in range(height))
    info = struct.pack('<IiiHHIIiiII', 40, width, height, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    return struct.pack('<2sIHHI', b'BM', 14 + len(info) + len(pixels), 0, 0, 54) + info + pixels


class Desk(Shared):
    trial_options = ('--allow', 'clipboard')

    def setUp(self):
        need('xclip')
        self.viewer = self.connect(options=('+clipboard',))
        inside = self.inside()
        self.here = Side(self.world, self.display.name)
        self.there = Side(self.world, inside.name, inside.authority)
        self.here.copy(b'first')
        self.there.arrives(b'first', 'text of a new client')

    def test_contents(self):
        here, there = self.here, self.there
        there.copy(TEXT)
        here.arrives(TEXT, 'text toward the client')
        much = TEXT * 4000
        here.copy(much)
        there.arrives(much, 'much text toward the desktop')
        there.copy(much[::1] + b'.')
        here.arrives(much + b'.', 'much text toward the client')
        html = '<b>bold</b> grüße'.encode()
        here.copy(html, 'text/html')
        wait_for('HTML toward the desktop', lambda: html in (there.paste('text/html') or b''))
        there.copy(b'<i>' + html, 'text/html')
        wait_for('HTML toward the client', lambda: b'<i>' + html in (here.paste('text/html') or b''))
        picture = bmp(512, 300)
        here.copy(picture, 'image/bmp')
        wait_for('a picture toward the desktop', lambda: (there.paste('image/bmp') or b'')[54:] == picture[54:])
        self.assertEqual(there.paste('image/png')[:8], b'\x89PNG\r\n\x1a\n')
        there.copy(picture[:-3] + b'abc', 'image/bmp')
        wait_for('a picture toward the client', lambda: (here.paste('image/bmp') or b'')[-3:] == b'abc')
        self.files()
        self.vanish()

    def files(self):
        """A tree of 1,000 files and one of 5 GB, nearly all hole, pasted by reading."""
        tree = self.world.path('tree')
        os.makedirs(os.path.join(tree, 'many'))
        for i in range(1000):
            with open(os.path.join(tree, 'many', f'Datei {i} 東京.txt'), 'wb') as f:
                f.write(b'file %d\n' % i * (i % 50))
        for name in ('Ελληνικά', 'עברית', 'हिन्दी', '한국어 😀', 'empty'):
            with open(os.path.join(tree, name), 'w') as f:
                f.write(name * (name != 'empty'))
        with open(os.path.join(tree, 'huge'), 'wb') as f:
            f.truncate(HUGE)
            f.seek(HUGE - 4)
            f.write(b'end!')
        self.here.copy(f'file://{tree}\r\n'.encode(), 'text/uri-list')
        uris = wait_for('files on the desktop', lambda: 'text/uri-list' in self.there.targets() and
                        self.there.paste('text/uri-list'))
        pasted = self.pasted = unquote(uris.decode().strip().removeprefix('file://'))
        self.assertIn('/sallyport/clipboard', pasted)
        self.world.run(['diff', '-r', os.path.join(tree, 'many'), os.path.join(pasted, 'many')])
        self.assertEqual(sorted(os.listdir(pasted)), sorted(os.listdir(tree)))
        with open(os.path.join(pasted, 'huge'), 'rb') as f:
            self.assertEqual(os.fstat(f.fileno()).st_size, HUGE)
            self.assertEqual(f.read(8), bytes(8))
            f.seek(HUGE - 4)
            self.assertEqual(f.read(), b'end!')

    def vanish(self):
        """Its client stopped and killed while the desktop reads: an error in time, and it goes on."""
        self.viewer.proc.popen.send_signal(19)
        reader = subprocess.Popen(['cat', os.path.join(self.pasted, 'huge')], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE)
        self.addCleanup(reader.kill)
        time.sleep(0.5)
        self.assertIsNone(reader.poll())
        self.viewer.proc.popen.kill()
        self.assertIn(b'Input/output error', reader.communicate(timeout=5)[1])
        wait_for('a clipboard without a client', lambda: not self.there.targets(), 5)
        self.viewer = self.connect(options=('+clipboard',))
        self.here.copy(b'again')
        self.there.arrives(b'again', 'text of the next client')


if __name__ == '__main__':
    main()
