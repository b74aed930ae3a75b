# tests/harness/wintls.py - TLS as a Windows of a generation offers it: its versions and ciphers in its order. What
# OpenSSL still speaks it speaks to the end; older things are answered up to ServerHelloDone, by script.
import asyncio
import os
import ssl
import struct
import warnings

SSL2, SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
# What OpenSSL takes over, with RSA keys. TLS 1.3 has its own suites.
OPENSSL = {0xc030: 'ECDHE-RSA-AES256-GCM-SHA384', 0xc02f: 'ECDHE-RSA-AES128-GCM-SHA256',
           0xc028: 'ECDHE-RSA-AES256-SHA384', 0xc027: 'ECDHE-RSA-AES128-SHA256', 0xc014: 'ECDHE-RSA-AES256-SHA',
           0xc013: 'ECDHE-RSA-AES128-SHA', 0x009d: 'AES256-GCM-SHA384', 0x009c: 'AES128-GCM-SHA256',
           0x003d: 'AES256-SHA256', 0x003c: 'AES128-SHA256', 0x0035: 'AES256-SHA', 0x002f: 'AES128-SHA'}
ECDHE = {0xc030, 0xc02f, 0xc028, 0xc027, 0xc014, 0xc013}
DHE = {0x009f, 0x009e, 0x0039, 0x0033, 0x0016}
ANONYMOUS = {0x0034, 0x0018}
EXPORT = {0x0003, 0x0006, 0x0008}
ONLY_12 = {0xc030, 0xc02f, 0xc028, 0xc027, 0x009f, 0x009e, 0x009d, 0x009c, 0x003d, 0x003c}
SUITES_13 = {0x1301, 0x1302, 0x1303}
SECP192R1, P256 = 19, 23
# RFC 2409 6.2 and RFC 3526 3: the groups of 1024 and 2048 bits that Windows takes for finite fields
GROUPS = {1024: int(
    'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd'
    'ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed'
    'ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff', 16), 2048: int(
    'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd'
    'ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed'
    'ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f'
    '83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b'
    'e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510'
    '15728e5a8aacaa68ffffffffffffffff', 16)}


class Broken(Exception):
    """The handshake cannot go on."""


def record(kind, version, data):
    return struct.pack('>BHH', kind, version, len(data)) + data


def handshake(kind, *parts):
    body = b''.join(parts)
    return bytes([kind]) + len(body).to_bytes(3, 'big') + body


