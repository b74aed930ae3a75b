# tests/harness/winwire.py - what a Windows answers before anybody logs in: X.224, MCS, CredSSP, NTLM, UDP.
import hashlib
import os
import struct
import time

from nla import VERSION, der, elements, integer, ts_request, utf16
from rdpraw import tpkt

RDP, TLS, HYBRID, RDSTLS, HYBRID_EX, AAD = 0, 1, 2, 4, 8, 16
SSL_REQUIRED, SSL_NOT_ALLOWED, HYBRID_REQUIRED = 1, 2, 5
# RDP_NEG_RSP flags
EXTENDED, GFX, RESERVED, RESTRICTED_ADMIN, REMOTE_GUARD = 1, 2, 4, 8, 16
# TS_UD_SC_SEC1
RC4_40, RC4_128, RC4_56, FIPS = 1, 2, 8, 16
LEVELS = {'none': 0, 'low': 1, 'compatible': 2, 'high': 3, 'fips': 4}


class Nonsense(Exception):
    """The other side does not speak what is expected here."""


# [MS-RDPBCGR] 2.2.1.1 and 2.2.1.2
def read_request(body):
    """Requested protocols (None: not said) and the cookie of an X.224 Connection Request behind its TPKT header."""
    if len(body) < 7 or body[1] & 0xf0 != 0xe0 or body[0] != len(body) - 1:
        raise Nonsense('no connection request')
    rest, cookie = body[7:], b''
    if rest[:1] not in (b'', b'\1'):
        cookie, found, rest = rest.partition(b'\r\n')
        if not found:
            raise Nonsense('cookie without end')
    if not rest:
        return None, cookie
    if len(rest) < 8 or rest[:1] != b'\1' or rest[2:4] != b'\x08\0':
        raise Nonsense('no negotiation request')
    return struct.unpack('<I', rest[4:8])[0], cookie


def confirm(kind=None, flags=0, value=0):
    """A Connection Confirm; kind 2 selects a protocol, 3 tells of a failure, None says nothing of either."""
    data = b'' if kind is None else struct.pack('<BBHI', kind, flags, 8, value)
    return tpkt(struct.pack('>BBHHB', 6 + len(data), 0xd0, 0, 0x1234, 0) + data)


def choose(windows, requested):
    """What it answers to these protocols: 'bare', ('selected', protocol), ('failure', code) or 'close'."""
    layer, nla = windows.layer, windows.nla
    if requested is None or windows.bare:
        # 2.2.1.2: without a request there is no response, and whoever needs more than RDP has nothing to say.
        return 'bare' if layer != 'tls' and nla != 'required' else 'close'
    if windows.only and not requested & (AAD * windows.aad | RDSTLS * windows.rdstls):
        return 'failure', HYBRID_REQUIRED
    if layer == 'rdp':
        return ('failure', SSL_NOT_ALLOWED) if requested else ('selected', RDP)
    if windows.aad and requested & AAD:
        return 'selected', AAD
    if windows.rdstls and requested & RDSTLS:
        return 'selected', RDSTLS
    if nla != 'absent' and requested & HYBRID:
        return 'selected', HYBRID_EX if windows.early and requested & HYBRID_EX else HYBRID
    if nla == 'required':
        return 'failure', HYBRID_REQUIRED
    if requested & TLS:
        return 'selected', TLS
    return ('selected', RDP) if layer == 'negotiate' else ('failure', SSL_REQUIRED)


# [MS-RDPBCGR] 2.2.1.3: only what the answer depends on
def read_connect_initial(body):
    """encryptionMethods and how many channels."""
    at = body.find(b'Duca')
    if body[:3] != b'\x02\xf0\x80' or body[3:5] != b'\x7f\x65' or at < 0:
        raise Nonsense('no Connect-Initial')
    at += 4
    at += 2 if body[at] & 0x80 else 1
    methods, channels = 0, 0
    while at + 4 <= len(body):
        kind, size = struct.unpack('<HH', body[at:at + 4])
        if size < 4:
            raise Nonsense('block without length')
        if kind == 0xc002:
            methods = struct.unpack('<I', body[at + 4:at + 8])[0]
        elif kind == 0xc003:
            channels = struct.unpack('<I', body[at + 4:at + 8])[0]
        at += size
    return methods, min(channels, 31)


