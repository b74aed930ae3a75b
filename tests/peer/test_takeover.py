#!/usr/bin/env python3
# tests/peer/test_takeover.py - a desktop outlives its connections, passes from one to the next, and has its end.
import os
import signal
import socket
import struct
import threading
import time

from inside import Shared, session_command
from world import Case, main, wait_for
from trial import Trial


class TakeOver(Shared):
    def test_second_login_takes_the_desktop(self):
        first = self.connect()
        inside = self.inside()
        term = inside.start('xterm', ['xterm', '-geometry', '40x10+300+200', '-e', 'sleep', '1000'])
        self.addCleanup(term.stop)
        inside.window('xterm')
        before = self.same(first, inside, what='first client')
        second = self.connect(ready=False)
        self.assertNotEqual(first.proc.wait(10), 0)
        self.assertIn('ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION', first.errors())
        self.assertEqual(self.same(second, inside, what='second client'), before)
        self.trial.wait_log('takes the desktop over')
        second.type('')
        self.assertTrue(second.proc.alive())

    def test_take_over_many_times(self):
        old = self.connect()
        for _ in range(6):
            new = self.connect(ready=False)
            old.proc.wait(10)
            old = new
        self.same(old, self.inside())

    def test_another_size(self):
        first = self.connect(size=(800, 600))
        probe = self.probe(self.inside((800, 600)))
        probe.ask('fill', 0, 0, 1200, 900, 'aa5500')
        self.same(first, self.inside((800, 600)))
        first.proc.stop()
        for size in ((1200, 900), (640, 480)):
            viewer = self.connect(size=size)
            shown = self.same(viewer, self.inside(size))
            self.assertEqual((shown.width, shown.height), size)
            viewer.proc.stop()

    def test_program_changes_the_size(self):
        viewer = self.connect(size=(1024, 768))
        inside = self.inside()
        inside.run('xrandr', '--output', inside.run('xrandr').stdout.split(' connected')[0].split()[-1], '--mode',
                   '800x600')
        shown = self.same(viewer, inside)
        self.assertEqual((shown.width, shown.height), (800, 600))

    def test_killed_client(self):
        for how in (signal.SIGKILL, signal.SIGSTOP):
            viewer = self.connect()
            inside = self.inside()
            self.probe(inside).ask('fill', 0, 0, 99, 99, 'ff8800')
            os.kill(viewer.proc.pid, how)
            again = self.connect()
            self.same(again, inside, what=f'after {how.name}')
            os.kill(viewer.proc.pid, signal.SIGKILL)
            again.proc.stop()

    def test_reset_connection_has_its_reason(self):
        with Wire(self.trial.port) as wire:
            viewer = self.connect(port=wire.port)
            self.same(viewer, self.inside())
            at = len(self.trial.log())
            wire.cut(reset=True)
            line = wait_for('end in the log', lambda: next(
                (line for line in self.trial.log()[at:].splitlines() if 'session of demo ended' in line), None), 10)
            self.assertRegex(line, '(reset|closed) by peer')

    def test_reconnects_by_itself(self):
        """A cut line; the client comes back with what it knows and finds the desktop as it was."""
        with Wire(self.trial.port) as wire:
            viewer = self.connect(port=wire.port, options=('+auto-reconnect', '/auto-reconnect-max-retries:5'))
            inside = self.inside()
            probe = self.probe(inside)
            probe.ask('fill', 0, 0, 300, 300, '00aa55')
            self.same(viewer, inside, what='before')
            wire.cut()
            wait_for('client is back', lambda: wire.count == 2, 20)
            probe.ask('fill', 300, 300, 300, 300, 'aa0055')
            self.same(viewer, inside, seconds=20, what='after')

    def test_taken_from_a_client_that_reconnects(self):
        """Two clients must not take the desktop from each other for ever."""
        first = self.connect(options=('+auto-reconnect',))
        second = self.connect(ready=False, options=('+auto-reconnect',))
        self.assertNotEqual(first.proc.wait(15), 0)
        self.same(second, self.inside())
        time.sleep(2)
        self.assertTrue(second.proc.alive())


class Wire:
    """A line to a port that can be cut."""

    def __init__(self, to):
        self.to, self.count, self.pairs = to, 0, []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            try:
                pair = near, socket.create_connection(('127.0.0.1', self.to))
            except OSError:
                near.close()    # who reconnects by himself finds nobody
                continue
            self.pairs.append(pair)
            self.count += 1
            for a, b in (pair, pair[::-1]):
                threading.Thread(target=self._copy, args=(a, b), daemon=True).start()

    def _copy(self, a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass

    def cut(self, reset=False):
        for pair in self.pairs:
            for s in pair:
                if reset:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                    s.shutdown(socket.SHUT_RD)    # wakes the thread that reads
                    s.close()
                else:
                    s.shutdown(socket.SHUT_RDWR)
        self.pairs.clear()


class TheEnd(Case):
    def setUp(self):
        super().setUp()
        self.path = self.world.path('inside.env')

    def start(self, program):
        from xdisplay import Display
        from peers import Xfreerdp
        self.trial = Trial(self.world, '--session', session_command(self.path, program))
        self.display = Display(self.world, colour='#000000')
        self.login = lambda: Xfreerdp(self.display, self.trial.port, self.trial.user, self.trial.password)

    def test_program_ends(self):
        fifo = self.world.path('end')
        self.start(f'while [ ! -e {fifo} ]; do sleep 0.1; done; rm {fifo}')
        names = set()
        for _ in range(2):
            viewer = self.login()
            viewer.window()
            wait_for('desktop', lambda: os.path.exists(self.path), 10)
            with open(self.path) as f:
                names.add(f.read())
            os.unlink(self.path)
            open(fifo, 'w').close()
            viewer.proc.wait(15)
            self.assertIn('ERRINFO_LOGOFF_BY_USER', viewer.errors())
            wait_for('program gone', lambda: not os.path.exists(fifo), 5)
        self.assertEqual(len(names), 2, 'the second login found the old desktop')
        self.trial.stop()

    def test_ctrl_c_with_a_client(self):
        self.start('xterm & xterm & exec sleep 100000')
        viewer = self.login()
        viewer.window()
        wait_for('terminals', lambda: sum(b'xterm' in self.command(pid) for pid in self.trial.processes()) >= 2, 10)
        self.trial.stop()    # it looks that nothing is left
        self.assertNotEqual(viewer.proc.wait(10), 0)
        self.assertTrue(set(viewer.errors()) & {'ERRINFO_SERVER_SHUTDOWN', 'ERRINFO_RPC_INITIATED_DISCONNECT'},
                        viewer.proc.log())

    def test_ctrl_c_without_a_client(self):
        self.start('exec sleep 100000')
        viewer = self.login()
        viewer.window()
        viewer.proc.stop()
        time.sleep(0.3)
        self.trial.stop()

    def test_killed_desktop_process(self):
        """What sp-desk started must not outlive it, and the next login gets a new desktop."""
        self.start('exec sleep 100000')
        viewer = self.login()
        viewer.window()
        family = self.trial.processes()
        desk = next(pid for pid in family if self.command(pid).split(b'\0')[0].endswith(b'/sp-desk'))
        os.kill(desk, signal.SIGKILL)
        viewer.proc.wait(15)
        wait_for('X server gone', lambda: not any(
            self.command(pid).startswith((b'Xorg', b'/usr/lib/xorg', b'Xvfb')) for pid in family), 10)
        again = self.login()
        again.window()
        self.trial.stop()

    def command(self, pid):
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as f:
                return f.read()
        except OSError:
            return b''


if __name__ == '__main__':
    main()
