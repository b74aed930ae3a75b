# tests/harness/trial.py - `sallyport trial` as INTERFACE says: start it, know how to log in, end it.
import json
import os
import signal
import subprocess
import unittest

from world import BUILD, Deadline, descendants, end, free_port, wait_for

SALLYPORT = os.path.join(BUILD, 'sallyport')


def available():
    if not os.access(SALLYPORT, os.X_OK):
        return False
    return subprocess.run([SALLYPORT, 'trial', '--help'], stdin=subprocess.DEVNULL,
                          capture_output=True).returncode == 0


def need_trial():
    if not available():
        raise unittest.SkipTest('build/sallyport has no trial yet')


class Trial:
    """A complete service in a folder of the world. Its TLS keys are in .keys."""

    def __init__(self, world, *options, mfa=False, port=None, folder=None, env=None, seconds=30, program=SALLYPORT,
                 cwd=None):
        need_trial()
        self.world, self.port = world, port or free_port()
        self.dir = folder or world.path('trial')
        self.keys = world.path(f'trial-{self.port}.keys')
        argv = [program, 'trial', '--dir', self.dir, '--listen', f'127.0.0.1:{self.port}']
        argv += [] if mfa else ['--no-mfa']
        record = os.path.join(self.dir, 'trial.json')
        if os.path.exists(record):
            os.unlink(record)
        self.proc = world.start('trial', argv + list(options),
                                env=world.env(SSLKEYLOGFILE=self.keys, **(env or {})), cwd=cwd)
        self.facts = wait_for('trial.json', lambda: self._read(record), seconds)
        self.user, self.password = self.facts['user'], self.facts['password']

    def _read(self, record):
        if not self.proc.alive():
            raise AssertionError(f'trial ended with {self.proc.popen.returncode}:\n{self.proc.log()[-3000:]}')
        try:
            with open(record) as f:
                return json.load(f)
        except (OSError, ValueError):
            return None

    def log(self):
        return self.proc.log()

    def wait_log(self, text, seconds=5.0):
        """A line of the log with the text."""
        return wait_for(f'"{text}" in the log', lambda: next(
            (line for line in self.log().splitlines() if text in line), None), seconds)

    def command(self, *args, check=True):
        """A sallyport command about this trial."""
        return self.world.run([SALLYPORT, *args, '--dir', self.dir], check=check)

    def code(self):
        return self.command('user', 'code', self.user).stdout.strip()

    def processes(self):
        return descendants(self.proc.pid)

    def stop(self, seconds=10.0):
        """Ctrl-C; gives the log. Whatever it started must end with it."""
        family = self.processes()
        os.kill(self.proc.pid, signal.SIGINT)
        self.proc.wait(seconds)
        try:
            wait_for('end of what the trial started',
                     lambda: not [pid for pid in family if os.path.exists(f'/proc/{pid}') and not zombie(pid)], 5)
        except Deadline:
            end(family)
            raise
        return self.log()


def zombie(pid):
    try:
        with open(f'/proc/{pid}/stat') as f:
            stat = f.read()
        return stat[stat.rindex(')') + 2] == 'Z'
    except OSError:
        return True
