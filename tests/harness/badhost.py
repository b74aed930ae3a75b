# tests/harness/badhost.py - an RDP host that goes some steps and then misbehaves, and remembers what it was sent.
import socket
import ssl
import struct
import threading

from rdpraw import HYBRID, TLS, tpkt

STEPS = ('accept', 'confirm', 'tls', 'first')    # how far it goes: 'first' is the first message behind TLS


def confirm(protocol=None, failure=None):
    """X.224 Connection Confirm with a response or a failure."""
    kind, value = (3, failure) if failure is not None else (2, protocol)
    return tpkt(struct.pack('>BBHHB', 14, 0xd0, 0, 0x1234, 0) + struct.pack('<BBHI', kind, 0, 8, value))


class BadHost:
    """Serves each connection the same way, in threads that end with the test."""

    def __init__(self, world, crt, key, until='first', then='close', protocol=HYBRID, failure=None, words=b''):
        self.until, self.then, self.protocol, self.failure, self.words = until, then, protocol, failure, words
        self.seen, self.connections, self.open = b'', 0, []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(crt, key)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        world.cleanup(self.stop)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.close()
        for peer in self.open:
            peer.close()

    def _accept(self):
        while True:
            try:
                peer = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.open.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        peer.settimeout(90)
        try:
            self._steps(peer)
        except (OSError, ssl.SSLError):
            pass

    def _steps(self, peer):
        stream = peer
        if self.until != 'accept':
            stream.recv(4096)
            stream.sendall(confirm(self.protocol, self.failure))
            if self.until == 'confirm':
                return self._finish(stream)
            stream = self.context.wrap_socket(peer, server_side=True)
            self.open.append(stream)
            if self.until == 'first':
                self.seen += stream.recv(65536)
        self._finish(stream)

    def _finish(self, stream):
        if self.words:
            stream.sendall(self.words)
        if self.then == 'close':
            stream.close()
        elif self.then == 'reset':
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            stream.close()
        else:    # hang, and remember what comes
            while True:
                more = stream.recv(65536)
                if not more:
                    return
                self.seen += more


__all__ = ['BadHost', 'STEPS', 'HYBRID', 'TLS']
