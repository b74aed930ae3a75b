# tests/harness/winfoes.py - endpoints that want to harm whoever asks them, for Farm's `extra`: slow, endless, false.
import asyncio
import random
import socket
import struct

from nla import der, integer, utf16
from rdpraw import tpkt
from winkeys import Certificate
from wintls import Tls, accept, handshake, read_hello, record
from winwire import HYBRID, confirm

FLOOD = 64 << 20    # bytes that an endless one would send at most


async def packet(stream):
    head = await stream.exactly(4)
    return await stream.exactly(max(int.from_bytes(head[2:], 'big'), 4) - 4)


async def flood(stream, piece):
    for _ in range(FLOOD // len(piece)):
        await stream.send(piece)


async def hold(*_):
    await asyncio.sleep(120)


async def mute(stream, _):
    """Takes the connection, and says nothing."""
    await packet(stream)
    await hold()


async def gone(stream, writer):
    """Closes at once."""


async def reset(stream, writer):
    """Ends with a reset, each time."""
    await packet(stream)
    writer.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    writer.transport.abort()


async def drip(stream, _):
    """A good confirm, and one byte of it per second."""
    await packet(stream)
    for byte in confirm(2, 0x1f, HYBRID):
        await stream.send(bytes([byte]))
        await asyncio.sleep(1)


async def endless(stream, _):
    """Never stops to send, from the first byte on."""
    await flood(stream, bytes(65536))


async def endless_confirm(stream, _):
    """The longest packet, again and again."""
    await packet(stream)
    await flood(stream, tpkt(bytes(65531)))


async def ssh(stream, _):
    """Another service."""
    await stream.send(b'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n')
    await hold()


async def http(stream, _):
    await stream.some()
    await stream.send(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')


async def echo(stream, _):
    """Says back what it hears: a request is no confirm."""
    while True:
        await stream.send(await stream.some())


async def half(stream, _):
    """Half of each answer."""
    await packet(stream)
    await stream.send(confirm(2, 0x1f, HYBRID)[:11])


async def contradicts(stream, _):
    """Selects what nobody asked for."""
    await packet(stream)
    await stream.send(confirm(2, 0xff, 0x80000040))


async def after_confirm(stream):
    await packet(stream)
    await stream.send(confirm(2, 0x1f, HYBRID))


async def hello_flood(stream, _):
    """A ServerHello that never gets to its end."""
    await after_confirm(stream)
    await read_hello(stream)
    await stream.send(record(22, 0x0303, b'\2\xff\xff\xff' + bytes(16000)))
    await flood(stream, record(22, 0x0303, bytes(16384)))


async def empty_records(stream, _):
    """Records without content."""
    await after_confirm(stream)
    await read_hello(stream)
    await flood(stream, record(22, 0x0303, b'') * 4096)


async def long_chain(stream, _):
    """A chain of certificates of 16 MiB, of which each is empty."""
    await after_confirm(stream)
    await read_hello(stream)
    await stream.send(record(22, 0x0303, handshake(2, b'\3\3' + bytes(33), b'\xc0\x2f\0')))
    await stream.send(record(22, 0x0303, b'\x0b\xff\xff\xff\xff\xff\xfc'))
    await flood(stream, record(22, 0x0303, bytes(16383)))


async def long_public_key(stream, _):
    """A certificate whose lengths lead out of it."""
    await after_confirm(stream)
    await read_hello(stream)
    wrong = b'\x30\x84\xff\xff\xff\xff' + bytes(200)
    chain = len(wrong).to_bytes(3, 'big') + wrong
    await stream.send(record(22, 0x0303, handshake(2, b'\3\3' + bytes(33), b'\xc0\x2f\0')
                             + handshake(11, len(chain).to_bytes(3, 'big'), chain) + handshake(14)))
    await stream.some()


class Inside:
    """Foes that first speak TLS as they should."""

    def __init__(self, tls):
        self.tls = tls

    async def open(self, stream):
        await after_confirm(stream)
        inside = await accept(stream, self.tls)
        await inside.some()
        return inside

    async def request_flood(self, stream, _):
        """A TSRequest of four gigabytes."""
        inside = await self.open(stream)
        await inside.send(b'\x30\x84\xff\xff\xff\xf0')
        await flood(inside, bytes(16000))

    async def late(self, stream, _):
        """Nothing after TLS is up."""
        await self.open(stream)
        await hold()

    async def wild_challenge(self, stream, _):
        """A challenge whose fields lead out of it, and names that turn a terminal over."""
        inside = await self.open(stream)
        names = utf16('\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>"\'=cmd|x\r\n')
        pairs = b''.join(struct.pack('<HH', kind, len(names)) + names for kind in (1, 2, 3, 4, 5)) \
            + struct.pack('<HH', 7, 8) + b'\xff' * 8 + struct.pack('<HH', 5, 0xffff)
        token = b'NTLMSSP\0' + struct.pack('<I', 2) + struct.pack('<HHI', 65535, 65535, 0xfffffff0) \
            + struct.pack('<I', 0xe2898235) + bytes(16) + struct.pack('<HHI', len(pairs), len(pairs), 56) \
            + bytes.fromhex('0a00ffff000000ff') + pairs
        await inside.send(der(0x30, der(0xa0, integer(6)), der(0xa1, der(0x30, der(0x30, der(0xa0, der(4, token)))))))
        await inside.some()


def mutated(farm, host, seed):
    """A played host with some bytes of its answers changed; serve takes what Farm's listeners take."""
    async def serve(stream, writer):
        dice = random.Random(f'{seed} {mutated.count}')
        mutated.count += 1
        send = stream.send

        async def bad(data):
            data = bytearray(data)
            for _ in range(dice.choice((0, 1, 1, 2, 8))):
                data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            await send(bytes(data))
        stream.send = bad
        await farm._rdp(farm.hosts[host], stream, writer)
    return serve


mutated.count = 0
PLAIN = {'mute': mute, 'gone': gone, 'reset': reset, 'drip': drip, 'endless': endless, 'ssh': ssh, 'http': http,
         'echo': echo, 'half': half, 'endless-confirm': endless_confirm, 'contradicts': contradicts,
         'hello-flood': hello_flood, 'empty-records': empty_records, 'long-chain': long_chain,
         'long-public-key': long_public_key}
# Up to there they are as good as any.
AFTER_CONFIRM = {'hello-flood', 'empty-records', 'long-chain', 'long-public-key', 'request-flood', 'late',
                 'wild-challenge'}


def foes(farm, hosts):
    """[(name, serve)]; hosts of the farm are those that are mutated."""
    wild = 'CN=\x1b[31mred<b>\x07,O=' + 'x' * 300
    tls = Tls(Certificate(farm.pool.take(), wild), (0x0303, 0x0304), (0xc030, 0xc02f), folder=farm.folder.name)
    inside = Inside(tls)
    out = list(PLAIN.items())
    out += [('request-flood', inside.request_flood), ('late', inside.late), ('wild-challenge', inside.wild_challenge)]
    out += [(f'mutated-{host}', mutated(farm, host, 7)) for host in hosts]
    return out
