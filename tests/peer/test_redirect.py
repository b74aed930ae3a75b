#!/usr/bin/env python3
# tests/peer/test_redirect.py - a host that sends its clients elsewhere: the gate goes there, the client stays.
import os
import socket
import ssl
import struct
import threading

from peers import Xfreerdp, certificate
from target import confirm
from trial import SALLYPORT, Trial, need_trial
from world import BUILD, Case, free_port, listens, main, need, wait_for
from xdisplay import Display

HERE, THERE = '127.0.0.1', '127.0.0.2'


class RdstlsHost(threading.Thread):
    """[MS-RDPBCGR] 5.4.5.3 as the server, up to the client's first settings."""

    def __init__(self, port, crt, key, result=0):
        super().__init__(daemon=True)
        self.result, self.request, self.after, self.asked = result, b'', b'', None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(crt, key)
        self.listener = socket.create_server((THERE, port))
        self.start()

    def run(self):
        peer = self.listener.accept()[0]
        peer.settimeout(30)
        first = peer.recv(4096)
        self.asked = struct.unpack('<I', first[-4:])[0]
        peer.sendall(confirm(4))
        with self.context.wrap_socket(peer, server_side=True) as stream:
            stream.sendall(struct.pack('<4H', 1, 1, 1, 1))
            self.request = stream.recv(4096)
            stream.sendall(struct.pack('<3HI', 1, 4, 1, self.result))
            self.after = stream.recv(4096)
        self.listener.close()


class Redirect(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        self.crt, self.key = certificate(self.world)
        self.pem = self.world.path('both.pem')
        with open(self.pem, 'w') as out:
            for name in (self.crt, self.key):
                with open(name) as f:
                    out.write(f.read())
        self.port = free_port()

    def redirector(self, *args):
        program = os.path.join(BUILD, 'tests', 'peer', 'redirector')
        self.host = self.world.start('redirector', [program, f'{HERE}:{self.port}', self.pem, *args])
        wait_for('redirector', lambda: listens(self.port, HERE), 10)

    def weston(self):
        need('weston')
        runtime = self.world.path('weston')
        os.makedirs(runtime, mode=0o700)
        proc = self.world.start('weston', [
            'weston', '--backend=rdp-backend.so', f'--address={THERE}', f'--port={self.port}', '--no-config',
            f'--rdp-tls-cert={self.crt}', f'--rdp-tls-key={self.key}', '--socket=sp-test'],
            env=self.world.env(XDG_RUNTIME_DIR=runtime))
        wait_for('weston', lambda: listens(self.port, THERE), 20)
        return proc

    def connect(self, redirects=f'redirects = ["{THERE}"];', folder='trial'):
        include = self.world.path('targets.conf')
        with open(include, 'w') as f:
            f.write(f'targets = {{ farm = {{ kind = "rdp"; address = "{HERE}:{self.port}"; trust = "first-seen";'
                    f' login = "same"; security = "tls"; {redirects} }}; }};\n')
        self.trial = Trial(self.world, '--include', include, folder=self.world.path(folder), env={'SP_LOG_DEBUG': '1'})
        self.display = Display(self.world, (1100, 800), colour='#000000')
        return Xfreerdp(self.display, self.trial.port, f'{self.trial.user}#farm', self.trial.password)

    def told(self, text):
        return wait_for(f'"{text}" said by the host', lambda: next(
            (line for line in self.host.log().splitlines() if text in line), None), 20)

    def test_followed(self):
        """To weston at another address: its picture is what the client sees."""
        weston = self.weston()
        self.redirector(THERE)
        viewer = self.connect()
        self.trial.wait_log('session 1: target farm is up', 30)
        self.display.wait_picture('the panel of weston', lambda p: len(p.colours()) > 50, 20, viewer.window())
        self.assertTrue(weston.alive() and viewer.proc.alive())
        logon = self.told('logon user=')
        self.assertIn(f'user={self.trial.user} ', logon)
        self.assertIn(f'password={len(self.trial.password)} autologon=1', logon)
        # Server redirection is supported, version 4.
        self.assertIn('cluster=d session=0', logon)
        self.trial.wait_log(f'target farm redirects to {THERE}')

    def test_rdstls(self):
        """The sealed password goes where it is for, and what the person typed does not."""
        other = RdstlsHost(self.port, self.crt, self.key)
        self.redirector(THERE, 'sealed by the broker')
        self.connect()
        other.join(30)
        self.assertEqual(5, other.asked)
        request = struct.pack('<3H', 1, 2, 1)
        for field in ('R1VJRA==\0'.encode('utf-16-le'), 'guest\0'.encode('utf-16-le'),
                      'FARM\0'.encode('utf-16-le'), b'sealed by the broker'):
            request += struct.pack('<H', len(field)) + field
        self.assertEqual(request, other.request)
        self.assertTrue(other.after.startswith(b'\x03\x00'))
        # TS_UD_CS_CLUSTER with the session that is to be connected to.
        self.assertIn(struct.pack('<HHII', 0xc004, 12, 0xf, 42), other.after)
        for secret in (self.trial.password, self.trial.user):
            for code in ('utf-8', 'utf-16-le'):
                self.assertNotIn(secret.encode(code), other.request + other.after)

    def test_rdstls_refused(self):
        other = RdstlsHost(self.port, self.crt, self.key, result=0x533)
        self.redirector(THERE, 'sealed by the broker')
        self.connect()
        other.join(30)
        self.trial.wait_log('it refused the redirected login: account is disabled', 10)

    def test_circles(self):
        """To itself, by a token, again and again."""
        self.redirector('token')
        viewer = self.connect()
        self.told('token=Cookie: msts=3640205228.15629.0000')
        self.trial.wait_log('sends from one machine to the next without end', 20)
        self.assertGreater(self.host.log().count('logon user='), 1)
        self.assertLess(self.host.log().count('logon user='), 8)
        self.assertTrue(viewer.proc.alive())    # it reads why

    def test_no_session(self):
        """Hosts that take the login and give no session."""
        for how, reason in (('hang', 'it did not answer in time (wait license)'),
                            ('close', 'it closed the connection (wait license)'), ('refuse', 'it refused the session: ')):
            self.port = free_port()
            self.redirector(how)
            self.connect(folder=how)
            self.trial.wait_log(f'no way to target farm: {reason}', 40)
            self.trial.stop()

    def test_our_client(self):
        """It does not follow, and says so."""
        self.redirector(THERE)
        done = self.world.run([SALLYPORT, 'shot', f'{HERE}:{self.port}', self.world.path('x.png'), '--sec', 'tls'],
                              check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn('sends its clients to another machine', done.stderr)

    def test_not_allowed(self):
        """Only where the configuration says."""
        self.redirector(THERE)
        self.connect(redirects='')
        self.trial.wait_log('which its redirects do not name', 20)


if __name__ == '__main__':
    main()
