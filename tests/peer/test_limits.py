#!/usr/bin/env python3
# tests/peer/test_limits.py - a session's time runs out: a stock client shows the warning, and is told why it ends.
from inside import Probe, session_command
from peers import Xfreerdp
from trial import Trial, need_trial
from world import Case, main, wait_for
from xdisplay import Display


class Limits(Case):
    def end_of(self, rule, error, said):
        need_trial()
        path = self.world.path('rules.conf')
        with open(path, 'w') as f:
            f.write('rules = ( { name = "short"; targets = ["desktop"]; mfa = ["none"]; %s } );\n' % rule)
        trial = Trial(self.world, '--include', path, '--session', session_command(self.world.path('inside.env')),
                      mfa=True)
        display = Display(self.world, (1300, 1000), colour='#000000')
        viewer = Xfreerdp(display, trial.port, trial.user, trial.password, size=(800, 600))
        viewer.window()
        probe = Probe(display)
        self.addCleanup(probe.end)
        display.run('xdotool', 'mousemove', '300', '300')
        trial.wait_log('is up', 20)
        plain = probe.shape()
        self.assertLess(plain[0], 65)
        # A pointer as wide as the words it carries, hot where an arrow's tip is.
        shape = wait_for('a pointer with the warning', lambda: (lambda s: s if s[0] > 100 else None)(probe.shape()), 40)
        self.assertLess(shape[2], 10)
        self.assertLess(shape[3], 10)
        self.assertGreater(len(set(shape[4][i:i + 8] for i in range(0, len(shape[4]), 8))), 20)
        viewer.proc.wait(60)
        self.assertIn(error, viewer.errors())
        trial.wait_log(said)

    def test_longest_time(self):
        self.end_of('max = "16s";', 'ERRINFO_LOGON_TIMEOUT', 'time is over')

    def test_idle(self):
        self.end_of('idle = "16s";', 'ERRINFO_IDLE_TIMEOUT', 'idle for too long')


if __name__ == '__main__':
    main()
