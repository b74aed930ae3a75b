#!/usr/bin/env python3
# tests/proc/test_hostile_client.py - our gate and desktop, and a client whose drives and clipboard lie.
import errno
import os
import re
import stat
import struct
import subprocess
import threading
import time
import unittest
from urllib.parse import unquote

import chanwire as wire
from clip import Side
from inside import Inside, session_command
from procfs import SANITIZED, comm, descriptors, status
from rdppeer import Client, units
from rdpraw import Closed
from trial import Trial, need_trial
from world import Case, main, need, wait_for

MEMORY_KB = 96 << 10    # what our two processes may take above what they had
CONTENT = os.urandom(70000)
DIRECTORY, FILE = 0x10, 0x80
BAD = ('..', '.', '..\\evil', '../evil', '..\\..\\..\\evil', '/etc/passwd', '\\evil', 'a/evil', 'a\\evil', 'C:', 'C:evil',
       'evil:stream', 'CON', 'aux.evil', 'LPT1', 'evil.', 'evil ', 'evil\x01', 'e\nvil', '\x1b[2Jevil', '\ud800evil',
       'evil\udc00', 'evil*', '<evil>', '"evil"', '|evil')
# What no name on the desktop has; others that Windows forbids are names here.
UNSAFE = re.compile(r'[/\\\x00-\x1f\x7f]|^\.+$')
# A file that is read otherwise than it is told: what its reader may see at most.
ODD = ('\\odd', '\\huge', '\\half', '\\nothing', '\\empty', '\\far')
FILES = ('good', 'long', 'claim', 'twice', 'strangers', 'short', 'none', 'refused', 'cut', 'silent', 'sizeless',
         'late')
LATE = 4 << 20    # its size, also in lists: which of the two is believed hangs on when it was listed
LONG = '\u6771' * 200 + '.txt'    # as Windows may call it, but no system with 255 bytes


def entry(name, attributes=FILE, size=len(CONTENT), claim=None, more=False):
    """FileBothDirectoryInformation as clients send it, without the reserved byte."""
    text = units(name)
    data = struct.pack('<IIQQQQQQIIIB', 0, 0, *[132000000000000000] * 4, size, size, attributes,
                       len(text) if claim is None else claim, 0, 0) + bytes(24) + text
    if more:
        data += bytes(-len(data) % 8)
        data = struct.pack('<I', len(data)) + data[4:]
    return data


def listening(pid):
    """Sockets of a process that somebody could connect to (N-D9): what joins our processes is inherited."""
    with open('/proc/net/unix') as f:
        rows = [line.split() for line in f.readlines()[1:]]
    accepting = {row[6]: row[7:] for row in rows if int(row[3], 16) & 0x10000}
    for name in ('tcp', 'tcp6'):
        with open(f'/proc/net/{name}') as f:
            accepting.update({row[9]: [row[1]] for row in map(str.split, f.readlines()[1:]) if row[3] == '0A'})
    return [accepting[what[8:-1]][0] for what in descriptors(pid).values() if what[8:-1] in accepting]


