# tests/harness/nla.py - an NLA login in Python, independent of our C: CredSSP, NTLMv2, and their misuse.
import hashlib
import hmac
import os
import struct
import time

from rdpraw import HYBRID, HYBRID_EX, TLS, Closed, Door

# [MS-NLMP] 2.2.2.5
UNICODE, REQUEST_TARGET, SIGN, SEAL, NTLM = 0x1, 0x4, 0x10, 0x20, 0x200
ALWAYS_SIGN, ESS, TARGET_INFO, VERSION = 0x8000, 0x80000, 0x800000, 0x2000000
KEY_128, KEY_EXCH, KEY_56 = 0x20000000, 0x40000000, 0x80000000
FLAGS = UNICODE | REQUEST_TARGET | SIGN | SEAL | NTLM | ALWAYS_SIGN | ESS | TARGET_INFO | VERSION | KEY_128 | KEY_EXCH | KEY_56
AV_EOL, AV_TIMESTAMP, AV_FLAGS, AV_TARGET_NAME, AV_BINDINGS = 0, 7, 6, 9, 10
AV_NAMES = {1: 'NbComputerName', 2: 'NbDomainName', 3: 'DnsComputerName', 4: 'DnsDomainName', 5: 'DnsTreeName'}


def md4(data):
    """RFC 1320; OpenSSL 3 has it no more."""
    def left(x, n):
        x &= 0xffffffff
        return (x << n | x >> (32 - n)) & 0xffffffff
    state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
    padded = data + b'\x80' + bytes(-(len(data) + 9) % 64) + struct.pack('<Q', len(data) * 8)
    for at in range(0, len(padded), 64):
        x, (a, b, c, d) = struct.unpack('<16I', padded[at:at + 64]), state
        for order, shifts, mix, add in (
                (range(16), (3, 7, 11, 19), lambda b, c, d: (b & c) | (~b & d), 0),
                ((0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), (3, 5, 9, 13),
                 lambda b, c, d: (b & c) | (b & d) | (c & d), 0x5a827999),
                ((0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15), (3, 9, 11, 15),
                 lambda b, c, d: b ^ c ^ d, 0x6ed9eba1)):
            for i, k in enumerate(order):
                a, b, c, d = d, left(a + mix(b, c, d) + x[k] + add, shifts[i % 4]), b, c
        state = [(s + v) & 0xffffffff for s, v in zip(state, (a, b, c, d))]
    return struct.pack('<4I', *state)


class Rc4:
    def __init__(self, key):
        s, j = list(range(256)), 0
        for i in range(256):
            j = (j + s[i] + key[i % len(key)]) & 255
            s[i], s[j] = s[j], s[i]
        self.s, self.i, self.j = s, 0, 0

    def __call__(self, data):
        s, out = self.s, bytearray()
        for byte in data:
            self.i = (self.i + 1) & 255
            self.j = (self.j + s[self.i]) & 255
            s[self.i], s[self.j] = s[self.j], s[self.i]
            out.append(byte ^ s[(s[self.i] + s[self.j]) & 255])
        return bytes(out)


def hmac_md5(key, data):
    return hmac.new(key, data, 'md5').digest()


def utf16(text):
    return text.encode('utf-16-le')


# DER, as much as CredSSP and a certificate need.
def der(tag, *parts):
    body = b''.join(parts)
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, 'big')
    return bytes((tag, 0x80 | len(size))) + size + body


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, 'big', signed=True))


def elements(data):
    """[(tag, content, whole)] of a run of DER elements."""
    out, at = [], 0
    while at < len(data):
        tag, size, start = data[at], data[at + 1], at + 2
        if size & 0x80:
            n = size & 0x7f
            size, start = int.from_bytes(data[start:start + n], 'big'), start + n
        if start + size > len(data):
            raise AssertionError(f'DER element of {size} bytes in {len(data) - start}')
        out.append((tag, data[start:start + size], data[at:start + size]))
        at = start + size
    return out


def public_key(certificate):
    """The content of the subjectPublicKey bit string."""
    body = elements(elements(certificate)[0][1])[0][1]
    fields = [e for e in elements(body) if e[0] != 0xa0]
    return elements(fields[5][1])[1][1][1:]


def end_point(certificate):
    """tls-server-end-point of RFC 5929: the hash that signed the certificate, SHA-256 at least."""
    algorithm = elements(elements(elements(certificate)[0][1])[1][1])[0][1].hex()
    name = {'2a864886f70d01010c': 'sha384', '2a864886f70d01010d': 'sha512', '2a8648ce3d040303': 'sha384',
            '2a8648ce3d040304': 'sha512'}.get(algorithm, 'sha256')
    return hashlib.new(name, certificate).digest()


def bindings_hash(certificate):
    data = b'tls-server-end-point:' + end_point(certificate)
    return hashlib.md5(bytes(16) + struct.pack('<I', len(data)) + data).digest()


