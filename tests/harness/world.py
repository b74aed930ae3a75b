# tests/harness/world.py - processes with their logs, free ports, deadlines, and their certain end.
import atexit
import ctypes
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = os.path.abspath(os.environ.get('SP_SOURCE') or os.path.join(os.path.dirname(__file__), '..', '..'))
BUILD = os.path.abspath(os.environ.get('SP_BUILD') or os.path.join(SOURCE, 'build'))
PORTS = range(15000, 32000)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
libc = ctypes.CDLL(None)


class Deadline(AssertionError):
    """Something did not happen in time."""


def wait_for(what, probe, seconds=10.0, every=0.05):
    """Calls probe until it gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        got = probe()
        if got:
            return got
        if time.monotonic() > end:
            raise Deadline(f'{what}: not within {seconds:g} s')
        time.sleep(every)


def free_port():
    """
    A port of 127.0.0.1 that nobody has; below the range that the kernel gives out by itself. One after the other
    for all tests that run at the same time: what one was given it may open only much later.
    """
    fd = os.open(os.path.join(tempfile.gettempdir(), f'sallyport-test-port-{os.getuid()}'),
                 os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, 'r+') as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        last = f.read()
        port = int(last) if last.isdigit() else random.choice(PORTS)
        for _ in PORTS:
            port = port + 1 if port + 1 in PORTS else PORTS.start
            with socket.socket() as s:
                try:
                    s.bind(('127.0.0.1', port))
                except OSError:
                    continue
            f.seek(0)
            f.truncate()
            f.write(str(port))
            return port
    raise Deadline('no free port')


def listens(port, address='127.0.0.1'):
    """Whether somebody accepts there, without connecting: a listener may count connections."""
    want = '%08X:%04X' % (int.from_bytes(socket.inet_aton(address), sys.byteorder), port)
    anyone = '00000000:%04X' % port
    with open('/proc/net/tcp') as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return any(row[3] == '0A' and row[1] in (want, anyone) for row in rows)


def have(*programs):
    return all(shutil.which(p) for p in programs)


def need(*programs):
    """Skips the running test where a program is missing."""
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        raise unittest.SkipTest(f'{", ".join(missing)} not installed')


def descendants(pid):
    """All living processes below pid, children before grandchildren."""
    parents = {}
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                with open(f'/proc/{name}/stat') as f:
                    stat = f.read()
            except OSError:
                continue
            state, parent = stat[stat.rindex(')') + 2:].split()[:2]
            if state != 'Z':
                parents.setdefault(int(parent), []).append(int(name))
    found, todo = [], [pid]
    while todo:
        below = parents.get(todo.pop(0), [])
        found += below
        todo += below
    return found


class Proc:
    """A running program; what it prints goes to a file."""

    def __init__(self, name, argv, log, env=None, cwd=None, stdin=None, pass_fds=()):
        self.name, self.argv, self.log_path = name, argv, log
        with open(log, 'ab') as out:
            self.popen = subprocess.Popen(
                argv, env=env, cwd=cwd, stdout=out, stderr=subprocess.STDOUT, pass_fds=pass_fds,
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL, start_new_session=True,
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        if stdin is not None:
            try:
                self.popen.stdin.write(stdin)
                self.popen.stdin.close()
            except BrokenPipeError:
                pass

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def log(self):
        with open(self.log_path, errors='replace') as f:
            return f.read()

    def wait(self, seconds=10.0):
        """Its exit status; Deadline when it goes on."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Deadline(f'{self.name}: still runs after {seconds:g} s') from None

    def stop(self, seconds=5.0):
        """Asks it and everything below it to end, then insists."""
        family = descendants(self.pid) if self.alive() else []
        if self.alive():
            self.popen.terminate()
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        end(family)
        return self.popen.returncode


def end(pids, seconds=2.0):
    """Ends processes that may or may not be our children."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(running(pid) for pid in pids):
            time.sleep(0.02)


def running(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
    try:
        with open(f'/proc/{pid}/stat') as f:
            stat = f.read()
        return stat[stat.rindex(')') + 2] != 'Z'
    except OSError:
        return False


class World:
    """One test's folder and processes. Ends all of them, latest first, when it is closed."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='sp-test-')
        os.chmod(self.dir, 0o755)
        self.procs, self.undo = [], []
        os.makedirs(self.path('home'))
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
        atexit.register(self.close)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def env(self, **more):
        """What a test's program sees: a home of its own, no display, English."""
        env = {k: os.environ[k] for k in ('PATH', 'SP_SOURCE', 'SP_BUILD', 'ASAN_OPTIONS', 'UBSAN_OPTIONS')
               if k in os.environ}
        env.update(HOME=self.path('home'), LANG='C.UTF-8', TMPDIR=self.dir)
        env.update(more)
        return env

    def start(self, name, argv, env=None, **options):
        log = self.path(f'{len(self.procs):02d}-{name}.log')
        proc = Proc(name, argv, log, env=env or self.env(), **options)
        self.procs.append(proc)
        return proc

    def run(self, argv, env=None, seconds=30, check=True, text='', **options):
        """Runs a program, which can read the text, to its end; gives the finished process with its output as text."""
        done = subprocess.run(argv, env=env or self.env(), timeout=seconds, text=True, errors='replace', input=text,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        if check and done.returncode:
            raise AssertionError(f'{argv[0]}: exit {done.returncode}: {done.stderr[-2000:]}')
        return done

    def cleanup(self, fn, *args):
        self.undo.append((fn, args))

    def logs(self, lines=40):
        """The end of every process's log, for the report of a failure."""
        parts = []
        for proc in self.procs:
            state = 'runs' if proc.alive() else f'ended with {proc.popen.returncode}'
            tail = proc.log().splitlines()[-lines:]
            parts.append('\n'.join([f'--- {proc.name} ({state}): {" ".join(proc.argv)[:200]}', *tail]))
        return '\n'.join(parts)

    def close(self):
        atexit.unregister(self.close)
        while self.procs:
            self.procs.pop().stop()
        while self.undo:
            fn, args = self.undo.pop()
            fn(*args)
        if os.environ.get('SP_KEEP'):
            print(f'kept: {self.dir}', file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)


class Case(unittest.TestCase):
    """A test with a world of its own; its logs are shown when it fails."""

    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        self._logs = ''
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and self._logs:
            print(self._logs, file=sys.stderr)
        return result

    def _callTestMethod(self, method):
        try:
            method()
        except unittest.SkipTest:
            raise
        except BaseException:
            self._logs = self.world.logs()
            raise


class Verdict(unittest.TextTestResult):
    """Counts what really passed, which unittest does not."""

    passed = 0

    def addSuccess(self, test):
        self.passed += 1
        super().addSuccess(test)


def main():
    """Runs the tests of the calling file; exit status 77 when every one was skipped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Verdict)
    result = unittest.main(module='__main__', testRunner=runner, exit=False).result
    for why in dict.fromkeys(why for _, why in result.skipped):
        print(f'skipped: {why}', flush=True)
    if result.failures or result.errors or result.unexpectedSuccesses:
        sys.exit(1)
    if result.skipped and not result.passed:
        sys.exit(77)
    end(descendants(os.getpid()))
    sys.exit(0)
