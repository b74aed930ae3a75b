#!/usr/bin/env python3
# tests/proc/test_trial.py - a trial on a machine that has other people on it.
import os
import socket
import threading

from trial import Trial
from world import Case, main


class Others(Case):
    def refused(self, folder, words):
        with self.assertRaises(AssertionError) as caught:
            Trial(self.world, folder=folder)
        self.assertIn(f'{folder}: {words}; name another directory with --dir', str(caught.exception))
        self.assertEqual(os.listdir(folder), [])

    def test_directory_of_all(self):
        folder = self.world.path('all')
        os.mkdir(folder)
        os.chmod(folder, 0o1777)
        self.refused(folder, 'everybody may write to it')

    def test_directory_of_somebody(self):
        if os.geteuid() != 0:
            self.skipTest('only root can make one')
        folder = self.world.path('somebody')
        os.mkdir(folder)
        os.chown(folder, 65534, 65534)
        self.refused(folder, 'belongs to somebody else')

    def test_ready_of_a_stranger(self):
        """READY=1 of another process, all the while, means nothing: there is no certificate yet."""
        done = threading.Event()

        def lie():
            while not done.is_set():
                with open('/proc/net/unix') as f:
                    names = [line.split()[-1] for line in f if '@sallyport-trial-' in line]
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                    for name in names:
                        try:
                            s.sendto(b'READY=1', '\0' + name[1:])
                        except OSError:
                            pass

        liar = threading.Thread(target=lie)
        liar.start()
        try:
            trial = Trial(self.world)
        finally:
            done.set()
            liar.join()
        trial.stop()


if __name__ == '__main__':
    main()