def ts_request(version, token=None, auth_info=None, pub_key_auth=None, nonce=None):
    parts = [der(0xa0, integer(version))]
    if token is not None:
        parts.append(der(0xa1, der(0x30, der(0x30, der(0xa0, der(4, token))))))
    for tag, value in ((0xa2, auth_info), (0xa3, pub_key_auth), (0xa5, nonce)):
        if value is not None:
            parts.append(der(tag, der(4, value)))
    return der(0x30, *parts)


def read_ts_request(data):
    """{'version', 'token', 'auth_info', 'pub_key_auth', 'error', 'nonce'}; what is absent is None."""
    out = dict.fromkeys(('version', 'token', 'auth_info', 'pub_key_auth', 'error', 'nonce'))
    names = {0xa0: 'version', 0xa1: 'token', 0xa2: 'auth_info', 0xa3: 'pub_key_auth', 0xa4: 'error', 0xa5: 'nonce'}
    for tag, body, _ in elements(elements(data)[0][1]):
        inner = elements(body)[0]
        if tag in (0xa0, 0xa4):
            out[names[tag]] = int.from_bytes(inner[1], 'big')
        elif tag == 0xa1:
            out['token'] = elements(elements(elements(inner[1])[0][1])[0][1])[0][1]
        else:
            out[names[tag]] = inner[1]
    return out


def negotiate_message(flags=FLAGS):
    return b'NTLMSSP\0' + struct.pack('<II', 1, flags) + bytes(16) + bytes((10, 0, 0x61, 0x4a, 0, 0, 0, 15))


class Challenge:
    """What a CHALLENGE_MESSAGE says."""

    def __init__(self, data):
        if data[:8] != b'NTLMSSP\0' or struct.unpack('<I', data[8:12])[0] != 2:
            raise AssertionError(f'no NTLM challenge: {data[:16].hex()}')
        name_len, _, name_at = struct.unpack('<HHI', data[12:20])
        info_len, _, info_at = struct.unpack('<HHI', data[40:48])
        self.raw, self.flags, self.challenge = data, struct.unpack('<I', data[20:24])[0], data[24:32]
        self.target = data[name_at:name_at + name_len].decode('utf-16-le')
        self.version, self.pairs, at = data[48:56], [], info_at
        while at < info_at + info_len:
            kind, size = struct.unpack('<HH', data[at:at + 4])
            if kind == AV_EOL:
                break
            self.pairs.append((kind, data[at + 4:at + 4 + size]))
            at += 4 + size

    def names(self):
        return {AV_NAMES[k]: v.decode('utf-16-le') for k, v in self.pairs if k in AV_NAMES}

    def pair(self, kind):
        return next((v for k, v in self.pairs if k == kind), None)


