# tests/harness/rdpraw.py - the first steps of an RDP client, byte by byte, well and badly done.
import select
import socket
import ssl
import struct
import time
import warnings

RDP, TLS, HYBRID, RDSTLS, HYBRID_EX = 0, 1, 2, 4, 8
RESTRICTED_ADMIN, CORRELATION, CREDENTIAL_GUARD = 1, 8, 2    # flags of the negotiation request
# [MS-RDPBCGR] 2.2.1.2.2
FAILURES = {1: 'SSL_REQUIRED_BY_SERVER', 2: 'SSL_NOT_ALLOWED_BY_SERVER', 3: 'SSL_CERT_NOT_ON_SERVER',
            4: 'INCONSISTENT_FLAGS', 5: 'HYBRID_REQUIRED_BY_SERVER', 6: 'SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER'}


def tpkt(payload):
    return struct.pack('>BBH', 3, 0, len(payload) + 4) + payload


def connection_request(protocols=HYBRID | TLS | HYBRID_EX, cookie=b'', flags=0):
    """X.224 Connection Request; protocols None leaves the negotiation request out, as old clients do."""
    variable = cookie
    if protocols is not None:
        variable += struct.pack('<BBHI', 1, flags, 8, protocols)
    return tpkt(struct.pack('>BBHHB', 6 + len(variable), 0xe0, 0, 0x1234, 0) + variable)


class Closed(Exception):
    """The other side closed, or reset, the connection."""


class Door:
    """A TCP connection to an RDP server; TLS when asked. Every wait has its end."""

    def __init__(self, port, source='127.0.0.1', address='127.0.0.1', seconds=15.0):
        self.seconds, self.source, self.opened, self.tls = seconds, source, time.monotonic(), None
        self.socket = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
        self.socket.settimeout(seconds)
        self.socket.bind((source, 0))
        self.socket.connect((address, port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def stream(self):
        return self.tls or self.socket

    def send(self, data):
        try:
            self.stream.sendall(data)
        except (OSError, ssl.SSLError) as why:
            raise Closed(str(why)) from None

    def receive(self, n):
        """Exactly n bytes."""
        data = b''
        while len(data) < n:
            try:
                more = self.stream.recv(n - len(data))
            except socket.timeout:
                raise AssertionError(f'{len(data)} of {n} bytes within {self.seconds:g} s') from None
            except (OSError, ssl.SSLError) as why:
                raise Closed(str(why)) from None
            if not more:
                raise Closed(f'after {len(data)} of {n} bytes')
            data += more
        return data

    def receive_tpkt(self):
        head = self.receive(4)
        if head[0] != 3:
            raise AssertionError(f'no TPKT: {head.hex()}')
        return self.receive(struct.unpack('>H', head[2:])[0] - 4)

    def negotiate(self, *args, **options):
        """Sends a connection request; ('selected', protocol, flags), ('failure', code, 0) or ('plain', 0, 0)."""
        self.send(connection_request(*args, **options))
        body = self.receive_tpkt()
        if body[1] & 0xf0 != 0xd0:
            raise AssertionError(f'no connection confirm: {body.hex()}')
        if body[0] != len(body) - 1:
            raise AssertionError(f'length of the confirm is wrong: {body.hex()}')
        if len(body) == 7:
            return 'plain', 0, 0
        kind, flags, length, value = struct.unpack('<BBHI', body[7:15])
        if length != 8:
            raise AssertionError(f'length of the negotiation is wrong: {body.hex()}')
        return {2: ('selected', value, flags), 3: ('failure', value, 0)}[kind]

    def start_tls(self, lowest=ssl.TLSVersion.TLSv1_2, highest=ssl.TLSVersion.MAXIMUM_SUPPORTED, ciphers=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')    # old versions are asked for on purpose
            context.minimum_version, context.maximum_version = lowest, highest
        if ciphers:
            context.set_ciphers(ciphers)
        try:
            self.tls = self.socket = context.wrap_socket(self.socket, server_hostname='localhost')
        except (OSError, ssl.SSLError) as why:
            raise Closed(f'TLS: {why}') from None
        return self.tls

    def certificate(self):
        return self.tls.getpeercert(binary_form=True)

    def wait_closed(self, seconds):
        """Waits until the other side closes; gives what it still sent and how long this took."""
        begin, rest = time.monotonic(), b''
        while True:
            left = begin + seconds - time.monotonic()
            if left <= 0:
                raise AssertionError(f'still open after {seconds:g} s; it sent {rest[:64].hex()}')
            try:
                if not (self.tls and self.tls.pending()) and \
                        not select.select([self.socket], [], [], min(left, 0.5))[0]:
                    continue
                self.stream.settimeout(left)
                more = self.stream.recv(4096)
            except (OSError, ssl.SSLError):
                more = b''
            if not more:
                return rest, time.monotonic() - begin
            rest += more

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        try:
            self.stream.close()
        except OSError:
            pass
