# tests/harness/rdppeer.py - both ends of an RDP connection up to its channels, in Python, and what is said on them.
import select
import socket
import ssl
import struct
import threading
import time

import nla
from rdpraw import HYBRID, TLS, Closed, Door, tpkt
from target import confirm

IO, USER, SHARE = 1003, 1007, 0x103ea
FIRST, LAST, SHOW = 1, 2, 0x10    # [MS-RDPBCGR] 2.2.6.1.1
CHUNK = 1600


def units(text):
    return text.encode('utf-16-le', 'surrogatepass')


def ber_length(n):
    return bytes((n,)) if n < 128 else struct.pack('>BH', 0x82, n)


def ber(tag, body):
    return tag + ber_length(len(body)) + body


def per_length(n):
    return struct.pack('>H', 0x8000 | n)


def blocks(data):
    """The user data blocks of a GCC request or response: {type: body}."""
    at = next(data.index(key) + 4 for key in (b'Duca', b'McDn') if key in data)
    at += 2 if data[at] & 0x80 else 1
    found = {}
    while at + 4 <= len(data):
        kind, size = struct.unpack('<HH', data[at:at + 4])
        if size < 4:
            break
        found[kind] = data[at + 4:at + size]
        at += size
    return found


def caps():
    """Capability sets of a plain peer: general, bitmap, order, pointer, input, virtual channel."""
    sets = [(1, struct.pack('<HHHHHHHHHBB', 1, 3, 0x200, 0, 0, 0x040c, 0, 0, 0, 1, 1)),
            (2, struct.pack('<HHHHHHHHHBBHH', 32, 1, 1, 1, 800, 600, 0, 1, 1, 0, 0, 1, 0)),
            (3, bytes(16) + struct.pack('<IHHHHHH', 0, 1, 20, 0, 1, 0, 0x0002) + bytes(32) +
             struct.pack('<HHIIHHHH', 0, 0, 0, 230400, 0, 0, 0, 0)),
            (8, struct.pack('<HHH', 1, 25, 25)),
            (13, struct.pack('<HHIIII', 0x0035, 0, 0x409, 4, 0, 12) + bytes(64)),
            (20, struct.pack('<II', 0, CHUNK))]
    return len(sets), b''.join(struct.pack('<HH', kind, 4 + len(body)) + body for kind, body in sets)


