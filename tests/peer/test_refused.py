#!/usr/bin/env python3
# tests/peer/test_refused.py - real clients that may not come in: each learns why, and ends.
import os

from peers import Rdesktop, Xfreerdp
from trial import Trial, need_trial
from world import Case, main, need
from xdisplay import Display


class Refused(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        if self._testMethodName == 'test_rdesktop':
            self.rsa_certificate()    # it knows no other keys
        self.trial = Trial(self.world, '--session', 'xsetroot -solid "#204060"; exec xterm -e cat')
        self.display = Display(self.world)

    def rsa_certificate(self):
        need('openssl')
        state = self.world.path('trial', 'state')
        os.makedirs(state, 0o700)
        key, cert = os.path.join(state, 'key'), os.path.join(state, 'cert')
        self.world.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost',
                        '-days', '2', '-keyout', key, '-out', cert])
        with open(os.path.join(state, 'tls.pem'), 'w') as pem:
            for part in (key, cert):
                with open(part) as f:
                    pem.write(f.read())
                os.unlink(part)
        os.chmod(os.path.join(state, 'tls.pem'), 0o600)

    def xfreerdp(self, password=None, **options):
        client = Xfreerdp(self.display, self.trial.port, self.trial.user, password or self.trial.password, **options)
        self.assertNotEqual(client.proc.wait(30), 0)
        return client

    def good_login(self):
        client = Xfreerdp(self.display, self.trial.port, self.trial.user, self.trial.password)
        client.window()
        self.display.wait_picture('a desktop', lambda p: len(p.colours()) > 2, 20, client.window())

    def test_standard_security(self):
        client = self.xfreerdp(sec='rdp')
        self.trial.wait_log('no security protocol in common: client offers')
        self.assertIn('ERRCONNECT_SECURITY_NEGO_CONNECT_FAILED', client.errors())
        self.assertIn('HYBRID_REQUIRED_BY_SERVER', client.proc.log())
        self.good_login()

    def test_tls_only(self):
        client = self.xfreerdp(sec='tls')
        self.assertIn('ERRCONNECT_SECURITY_NEGO_CONNECT_FAILED', client.errors())
        self.assertIn('HYBRID_REQUIRED_BY_SERVER', client.proc.log())
        self.good_login()

    def test_wrong_password(self):
        client = self.xfreerdp(password='wrong')
        self.trial.wait_log(f'login of "{self.trial.user}" refused: wrong password')
        self.assertIn('ERRCONNECT_LOGON_FAILURE', client.errors())
        self.good_login()

    def test_rdesktop(self):
        client = Rdesktop(self.display, self.trial.port, self.trial.user, self.trial.password)
        self.assertNotEqual(client.proc.wait(30), 0)
        self.assertIn('CredSSP required by server', client.proc.log())
        self.good_login()


if __name__ == '__main__':
    main()
