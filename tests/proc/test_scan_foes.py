# A scan of endpoints that want to harm it, beside good ones.
import json
import os
import pty
import resource
import signal
import socket
import subprocess
import threading
import time

import winfoes
from procfs import SANITIZED, comm
from scanning import SALLYPORT, by_host, difference, expected, findings, need_names, scan
from windows import Farm
from world import Case, main, wait_for

TABLE = os.path.join(os.path.dirname(__file__), 'scan_expected.txt')


class Foes(Case):
    GOOD, MUTATED = ('xp-sp2', '2008', '2019', '2025', 'gateway-basic'), ('7', '2022')

    def test_beside_good_ones(self):
        """Slow, endless, false and mutated endpoints cost their own rows only, and not long."""
        need_names()
        farm = Farm(only=self.GOOD + self.MUTATED)
        foes = {}
        for number, (name, serve) in enumerate(winfoes.foes(farm, self.MUTATED), 1):
            foes[f'127.{farm.block}.1.{number}'] = name
            farm.extra.append((name, f'127.{farm.block}.1.{number}', 3389, serve))
        farm.start()
        self.world.cleanup(farm.stop)
        names = {w.names['dns_computer']: w.name for w in farm.hosts.values() if w.name in self.GOOD}
        begin = time.monotonic()
        document = scan(self.world, [*foes, *names], '--all', '--timeout', '3', hosts=farm.hosts_file())
        took = time.monotonic() - begin
        seen, wanted = by_host(document), expected(TABLE)
        for name, known in names.items():
            self.assertEqual(seen[name]['nla'], wanted[known][0])
            self.assertEqual(difference(known, findings(seen[name]), wanted[known][1]), '')
        for address, name in foes.items():
            e = seen[address]
            if not name.startswith('mutated'):
                self.assertTrue(e['why'], f'{name}: no reason: {e}')
            self.assertEqual(e['reach'], 'rdp' if name in winfoes.AFTER_CONFIRM else e['reach'], name)
        self.assertLess(took, 30)
        # A gigabyte was there for whoever keeps what comes.
        if not SANITIZED:
            self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 48 << 10)

    def test_few_sockets(self):
        """That this machine has no socket for it says nothing of an endpoint; nor is a reader that cannot start an interrupt."""
        listener = socket.create_server(('0.0.0.0', 0), backlog=256)
        self.world.cleanup(listener.close)

        def serve():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                threading.Timer(0.3, connection.close).start()
        threading.Thread(target=serve, daemon=True).start()

        def run(files):
            return subprocess.run([SALLYPORT, 'scan', '127.0.77.0/25', '--ports', str(listener.getsockname()[1]), '--no-web',
                                   '--no-udp', '--format', 'json', '--all', '--parallel', '126', '--rate', '100000'],
                                  capture_output=True, text=True,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)))
        document = json.loads(run(80).stdout)
        self.assertEqual(len(document['endpoints']), 126)
        self.assertEqual({e['reach'] for e in document['endpoints']}, {'mute'})
        done = run(40)
        self.assertEqual(done.returncode, 1)
        self.assertIn('sp-probe does not start', done.stderr)

    def test_death_and_interrupt(self):
        """Another reader goes on where one was killed; Ctrl-C reports what there is, and the endpoint it cut short."""
        need_names()
        farm = Farm(only=('2008',))
        mute, good = f'127.{farm.block}.1.1', farm.hosts['2008'].address
        farm.extra.append(('mute', mute, 3389, winfoes.mute))
        farm.start()
        self.world.cleanup(farm.stop)
        proc = subprocess.Popen([SALLYPORT, 'scan', '--format', 'json', '--no-udp', '--all', '--timeout', '30', good, mute],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            first = wait_for('sp-probe', lambda: self.reader(proc.pid), 10)
            wait_for('a question', lambda: farm.connections.get('mute'), 10)
            os.kill(first, signal.SIGKILL)
            wait_for('another sp-probe', lambda: self.reader(proc.pid) not in (0, first), 10)
            # It did not say on whom it died: they are asked one after the other.
            wait_for('the mute one asked again', lambda: farm.connections['mute'] > 1, 30)
            proc.send_signal(signal.SIGINT)
            out, err = proc.communicate(timeout=10)
        finally:
            proc.kill()
        self.assertIn('interrupted', err)
        self.assertEqual(proc.returncode, 1)
        self.assertFalse(json.loads(out)['summary']['complete'])
        rows = {e['address']: e for e in json.loads(out)['endpoints']}
        self.assertEqual(rows[good]['reach'], 'rdp')
        self.assertEqual(rows[good]['why'], '')
        self.assertIn('the scan was ended', rows[mute]['why'])

    def test_named(self):
        """Who asks for one host is told of it, whatever is there; a list may come from standard input."""
        def scan(*options, targets=None):
            return subprocess.run([SALLYPORT, 'scan', '--no-web', '--no-udp', *options], input=targets or '', text=True,
                                  capture_output=True, timeout=60)
        with socket.create_server(('127.0.0.1', 0)) as free:
            port = free.getsockname()[1]
        done = scan('no-such-host.invalid', f'127.0.0.1:{port}')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        # Where there is no name server, none answers.
        self.assertRegex(done.stdout, r'(?m)^-         no-such-host\.invalid:3389  no RDP: (the name has no address|no name server answered for it)$')
        self.assertIn(f'-         127.0.0.1:{port}  no RDP: the port is closed\n', done.stdout)
        self.assertEqual(scan('no-such-host.invalid').returncode, 3)
        done = scan('@-', '--format', 'json', targets=f'# ours\nrdp://127.0.0.1:{port}/\n')
        self.assertEqual([(e['host'], e['port'], e['reach']) for e in json.loads(done.stdout)['endpoints']],
                         [('127.0.0.1', port, 'refused')])
        # Of a network only what is there.
        done = scan('127.0.0.1/32', '--ports', str(port), '--format', 'json')
        self.assertEqual(json.loads(done.stdout)['endpoints'], [])
        for options, status, said in ((['@/none'], 2, '/none: No such file'), (['127.0.0.1', '--baseline', '/none'], 2, '/none: '),
                                      (['127.0.0.1', '--output', '/none/x'], 1, '/none/x: No such file'),
                                      (['8.8.8.8'], 2, '--i-am-authorised')):
            done = scan(*options)
            self.assertEqual((done.returncode, done.stdout), (status, ''), options)
            self.assertIn(said, done.stderr)
        # Nor does a report that nobody takes go into what is opened next.
        for form in 'text', 'json':
            done = subprocess.run(['sh', '-c', '"$@" >&-', 'sh', SALLYPORT, 'scan', f'127.0.0.1:{port}', '--no-web', '--no-udp',
                                   '--format', form], stderr=subprocess.PIPE, text=True)
            self.assertEqual((done.returncode, done.stderr), (1, 'sallyport: standard output: cannot write\n'))
        with open('/dev/full', 'w') as full:
            done = subprocess.run([SALLYPORT, 'scan', f'127.0.0.1:{port}'], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (1, 'sallyport: standard output: cannot write\n'))

    def test_progress(self):
        """On a terminal the line stays while there is nothing to say, and gives way to what there is."""
        with socket.create_server(('127.0.0.1', 0)) as free:
            port = free.getsockname()[1]
        status, shown = self.in_terminal([SALLYPORT, 'scan', '127.0.78.0/24', f'127.0.0.1:{port}', '--ports', str(port),
                                          '--no-web', '--no-udp'])
        self.assertEqual(status, 0)
        self.assertIn(b'0 of 255 done, 0 RDP\x1b[K', shown)
        # Not once for each of 254 closed doors.
        self.assertLess(shown.count(b'\r\x1b[K'), 20)
        self.assertRegex(shown, rb'\r\x1b\[K.{,12}-.{,20}127\.0\.0\.1:%d' % port)
        # What is left on the screen is the report.
        self.assertRegex(shown, rb'\r\x1b\[K1?[^\r\x1b]*255 endpoints: 255 refused\.\r\n(?s:.*)Findings: none\.\r\n$')

    def in_terminal(self, argv):
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(argv[0], argv)
        shown = b''
        try:
            while data := os.read(fd, 65536):
                shown += data
        except OSError:  # the other end is closed
            pass
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown

    def test_output(self):
        """The old report stays until the new one is whole; what is no file is written to."""
        with socket.create_server(('127.0.0.1', 0)) as mute:
            place, path = '127.0.0.1:%d' % mute.getsockname()[1], self.world.path('out.prom')
            with open(path, 'w') as f:
                f.write('old\n')
            argv = [SALLYPORT, 'scan', '--no-web', '--no-udp', '--timeout', '2', '--format', 'prometheus', '--output']
            proc = subprocess.Popen([*argv, path, place], umask=0o027)
            mute.accept()
            with open(path) as f:
                self.assertEqual(f.read(), 'old\n')
            self.assertEqual(proc.wait(30), 0)
        with open(path) as f:
            self.assertIn('sallyport_scan_up{host="127.0.0.1"', f.read())
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)
        self.assertEqual([name for name in os.listdir(os.path.dirname(path)) if name.startswith('out.prom')], ['out.prom'])
        done = subprocess.run([*argv, '/dev/full', place], stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (1, 'sallyport: /dev/full: cannot write\n'))
        done = subprocess.run([*argv, '/dev/stdout', place], stdout=subprocess.PIPE, text=True)
        self.assertIn('sallyport_scan_up{', done.stdout)

    @staticmethod
    def reader(parent):
        with open(f'/proc/{parent}/task/{parent}/children') as f:
            return next((int(pid) for pid in f.read().split() if comm(pid) == 'sp-probe'), 0)


if __name__ == '__main__':
    main()
