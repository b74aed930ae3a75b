# tests/harness/winkeys.py - RSA keys and X.509 certificates for servers that are played, made at once.
import base64
import calendar
import hashlib
import itertools
import os
import time

from nla import der, integer

# Every pair of these gives a key that is no secret and worth nothing: whoever has two keys has all of them.
LARGE = [int(p, 16) for p in (
    'd35f675a044344ce2793e6631ec39dd76692fdfb0119e2874f2c679c1c4240dca34a5f2e6dbc6c2469ee3ab2b4f44e40c410034f19a9'
    'e47567f71d05640789c5d70fa9684d94a5da5bcfece9a8d977cd7530e5728d4415f4c664e4640e5311caa5394b726b7b5ce41a5d91ea'
    'c5944a93c38585fde136ad3b7c1b5b36167b3b85',
    'f4370ee3c3101f06c5bafb706f6461fa66806048c42c0dbe20405b0c69d89f5d2a3e4220f970b068504d3ead58867cd5ddfaf4588887'
    '6d4e0d4e115dd2eac7d0030857b0bc0b1ab8bcc018a957228d0a9839ba459567c9364bc8d8c9ee1d98e827624579917d59e976330f67'
    'ea2f3875ed2c1e5df814c8e5dc34ab889c1974d7',
    'd3f782aea56563814a01acd39ce88d153cd3652823022f327e698ba0c5bc8cd1e7b926b07c35db5bfda71fd3d06fb05e7706db46a40d'
    '64fb8be7ca1497623d25a069cf62369ac1db274313d4f45b5cc0ff977f2ca3b4150381bb1f50051f66cb7215010824c645d178edfab0'
    '26cc74b76eec182e8c68267efc3337c37c49faf7',
    'ec9491234b8ecec5987127340ab65feb80dd068f7a1ec973d378ffba0e858c0e94a172697362a294222929eb7a4e8275345d14c6f07f'
    '91be3754f28af732e17dce34f731942d0e12f4266918edc316902195ed44d6eb581a7f17ca5c3da46a6461446ffaf906ed131ef1b2d5'
    'aecaf89fea908a6ea1556d43f5746964fa0e1759',
    'feea4120cd9c96135833e75b67636ed92aba06f9a022fa1464e5d34252307ebc034911cd68e13346ccce58be5fa8aedc170204bbecf6'
    '93774d0de59b6b4c8cf6995caab32346dfcb60f1b87ec872646656219bf977c007f86b827a4ba5a56c41cb077389d2ef92f74eb23c85'
    'ae0ddb5ff766752fcef57eb2219b4bdfaba8feed',
    'c6caa0284f0b3277cf28b3620ee652c026cb6c27082cc67a8bdb628cb3cf79f299e67d66379c8b14d15538c4c7728c8e2a746f5a2696'
    'f5fa10326b24df3bd7270c1faec0942be10f25bef9ae1ed15a705be86d0975574a8041aa1e0c711116d482ebf074f41b57e49c241f12'
    '8298a73267728192f5b122c3f3110c4ebfe0bcbf',
    'cb81c002db4bb1a0cda36a1d52d4c74bb622788482bfdfb1687fb2c26ec8d0bcadea9bbad06c21037a561eaf7ed65867af07e008f55f'
    '4d7e9c5a304806e5dbce0e45576be6951349f2026de67dc47250bc4be9f59fdd82227ed0ab8fa2b95a238e97654fa53ae074379ae9c4'
    'b741468f194f53ee69ba53267872d35c0a6dfc91',
    'f450e9c6f65405fe8bade2d08b8fc217f923d162011b050acffb91074d7c6e8ffc042120863329a0388a3c529517d25c6432f8758098'
    '78ea9c413b1d43805373bcc7eec75c4c1370554e7b286d1acbc3caecf13c29947439207b71c5116ac14b53a71d374d2d3cdd91b62b45'
    '588fc9fb462ec3b44046d03cdc38ab37e43c5f43',
    'd7ca506b92f13236661c6d7ce93f55b6e4adc09fddcc124aaf3a7d73dc47a115e602a11f89107167bedbe29c048e599af27ce1bcb2e1'
    'f3815bf64bcdd91f795990baf64a38d66718f962d7ad8488eb75bed8f0a5cf08ea2446642fb80d724a922ca4ec75dca77396d5230e15'
    'cdd256f3e89b23488ef0f6863c00d0733141761f',
    'd7b3a8fa03e5244d23cc1cad03adff726c0f008a628d2bc06a775ad813851280455df6e3b9fd3a7683b157ad37ed5ae243529070a73b'
    'b910daf0040ee093ecc1ad1ea56ececa8ff1ce6cdbb39ce194fb560f1339ed1be702fe646795e336d47d2db6cea2048c4e81700f81ea'
    'deeeed30f50c48d0ab5fb5cacbe8d4eb8f4171eb',
)]
MIDDLE = [int(p, 16) for p in (
    'dc937f63061392dd0f54f48dd68aab1c014ffddbf6008bcf2f886f1da5ec51cfe894e43d8b284c62cdd7b077b56c87d901fda34adfd2'
    'b23fc64738f927385ae5',
    'eb1b0be1c4a535f2fb9f115ee2fe94fe08dbc2a3443995859fcc9b71e4f49fa700cbf859bbe1569c75ca766298baaecd1ca150e3891c'
    '27ffb31891ea9195e555',
    'd0d22fe469c35322a619c77390b6df1dabdf22d4342ff7d26940bea04209798e561f4471b56dc432c979a28354c37c831c0758b14b36'
    '5c68b2d105eee170c64d',
    'e965b634d28cc1cea06594ccb2afcd6f85dc18c681e1128b81d5ff3506e0e389a3b6217b0f71163efc243f1f6dd3cfeeee6cd9561a63'
    '45826738da09a1462def',
)]
SMALL = [int(p, 16) for p in (
    'd0b36b07553a9482e517260f4a8d04135cb345d55166c892b8107a0f4501279b',
    'd6926a4a5543fa736b07a2573a0673c613863294ee460b93a1c9bffe0d5a4e51',
    'e0cc5fd488cdb6c18b2698821afdfb82f7698cd2ff74d4dd9f02b514a8dc7ca3',
    'c069ab4ce6b0ae76eb13e9c31ea5c2c3555bc317958caf3c9e8b6fa5bfd2b247',
    'ee3825d4fa2ec47aa739fd229c820cb7a878ab668f07ad4764717db704fc08d5',
)]

