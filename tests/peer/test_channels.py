#!/usr/bin/env python3
# tests/peer/test_channels.py - dynamic channels of a desktop with clients that come, take it over and die.
import os
import signal
import subprocess

from peers import Xfreerdp
from trial import SALLYPORT, Trial
from world import Case, main, wait_for
from xdisplay import Display

ANSWERS = 'the client answers within '


class Channels(Case):
    def answers(self, trial, n):
        wait_for(f'answer number {n}', lambda: trial.log().count(ANSWERS) >= n, 15)

    def test_attached_to_each_client(self):
        trial = Trial(self.world, '--session', 'sleep 1000', env={'SP_LOG_DEBUG': '1'})
        display = Display(self.world, (1024, 768))

        def connect(*options):
            return Xfreerdp(display, trial.port, trial.user, trial.password, size=(640, 480), options=options)
        first = connect('/echo', '/dynamic-resolution')
        self.answers(trial, 1)
        # Taken over by our own client, which answers too.
        script = self.world.path('script')
        with open(script, 'w') as f:
            f.write('wait 1\n')
        ours = subprocess.run([SALLYPORT, 'script', f'127.0.0.1:{trial.port}', script, '--user', trial.user,
                               '--password-stdin', '--trust', 'first-seen'], input=trial.password + '\n', text=True,
                              capture_output=True, env=self.world.env(HOME=self.world.path('home')), timeout=20)
        self.assertEqual(ours.returncode, 0, ours.stderr)
        self.answers(trial, 2)
        self.assertNotEqual(first.proc.wait(10), 0)
        # One without dynamic channels, and one that dies while they are open.
        plain = connect()
        trial.wait_log('conn 3: first picture is out', 15)
        os.kill(plain.proc.popen.pid, signal.SIGKILL)
        last = connect('/echo')
        self.answers(trial, 3)
        self.assertTrue(last.proc.alive())


if __name__ == '__main__':
    main()