class Wire(Door):
    """A connection that one thread reads while others write: TLS itself is used by one at a time."""

    def __init__(self, port=0, accepted=None, seconds=15.0, **where):
        if accepted is None:
            super().__init__(port, seconds=seconds, **where)
        else:
            self.seconds, self.socket, self.tls = seconds, accepted, None
            accepted.settimeout(seconds)
        self.busy, self.sending, self.got = threading.Lock(), threading.Lock(), b''

    def serve_tls(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.tls = self.socket = context.wrap_socket(self.socket, server_side=True)
        self.tls.setblocking(False)

    def start_tls(self, *args, **options):
        super().start_tls(*args, **options)
        self.tls.setblocking(False)

    def _do(self, fn, *args):
        """As fn does on a socket that blocks."""
        end = time.monotonic() + self.seconds
        while True:
            try:
                with self.busy:
                    return fn(*args)
            except ssl.SSLWantReadError:
                select.select([self.socket], [], [], 0.5)
            except ssl.SSLWantWriteError:
                select.select([], [self.socket], [], 0.5)
            except (OSError, ValueError) as why:
                raise Closed(str(why)) from None
            if time.monotonic() > end:
                raise Closed(f'{fn.__name__}: not within {self.seconds:g} s')

    def send(self, data):
        if not self.tls:
            return super().send(data)
        with self.sending:
            data = memoryview(data)
            while data:
                data = data[self._do(self.tls.send, data):]

    def receive(self, n):
        if not self.tls:
            return super().receive(n)
        while len(self.got) < n:
            more = self._do(self.tls.recv, 65536)
            if not more:
                raise Closed(f'after {len(self.got)} of {n} bytes')
            self.got += more
        data, self.got = self.got[:n], self.got[n:]
        return data

    def close(self):
        try:    # the thread that reads would keep it open
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        super().close()


class Peer:
    """What both ends share: MCS data, share PDUs, and virtual channels, whole and in pieces."""

    def __init__(self, door, sender, receiver):
        self.door, self.names, self.open, self.messages = door, {}, {}, []
        self.user, self.tags, self.ended, self.pictures = USER, (sender, receiver), None, 0

    # ---- MCS ----
    def mcs(self, channel, data):
        self.send(tpkt(b'\x02\xf0\x80' + struct.pack('>BHHB', self.tags[0], self.user - 1001, channel, 0x70) +
                       per_length(len(data)) + data))

    def send(self, data):
        self.door.send(data)

    def receive(self):
        """The next PDU on a channel: (channel, data); fast path is left out."""
        while True:
            head = self.door.receive(2)
            if head[0] != 3:
                size = head[1] if head[1] < 128 else (head[1] & 0x7f) << 8 | self.door.receive(1)[0]
                self.door.receive(size - (2 if head[1] < 128 else 3))
                continue
            body = self.door.receive(struct.unpack('>H', self.door.receive(2))[0] - 4)
            if body[1] != 0xf0:
                raise AssertionError(f'no X.224 data: {body[:16].hex()}')
            body = body[3:]
            if body[0] & 0xfc == 0x20:
                raise Closed('Disconnect Provider Ultimatum')
            if body[0] & 0xfc != self.tags[1]:
                return None, body
            channel = struct.unpack('>H', body[3:5])[0]
            return channel, body[8 if body[6] & 0x80 else 7:]

    def expect(self, channel, what):
        got, data = self.receive()
        if got != channel:
            raise AssertionError(f'{what} expected, on {got} came {data[:24].hex()}')
        return data

    # ---- share ----
    def control(self, kind, body):
        self.mcs(IO, struct.pack('<HHH', 6 + len(body), 0x10 | kind, self.user) + body)

    def data(self, kind, body):
        self.control(7, struct.pack('<IBBHBBH', SHARE, 0, 1, len(body) + 18, kind, 0, 0) + body)

    def finalize(self, last, granted):
        self.data(31, struct.pack('<HH', 1, self.user))
        self.data(20, struct.pack('<HHI', 4, 0, 0))
        self.data(20, struct.pack('<HHI', *((2, self.user, IO) if granted else (1, 0, 0))))
        self.data(last, struct.pack('<HHHH', 0, 0, 3, 50 if not granted else 4))

    def picture(self, colour, x=0, y=0):
        """An update of 4 x 4 pixels. The other side counts these, and nothing else that is drawn."""
        self.data(2, struct.pack('<HHHHHHHHHHH', 1, 1, x, y, x + 3, y + 3, 4, 4, 32, 0, 64) + colour * 16)

    # ---- channels ----
    def say(self, name, message, claim=None, flags=None):
        """A message on a static channel in chunks. claim: another length than its own; flags: of each chunk."""
        total = len(message) if claim is None else claim
        for at in range(0, max(len(message), 1), CHUNK):
            piece = message[at:at + CHUNK]
            f = (FIRST if at == 0 else 0) | (LAST if at + CHUNK >= len(message) else 0) | SHOW
            self.mcs(self.names[name], struct.pack('<II', total, f if flags is None else flags) + piece)

    def hear(self, channel, data):
        """A chunk; the whole message (name, bytes) once its last one is there."""
        self.pictures += channel == IO and len(data) == 104 and data[14] == 2
        name = next((n for n, i in self.names.items() if i == channel), None)
        if name is None:
            return None
        flags = struct.unpack('<I', data[4:8])[0]
        if flags & FIRST:
            self.open[name] = b''
        self.open[name] = self.open.get(name, b'') + data[8:]
        return (name, self.open.pop(name)) if flags & LAST else None

    def next(self, seconds=5.0, names=None):
        """The next whole message of one of the channels: (name, bytes)."""
        end = time.monotonic() + seconds
        while True:
            for i, message in enumerate(self.messages):
                if names is None or message[0] in names:
                    return self.messages.pop(i)
            if self.ended:
                raise Closed(self.ended)
            if time.monotonic() > end:
                raise AssertionError(f'nothing on {names} within {seconds:g} s')
            time.sleep(0.002)

    def listen(self):
        """From now on a thread takes what comes, so that the other side is never kept waiting."""
        def run():
            try:
                while True:
                    channel, data = self.receive()
                    message = channel is not None and self.hear(channel, data)
                    if message:
                        self.messages.append(message)
            except (Closed, OSError, ValueError, AssertionError) as why:
                self.ended = str(why) or type(why).__name__
        threading.Thread(target=run, daemon=True).start()

    def close(self):
        self.door.close()


class Server(Peer):
    """The server's end with TLS and without a login, as far as the Font Map."""

    def __init__(self, s, certificate, seconds=60.0):
        super().__init__(Wire(accepted=s, seconds=seconds), 0x68, 0x64)
        door = self.door
        self.asked = struct.unpack('<I', door.receive_tpkt()[-4:])[0]
        door.send(confirm(TLS))
        door.serve_tls(certificate)
        got = blocks(door.receive_tpkt())[0xc003]
        names = [got[4 + 12 * i:12 + 12 * i].rstrip(b'\0').decode() for i in range(struct.unpack('<I', got[:4])[0])]
        self.names = {name: IO + 1 + i for i, name in enumerate(names)}
        self._respond()
        self._join()
        while self.expect(IO, 'Client Info')[0] & 0x40 == 0:
            pass
        self.mcs(IO, struct.pack('<HHBBHIIHH', 0x80, 0, 0xff, 3, 16, 7, 2, 4, 0))
        n, sets = caps()
        self.control(1, struct.pack('<IHH4sHH', SHARE, 4, len(sets) + 4, b'RDP\0', n, 0) + sets + bytes(4))
        while True:    # Confirm Active and all that comes up to the Font List
            data = self.expect(IO, 'Font List')
            if data[2] & 15 == 7 and data[14] == 39:
                break
        self.finalize(40, True)
        self.listen()

    def _respond(self):
        ids = struct.pack(f'<HH{len(self.names)}H', IO, len(self.names), *self.names.values())
        ids += bytes(len(ids) % 4)
        data = struct.pack('<HHIII', 0xc01, 16, 0x80004, self.asked, 0) + struct.pack('<HHII', 0xc02, 12, 0, 0) + \
            struct.pack('<HH', 0xc03, 4 + len(ids)) + ids
        data = b'\x14\x76\x0a\x01\x01\x00\x01\xc0\x00McDn' + per_length(len(data)) + data
        data = bytes.fromhex('000500147c0001') + per_length(len(data)) + data
        domain = bytes.fromhex('301a 020122 020103 020100 020101 020100 020101 020300fff8 020102')
        self.send(tpkt(b'\x02\xf0\x80' + ber(b'\x7f\x66', b'\x0a\x01\x00\x02\x01\x00' + domain + ber(b'\x04', data))))

    def _join(self):
        left = {IO, USER, *self.names.values()}
        while left:
            body = self.door.receive_tpkt()[3:]
            if body[0] == 0x28:
                self.send(tpkt(b'\x02\xf0\x80\x2e\x00' + struct.pack('>H', USER - 1001)))
            elif body[0] == 0x38:
                channel = struct.unpack('>H', body[3:5])[0]
                left.discard(channel)
                self.send(tpkt(b'\x02\xf0\x80\x3e\x00' + struct.pack('>HHH', USER - 1001, channel, channel)))


class Host:
    """A port where each connection gets a Server, which is given to a function of the test."""

    def __init__(self, world, certificate, play):
        self.certificate, self.play, self.errors = certificate, play, []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        world.cleanup(self.socket.close)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                s = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        server = None
        try:
            server = Server(s, self.certificate)
            self.play(server)
        except BaseException as why:    # the test looks at it in its own thread
            self.errors.append(why)
        finally:
            if server:
                server.close()
            s.close()


class Client(Peer):
    """The client's end: a login by NLA, the channels that are named, and all up to the Font Map."""

    def __init__(self, port, user, password, channels, size=(800, 600), seconds=60.0, pipeline=False,
                 **where):
        super().__init__(Wire(port, seconds=seconds, **where), 0x64, 0x68)
        door, self.pipeline = self.door, pipeline
        kind, selected, _ = door.negotiate(TLS | HYBRID)
        if (kind, selected) != ('selected', HYBRID):
            raise AssertionError(f'negotiation: {kind} {selected}')
        door.start_tls()
        verdict = nla.Login(user, password).run(door, False)
        if verdict != 'welcome':
            raise AssertionError(f'login: {verdict}')
        self._ask(channels, size, selected)
        self.user = self._attach()
        for channel in (self.user, IO, *self.names.values()):
            self.send(tpkt(b'\x02\xf0\x80\x38' + struct.pack('>HH', self.user - 1001, channel)))
            if door.receive_tpkt()[3] & 0xfc != 0x3c:
                raise AssertionError('no Channel Join Confirm')
        name = units(user)
        self.mcs(IO, struct.pack('<HHIIHHHHH', 0x40, 0, 0x409, 0x133, 0, len(name), 0, 0, 0) + bytes(2) + name +
                 bytes(8))
        while True:    # the licence, and whatever comes before the Demand Active
            channel, data = self.receive()
            if channel == IO and len(data) > 10 and data[2:4] == b'\x11\0':
                break
        self.share = struct.unpack('<I', data[6:10])[0]
        n, sets = caps()
        self.control(3, struct.pack('<IHHH4sHH', self.share, 0x3ea, 4, len(sets) + 4, b'RDP\0', n, 0) + sets)
        self.finalize(39, False)
        self.listen()

    def data(self, kind, body):
        self.control(7, struct.pack('<IBBHBBH', self.share, 0, 1, len(body) + 18, kind, 0, 0) + body)

    def _ask(self, channels, size, selected):
        core = struct.pack('<IHHHHII', 0x80004, *size, 0xca01, 0xaa03, 0x409, 2600) + \
            units('hostile').ljust(32, b'\0') + struct.pack('<III', 4, 0, 12) + bytes(64) + \
            struct.pack('<HHIHHH', 0xca01, 1, 0, 24, 15, 0x103 if self.pipeline else 1) + bytes(64) + struct.pack('<BBI', 0, 0, selected)
        net = struct.pack('<I', len(channels)) + b''.join(c.encode().ljust(8, b'\0') + struct.pack('<I', 0x80800000)
                                                          for c in channels)
        data = b''.join(struct.pack('<HH', kind, 4 + len(body)) + body for kind, body in (
            (0xc001, core), (0xc002, bytes(8)), (0xc003, net)))
        data = bytes.fromhex('000800100001c000') + b'Duca' + per_length(len(data)) + data
        data = bytes.fromhex('000500147c0001') + per_length(len(data)) + data
        domains = b''.join(ber(b'\x30', b''.join(b'\x02\x02' + struct.pack('>H', v) for v in values)) for values in (
            (34, 2, 0, 1, 0, 1, 0x7fff, 2), (1, 1, 1, 1, 0, 1, 0x420, 2), (0x7fff, 0x7fff, 0x7fff, 1, 0, 1, 0x7fff, 2)))
        self.send(tpkt(b'\x02\xf0\x80' + ber(b'\x7f\x65', b'\x04\x01\x01\x04\x01\x01\x01\x01\xff' + domains +
                                             ber(b'\x04', data))))
        ids = blocks(self.door.receive_tpkt())[0xc03]
        n = struct.unpack('<H', ids[2:4])[0]
        self.names = dict(zip(channels, struct.unpack(f'<{n}H', ids[4:4 + 2 * n])))

    def _attach(self):
        self.send(tpkt(b'\x02\xf0\x80\x04\x01\x00\x01\x00'))
        self.send(tpkt(b'\x02\xf0\x80\x28'))
        body = self.door.receive_tpkt()[3:]
        if body[0] & 0xfc != 0x2c or body[1]:
            raise AssertionError(f'no Attach User Confirm: {body.hex()}')
        return 1001 + struct.unpack('>H', body[2:4])[0]
