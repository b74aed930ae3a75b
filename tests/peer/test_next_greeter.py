#!/usr/bin/env python3
# tests/peer/test_next_greeter.py - why a session ended stands on the greeter of the next login, once.
import json

from inside import session_command
from peers import Xfreerdp
from test_greeter import GROUND, is_desktop, is_greeter
from trial import Trial
from world import Case, main, wait_for
from xdisplay import Display


class NextGreeter(Case):
    def setUp(self):
        super().setUp()
        self.trial = Trial(self.world, '--session', session_command(self.world.path('inside.env')), mfa=True)
        self.display = Display(self.world, (1300, 1000), colour='#000000')

    def connect(self, user):
        return Xfreerdp(self.display, self.trial.port, user, self.trial.password)

    def picture(self, viewer, what, judge):
        return self.display.wait_picture(what, judge, 20, viewer.window())

    def session(self):
        def look():
            them = json.loads(self.trial.command('session', 'list', '--json').stdout)
            return next((s for s in them if s['state'] == 'active'), None)
        return wait_for('an active session', look, 15)

    def test_ended_by_an_administrator(self):
        viewer = self.connect(f'{self.trial.user}##{self.trial.code()}')
        self.picture(viewer, 'the desktop', is_desktop)
        self.trial.command('session', 'end', str(self.session()['id']), '--reason', 'maintenance until six')
        self.assertNotEqual(viewer.proc.wait(15), 0)
        self.assertIn('ERRINFO_RPC_INITIATED_DISCONNECT', viewer.errors())
        # By hand, as people do: the reason first, and after Enter the question.
        viewer = self.connect(self.trial.user)
        notice = self.picture(viewer, 'the reason', is_greeter)
        viewer.type('')
        asked = self.picture(viewer, 'the question for a code',
                             lambda p: is_greeter(p) and height(p) > height(notice) + 40)
        viewer.type(self.trial.code())
        self.picture(viewer, 'the desktop', is_desktop)
        viewer.proc.stop()
        # It is told once.
        viewer = self.connect(self.trial.user)
        again = self.picture(viewer, 'no reason any more', is_greeter)
        self.assertEqual(height(again), height(asked))


def height(p):
    """Of the card: the rows in the middle that are not ground."""
    x = p.width // 2 - 200
    return sum(max(abs(a - b) for a, b in zip(p.pixel(x, y), GROUND)) > 7 for y in range(p.height))


if __name__ == '__main__':
    main()