class Hello:
    """A ClientHello; versions is what it can, ciphers and groups in its order."""

    def __init__(self, body):
        try:
            self._read(body)
        except (IndexError, struct.error) as why:
            raise Broken(f'ClientHello: {why}') from None

    def _read(self, body):
        self.legacy, self.random = struct.unpack('>H', body[:2])[0], body[2:34]
        at = 35 + body[34]
        size = struct.unpack('>H', body[at:at + 2])[0]
        self.ciphers = list(struct.unpack(f'>{size // 2}H', body[at + 2:at + 2 + size]))
        at += 2 + size
        at += 1 + body[at]
        self.extensions = {}
        if at + 2 <= len(body):
            end = at + 2 + struct.unpack('>H', body[at:at + 2])[0]
            at += 2
            while at + 4 <= end:
                kind, size = struct.unpack('>HH', body[at:at + 4])
                self.extensions[kind] = body[at + 4:at + 4 + size]
                at += 4 + size
        self.groups = self._list(10, 2, [P256])
        self.versions = self._list(43, 1, [])
        if not self.versions:
            self.versions = [v for v in (TLS12, TLS11, TLS10, SSL3) if v <= self.legacy]
        self.renegotiation = 0xff01 in self.extensions or 0x00ff in self.ciphers

    def _list(self, kind, head, default):
        data = self.extensions.get(kind)
        if data is None:
            return default
        data = data[head:]
        return list(struct.unpack(f'>{len(data) // 2}H', data[:len(data) // 2 * 2]))


class Tls:
    """What one server can: its versions, its ciphers in its order, its certificate."""

    def __init__(self, certificate, versions, ciphers, dh=1024, weak_curve=False, alerts=True, folder=None):
        self.certificate, self.versions, self.ciphers, self.dh = certificate, versions, ciphers, dh
        self.weak_curve, self.alerts, self.contexts = weak_curve, alerts, {}
        if folder:
            self.file = os.path.join(folder, f'{id(self):x}.pem')
            with open(self.file, 'w') as f:
                f.write(certificate.key.pem() + certificate.pem())
        self.hellos = self.finished = 0

    def choose(self, hello):
        """(version, cipher, group or 0), or the alert that refuses."""
        version = next((v for v in (TLS13, TLS12, TLS11, TLS10, SSL3)
                        if v in self.versions and v in hello.versions), None)
        if version is None:
            return 70       # protocol_version
        if version == TLS13:
            cipher = next((c for c in hello.ciphers if c in SUITES_13), None)
            return (version, cipher, 0) if cipher else 40
        for cipher in self.ciphers:
            if cipher not in hello.ciphers or cipher in ONLY_12 and version != TLS12:
                continue
            if cipher not in ECDHE:
                return version, cipher, 0
            if self.weak_curve and hello.groups[0] == SECP192R1:
                return version, cipher, SECP192R1
            if P256 in hello.groups:
                return version, cipher, P256
        return 40           # handshake_failure

    def context(self, version, cipher):
        """OpenSSL's, which can do nothing else than what was chosen."""
        key = version, cipher if version != TLS13 else 0
        if key not in self.contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')     # old versions are meant
                # At level 0 from the start, or OpenSSL refuses keys and signatures of that time.
                context.set_ciphers((OPENSSL[cipher] if version != TLS13 else 'DEFAULT') + ':@SECLEVEL=0')
                context.minimum_version = context.maximum_version = ssl.TLSVersion(version)
            context.load_cert_chain(self.file)
            context.options |= ssl.OP_NO_TICKET
            if TLS13 not in self.versions:
                context.set_ecdh_curve('prime256v1')
            self.contexts[key] = context
        return self.contexts[key]

    def _parameters(self, cipher, group):
        """The unsigned part of a ServerKeyExchange, or nothing."""
        if cipher in DHE or cipher in ANONYMOUS:
            p = GROUPS[self.dh]
            size = self.dh // 8
            public = pow(2, int.from_bytes(os.urandom(size), 'big'), p).to_bytes(size, 'big')
            return struct.pack('>H', size) + p.to_bytes(size, 'big') + b'\0\1\2' + struct.pack('>H', size) + public
        if cipher in EXPORT:
            return struct.pack('>H', 64) + b'\xc1' + os.urandom(62) + b'\1' + b'\0\3\1\0\1'
        if cipher in ECDHE:
            return struct.pack('>BHB', 3, group, 49) + b'\4' + os.urandom(48)      # only of the weak curve
        return b''

    def answer(self, hello, version, cipher, group):
        """ServerHello to ServerHelloDone of what OpenSSL does not speak any more."""
        random = os.urandom(32)
        extensions = b'\xff\1\0\1\0' if hello.renegotiation and version > SSL3 else b''
        extensions = struct.pack('>H', len(extensions)) + extensions if extensions else b''
        out = handshake(2, struct.pack('>H', version), random, b'\0', struct.pack('>HB', cipher, 0), extensions)
        if cipher not in ANONYMOUS:
            chain = b''.join(len(c).to_bytes(3, 'big') + c for c in self.certificate.sent)
            out += handshake(11, len(chain).to_bytes(3, 'big'), chain)
        parameters = self._parameters(cipher, group)
        if parameters:
            signature = b''
            if cipher not in ANONYMOUS:
                how = 'sha256' if version == TLS12 else 'raw'
                signature = self.certificate.key.sign(how, hello.random + random + parameters)
                signature = (b'\4\1' if version == TLS12 else b'') + struct.pack('>H', len(signature)) + signature
            out += handshake(12, parameters, signature)
        return record(22, version, out + handshake(14))

    def answer_ssl2(self):
        """An SSL 2 SERVER-HELLO with RC4 and 3DES."""
        certificate = self.certificate.der
        body = b'\4\0\1\0\2' + struct.pack('>HHH', len(certificate), 6, 16) + certificate \
            + bytes.fromhex('010080' '0700c0') + os.urandom(16)
        return struct.pack('>H', 0x8000 | len(body)) + body


class Stream:
    """Bytes of a connection; an end or too much waiting is Broken."""

    def __init__(self, reader, writer, seconds=8):
        self.reader, self.writer, self.seconds = reader, writer, seconds

    async def exactly(self, n):
        try:
            return await asyncio.wait_for(self.reader.readexactly(n), self.seconds)
        except (asyncio.IncompleteReadError, asyncio.TimeoutError, OSError) as why:
            raise Broken(type(why).__name__) from None

    async def some(self):
        try:
            data = await asyncio.wait_for(self.reader.read(65536), self.seconds)
        except (asyncio.TimeoutError, OSError) as why:
            raise Broken(type(why).__name__) from None
        if not data:
            raise Broken('closed')
        return data

    async def send(self, data):
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError as why:
            raise Broken(str(why)) from None


class Inside:
    """The same interface within TLS."""

    def __init__(self, outside, tls):
        self.outside, self.tls, self.to, self.out = outside, tls, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.buffer = b''

    async def _do(self, what, *args):
        while True:
            try:
                result = what(*args)
            except ssl.SSLWantReadError:
                result = None
            except ssl.SSLZeroReturnError:
                raise Broken('closed') from None
            except ssl.SSLError as why:
                await self.outside.send(self.out.read())    # its alert
                raise Broken(str(why)) from None
            if self.out.pending:
                await self.outside.send(self.out.read())
            if result is not None:
                return result
            self.to.write(await self.outside.some())

    async def start(self, context, first):
        self.object = context.wrap_bio(self.to, self.out, server_side=True)
        self.to.write(first)
        await self._do(lambda: self.object.do_handshake() or True)

    async def some(self):
        if self.buffer:
            data, self.buffer = self.buffer, b''
            return data
        data = await self._do(self.object.read, 65536)
        if not data:
            raise Broken('closed')
        return data

    async def exactly(self, n):
        while len(self.buffer) < n:
            held, self.buffer = self.buffer, b''
            self.buffer = held + await self.some()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    async def send(self, data):
        await self._do(self.object.write, data)


async def read_hello(stream):
    """The ClientHello and the bytes it came in; an SSL 2 hello is None."""
    head = await stream.exactly(5)
    if head[0] & 0x80 and head[2] == 1:
        size = struct.unpack('>H', head[:2])[0] & 0x7fff
        if not 9 <= size <= 4096:
            raise Broken('SSL 2 hello')
        return None, head + await stream.exactly(size - 3)
    raw, body = b'', b''
    while True:
        kind, size = head[0], struct.unpack('>H', head[3:])[0]
        if kind != 22 or not 0 < size <= 16384:
            raise Broken('no handshake record')
        data = await stream.exactly(size)
        raw, body = raw + head + data, body + data
        need = 4 + int.from_bytes(body[1:4], 'big') if len(body) >= 4 else 4
        if body[0] != 1 or need > 65536:
            raise Broken('no ClientHello')
        if len(body) >= need:
            return Hello(body[4:need]), raw
        head = await stream.exactly(5)


async def accept(stream, tls):
    """TLS on the stream, with the handshake done; Broken when it ends before, as with old ciphers on purpose."""
    hello, raw = await read_hello(stream)
    tls.hellos += 1
    if hello is None:
        if SSL2 in tls.versions:
            await stream.send(tls.answer_ssl2())
            await stream.some()
        raise Broken('SSL 2')
    chosen = tls.choose(hello)
    if isinstance(chosen, int):
        if tls.alerts:
            await stream.send(record(21, min(hello.legacy, TLS12), bytes((2, chosen))))
        raise Broken(f'alert {chosen}')
    version, cipher, group = chosen
    if version == SSL3 or group == SECP192R1 or version != TLS13 and cipher not in OPENSSL:
        await stream.send(tls.answer(hello, version, cipher, group))
        await stream.some()
        raise Broken('no more is known of these ciphers')
    inside = Inside(stream, tls)
    await inside.start(tls.context(version, cipher), raw)
    tls.finished += 1
    return inside
