#!/usr/bin/env python3
# tests/peer/test_reconnect.py - a cut line and a second factor: who comes back by himself is not asked again.
import json
import time

import picture
from peers import Xfreerdp
from test_takeover import Wire
from trial import Trial
from world import Case, main, wait_for
from xdisplay import Display

COLOUR = picture.colour('#802040')
RECONNECT = ('+auto-reconnect', '/auto-reconnect-max-retries:5')


class Cookie(Case):
    def setUp(self):
        super().setUp()
        self.trial = Trial(self.world, '--session', 'xsetroot -solid "#802040"; exec sleep 1000', mfa=True)
        self.display = Display(self.world, colour='#000000')
        self.wire = Wire(self.trial.port)
        self.addCleanup(self.wire.__exit__)

    def connect(self):
        """With a code in the name, which is good for one login only."""
        user = f'{self.trial.user}##{self.trial.code()}'
        client = Xfreerdp(self.display, self.wire.port, user, self.trial.password, options=RECONNECT)
        wait_for('the desktop', lambda: client.screenshot().pixel(50, 50) == COLOUR, 20)
        return client, self.session()

    def list(self):
        return json.loads(self.trial.command('session', 'list', '--json').stdout)

    def session(self):
        def look():
            them = [s for s in self.list() if s['state'] == 'active']
            return them[0] if len(them) == 1 else None
        return wait_for('an active session', look, 15)

    def back(self):
        """The line is cut; the session that the client comes to, if it comes to one."""
        count = self.wire.count
        self.wire.cut()
        wait_for('the client is back', lambda: self.wire.count > count, 20)
        return self.session()

    def test_comes_back(self):
        client, first = self.connect()
        self.assertFalse(first['resumed'])
        seen = {first['id']}
        # Each time with a cookie of its own.
        for _ in range(3):
            again = self.back()
            self.assertTrue(again['resumed'])
            self.assertNotIn(again['id'], seen)
            seen.add(again['id'])
            wait_for('the desktop', lambda: client.screenshot().pixel(50, 50) == COLOUR, 10)
            time.sleep(1)    # the cookie is on its way to the client
        self.assertNotIn('code of user demo refused', self.trial.log())

    def test_ended_by_an_administrator(self):
        """He is told so, and comes back to nothing."""
        client, first = self.connect()
        self.trial.command('session', 'end', str(first['id']))
        self.assertNotEqual(client.proc.wait(15), 0)
        wait_for('the end of all sessions', lambda: self.list() == [], 15)
        self.assertNotIn('resumes', self.trial.log())

    def test_after_the_rules_changed(self):
        """The cookie opens nothing that the rules do not allow now: not to somebody who was disabled."""
        client, _ = self.connect()
        self.trial.command('user', 'disable', self.trial.user)
        self.wire.cut()
        client.proc.wait(40)
        wait_for('the end of all sessions', lambda: self.list() == [], 15)
        self.assertNotIn('resumes', self.trial.log())


if __name__ == '__main__':
    main()