def pick_method(level, offered):
    """[MS-RDPBCGR] 5.3.2: the strongest of what is offered that the level allows; None: nothing fits."""
    allowed = {'low': (RC4_128, RC4_56, RC4_40, FIPS), 'compatible': (RC4_128, RC4_56, RC4_40, FIPS),
               'high': (RC4_128, FIPS), 'fips': (FIPS,)}[level]
    return next((m for m in allowed if m & offered), None)


def connect_response(version, requested, method, level, random, certificate, channels):
    """[MS-RDPBCGR] 2.2.1.4 with the fixed parts of its example in 4.1.4."""
    def block(kind, *parts):
        data = b''.join(parts)
        return struct.pack('<HH', kind, len(data) + 4) + data
    ids = [1004 + i for i in range(channels)] + [0] * (channels & 1)
    data = block(0x0c01, struct.pack('<II', version, requested or 0)) \
        + block(0x0c03, struct.pack('<HH', 1003, channels), struct.pack(f'<{len(ids)}H', *ids)) \
        + block(0x0c02, struct.pack('<II', method, level),
                struct.pack('<II', len(random), len(certificate)) + random + certificate if certificate else b'')
    size = bytes([len(data)]) if len(data) < 128 else struct.pack('>H', 0x8000 | len(data))
    gcc = bytes.fromhex('000500147c00012a14760a01010001c0004d63446e') + size + data
    domain = b''.join(integer(v) for v in (34, 3, 0, 1, 0, 1, 65528, 2))
    mcs = der(0x0a, b'\0') + integer(0) + der(0x30, domain) + der(4, gcc)
    size = struct.pack('>BH', 0x82, len(mcs))
    return tpkt(b'\x02\xf0\x80\x7f\x66' + size + mcs)


# [MS-RDPBCGR] 5.3.3.1.1: published, so that every server can sign
SIGNING_N = int.from_bytes(bytes.fromhex(
    '3d3a5ebd72433ec94dbbc11e4aba5fcb3e882087eff5c1e2d7b76b9af2524595'
    'ce63656b583afeef7ce7bffe3df65c7d6c5e06091af561bb2093095f056dea87'), 'little')
SIGNING_D = int.from_bytes(bytes.fromhex(
    '87a71932da11875558001616256568f8243ee6fae9674994cf92cc3399e80860'
    '179a129f24ddb12499c73ab80a7b0ddd350779170b519bb3c7100113e73ff35f'), 'little')


def proprietary(key):
    """[MS-RDPBCGR] 2.2.1.4.3.1.1, signed as in 5.3.3.1.2."""
    size = key.bits // 8
    blob = struct.pack('<4sIIII', b'RSA1', size + 8, key.bits, size - 1, 65537)
    blob += key.n.to_bytes(size, 'little') + bytes(8)
    data = struct.pack('<IIIHH', 1, 1, 1, 6, len(blob)) + blob
    padded = hashlib.md5(data).digest() + b'\0' + b'\xff' * 45 + b'\1\0'
    signature = pow(int.from_bytes(padded[:63], 'little'), SIGNING_D, SIGNING_N).to_bytes(64, 'little') + bytes(8)
    return data + struct.pack('<HH', 8, len(signature)) + signature


def licensed(*certificates):
    """[MS-RDPELE] 2.2.1.4.2: what a licence server gave, in X.509; the root comes first."""
    out = struct.pack('<II', 2, len(certificates))
    for c in certificates:
        out += struct.pack('<I', len(c)) + c
    return out + bytes(8 + 4 * len(certificates))


# [MS-NLMP] 2.2.1.2
NTLM_FLAGS = 0xe2898235     # Unicode, target, sign, seal, NTLM, always sign, ESS, target info, version, 128, key, 56
KINDS = {'nb_computer': 1, 'nb_domain': 2, 'dns_computer': 3, 'dns_domain': 4, 'dns_tree': 5}
TIMESTAMP = 7


def challenge(windows, flags):
    """The CHALLENGE_MESSAGE to a NEGOTIATE_MESSAGE with these flags."""
    names = windows.names
    pairs = b''
    for kind in ('nb_domain', 'nb_computer', 'dns_domain', 'dns_computer', 'dns_tree'):
        if kind in names:
            value = utf16(names[kind])
            pairs += struct.pack('<HH', KINDS[kind], len(value)) + value
    if windows.build >= (6, 0):     # Vista on; before, there was no MsvAvTimestamp
        stamp = int((time.time() + windows.skew + 11644473600) * 10 ** 7)
        pairs += struct.pack('<HHQ', TIMESTAMP, 8, stamp)
    pairs += bytes(4)
    target = utf16(names['nb_domain'])
    shared = NTLM_FLAGS & flags | 0x00800000 | (0x10000 if names['nb_domain'] != names['nb_computer'] else 0x20000)
    version = struct.pack('<BBHI', *windows.build, 15 << 24) if flags & VERSION else bytes(8)
    at = 56
    return b'NTLMSSP\0' + struct.pack('<I', 2) + struct.pack('<HHI', len(target), len(target), at) \
        + struct.pack('<I', shared) + os.urandom(8) + bytes(8) \
        + struct.pack('<HHI', len(pairs), len(pairs), at + len(target)) + version + target + pairs


