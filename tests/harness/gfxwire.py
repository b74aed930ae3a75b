# tests/harness/gfxwire.py - dynamic channels and the graphics pipeline's messages, byte by byte.
import struct

NAME = b'Microsoft::Windows::RDS::Graphics'
V8, V81, V10, V103, V104, V105, V107 = 0x80004, 0x80105, 0xa0002, 0xa0301, 0xa0400, 0xa0502, 0xa0701
(BITS, BITS2, FORGET, FILL, COPY, STORE, PASTE, EVICT, CREATE, DELETE, START, END, ACK, RESET, MAP, OFFER, REPLY, ADVERTISE,
 CONFIRM, _, MAP_WINDOW, QOE, MAP_SCALED, MAP_SCALED_WINDOW) = range(1, 25)
RAW, RFX, CLEAR, PROGRESSIVE, PLANAR, AVC420, ALPHA, AVC444, AVC444V2 = 0, 3, 8, 9, 10, 11, 12, 14, 15
XRGB = 0x20


class Channel:
    """One dynamic channel of a rdppeer.Server or rdppeer.Client: whole messages in and out."""

    def __init__(self, peer):
        self.peer, self.id, self.parts, self.left = peer, 0, b'', 0

    @classmethod
    def ask(cls, server):
        """The server's end: creates the channel; AssertionError when the client does not take it."""
        self = cls(server)
        self.id = 7
        server.say('drdynvc', struct.pack('<BBH', 0x50, 0, 1))
        server.next(names=['drdynvc'])
        server.say('drdynvc', b'\x10\x07' + NAME + b'\0')
        while True:
            got = server.next(names=['drdynvc'])[1]
            if got[0] >> 4 == 1:
                if got[1:6] != b'\x07\0\0\0\0':
                    raise AssertionError(f'channel refused: {got.hex()}')
                return self

    @classmethod
    def take(cls, client, seconds=10.0):
        """The client's end: takes the channel, and refuses every other."""
        self = cls(client)
        while not self.id:
            self._hear(client.next(seconds, ['drdynvc'])[1])
        return self

    def _hear(self, got):
        """A PDU; the message that it makes whole."""
        command, size = got[0] >> 4, 1 << (got[0] & 3)
        number, rest = int.from_bytes(got[1:1 + size], 'little'), got[1 + size:]
        if command == 5:
            self.peer.say('drdynvc', struct.pack('<BBH', 0x50, 0, 1))
        elif command == 1:
            ours = rest.rstrip(b'\0') == NAME
            self.id = number if ours else self.id
            self.peer.say('drdynvc', bytes((0x12,)) + struct.pack('<II', number, 0 if ours else 0xc0000225))
        elif number == self.id and command == 2:
            size = 1 << (got[0] >> 2 & 3)
            self.left, self.parts = int.from_bytes(rest[:size], 'little'), b''
            return self._more(rest[size:])
        elif number == self.id and command == 3:
            return self._more(rest) if self.left else rest
        return None

    def _more(self, data):
        self.parts += data
        if len(self.parts) < self.left:
            return None
        self.left = 0
        return self.parts

    def say(self, message, claim=None):
        """claim: another length than its own."""
        head = struct.pack('<I', self.id)
        if len(message) <= 1590 and claim is None:
            self.peer.say('drdynvc', b'\x32' + head + message)
            return
        first = b'\x2a' + head + struct.pack('<I', len(message) if claim is None else claim)
        self.peer.say('drdynvc', first + message[:1580])
        for at in range(1580, len(message), 1590):
            self.peer.say('drdynvc', b'\x32' + head + message[at:at + 1590])

    def next(self, seconds=5.0):
        while True:
            message = self._hear(self.peer.next(seconds, ['drdynvc'])[1])
            if message is not None:
                return message

    def close(self):
        self.peer.say('drdynvc', b'\x42' + struct.pack('<I', self.id))


def packed(data, claim=None, count=None):
    """RDP_SEGMENTED_DATA with nothing compressed; claim, count: another length, or number of segments."""
    if len(data) <= 60000 and claim is None and count is None:
        return b'\xe0\x04' + data
    pieces = [data[at:at + 60000] for at in range(0, len(data), 60000)]
    return b'\xe1' + struct.pack('<HI', len(pieces) if count is None else count, len(data) if claim is None else claim) + \
        b''.join(struct.pack('<I', len(piece) + 1) + b'\x04' + piece for piece in pieces)


def pdu(command, body=b'', claim=None):
    return struct.pack('<HHI', command, 0, len(body) + 8 if claim is None else claim) + body


def rect(x, y, w, h):
    return struct.pack('<HHHH', x, y, x + w & 0xffff, y + h & 0xffff)


def confirm(version=V107, flags=0):
    return pdu(CONFIRM, struct.pack('<III', version, 4, flags))


def advertise(*versions, flags=0):
    return pdu(ADVERTISE, struct.pack('<H', len(versions)) + b''.join(struct.pack('<III', v, 4, flags) for v in versions))


def reset(w, h, monitors=0):
    return pdu(RESET, (struct.pack('<III', w, h, monitors) + bytes(320)))


def create(number, w, h, format=XRGB):
    return pdu(CREATE, struct.pack('<HHHB', number, w, h, format))


def show(number, x=0, y=0):
    return pdu(MAP, struct.pack('<HHII', number, 0, x, y))


def show_scaled(number, x, y, w, h):
    return pdu(MAP_SCALED, struct.pack('<HHIIII', number, 0, x, y, w, h))


def fill(number, colour, *rects):
    return pdu(FILL, struct.pack('<HIH', number, colour, len(rects)) + b''.join(rects))


def bits(number, codec, place, data, claim=None):
    return pdu(BITS, struct.pack('<HHB', number, codec, XRGB) + place +
               struct.pack('<I', len(data) if claim is None else claim) + data)


def bits2(number, data, codec=PROGRESSIVE, context=1, claim=None):
    return pdu(BITS2, struct.pack('<HHIBI', number, codec, context, XRGB, len(data) if claim is None else claim) + data)


def start(frame):
    return pdu(START, struct.pack('<II', 0, frame))


def end(frame):
    return pdu(END, struct.pack('<I', frame))


def ack(frame, depth=0, decoded=1):
    return pdu(ACK, struct.pack('<III', depth, frame, decoded))
