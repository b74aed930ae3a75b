#!/usr/bin/env python3
# tests/peer/test_refused.py - real clients that may not come in: each learns why, and ends.
from peers import Rdesktop, Xfreerdp
from trial import Trial, need_trial
from world import Case, main
from xdisplay import Display


class Refused(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        self.trial = Trial(self.world)
        self.display = Display(self.world)

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
        self.assertIn('ERRCONNECT_LOGON_FAILURE', client.errors())
        self.good_login()

    def test_rdesktop(self):
        client = Rdesktop(self.display, self.trial.port, self.trial.user, self.trial.password)
        self.assertNotEqual(client.proc.wait(30), 0)
        self.assertIn('CredSSP required by server', client.proc.log())
        self.good_login()


if __name__ == '__main__':
    main()
