#!/usr/bin/env python3
# tests/proc/test_hostile_server.py - our client and a server that is after its files: drives, clipboard, channels.
import concurrent.futures
import os
import socket
import struct
import time

import chanwire as wire
from procfs import SANITIZED, descriptors, status
from rdppeer import Host, units
from rdpraw import Closed
from target import make_certificate
from trial import SALLYPORT
from world import Case, main, need

MEMORY_KB = 48 << 10    # more than this a client that was lied to must never take
SECRET = 'nobody on the other side may read this'
OUTSIDE = ('..\\secret', '\\..\\secret', 'in\\..\\..\\secret', '../secret', 'in/../../secret', '..\\homeless\\evil',
           '\\in\\..\\..\\homeless\\evil', 'in\\../..\\secret', '..', '\\..', '\\in\\..', '.\\..\\secret', '...\\secret',
           'out\\secret', 'out', 'link', '\\out\\homeless\\evil', '\uff0e\uff0e\\secret', '\u2025\\secret')
ABSOLUTE = ('C:\\secret', 'C:secret', 'c:', '\\C:\\secret', '\\\\server\\share\\secret', '\\\\?\\C:\\secret',
            '\\\\.\\PIPE\\secret', '\\??\\C:\\secret', '\\\\?\\UNC\\server\\share', '/etc/passwd', '//etc/passwd')
NAMES = ('CON', 'con.txt', 'AUX', 'nul', 'in\\COM1', 'LPT9.log', 'PRN ', 'CONIN$', 'file:stream', 'file::$DATA', 'evil.',
         'evil ', 'in.\\evil', 'evil\x01', 'e\nvil', 'evil\x7f\x1b[2J', 'evil*', 'ev?il', 'evil|', '<evil>', '"evil"',
         '\ud800evil', 'evil\udc00', 'e' * 300, 'in\\' * 2000 + 'evil', 'pipe', 'door')


def tree(root):
    """All below a folder, what it is and what it holds."""
    found = {}
    for here, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(here, name)
            key = os.path.relpath(path, root)
            found[key] = os.readlink(path) if os.path.islink(path) else None
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, 'rb') as f:
                    found[key] = f.read()
    return found


class Drive:
    """A server's end of device redirection, begun and with the client's drives."""

    def __init__(self, server):
        self.server, self.number = server, 0
        server.say('rdpdr', wire.announce())
        for _ in range(2):
            server.next(names=['rdpdr'])
        for message in (wire.drive_caps(), wire.drive(0x4343, struct.pack('<HHI', 1, 13, 1)), wire.drive(0x554c, b'')):
            server.say('rdpdr', message)
        packet = None
        while packet != 0x4441:
            packet, body = wire.read_drive(server.next(names=['rdpdr'])[1])
        self.count = struct.unpack('<I', body[:4])[0]
        for i in range(self.count):
            server.say('rdpdr', wire.drive(0x6472, struct.pack('<II', i + 1, 0)))

    def tell(self, device, file, major, body=b'', minor=0):
        self.number += 1
        self.server.say('rdpdr', wire.request(device, file, self.number, major, body, minor))
        return self.number

    def answer(self, number, seconds=5.0):
        """(status, the rest) of one request; others before it are dropped."""
        while True:
            packet, body = wire.read_drive(self.server.next(seconds, ['rdpdr'])[1])
            if packet != 0x4943:
                continue
            _, got, code = struct.unpack('<III', body[:12])
            if got == number:
                return code, body[12:]

    def ask(self, device, file, major, body=b'', minor=0):
        return self.answer(self.tell(device, file, major, body, minor))

    def open(self, path, device=1, **how):
        code, body = self.ask(device, 0, wire.CREATE, wire.create(path, **how))
        return code, struct.unpack('<I', body[:4])[0] if code == 0 else 0