class Rogue(threading.Thread):
    """The client's end of device redirection: three drives, answered by what the path says."""

    def __init__(self, client, names=('good',)):
        super().__init__(daemon=True)
        self.client, self.names, self.paths, self.at, self.error = client, names, {}, {}, None
        self.asked, self.silent = [], []
        self.start()

    def say(self, *messages):
        for message in messages:
            self.client.say('rdpdr', message)

    def run(self):
        try:
            while True:
                self.answer(*wire.read_drive(self.client.next(3600, ['rdpdr'])[1]))
        except Closed:
            pass
        except Exception as why:    # the test looks at it in its own thread
            self.error = why

    def answer(self, packet, body):
        if packet == 0x496e:
            name = units('hostile') + b'\0\0'
            self.say(wire.drive(0x4343, body), wire.drive(0x434e, struct.pack('<III', 1, 0, len(name)) + name))
        elif packet == 0x5350:
            self.say(wire.drive_caps(0x4350))
        elif packet in (0x554c, 0x4343) and self.names:
            if packet == 0x554c:
                self.say(wire.devices(*self.names))
        elif packet == 0x4952:
            self.request(*struct.unpack('<IIIII', body[:20]), body[20:])

    def request(self, device, file, number, major, minor, body):
        def done(code, data=b''):
            self.say(wire.completion(device, number, code, data))

        def sized(data):
            done(0, struct.pack('<I', len(data)) + data)
        path = self.paths.get(file, '')
        self.asked.append((major, path))
        if major == wire.CREATE:
            n = struct.unpack('<I', body[28:32])[0]
            path = body[32:32 + n].decode('utf-16-le', 'surrogatepass').rstrip('\0')
            known = path in ('', '\\', '\\endless', *ODD) or path[1:] in (*FILES, LONG)
            if not known:
                return done(0xc000000f, bytes(5))
            new = len(self.paths) + 1
            self.paths[new] = path
            done(0, struct.pack('<IB', new, 1))
        elif major == wire.CLOSE:
            done(0, bytes(4))
        elif major == wire.QUERY:
            size = {'\\sizeless': 1 << 62, '\\late': LATE}.get(path, len(CONTENT))
            folder = path[1:] not in (*FILES, LONG)
            kind = struct.unpack('<I', body[:4])[0]
            times = struct.pack('<QQQQ', *[132000000000000000] * 4)
            sized(times + struct.pack('<I', DIRECTORY if folder else FILE) if kind == 4 else
                  struct.pack('<QQIBB', size, size, 1, 0, folder) if kind == 5 else bytes(8))
        elif major == wire.LISTING and minor == 1:
            self.listing(file, path, done, sized, struct.unpack('<IB', body[:5])[1])
        elif major == wire.READ:
            self.read(device, number, path, *struct.unpack('<IQ', body[:12]), done, sized)
        elif major == wire.QUERY_VOLUME:
            sized(bytes(24))
        else:
            done(0xc0000022, bytes(5))

    def listing(self, file, path, done, sized, initial):
        if path == '\\endless':
            return sized(b''.join(entry(f'same {i}', more=True) for i in range(1000)) + entry('last'))
        names = [entry(name, size=LATE if name == 'late' else len(CONTENT)) for name in FILES]
        names += [entry(name, kind) for name in BAD for kind in (FILE, DIRECTORY)]
        names += [entry(name[1:], DIRECTORY) for name in ('\\endless', *ODD)] + [entry('twin'), entry('twin', DIRECTORY), entry('twin')]
        names += [entry(''), entry(LONG)]
        if path in ODD:
            names = [entry('good'), (entry('odd', claim=7), entry('huge', claim=0xffffffff), entry('good')[:50], b'', entry(''), entry('e' * 300))[
                ODD.index(path)], entry('good 2')]
        self.at[file] = 0 if initial else self.at.get(file, 0) + 1
        if self.at[file] < len(names):
            sized(names[self.at[file]])
        else:
            done(0x80000006, bytes(5))

    def read(self, device, number, path, n, at, done, sized):
        data, name = CONTENT[at:at + n], path[1:]
        if name == 'long':
            sized(data + bytes(100000))
        elif name == 'claim':
            done(0, struct.pack('<I', 0xffffffff) + data)
        elif name == 'short':
            sized(data[:len(data) // 2 + 1])
        elif name == 'none':
            sized(b'')
        elif name == 'refused':
            done(0xc0000022, bytes(4))
        elif name == 'late':    # what follows good bytes cannot be read
            sized(bytes(n)) if at + n <= 300000 else done(0xc0000185, bytes(4))
        elif name == 'cut':
            done(0)
        elif name == 'silent':
            self.silent.append((device, number))
        else:
            if name == 'strangers':
                for other in (number ^ 1, number + 2048, 0, 0xffffffff):
                    self.say(wire.completion(device, other, 0, struct.pack('<I', 4) + b'evil'))
                self.say(wire.completion(device + 1, number, 0, struct.pack('<I', 4) + b'evil'),
                         wire.completion(0xffffffff, number, 0, struct.pack('<I', 4) + b'evil'))
            sized(data)
            if name in ('twice', 'strangers'):
                self.say(wire.completion(device, number, 0, struct.pack('<I', 4) + b'evil'))


class Holder(threading.Thread):
    """The client's end of the clipboard: tells what it has, and answers questions as it was told to."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.data, self.serve, self.error = client, None, None, None
        while wire.read_clip(client.next(10, ['cliprdr'])[1])[0] != wire.READY:
            pass
        client.say('cliprdr', wire.clip_caps())
        self.start()

    def say(self, *messages):
        for message in messages:
            self.client.say('cliprdr', message)

    def has(self, formats, data=None, serve=None):
        self.data, self.serve = data, serve
        self.say(formats)

    def run(self):
        try:
            while True:
                kind, _, body = wire.read_clip(self.client.next(3600, ['cliprdr'])[1])
                if kind == wire.LIST:
                    self.say(wire.clip(wire.LIST_RESPONSE, b'', wire.OK))
                elif kind == wire.ASK:
                    self.say(wire.clip(wire.DATA, self.data or b'', wire.FAIL if self.data is None else wire.OK))
                elif kind == wire.FILE_ASK and self.serve:
                    stream, _, flags, low, _, n = struct.unpack('<IIIIII', body[:24])
                    for number, data, ok in self.serve(stream, flags, low, n):
                        self.say(wire.clip(wire.FILE_DATA, struct.pack('<I', number) + data, wire.OK if ok else wire.FAIL))
        except Closed:
            pass
        except Exception as why:    # the test looks at it in its own thread
            self.error = why


class HostileClient(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        need('xclip')
        if not os.access('/dev/fuse', os.R_OK | os.W_OK):
            raise unittest.SkipTest('no /dev/fuse here')
        path = self.world.path('inside.env')
        self.trial = Trial(self.world, '--session', session_command(path), '--allow', 'clipboard,drives')
        self.client = self.connect()
        inside = Inside(self.world, path)
        self.there = Side(self.world, inside.name, inside.authority)

        self.desk = next(pid for pid in self.trial.processes() if comm(pid) == 'sp-desk')
        self.base = self.memory()

    def connect(self):
        client = Client(self.trial.port, f'{self.trial.user}#desktop', self.trial.password, ['cliprdr', 'rdpdr', 'drdynvc'])
        self.addCleanup(client.close)
        return client

    def memory(self):
        """{process: the most it had} of all that a client's bytes go through."""
        found = {}
        for pid in self.trial.processes():
            if comm(pid) in ('sp-desk', 'sp-net'):
                try:
                    found[pid] = int(status(pid)['VmHWM'].split()[0])
                except (OSError, KeyError):
                    pass    # gone meanwhile
        return found

    def healthy(self):
        self.assertEqual('sp-desk', comm(self.desk))
        for pid, now in self.memory().items():
            self.assertTrue(SANITIZED or now < self.base.get(pid, 40 << 10) + MEMORY_KB, (comm(pid), now))
        self.assertNotRegex(self.trial.log(), 'AddressSanitizer|runtime error|killed by')

    def again(self):
        """The next session works: text comes over, and so does a file."""
        client = self.connect()
        rogue = Rogue(client, ('good',))
        folder = self.folder('good')
        wait_for('a file of the next session', lambda: self.read_all(os.path.join(folder, 'good')) == CONTENT, 10)
        Holder(client).has(wire.clip_list((13, '')), units('next') + b'\0\0')
        self.there.arrives(b'next', 'text of the next session')
        self.assertIsNone(rogue.error)
        client.close()

    # ---- drives ----
    def mount(self):
        def look():
            if 'drives of the client are not there' in self.trial.log():
                raise unittest.SkipTest('this machine may not mount')
            with open('/proc/self/mounts') as f:
                return next((line.split()[1] for line in f if ' fuse.sallyport ' in line and self.trial.dir in line and
                             '/clipboard' not in line.split()[1]), None)
        return wait_for('the mount of drives', look, 10)

    def folder(self, name):
        path = os.path.join(self.mount(), name)
        return wait_for(f'drive {name}', lambda: os.path.isdir(path) and path, 10)

    def read_all(self, path, seconds=5):
        """What a program reads of it, or the number of its error; in time."""
        done = subprocess.run(['python3', '-c', 'import sys\ntry:\n sys.stdout.buffer.write(open(sys.argv[1], "rb").read())\n'
                               'except OSError as why:\n sys.exit(why.errno)', path], capture_output=True, timeout=seconds)
        return done.stdout if done.returncode == 0 else done.returncode

    def test_drives(self):
        odd = ['good', '..', '../../evil', '/', '/etc', 'a/b', '.', '', 'good', 'GOOD', 'CON', 'x' * 200, '\ud800', '.ssh',
               'new\nline', '\x1b[2J', 'C:', '%s%n'] + ['more'] * 10
        rogue = Rogue(self.client, odd)
        folder = self.folder('good')
        root = self.mount()
        wait_for('all folders', lambda: len(os.listdir(root)) >= 20, 10)
        for name in os.listdir(root):
            self.assertFalse(name in ('.', '..') or '/' in name or name.startswith('.') or '\n' in name or '\x1b' in name, name)
            self.assertTrue(stat.S_ISDIR(os.lstat(os.path.join(root, name)).st_mode), name)
        self.assertEqual(sorted(os.listdir(os.path.dirname(root))), sorted(set(os.listdir(os.path.dirname(root)))))
        # What is listed are plain names, each of a regular file or directory.
        seen = os.listdir(folder)
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual([], [name for name in seen if UNSAFE.search(name)])
        self.assertIn('good', seen)
        long = [name for name in seen if name.startswith(LONG[:70])]
        self.assertEqual([name[-4:] for name in long], ['.txt'])
        self.assertEqual(self.read_all(os.path.join(folder, long[0])), CONTENT)
        for name in BAD:
            if UNSAFE.search(name) and '/' not in name and name not in ('.', '..'):
                with self.assertRaises(OSError, msg=name):
                    os.stat(os.path.join(folder, name))
        self.assertEqual([], [path for _, path in rogue.asked if re.search(r'/|(^|\\)\.\.?(\\|$)', path)])
        self.files(folder, rogue)
        self.noise(rogue)
        self.assertIsNone(rogue.error)
        self.healthy()
        self.leave(folder, rogue)
        self.healthy()
        self.again()

    def files(self, folder, rogue):
        for name in ('good', 'twice', 'strangers'):
            self.assertEqual(self.read_all(os.path.join(folder, name)), CONTENT, name)
        for name in ('long', 'claim', 'none', 'refused', 'cut'):
            got = self.read_all(os.path.join(folder, name))
            self.assertTrue(isinstance(got, int) or got == b'', (name, got if isinstance(got, int) else len(got)))
        self.assertEqual(self.read_all(os.path.join(folder, 'late')), errno.EIO)
        got = self.read_all(os.path.join(folder, 'short'), 15)
        self.assertTrue(isinstance(got, int) or CONTENT.startswith(got), 'short')
        done = subprocess.run(['head', '-c', '100', os.path.join(folder, 'sizeless')], capture_output=True, timeout=5)
        self.assertEqual(done.stdout, CONTENT[:100])
        for name in ODD:
            try:
                self.assertLessEqual(set(os.listdir(os.path.join(folder, name[1:]))), {'good', 'good 2'})
            except OSError:    # an error is as well, but where the list is one
                self.assertNotIn(name, ('\\empty', '\\far'))
        for name in ('\\empty', '\\far'):
            self.assertEqual({'good', 'good 2'}, set(os.listdir(os.path.join(folder, name[1:]))))
        done = subprocess.run(['ls', '-f', os.path.join(folder, 'endless')], capture_output=True, timeout=15)
        self.assertLessEqual(len(set(done.stdout.split(b'\n'))), 1005)

    def noise(self, rogue):
        """Answers to nobody, devices without end, and lists that are none; the drive works on."""
        for number in range(3000):
            rogue.say(wire.completion(number & 3, number * 977, 0, struct.pack('<IB', number, 1)))
        for _ in range(200):
            rogue.say(wire.devices('more', 'and more', first=60))
            rogue.say(wire.drive(0x444d, struct.pack('<IIII', 3, 60, 70, 0xffffffff)))
        for message in (wire.drive(0x4441, b'\xff' * 4), wire.drive(0x4441, struct.pack('<I', 40) + bytes(800)),
                        wire.drive(0x444d, b'\xff' * 4), wire.drive(0x4943, b''), wire.drive(0xffff, b''),
                        b'', b'rD', wire.devices('printer', kind=4, first=50),
                        wire.request(1, 0, 1, wire.CREATE, wire.create('\\evil'))):
            rogue.say(message)
        self.assertEqual(self.read_all(os.path.join(self.folder('good'), 'good')), CONTENT)

    def leave(self, folder, rogue):
        """It goes while it owes an answer: the reader has its error at once."""
        reader = subprocess.Popen(['cat', os.path.join(folder, 'silent')], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(reader.kill)
        wait_for('a read that is not answered', lambda: rogue.silent, 5)
        begin = time.monotonic()
        self.client.close()
        self.assertIn(b'Input/output error', reader.communicate(timeout=5)[1])
        self.assertLess(time.monotonic() - begin, 3)

    # ---- clipboard ----
    def pasted(self, *descriptors_, count=None, serve=None):
        """What the desktop's programs get for such a list: paths, or None."""
        self.holder.has(wire.clip(wire.LIST))
        wait_for('an empty clipboard', lambda: not self.there.targets(), 5)
        self.holder.has(wire.files_offer(), wire.file_list(*descriptors_, count=count), serve)
        wait_for('an offer of files', lambda: 'text/uri-list' in self.there.targets(), 5)
        got = self.there.paste('text/uri-list')
        return got and [unquote(line.removeprefix('file://')) for line in got.decode().split()]

    def test_clipboard(self):
        self.holder, runtime = Holder(self.client), None
        good = wire.descriptor('good', 4)
        for name in (*BAD, 'in\\..\\..\\evil', 'in/../../evil', '\\\\server\\evil', '\\\\?\\C:\\evil', '\uff0e\uff0e\\evil'):
            kind = wire.DIRECTORY if len(name) % 2 else wire.PLAIN
            paths = self.pasted(good, wire.descriptor(name, 4, kind))
            self.assertTrue(paths, name)
            for path in paths:
                runtime = runtime or os.path.dirname(os.path.dirname(path))
                self.assertEqual(os.path.dirname(os.path.dirname(path)), runtime, name)
                self.assertTrue(os.path.realpath(path).startswith(runtime + '/'), name)
            below = [os.path.join(here, n) for here, ds, fs in os.walk(os.path.dirname(paths[0])) for n in ds + fs]
            self.assertTrue(all(stat.S_IFMT(os.lstat(p).st_mode) in (stat.S_IFREG, stat.S_IFDIR) for p in below), name)
            if name not in ('a/evil', 'a\\evil', '\uff0e\uff0e\\evil'):    # a folder with such a name is one
                self.assertEqual([p for p in below if 'evil' in p], [], name)
        for data in ((good,) * 2, ()):
            for count in (0xffffffff, 0x6eb3e6, 3, 0):
                self.assertFalse(self.pasted(*data, count=count))
        many = [wire.descriptor(f'f{i}') for i in range(3000)]
        self.assertEqual(len(self.pasted(*many) or []), 3000)
        self.contents()
        self.storm()
        self.healthy()
        self.assertIsNone(self.holder.error)
        self.client.close()
        wait_for('a clipboard without a client', lambda: not self.there.targets(), 5)
        self.again()

    def contents(self):
        """Contents of files that are too long, of another, twice, none; each read ends in time."""
        plays = ((lambda s, f, at, n: [(s ^ 1, b'evil', True), (0xffffffff, b'evil', True), (s, b'good', True),
                                       (s, b'evil', True)], b'good'),
                 (lambda s, f, at, n: [(s, b'evil' * 40000, True)], None), (lambda s, f, at, n: [(s, b'', True)], None),
                 (lambda s, f, at, n: [(s, b'', False)], None))
        for play, want in plays:
            path = self.pasted(wire.descriptor('file', 4), serve=play)[0]
            self.assertEqual(self.read_all(path), want if want else errno.EIO)

    def storm(self):
        """Messages of every kind without end: what they ask is refused, and nothing grows."""
        def many(kind, bodies, flags=0):
            for body in bodies:
                self.holder.say(wire.clip(kind, body, flags))
        many(wire.LOCK, (struct.pack('<I', i) for i in range(10000)))
        many(wire.UNLOCK, (struct.pack('<I', i) for i in range(10000, 0, -7)))
        many(wire.ASK, (struct.pack('<I', i) for i in range(500)))
        many(wire.FILE_ASK, [struct.pack('<IIIIIII', 1, 0, 2, 0, 0, 0xffffffff, 0)] * 500)
        many(wire.DATA, [bytes(3000)] * 1000, wire.OK)
        many(wire.FILE_DATA, [bytes(3000)] * 1000, wire.OK)
        many(wire.CAPS, [b'\xff' * 20, b'', bytes(4)] * 50)
        for kind in range(256):
            self.holder.say(wire.clip(kind, b'\xff' * 30, kind, claim=0xfffffff0))
        many(wire.LIST, [b'\xff' * 1500, units('x') * 60000, b'\1\0\0\0\0\0' * 10000] * 20)
        self.holder.has(wire.clip_list((13, '')), units('still here') + b'\0\0')
        self.there.arrives(b'still here', 'text after the storm')
        self.assertLess(len(descriptors(self.desk)), 100)

    def test_memory(self):
        """What a large copy took is given back when its client leaves (and there is nothing else to reach us by)."""
        def now():
            return int(status(self.desk)['VmRSS'].split()[0])
        for pid in self.trial.processes():
            if comm(pid) in ('sp-net', 'sp-login', 'sp-broker', 'sp-desk'):
                for path in listening(pid):    # the sound of the desktop's own programs
                    self.assertEqual(0, os.stat(os.path.dirname(path)).st_mode & 0o077, (comm(pid), path))
        begin, text = now(), 'much text '.encode() * 1500000
        self.holder = Holder(self.client)
        self.holder.has(wire.clip_list((13, '')), units(text.decode()) + b'\0\0')
        self.there.arrives(text, 'much text')
        most = int(status(self.desk)['VmHWM'].split()[0])
        self.assertGreater(most, begin + (20 << 10))
        self.client.close()
        wait_for('a clipboard without a client', lambda: not self.there.targets(), 5)
        wait_for('memory of sp-desk', lambda: SANITIZED or now() < begin + (4 << 10), 5)

    def test_channel(self):
        """Chunks that lie about their message; the desktop is there for the next one."""
        def chunks(message, claim, flags=None, times=1, names=('rdpdr', 'cliprdr', 'drdynvc')):
            def play(client):
                for name in names:
                    for _ in range(times):
                        client.say(name, message, claim, flags)
                time.sleep(0.2)
            return play
        self.client.close()
        plays = [chunks(bytes(8), 0xffffffff, 1), chunks(bytes(1600), 0xfffffff0, 1, 2000),
                 chunks(bytes(100), 100, 0, 1000), chunks(bytes(100), 100, 1, 1000),
                 chunks(bytes(5000), 4000), chunks(b'', 0, None, 1000)]
        for message, times in ((b'\x10\1\0\0\0\0', 1), (b'\x28\1\xff\xff\xff\xff123', 50), (b'\x30\7lost', 500),
                               (b'\x40\1', 500), (b'\xff' * 40, 50)):
            plays.append(chunks(message, None, None, times, ['drdynvc']))
        for play in plays:
            client = self.connect()
            try:
                play(client)
            except Closed:
                pass
            client.close()
            self.assertEqual('sp-desk', comm(self.desk))
        self.healthy()
        self.again()


if __name__ == '__main__':
    main()
