# tests/harness/picture.py - pictures as bytes: PNG, screenshots of X, comparison.
import collections
import ctypes
import math
import os
import re
import struct
import zlib

from world import BUILD


pixels = ctypes.CDLL(os.path.join(BUILD, 'tests', 'harness', 'libpixels.so'))
pixels.pixels_unfilter.argtypes = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p
pixels.pixels_error.argtypes = ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t
pixels.pixels_error.restype = ctypes.c_uint64
pixels.pixels_differ.argtypes = ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t)
pixels.pixels_differ.restype = ctypes.c_size_t
pixels.pixels_pick.argtypes = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t), ctypes.c_void_p


def pick(data, n, step, places):
    """Of n pixels of so many bytes, red, green and blue."""
    out = ctypes.create_string_buffer(n * 3)
    if len(data) < n * step:
        raise ValueError(f'{len(data)} bytes are no {n} pixels')
    pixels.pixels_pick(data, n, step, (ctypes.c_size_t * 3)(*places), out)
    return out.raw


class Picture:
    """Width, height and 3 bytes (red, green, blue) for each pixel, row after row."""

    def __init__(self, width, height, rgb):
        if len(rgb) != width * height * 3:
            raise ValueError(f'{len(rgb)} bytes are no {width}x{height}')
        self.width, self.height, self.rgb = width, height, bytes(rgb)

    def __eq__(self, other):
        return (self.width, self.height, self.rgb) == (other.width, other.height, other.rgb)

    def pixel(self, x, y):
        at = (y * self.width + x) * 3
        return tuple(self.rgb[at:at + 3])

    def crop(self, x, y, width, height):
        rows = []
        for row in range(y, y + height):
            at = (row * self.width + x) * 3
            rows.append(self.rgb[at:at + width * 3])
        return Picture(width, height, b''.join(rows))

    def colours(self):
        """{(r, g, b): how many pixels}"""
        return collections.Counter(zip(self.rgb[0::3], self.rgb[1::3], self.rgb[2::3]))

    def difference(self, other):
        """(number of differing pixels, first of them as x, y, or None)"""
        if (self.width, self.height) != (other.width, other.height):
            raise ValueError(f'{self.width}x{self.height} against {other.width}x{other.height}')
        first = ctypes.c_size_t()
        count = pixels.pixels_differ(self.rgb, other.rgb, self.width * self.height, first)
        return count, (first.value % self.width, first.value // self.width) if count else None

    def psnr(self, other):
        """Likeness in dB; infinite when equal."""
        if (self.width, self.height) != (other.width, other.height):
            raise ValueError(f'{self.width}x{self.height} against {other.width}x{other.height}')
        error = pixels.pixels_error(self.rgb, other.rgb, len(self.rgb)) / len(self.rgb)
        return math.inf if error == 0 else 10 * math.log10(255 * 255 / error)

    def save(self, path):
        def chunk(kind, data):
            return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        stride = self.width * 3
        rows = b''.join(b'\0' + self.rgb[y * stride:(y + 1) * stride] for y in range(self.height))
        with open(path, 'wb') as f:
            f.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', self.width, self.height, 8, 2, 0, 0, 0))
                    + chunk(b'IDAT', zlib.compress(rows, 6)) + chunk(b'IEND', b''))


def load(path):
    """A PNG of 8 bits per sample, not interlaced; alpha is dropped."""
    with open(path, 'rb') as f:
        data = f.read()
    if data[:8] != b'\x89PNG\r\n\x1a\n':
        raise ValueError(f'{path}: no PNG')
    at, packed, palette = 8, b'', b''
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if struct.unpack('>I', data[at + 8 + size:at + 12 + size])[0] != zlib.crc32(kind + body):
            raise ValueError(f'{path}: checksum of {kind} is wrong')
        if kind == b'IHDR':
            width, height, bits, colour, _, _, interlace = struct.unpack('>IIBBBBB', body)
        elif kind == b'PLTE':
            palette = body
        elif kind == b'IDAT':
            packed += body
        at += 12 + size
    if bits != 8 or interlace:
        raise ValueError(f'{path}: {bits} bits, interlace {interlace}')
    bpp = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    raw, stride = zlib.decompress(packed), width * bpp
    if len(raw) != height * (stride + 1):
        raise ValueError(f'{path}: {len(raw)} bytes of pixels')
    flat = ctypes.create_string_buffer(height * stride)
    if pixels.pixels_unfilter(raw, height, stride, bpp, flat):
        raise ValueError(f'{path}: filter')
    flat = flat.raw
    if colour == 3:
        flat = b''.join(palette[i * 3:i * 3 + 3] for i in flat)
        bpp = 3
    return Picture(width, height, pick(flat, width * height, bpp, (0, 1, 2) if bpp > 2 else (0, 0, 0)))


def from_xwd(data):
    """A picture from what `xwd` writes: ZPixmap of 24 or 32 bits per pixel."""
    fields = struct.unpack('>25I', data[:100])
    header, version, _, depth, width, height = fields[:6]
    lsb_first = fields[7] == 0
    bits, stride = fields[11], fields[12]
    masks, colours = fields[14:17], fields[19]
    if version != 7 or bits not in (24, 32):
        raise ValueError(f'xwd version {version}, depth {depth}, {bits} bits')
    step = bits // 8
    rows = data[header + colours * 12:]
    if stride != width * step:
        rows = b''.join(rows[y * stride:y * stride + width * step] for y in range(height))
    places = [(mask.bit_length() - 8) // 8 for mask in masks]
    return Picture(width, height, pick(rows, width * height, step,
                                       places if lsb_first else [step - 1 - place for place in places]))


def test_card(width, height):
    """A picture with gradients, flat fields, fine lines and noise: what codecs get wrong shows."""
    rows, seed = [], 1
    for y in range(height):
        row = bytearray()
        for x in range(width):
            column = x * 4 // width
            if y * 3 < height:
                row += bytes((x * 255 // width, y * 765 // height, 255 - x * 255 // width))
            elif y * 3 < 2 * height:
                flat = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))[column]
                row += bytes((0, 0, 0) if column >= 2 and (x ^ y) & 1 else flat)
            elif column < 3:
                row += bytes(3 * (255 if x // (column + 1) & 1 else 16,))
            else:
                seed = (seed * 1103515245 + 12345) & 0x7fffffff
                row += bytes((seed >> 8 & 255, seed >> 14 & 255, seed >> 20 & 255))
        rows.append(bytes(row))
    return Picture(width, height, b''.join(rows))


def colour(text):
    """(r, g, b) of "#rrggbb"."""
    return tuple(int(part, 16) for part in re.fullmatch('#(..)(..)(..)', text).groups())
