# tests/harness/chanwire.py - messages of the clipboard and of redirected drives, right and wrong ones, byte by byte.
import struct

from rdppeer import units

# ---- clipboard, [MS-RDPECLIP] 2.2 ----
READY, LIST, LIST_RESPONSE, ASK, DATA, TEMP, CAPS, FILE_ASK, FILE_DATA, LOCK, UNLOCK = range(1, 12)
OK, FAIL = 1, 2
FILES = 0xC0DE    # the number of our list of files
DIRECTORY, PLAIN = 0x10, 0x80


def clip(kind, body=b'', flags=0, claim=None):
    return struct.pack('<HHI', kind, flags, len(body) if claim is None else claim) + body


def clip_caps():
    """Long names, files by stream, locks, huge files."""
    return clip(CAPS, struct.pack('<HHHHII', 1, 0, 1, 12, 2, 0x3e))


def clip_list(*formats):
    return clip(LIST, b''.join(struct.pack('<I', i) + units(name) + b'\0\0' for i, name in formats))


def files_offer():
    return clip_list((FILES, 'FileGroupDescriptorW'), (FILES + 1, 'FileContents'))


def descriptor(name, size=0, attributes=PLAIN, flags=0x4044):
    """FILEDESCRIPTORW: attributes and size are there."""
    return struct.pack('<I', flags) + bytes(32) + struct.pack('<I', attributes) + bytes(24) + \
        struct.pack('<II', size >> 32, size & 0xffffffff) + units(name)[:520].ljust(520, b'\0')


def file_list(*descriptors, count=None):
    return struct.pack('<I', len(descriptors) if count is None else count) + b''.join(descriptors)


def read_clip(message):
    """(kind, flags, body)"""
    kind, flags, n = struct.unpack('<HHI', message[:8])
    return kind, flags, message[8:8 + n]


# ---- drives, [MS-RDPEFS] 2.2 ----
CREATE, CLOSE, READ, WRITE, QUERY, SET, QUERY_VOLUME, SET_VOLUME, LISTING, CONTROL, LOCKS = \
    0, 2, 3, 4, 5, 6, 10, 11, 12, 14, 17
READING, WRITING, REMOVING = 0x80000000, 0x40000000, 0x10000
SUPERSEDE, OPEN, NEW, OPEN_IF, OVERWRITE, OVERWRITE_IF = range(6)
DIRECTORY_FILE, PLAIN_FILE, REMOVED_AT_CLOSE = 1, 0x40, 0x1000
RENAME, DISPOSITION, ALLOCATION, END_OF_FILE = 10, 13, 19, 20


def drive(packet, body):
    return struct.pack('<HH', 0x4472, packet) + body


def announce():
    return drive(0x496e, struct.pack('<HHI', 1, 13, 1))


def drive_caps(packet=0x5350):
    """General and drive sets, of either side."""
    general = struct.pack('<HHIIIHHIIIIII', 1, 44, 2, 2, 0, 1, 13, 0xffff, 0, 7, 1, 0, 0)
    return drive(packet, struct.pack('<HH', 2, 0) + general + struct.pack('<HHI', 4, 8, 2))


def devices(*names, kind=8, first=1):
    """A list of drives, numbered from the first on."""
    body = struct.pack('<I', len(names))
    for i, name in enumerate(names):
        long = units(name) + b'\0\0'
        body += struct.pack('<II', kind, i + first) + f'D{i + first}:'.encode().ljust(8, b'\0') + struct.pack('<I', len(long)) + long
    return drive(0x4441, body)


def request(device, file, completion, major, body=b'', minor=0):
    return drive(0x4952, struct.pack('<IIIII', device, file, completion, major, minor) + body)


def create(path, access=READING, disposition=OPEN, options=0, claim=None):
    name = path if isinstance(path, bytes) else units(path) + b'\0\0'
    return struct.pack('<IQIIIII', access, 0, 0, 7, disposition, options, len(name) if claim is None else claim) + name


def read(n, offset):
    return struct.pack('<IQ', n, offset) + bytes(20)


def write(data, offset, claim=None):
    return struct.pack('<IQ', len(data) if claim is None else claim, offset) + bytes(20) + data


def setting(kind, buffer, claim=None):
    return struct.pack('<II', kind, len(buffer) if claim is None else claim) + bytes(24) + buffer


def rename(path, replace=1):
    name = units(path) + b'\0\0'
    return setting(RENAME, struct.pack('<BBI', replace, 0, len(name)) + name)


def listing(path, kind=3, initial=1):
    name = units(path) + b'\0\0' if initial else b''
    return struct.pack('<IBI', kind, initial, len(name)) + bytes(23) + name


def read_drive(message):
    """(packet, body)"""
    component, packet = struct.unpack('<HH', message[:4])
    if component != 0x4472:
        raise AssertionError(f'no device redirection: {message[:16].hex()}')
    return packet, message[4:]


def completion(device, number, status, body=b''):
    return drive(0x4943, struct.pack('<III', device, number, status) + body)
