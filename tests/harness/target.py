# tests/harness/target.py - an RDP host in Python as far as the login and a little beyond, and all it may do wrong.
import hashlib
import os
import socket
import ssl
import struct
import threading
import time

import nla
from rdpraw import HYBRID, HYBRID_EX, TLS, tpkt

# What a target does instead of going on, at any of these steps.
STEPS = ('request', 'tls', 'negotiate', 'authenticate', 'credentials', 'connect')
MISDEEDS = ('hang', 'close', 'garbage', 'reset')
# Always the same: some bytes begin a message that is long and waited for, which is another misdeed.
GARBAGE = bytes((0xa7 + 59 * i) & 0xff for i in range(600))
LOGON_FAILURE = 0xc000006d


def make_authority(world, name='test-ca'):
    """A certificate authority of the world: (certificate, key)."""
    crt, key = world.path(f'{name}.crt'), world.path(f'{name}.key')
    if not os.path.exists(crt):
        world.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                   '-keyout', key, '-out', crt, '-days', '30', '-subj', f'/CN={name}',
                   '-addext', 'basicConstraints=critical,CA:TRUE',
                   '-addext', 'keyUsage=critical,keyCertSign'])
    return crt, key


def make_certificate(world, name, host='localhost', authority=None, start=-86400, days=30):
    """A host's certificate with a name or an address in it: (chain, key). Self-signed without an authority."""
    crt, key, request = (world.path(f'{name}.{end}') for end in ('crt', 'key', 'csr'))
    kind = 'IP' if host.replace('.', '').isdigit() or ':' in host else 'DNS'
    extensions = world.path(f'{name}.ext')
    with open(extensions, 'w') as f:
        f.write(f'subjectAltName={kind}:{host}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n')
    world.run(['openssl', 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key,
               '-out', request, '-subj', f'/CN={host}'])
    folder = world.path(f'{name}.ca')
    os.makedirs(folder)
    open(os.path.join(folder, 'index.txt'), 'w').close()
    with open(os.path.join(folder, 'ca.cnf'), 'w') as f:
        f.write(f'[ca]\ndefault_ca=d\n[d]\nnew_certs_dir={folder}\ndatabase={folder}/index.txt\nrand_serial=yes\n'
                'default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n')
    signer, signer_key = authority or (None, key)
    begin = time.time() + start
    stamp = [time.strftime('%Y%m%d%H%M%SZ', time.gmtime(t)) for t in (begin, begin + days * 86400)]
    argv = ['openssl', 'ca', '-batch', '-config', os.path.join(folder, 'ca.cnf'), '-in', request, '-out', crt,
            '-notext', '-keyfile', signer_key, '-startdate', stamp[0], '-enddate', stamp[1], '-extfile', extensions]
    world.run(argv + (['-cert', signer] if signer else ['-selfsign']))
    return crt, key


def confirm(protocol=None, failure=None):
    """X.224 Connection Confirm with a response or a failure."""
    kind, flags, value = (3, 0, failure) if failure is not None else (2, 0x1f, protocol)
    return tpkt(struct.pack('>BBHHB', 14, 0xd0, 0, 0x1234, 0) + struct.pack('<BBHI', kind, flags, 8, value))


class Broken(Exception):
    """The target did what it was told to do wrong, or its client left."""