E = 65537
OIDS = {'sha256': '2a864886f70d01010b', 'sha1': '2a864886f70d010105', 'md5': '2a864886f70d010104'}
SERVER_AUTH, REMOTE_DESKTOP = '2b06010505070301', '2b060104018237360102'
DIGEST_INFO = {'sha256': '3031300d060960864801650304020105000420', 'sha1': '3021300906052b0e03021a05000414',
               'md5': '3020300c06082a864886f70d020505000410'}


class Key:
    def __init__(self, p, q):
        self.p, self.q, self.n = p, q, p * q
        self.d = pow(E, -1, (p - 1) * (q - 1))
        self.bits = self.n.bit_length()

    def power(self, m):
        """m to the private exponent."""
        a, b = pow(m % self.p, self.d % (self.p - 1), self.p), pow(m % self.q, self.d % (self.q - 1), self.q)
        return b + (a - b) * pow(self.q, -1, self.p) % self.p * self.q

    def sign(self, name, data):
        """RFC 8017 8.2; name 'raw' is the form of TLS 1.0: MD5 and SHA-1 side by side."""
        if name == 'raw':
            info = hashlib.md5(data).digest() + hashlib.sha1(data).digest()
        else:
            info = bytes.fromhex(DIGEST_INFO[name]) + hashlib.new(name, data).digest()
        size = self.bits // 8
        padded = b'\0\1' + b'\xff' * (size - 3 - len(info)) + b'\0' + info
        return self.power(int.from_bytes(padded, 'big')).to_bytes(size, 'big')

    def public(self):
        """SubjectPublicKeyInfo"""
        return der(0x30, der(0x30, der(6, bytes.fromhex('2a864886f70d010101')), der(5)),
                   der(3, b'\0' + der(0x30, integer(self.n), integer(E))))

    def pem(self):
        parts = (0, self.n, E, self.d, self.p, self.q, self.d % (self.p - 1), self.d % (self.q - 1),
                 pow(self.q, -1, self.p))
        return pem('RSA PRIVATE KEY', der(0x30, *map(integer, parts)))