class HostileServer(Case):
    maxDiff = None

    def setUp(self):
        super().setUp()
        if not os.access(SALLYPORT, os.X_OK):
            self.skipTest('build/sallyport is not there')
        self.certificate = make_certificate(self.world, 'host')
        self.shared, self.plans = self.world.path('box', 'home'), []
        os.makedirs(os.path.join(self.shared, 'in'))
        os.makedirs(self.world.path('box', 'homeless'))
        for name, text in (('secret', SECRET), ('home/file', 'content'), ('home/in/file', 'more')):
            with open(self.world.path('box', name), 'w') as f:
                f.write(text)
        os.symlink('..', os.path.join(self.shared, 'out'))
        os.symlink('../secret', os.path.join(self.shared, 'link'))
        os.mkfifo(os.path.join(self.shared, 'pipe'))
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(os.path.join(self.shared, 'door'))
        self.before = tree(self.world.path('box'))

    def client(self, play, *steps, options=(), seconds=15, cwd=None):
        """Runs our client against a server that does what play() does; its last words."""
        got = []

        def run(server):
            got.append(play(server))
        host = Host(self.world, self.certificate, run)
        name = f'steps-{host.port}'
        with open(self.world.path(name), 'w') as f:
            f.write('\n'.join(steps) + '\n')
        begin = time.monotonic()
        proc = self.world.start('script', [SALLYPORT, 'script', f'127.0.0.1:{host.port}', self.world.path(name),
                                           '--user', 'anna', '--sec', 'tls', '--password-stdin', *options],
                                stdin=b'password\n', cwd=cwd)
        self.world.cleanup(host.socket.close)
        peak = 0
        while proc.alive() and time.monotonic() - begin < seconds:
            try:
                peak = max(peak, int(status(proc.pid)['VmHWM'].split()[0]))
            except (OSError, KeyError):
                pass    # gone meanwhile
            time.sleep(0.02)
        if host.errors:
            raise host.errors[0]
        code = proc.wait(0.1)
        self.assertIn(code, (0, 1), proc.log())
        self.assertTrue(SANITIZED or peak < MEMORY_KB, peak)
        return code, proc.log(), got[0] if got else None

    def same(self):
        self.assertEqual(self.before, tree(self.world.path('box')))

    def drives(self):
        return ('--drive', f'home={self.shared}', '--drive', f'kept={self.shared}:ro')

    # ---- drives ----
    def test_paths(self):
        def play(server):
            drive = Drive(server)
            told, opened = [], drive.open('\\file', access=wire.READING | wire.WRITING | wire.REMOVING)
            if opened[0] != 0:
                raise AssertionError(f'a plain file cannot be opened: {opened[0]:08x}')
            for path in (*OUTSIDE, *ABSOLUTE, *NAMES):
                for form in {path, '\\' + path}:
                    for disposition in (wire.OPEN, wire.OPEN_IF, wire.NEW, wire.SUPERSEDE, wire.OVERWRITE_IF):
                        for options in (0, wire.DIRECTORY_FILE, wire.REMOVED_AT_CLOSE):
                            body = wire.create(form, wire.READING | wire.WRITING | wire.REMOVING, disposition, options)
                            told.append((drive.tell(1, 0, wire.CREATE, body), 'create', form, disposition))
                    if path not in ('out', 'link', 'pipe', 'door'):    # in the directory itself: replaced as on Windows
                        told.append((drive.tell(1, opened[1], wire.SET, wire.rename(form)), 'rename', form, 0))
                    told.append((drive.tell(1, opened[1], wire.LISTING, wire.listing(form + '\\*'), 1), 'list', form, 0))
            got = dict((number, drive.answer(number)) for number, *_ in told)
            bad = [f'{what} {path!r} {how}: {got[number][0]:08x}' for number, what, path, how in told
                   if got[number][0] == 0]
            folder = drive.open('\\', options=wire.DIRECTORY_FILE)[1]
            seen = []
            code, body = drive.ask(1, folder, wire.LISTING, wire.listing('\\*'), 1)
            while code == 0:
                n = struct.unpack('<I', body[64:68])[0]
                seen.append(body[4 + 93:4 + 93 + n].decode('utf-16-le').rstrip('\0'))
                code, body = drive.ask(1, folder, wire.LISTING, wire.listing('', initial=0), 1)
            return bad, sorted(seen), got[told[0][0]]
        _, _, (bad, seen, _) = self.client(play, 'wait 14', options=self.drives())
        self.assertEqual(bad, [])
        self.assertEqual([name for name in seen if name not in ('.', '..')], ['file', 'in'])
        self.same()

    def test_requests(self):
        """Handles, lengths, counts and functions that are none, on a drive and on one for reading."""
        def play(server):
            drive, bad = Drive(server), []
            pid = self.world.procs[-1].pid

            def refused(what, number):
                code, body = drive.answer(number)
                if code == 0:
                    bad.append(what)
                return code
            far = (1 << 63) - 1
            opened = drive.open('\\in\\file', access=wire.READING)[1]
            for device, file in ((1, 0), (1, opened ^ 1), (1, opened + 256), (1, 0xffffffff), (2, opened), (1, opened & 255)):
                for major, body in ((wire.CLOSE, bytes(32)), (wire.READ, wire.read(10, 0)), (wire.WRITE, wire.write(b'x', 0)),
                                    (wire.QUERY, wire.setting(5, b'')), (wire.SET, wire.setting(wire.DISPOSITION, b'\1'))):
                    refused(f'{major} on {device}/{file:x}', drive.tell(device, file, major, body))
            for device in (0, 3, 0x80000000, 0xffffffff):
                server.say('rdpdr', wire.request(device, opened, 0xdead, wire.READ, wire.read(10, 0)))
            code, body = drive.ask(1, opened, wire.READ, wire.read(0xffffffff, 0))
            if code != 0 or body[4:] != b'more':
                bad.append(f'read of 4 GB: {code:08x} {body[:20]}')
            for what, major, body, minor in (
                    ('write without right', wire.WRITE, wire.write(b'evil', 0), 0),
                    ('write at the end of all', wire.WRITE, wire.write(b'evil', far), 0),
                    ('write beyond', wire.WRITE, wire.write(b'evil', far * 2 + 1), 0),
                    ('write claims 4 GB', wire.WRITE, wire.write(b'evil', 0, claim=0xffffffff), 0),
                    ('set the end to 2^63', wire.SET, wire.setting(wire.END_OF_FILE, struct.pack('<Q', far + 1)), 0),
                    ('set an unknown class', wire.SET, wire.setting(11, bytes(600)), 0),
                    ('a length of 4 GB', wire.SET, wire.setting(wire.RENAME, bytes(8), claim=0xffffffff), 0),
                    ('list a file', wire.LISTING, wire.listing('\\*'), 1), ('list at 3', wire.LISTING, b'', 3),
                    ('locks', wire.LOCKS, struct.pack('<III', 3, 1, 0xffffffff) + bytes(20), 0),
                    ('control', wire.CONTROL, struct.pack('<III', 0xffffffff, 0xffffffff, 0x9c040) + bytes(20), 0),
                    ('a function', 0x7f, bytes(40), 0), ('no body', wire.CREATE, b'', 0), ('cut', wire.READ, b'\1', 0),
                    ('a path of 4 GB', wire.CREATE, wire.create('\\file', claim=0xffffffff), 0)):
                refused(what, drive.tell(1, opened, major, body, minor))
            # What a drive for reading must not do.
            code, kept = drive.open('\\file', device=2)
            for how in ({'access': wire.WRITING}, {'access': wire.REMOVING}, {'disposition': wire.OVERWRITE},
                        {'disposition': wire.SUPERSEDE}, {'options': wire.REMOVED_AT_CLOSE}):
                refused(f'{how} read-only', drive.tell(2, 0, wire.CREATE, wire.create('\\file', **how)))
            refused('new, read-only', drive.tell(2, 0, wire.CREATE, wire.create('\\evil', disposition=wire.OPEN_IF)))
            for body in (wire.rename('\\evil'), wire.setting(wire.DISPOSITION, b'\1'), wire.setting(wire.END_OF_FILE, bytes(8)),
                         wire.setting(wire.ALLOCATION, bytes(8)), wire.setting(4, bytes(36)[:16] + b'\xff' * 8 + bytes(12))):
                refused('set, read-only', drive.tell(2, kept, wire.SET, body))
            # Opens without end, and what is asked about one that is closed twice.
            many = [drive.tell(1, 0, wire.CREATE, wire.create('\\file')) for _ in range(2000)]
            files = [struct.unpack('<I', body[:4])[0] for code, body in map(drive.answer, many) if code == 0]
            most = len(descriptors(pid))
            for file in files:
                drive.tell(1, file, wire.CLOSE, bytes(32))
            twice = [drive.tell(1, file, wire.CLOSE, bytes(32)) for file in files]
            for number in twice:
                refused('closed twice', number)
            late = [drive.tell(1, 0, wire.CREATE, wire.create('\\in', options=wire.PLAIN_FILE)) for _ in range(2000)]
            for number in late:
                refused('a directory as a file', number)
            return bad, len(files), most, len(descriptors(pid)), drive.open('\\file')[0]
        _, _, (bad, opened, most, after, last) = self.client(play, 'wait 14', options=self.drives())
        self.assertEqual(bad, [])
        self.assertEqual(last, 0)
        self.assertTrue(200 < opened <= 256, opened)
        self.assertLess(most, 300)
        self.assertLess(after, 40)
        self.same()

    def test_channel(self):
        """Messages that lie about themselves, and a server that leaves amid them."""
        def cut(server):
            drive = Drive(server)
            for _ in range(50):
                drive.tell(1, 0, wire.CREATE, wire.create('\\file'))
            server.say('rdpdr', wire.request(1, 0, 1, wire.CREATE, wire.create('\\evil', wire.WRITING, wire.NEW))[:40],
                       claim=90, flags=1)

        def lie(message, claim, flags=None, times=1):
            def play(server):
                Drive(server)
                for _ in range(times):
                    server.say('rdpdr', message, claim, flags)
                time.sleep(0.5)
            return play
        plays = [cut, lie(b'rDRI123', 0xffffffff, 1), lie(bytes(1600), 0xfffffff0, 1, 3000), lie(b'rDRI', 3),
                 lie(b'rDRI', 90), lie(bytes(5000), 4000), lie(bytes(100), 100, 0, 3000), lie(bytes(100), 100, 1, 3000),
                 lie(b'', 0), lie(b'rD', 2), lie(wire.drive(0x4441, b'\xff' * 4), None), lie(wire.announce(), None, None, 3000),
                 lie(wire.drive(0x444d, b'\xff' * 4), None), lie(wire.drive(0x5350, b'\xff' * 40), None)]

        def dynamic(*messages, times=1):
            def play(server):
                server.say('drdynvc', b'\x50\0\1\0')
                server.say('drdynvc', b'\x10\1ECHO\0')
                for message in messages * times:
                    server.say('drdynvc', message)
                time.sleep(0.5)
            return play
        plays += [dynamic(b'\x28\1\xff\xff\xff\xff1234567'), dynamic(b'\x28\1\0\0\1\0' + bytes(1500), times=2000),
                  dynamic(b'\x28\1\0\0\0\1', b'\x30\1' + bytes(1500), times=3000), dynamic(b'\x30\7lost', times=500),
                  dynamic(b'\x24\1\4\0123456'), dynamic(b'\x10\1ECHO\0', times=500), dynamic(b'\x40\1', times=500),
                  dynamic(*(b'\x11' + struct.pack('<H', 2 + i) + b'ECHO\0' for i in range(600))), dynamic(b'\x30', b'\x10\3'),
                  dynamic(b'\x10\3' + b'x' * 1500), dynamic(b'\xff' * 40), dynamic(b'\x68\1\xff\xff\xff\xffabc', b'\x70\1abc')]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for code, said, _ in pool.map(lambda play: self.client(self.leaves(play), 'wait 1.5',
                                                                   options=self.drives()), plays):
                self.assertNotRegex(said, 'AddressSanitizer|runtime error')
                self.assertTrue(code == 0 or said.startswith('sallyport: '), said)
        self.same()

    @staticmethod
    def leaves(play):
        """A client may end the connection of such a server."""
        def run(server):
            try:
                play(server)
            except Closed:
                pass
        return run

    def test_planted(self):
        """A client that runs in a folder full of libraries of somebody else's (N-F6)."""
        need('gcc', 'ldd')
        folder, mark, text = self.world.path('planted'), self.world.path('mark'), self.world.path('planted.c')
        os.makedirs(folder)
        with open(text, 'w') as f:
            f.write('#include <fcntl.h>\n__attribute__((constructor)) static void run(void)\n'
                    '{ open("%s", O_CREAT | O_WRONLY, 0600); }\n' % mark)
        self.world.run(['gcc', '-shared', '-fPIC', '-o', self.world.path('planted.so'), text])
        names = {line.split()[0].split('/')[-1] for line in self.world.run(['ldd', SALLYPORT]).stdout.splitlines()}
        names |= {f'libnss_{n}.so.2' for n in ('files', 'dns', 'compat', 'systemd', 'myhostname')} | {
            'libpulse.so.0', 'libopus.so.0', 'libgcc_s.so.1', 'gconv-modules', 'UTF-16.so', 'engines-3', 'legacy.so'}
        for name in names:
            os.symlink(self.world.path('planted.so'), os.path.join(folder, name))

        def play(server):
            Drive(server)
            self.clipboard(server)
            self.wait(server, wire.LIST)
        self.client(self.until_closed(play), 'clip-set text x', options=self.drives(), cwd=folder)
        self.assertFalse(os.path.exists(mark))
        # It would have told.
        self.world.run(['python3', '-c', 'import ctypes, sys; ctypes.CDLL(sys.argv[1])', self.world.path('planted.so')])
        self.assertTrue(os.path.exists(mark))

    # ---- clipboard ----
    @staticmethod
    def clipboard(server):
        server.say('cliprdr', wire.clip_caps())
        server.say('cliprdr', wire.clip(wire.READY))

    @staticmethod
    def wait(server, kind, seconds=5.0):
        while True:
            got, flags, body = wire.read_clip(server.next(seconds, ['cliprdr'])[1])
            if got == kind:
                return flags, body

    def offers(self, *answers):
        """A server with files on its clipboard: the answers to the question for their list."""
        def play(server):
            self.clipboard(server)
            server.say('cliprdr', wire.files_offer())
            self.wait(server, wire.ASK)
            for answer in answers:
                server.say('cliprdr', answer)
            self.wait(server, 0, 3)
        return self.until_closed(play)

    @staticmethod
    def until_closed(play):
        def run(server):
            try:
                play(server)
            except Closed:
                pass
            except AssertionError as why:
                if 'nothing on' not in str(why):
                    raise
        return run

    def fetch(self, play, seconds=15):
        """(exit, what it said, what is there) of a clip-get."""
        self.number = getattr(self, 'number', 0) + 1
        out = self.world.path('got', str(self.number))
        os.makedirs(self.world.path('got'), exist_ok=True)
        code, said, _ = self.client(play, f'clip-get files {out} 3', seconds=seconds)
        return code, said, tree(out) if os.path.isdir(out) else None

    def test_file_lists(self):
        names = [name for name in (*OUTSIDE, *ABSOLUTE, *NAMES)
                 if len(name) < 200 and name not in ('out', 'link', 'pipe', 'door', 'out\\secret', '\uff0e\uff0e\\secret',
                                                     '\u2025\\secret', '\\out\\homeless\\evil')]
        good = wire.descriptor('good', 4)

        def answered(data):
            return self.offers(wire.clip(wire.DATA, data, wire.OK))
        lists = [answered(wire.file_list(good, wire.descriptor(name, 4))) for name in names[::2]]
        lists += [answered(wire.file_list(wire.descriptor(name, 0, wire.DIRECTORY), good)) for name in names[1::2]]
        lists += [answered(wire.file_list(good, count=n)) for n in (2, 0, 0xffffffff, 0x6eb3e6, 0x10000)]
        lists += [answered(wire.file_list(good)[:-1]), answered(b''), answered(bytes(3)),
                  answered(wire.file_list(*[wire.descriptor(f'f{i}') for i in range(12)], count=1 << 31)),
                  answered(wire.file_list(wire.descriptor('a', 1), wire.descriptor('a\\b', 1))),
                  answered(wire.file_list(wire.descriptor('\0', 4))),
                  self.offers(wire.clip(wire.DATA, b'', wire.FAIL)),
                  self.offers(wire.clip(wire.DATA, bytes(64), wire.OK, claim=0xffffffff),
                              wire.clip(wire.DATA, b'', wire.FAIL))]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for i, (code, said, there) in enumerate(pool.map(self.fetch, lists)):
                self.assertEqual(code, 1, (i, said, there))
                self.assertIn('sallyport: script: ', said)
                self.assertIn(there, (None, {}, {'a': b''}), i)
        self.same()
        self.assertFalse([name for name in os.listdir(self.world.path()) if 'secret' in name or 'evil' in name])

    def test_file_contents(self):
        def server_of(size, serve, listed=None):
            def play(server):
                self.clipboard(server)
                server.say('cliprdr', wire.files_offer())
                self.wait(server, wire.ASK)
                file = wire.descriptor('file', size, flags=0x4044 if listed is None else listed)
                server.say('cliprdr', wire.clip(wire.DATA, wire.file_list(file), wire.OK))
                while True:
                    _, body = self.wait(server, wire.FILE_ASK, 3)
                    stream, _, flags, low, high, n = struct.unpack('<IIIIII', body[:24])
                    for number, data, ok in serve(stream, flags, low | high << 32, n):
                        server.say('cliprdr', wire.clip(wire.FILE_DATA, struct.pack('<I', number) + data,
                                                        wire.OK if ok else wire.FAIL))
            return self.until_closed(play)
        content = os.urandom(100000)

        def right(stream, flags, at, n):
            """The right answer among wrong ones: of others, early, late, twice, and of nobody."""
            data = struct.pack('<Q', len(content)) if flags == 1 else content[at:at + n]
            return [(stream + 1, b'evil' * 100, True), (stream - 1, b'evil', True), (0, b'', False),
                    (0xffffffff, bytes(70000), True), (stream, data, True), (stream, b'evil' * 10, True), (stream, b'', False)]

        def once(data, ok=True):
            return lambda stream, flags, at, n: [(stream, data, ok)]
        size = struct.pack('<Q', 4)
        plays = [server_of(100000, right), server_of(0, right, 4), server_of(4, once(b'evil' * 50000)),
                 server_of(4, once(b'')), server_of(4, once(b'evil', False)), server_of(0, once(size[:7]), 4),
                 server_of(0, once(size + b'evil'), 4), server_of(1 << 62, once(bytes(70000))),
                 server_of((1 << 64) - 1, once(b'evil')), server_of(0, once(b'\xff' * 8), 4)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            results = list(pool.map(self.fetch, plays))
        for code, said, there in results[:2]:
            self.assertEqual((code, there), (0, {'file': content}), said)
        for i, (code, said, there) in enumerate(results[2:]):
            self.assertEqual(code, 1, (i, said, there))
            self.assertIn('sallyport: script: ', said)
            self.assertLess(sum(len(data or b'') for data in (there or {}).values()), 70001)
        self.same()

    def test_clipboard_storm(self):
        """A server that asks for what it was not offered, and for what it was, without end."""
        def play(server):
            self.clipboard(server)
            self.wait(server, wire.LIST)
            server.say('cliprdr', wire.clip(wire.LIST_RESPONSE, b'', wire.OK))

            def many(kind, bodies, flags=0):
                for body in bodies:
                    server.say('cliprdr', wire.clip(kind, body, flags))
            many(wire.ASK, (struct.pack('<I', i) for i in (0, 1, 8, 15, 17, 0xC004, 0xD010, 0xffffffff)))
            refused = [self.wait(server, wire.DATA)[0] for _ in range(7)]
            ask = struct.pack('<IIIIIII', 1, 0, 2, 0, 0, 0xffffffff, 0)
            many(wire.FILE_ASK, [ask] * 200)
            refused += [self.wait(server, wire.FILE_DATA)[0] for _ in range(200)]
            many(wire.LOCK, (struct.pack('<I', i) for i in range(20000)))
            many(wire.UNLOCK, (struct.pack('<I', i) for i in range(20000, 0, -7)))
            many(wire.DATA, [bytes(3000)] * 1000, wire.OK)
            many(wire.FILE_DATA, [bytes(3000)] * 1000, wire.OK)
            many(wire.LIST_RESPONSE, [b''] * 1000, wire.OK)
            many(wire.READY, [b''] * 50)
            many(wire.CAPS, [b'\xff' * 20, b'', bytes(4)] * 50)
            for kind in range(256):
                server.say('cliprdr', wire.clip(kind, b'\xff' * 30, kind, claim=0xfffffff0))
            # It started again many times, but the text is still there.
            many(wire.LIST_RESPONSE, [b''], wire.OK)
            server.messages.clear()
            many(wire.ASK, [struct.pack('<I', 13)] * 500)
            good, text = self.wait(server, wire.DATA)
            # With a list of the server's own it is gone, whatever that list is like.
            many(wire.LIST, [b'\xff' * 1500, units('x') * 600000, b'\1\0\0\0\0\0' * 100000, b''])
            for _ in range(4):
                self.wait(server, wire.LIST_RESPONSE)
            server.messages.clear()
            many(wire.ASK, [struct.pack('<I', 13)])
            return set(refused), good, text, self.wait(server, wire.DATA)
        _, _, (refused, good, text, gone) = self.client(play, 'clip-set text für dich', 'wait 12')
        self.assertEqual(refused, {wire.FAIL})
        self.assertEqual(gone, (wire.FAIL, b''))
        self.assertEqual(good, wire.OK)
        self.assertEqual(text, units('für dich') + b'\0\0')

    def test_nothing_offered(self):
        """A clipboard on which nothing was put, or that lets nothing out, is never told (N-F5)."""
        def play(server):
            self.clipboard(server)
            server.say('cliprdr', wire.clip_list((13, '')))
            asked = 0
            for number in (1, 8, 13, 0xC004):
                server.say('cliprdr', wire.clip(wire.ASK, struct.pack('<I', number)))
                asked |= self.wait(server, wire.DATA)[0]
            return asked
        _, _, asked = self.client(play, f'clip-get html {self.world.path("none")} 1')
        self.assertEqual(asked, wire.FAIL)


if __name__ == '__main__':
    main()