class Target:
    """
    An RDP host on a port of its own, for as many connections as come. `at` and `do` name one misdeed: a step
    of STEPS and one of MISDEEDS, or at 'request' a number, the failure code of a negotiation. `how` is one of
    wrong-key (another key than the certificate's is proved), no-login (refuses every password), cut (the
    TSRequest claims more than comes), huge (a TSRequest of 4 GB), damaged (one that is no TSRequest inside),
    lengths (a Connect Response that claims 64 KiB).
    """

    def __init__(self, world, certificate, at=None, do=None, how='', select=HYBRID_EX, user='victim',
                 password='Passw0rd-of-target'):
        self.certificate, self.at, self.do, self.how, self.select = certificate, at, do, how, select
        self.user, self.password = user, password
        self.reached, self.secrets, self.requested, self.cookie, self.clear = [], [], None, None, b''
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.open, self.ending = [], False
        world.cleanup(self.stop)
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self):
        self.ending = True
        for s in [self.socket, *self.open]:
            try:
                s.close()
            except OSError:
                pass

    def _listen(self):
        while not self.ending:
            try:
                s = self.socket.accept()[0]
            except OSError:
                return
            self.open.append(s)
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        s.settimeout(60)
        its = [s]
        try:
            self._session(s, its)
        except (Broken, OSError, ssl.SSLError, struct.error, IndexError):
            pass
        finally:
            for one in its:
                one.close()

    def step(self, s, name):
        self.reached.append(name)
        if self.at != name:
            return
        if self.do == 'hang':
            while not self.ending:
                time.sleep(0.1)
        elif self.do == 'garbage':
            s.sendall(GARBAGE)
            time.sleep(30)
        elif self.do == 'reset':
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        if not isinstance(self.do, int):
            raise Broken(name)

    @staticmethod
    def _take(s, n):
        data = b''
        while len(data) < n:
            more = s.recv(n - len(data))
            if not more:
                raise Broken('client left')
            data += more
        return data

    def _tpkt(self, s):
        return self._take(s, struct.unpack('>H', self._take(s, 4)[2:])[0] - 4)

    def _request(self, s):
        head = self._take(s, 2)
        more = self._take(s, head[1] & 0x7f) if head[1] & 0x80 else b''
        return nla.read_ts_request(head + more + self._take(s, int.from_bytes(more, 'big') if more else head[1]))

    def _session(self, s, its):
        body = self._tpkt(s)
        self.cookie = body[6:-8] if len(body) > 14 else b''
        self.requested = struct.unpack('<I', body[-4:])[0]
        self.step(s, 'request')
        if self.at == 'request' and isinstance(self.do, int):
            s.sendall(confirm(failure=self.do))
            raise Broken('refused')
        s.sendall(confirm(self.select))
        self.step(s, 'tls')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        s = context.wrap_socket(s, server_side=True)
        its.append(s)
        self.open.append(s)
        if self.select in (HYBRID, HYBRID_EX):
            self._login(s)
        elif self.at == 'connect':
            self.clear = self._take(s, 4)
        self.step(s, 'connect')
        self._connect(s)

    def _login(self, s):
        negotiate = self._request(s)
        version = min(negotiate['version'], 6)
        self.step(s, 'negotiate')
        if self.how == 'huge':
            s.sendall(b'\x30\x84\xff\xff\xff\xf0' + bytes(4096))
            time.sleep(30)
        challenge = os.urandom(8)
        names = b''.join(struct.pack('<HH', k, len(v)) + v for k, v in (
            (2, nla.utf16('TARGET')), (1, nla.utf16('TARGET')), (4, nla.utf16('target')), (3, nla.utf16('target')),
            (7, struct.pack('<Q', int((time.time() + 11644473600) * 10 ** 7))))) + bytes(4)
        target = nla.utf16('TARGET')
        raw = b'NTLMSSP\0' + struct.pack('<IHHII', 2, len(target), len(target), 56, nla.FLAGS | 0x20000) + challenge \
            + bytes(8) + struct.pack('<HHI', len(names), len(names), 56 + len(target)) \
            + bytes((10, 0, 0x61, 0x4a, 0, 0, 0, 15)) + target + names
        answer = nla.ts_request(version, raw)
        if self.how == 'damaged':
            s.sendall(b'\x30\x05hello')
            time.sleep(30)
        if self.how == 'cut':
            s.sendall(answer[:-7])
            raise Broken('cut')
        s.sendall(answer)
        request = self._request(s)
        self.step(s, 'authenticate')
        token = request['token']
        fields = [struct.unpack('<HHI', token[12 + 8 * i:20 + 8 * i]) for i in range(6)]
        _, response, domain, user, _, key = (token[at:at + n] for n, _, at in fields)
        owf = nla.hmac_md5(nla.md4(nla.utf16(self.password)),
                           nla.utf16(user.decode('utf-16-le').upper()) + domain)
        proof = nla.hmac_md5(owf, challenge + response[16:])
        if self.how == 'no-login' or proof != response[:16] or user.decode('utf-16-le') != self.user:
            s.sendall(nla.der(0x30, nla.der(0xa0, nla.integer(version)),
                              nla.der(0xa4, nla.integer(LOGON_FAILURE))))
            raise Broken('refused')
        self.exported = nla.Rc4(nla.hmac_md5(owf, proof))(key)
        ours, theirs = self._keys()
        nonce = request['nonce']
        sealed = request['pub_key_auth']
        theirs['open'](sealed)
        public = nla.public_key(ssl.PEM_cert_to_DER_cert(open(self.certificate[0]).read()))
        if self.how == 'wrong-key':
            public = os.urandom(len(public))
        bound = hashlib.sha256(b'CredSSP Server-To-Client Binding Hash\0' + nonce + public).digest()
        s.sendall(nla.ts_request(version, None, None, ours['seal'](bound)))
        info = self._request(s)['auth_info']
        self.secrets.append(theirs['open'](info))
        self.step(s, 'credentials')
        if self.select == HYBRID_EX:
            s.sendall(bytes(4))

    def _keys(self):
        """The server's side of the sealing: what it seals with and what it opens with."""
        def derive(text):
            return hashlib.md5(self.exported + text.encode() + b'\0').digest()
        key = derive('session key to server-to-client signing key magic constant')
        out = nla.Rc4(derive('session key to server-to-client sealing key magic constant'))
        into = nla.Rc4(derive('session key to client-to-server sealing key magic constant'))
        sent = [0]

        def seal(data):
            sealed, number = out(data), struct.pack('<I', sent[0])
            sent[0] += 1
            return b'\1\0\0\0' + out(nla.hmac_md5(key, number + data)[:8]) + number + sealed

        def open_(data):
            plain = into(data[16:])
            into(data[4:12])
            return plain
        return {'seal': seal}, {'open': open_}

    def _connect(self, s):
        """Connect Initial is read; what then comes is nobody's business here but for its wrong forms."""
        self._tpkt(s)
        if self.how == 'lengths':
            # A Connect Response whose GCC block claims 64 KiB.
            s.sendall(tpkt(b'\x02\xf0\x80\x7f\x66\x82\xff\xff\x0a\x01\x00' + bytes(64)))
        time.sleep(30)

    def saw_secret(self):
        """Did the password reach this host, in whatever form it could read?"""
        return any(nla.utf16(self.password) in s for s in self.secrets)