def read_negotiate(token):
    """The flags of a NEGOTIATE_MESSAGE."""
    if token[:8] != b'NTLMSSP\0' or len(token) < 16 or struct.unpack('<I', token[8:12])[0] != 1:
        raise Nonsense('no NTLM negotiate')
    return struct.unpack('<I', token[12:16])[0]


# RFC 4178
SPNEGO, NTLM = bytes.fromhex('2b0601050502'), bytes.fromhex('2b06010401823702020a')
KERBEROS = (bytes.fromhex('2a864886f712010202'), bytes.fromhex('2a864882f712010202'))


def spnego_answer(windows, token):
    """To a NegTokenInit: a NegTokenResp; to bare NTLM: a bare challenge. None: NTLM is not wanted here."""
    if token[:8] == b'NTLMSSP\0':
        return challenge(windows, read_negotiate(token)) if windows.ntlm else None
    outer = elements(token)[0]
    parts = elements(outer[1])
    if outer[0] != 0x60 or parts[0][1] != SPNEGO or parts[1][0] != 0xa0:
        raise Nonsense('no SPNEGO')
    fields = {tag: body for tag, body, _ in elements(elements(parts[1][1])[0][1])}
    offered = [body for _, body, _ in elements(elements(fields[0xa0])[0][1])]
    first = elements(fields[0xa2])[0][1] if 0xa2 in fields else b''
    usable = [m for m in offered if m in KERBEROS and windows.domain or m == NTLM and windows.ntlm]
    if not usable:
        return None
    out = [der(0xa0, der(0x0a, b'\1')), der(0xa1, der(6, usable[0]))]     # accept-incomplete
    if usable[0] == NTLM and offered[0] == NTLM and first:
        out.append(der(0xa2, der(4, challenge(windows, read_negotiate(first)))))
    return der(0xa1, der(0x30, *out))


def read_ts_token(data):
    """The negoToken of a TSRequest, [MS-CSSP] 2.2.1."""
    for tag, body, _ in elements(elements(data)[0][1]):
        if tag == 0xa1:
            return elements(elements(elements(elements(body)[0][1])[0][1])[0][1])[0][1]
    raise Nonsense('no token')


def credssp_answer(windows, data):
    """The TSRequest that follows the client's first one."""
    token = spnego_answer(windows, read_ts_token(data))
    if token is not None:
        return ts_request(windows.credssp, token)
    if windows.credssp < 3:     # [MS-CSSP] <12>: these have no errorCode
        return None
    return der(0x30, der(0xa0, integer(windows.credssp)), der(0xa4, integer(0xc0000418)))     # STATUS_NTLM_BLOCKED


# [MS-RDPEUDP] 2.2.2.1, 3.1.5.1.2
def rdpeudp_answer(data):
    """SYN and ACK to a SYN datagram; None for anything else."""
    if len(data) < 16:
        return None
    ack, _, flags = struct.unpack('>iHH', data[:8])
    if ack != -1 or not flags & 1:
        return None
    theirs = struct.unpack('>I', data[8:12])[0]
    out = struct.pack('>IHH', theirs, 64, 0x0001 | 0x0004) + os.urandom(4) + struct.pack('>HH', 1232, 1232) + bytes(4)
    return out + bytes(1232 - len(out))


# RFC 6347 4.2.1
def dtls_answer(data):
    """HelloVerifyRequest to a ClientHello; None for anything else."""
    if len(data) < 25 or data[0] != 22 or data[1] != 0xfe or data[13] != 1:
        return None
    body = b'\xfe\xff' + bytes([20]) + os.urandom(20)
    size = len(body).to_bytes(3, 'big')
    message = struct.pack('>B3sH3s3s', 3, size, 0, bytes(3), size) + body
    return b'\x16\xfe\xff' + data[3:11] + struct.pack('>H', len(message)) + message