def pem(name, data):
    return f'-----BEGIN {name}-----\n{base64.encodebytes(data).decode()}-----END {name}-----\n'


class Keys:
    """Hands out keys, each once."""

    def __init__(self):
        self.pool = {2048: itertools.combinations(LARGE, 2), 1024: itertools.combinations(MIDDLE, 2),
                     512: itertools.combinations(SMALL, 2)}

    def take(self, bits=2048):
        return Key(*next(self.pool[bits]))


def name_of(text):
    """'CN=a,O=b' as a Name."""
    kinds = {'CN': '550403', 'O': '55040a', 'OU': '55040b', 'DC': '0992268993f22c640119'}
    rdns = []
    for part in text.split(','):
        kind, value = part.split('=', 1)
        tag = 0x16 if kind == 'DC' else 0x0c
        rdns.append(der(0x31, der(0x30, der(6, bytes.fromhex(kinds[kind])), der(tag, value.encode()))))
    return der(0x30, *rdns)


def utc(when):
    return der(0x17, time.strftime('%y%m%d%H%M%SZ', time.gmtime(when)).encode())


class Certificate:
    """What is named in the order of RFC 5280; issuer is another one, or None for one that signs itself."""

    def __init__(self, key, subject, since=-30, days=183, hash='sha256', names=(), eku=(SERVER_AUTH,), issuer=None,
                 ca=False):
        self.key, self.subject, self.issuer = key, subject, issuer
        begin = time.time() + since * 86400
        begin -= begin % 60
        algorithm = der(0x30, der(6, bytes.fromhex(OIDS[hash])), der(5))
        tbs = der(0x30, der(0xa0, integer(2)), integer(int.from_bytes(os.urandom(8), 'big') | 1 << 62), algorithm,
                  name_of((issuer or self).subject), der(0x30, utc(begin), utc(begin + days * 86400)), name_of(subject),
                  key.public(), der(0xa3, der(0x30, *self._extensions(names, eku, ca))))
        self.der = der(0x30, tbs, algorithm, der(3, b'\0' + (issuer or self).key.sign(hash, tbs)))
        self.not_after = calendar.timegm(time.gmtime(begin + days * 86400))
        self.sent = [self.der]      # an authority stays at home, as that of a domain does

    @staticmethod
    def _extensions(names, eku, ca):
        def extension(oid, value, critical=False):
            flag = [der(1, b'\xff')] if critical else []
            return der(0x30, der(6, bytes.fromhex(oid)), *flag, der(4, value))
        out = []
        if ca:
            out.append(extension('551d13', der(0x30, der(1, b'\xff')), True))
        else:
            out.append(extension('551d0f', der(3, b'\4\x30')))    # key and data encipherment
        if eku:
            out.append(extension('551d25', der(0x30, *(der(6, bytes.fromhex(e)) for e in eku))))
        if names:
            out.append(extension('551d11', der(0x30, *(der(0x82, n.encode()) for n in names))))
        return out

    def pem(self):
        return ''.join(pem('CERTIFICATE', c) for c in self.sent)