class Login:
    """
    One login as a client makes it; `how` names what is done wrong:
    bad-mic, no-mic, bad-bindings, no-bindings, ntlmv1, bad-key, bad-nonce, other-user, no-seal.
    """

    def __init__(self, user, password, domain='', version=6, how=''):
        self.user, self.password, self.domain = user, password, domain
        self.version, self.how = version, how

    def authenticate(self, negotiate, challenge, certificate):
        """The AUTHENTICATE_MESSAGE; sets the session's keys."""
        nt_hash = md4(utf16(self.password))
        key = hmac_md5(nt_hash, utf16(self.user.upper() + self.domain))
        stamp = challenge.pair(AV_TIMESTAMP)
        pairs = [(k, v) for k, v in challenge.pairs]
        if stamp and self.how != 'no-mic':
            pairs.append((AV_FLAGS, struct.pack('<I', 2)))
        if self.how != 'no-bindings':
            bound = bindings_hash(certificate)
            pairs.append((AV_BINDINGS, bytes(b ^ 0x55 for b in bound) if self.how == 'bad-bindings' else bound))
        pairs.append((AV_TARGET_NAME, utf16('TERMSRV/127.0.0.1')))
        info = b''.join(struct.pack('<HH', k, len(v)) + v for k, v in pairs) + bytes(4)
        now = stamp or struct.pack('<Q', int((time.time() + 11644473600) * 10 ** 7))
        blob = struct.pack('<BBHI', 1, 1, 0, 0) + now + os.urandom(8) + bytes(4) + info + bytes(4)
        proof = hmac_md5(key, challenge.challenge + blob)
        base = hmac_md5(key, proof)
        response = proof + blob
        if self.how == 'ntlmv1':
            response = os.urandom(24)
        self.exported = os.urandom(16)
        fields, payload, at = b'', b'', 88
        for value in (bytes(24), response, utf16(self.domain), utf16(self.user), utf16('CLIENT'),
                      Rc4(base)(self.exported)):
            fields += struct.pack('<HHI', len(value), len(value), at + len(payload))
            payload += value
        head = b'NTLMSSP\0' + struct.pack('<I', 3) + fields + struct.pack('<I', challenge.flags & FLAGS) \
            + bytes((10, 0, 0x61, 0x4a, 0, 0, 0, 15))
        mic = hmac_md5(self.exported, negotiate + challenge.raw + head + bytes(16) + payload)
        if self.how == 'bad-mic':
            mic = bytes(b ^ 0xff for b in mic)
        self._keys()
        return head + (bytes(16) if self.how == 'no-mic' else mic) + payload

    def _keys(self):
        def derive(text):
            return hashlib.md5(self.exported + text.encode() + b'\0').digest()
        self.sign_key = derive('session key to client-to-server signing key magic constant')
        self.check_key = derive('session key to server-to-client signing key magic constant')
        self.seal_rc4 = Rc4(derive('session key to client-to-server sealing key magic constant'))
        self.open_rc4 = Rc4(derive('session key to server-to-client sealing key magic constant'))
        self.sent = self.got = 0

    def seal(self, data):
        sealed = self.seal_rc4(data)
        number = struct.pack('<I', self.sent)
        self.sent += 1
        return b'\1\0\0\0' + self.seal_rc4(hmac_md5(self.sign_key, number + data)[:8]) + number + sealed

    def open(self, data):
        plain = self.open_rc4(data[16:])
        number = struct.pack('<I', self.got)
        self.got += 1
        check = self.open_rc4(hmac_md5(self.check_key, number + plain)[:8])
        if data[:16] != b'\1\0\0\0' + check + number:
            raise AssertionError('signature of the server is wrong')
        return plain

    def binding(self, direction, nonce, key):
        return hashlib.sha256(f'CredSSP {direction} Binding Hash'.encode() + b'\0' + nonce + key).digest()

    def run(self, door, extended):
        """On a door with TLS up; 'welcome', 'refused' (early result) or ('error', code, which step)."""
        certificate, nonce = door.certificate(), os.urandom(32)
        negotiate = negotiate_message()
        self.challenge = None
        reply = self._ask(door, ts_request(self.version, negotiate, nonce=nonce))
        if reply['error'] is not None:
            return 'error', reply['error'], 'negotiate'
        self.challenge = Challenge(reply['token'])
        self.server_version = reply['version']
        token = self.authenticate(negotiate, self.challenge, certificate)
        key = public_key(certificate)
        bound = bytes(key[::-1]) if self.how == 'bad-key' else key
        used = os.urandom(32) if self.how == 'bad-nonce' else nonce
        proof = self.seal(self.binding('Client-To-Server', used, bound))
        reply = self._ask(door, ts_request(self.version, token, None, proof, nonce))
        if reply['error'] is not None:
            return 'error', reply['error'], 'authenticate'
        if self.open(reply['pub_key_auth']) != self.binding('Server-To-Client', nonce, key):
            raise AssertionError('the server does not know its own key')
        user = 'somebody-else' if self.how == 'other-user' else self.user
        parts = [der(0xa0 + i, der(4, utf16(v))) for i, v in enumerate((self.domain, user, self.password))]
        credentials = der(0x30, der(0xa0, integer(1)), der(0xa1, der(4, der(0x30, *parts))))
        door.send(ts_request(self.version, None, self.seal(credentials), nonce=nonce))
        if not extended:
            return 'welcome'
        result = struct.unpack('<I', door.receive(4))[0]
        return 'welcome' if result == 0 else 'refused'

    def _ask(self, door, request):
        door.send(request)
        head = door.receive(2)
        if head[0] != 0x30:
            raise AssertionError(f'no TSRequest: {head.hex()}')
        more = door.receive(head[1] & 0x7f) if head[1] & 0x80 else b''
        size = int.from_bytes(more, 'big') if more else head[1]
        return read_ts_request(head + more + door.receive(size))


def login(port, user, password, source='127.0.0.1', address='127.0.0.1', protocols=TLS | HYBRID | HYBRID_EX, **options):
    """A whole login; (verdict, Login). The verdict is 'closed' where the server just ends it."""
    attempt = Login(user, password, **options)
    with Door(port, source, address) as door:
        kind, selected, _ = door.negotiate(protocols)
        if kind != 'selected' or selected not in (HYBRID, HYBRID_EX):
            return (kind, selected), attempt
        try:
            door.start_tls()
            verdict = attempt.run(door, selected == HYBRID_EX)
            if verdict == 'welcome' and selected == HYBRID:
                # Without an early result, silence is consent; a refusal closes at once.
                door.socket.settimeout(0.7)
                try:
                    if not door.stream.recv(1):
                        verdict = 'closed'
                except OSError:
                    pass
            return verdict, attempt
        except Closed:
            return 'closed', attempt
