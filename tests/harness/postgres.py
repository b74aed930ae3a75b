# tests/harness/postgres.py - a PostgreSQL server of the test's own, on a socket in its own folder.
import glob
import os
import pwd
import subprocess
import unittest

from world import wait_for


def programs():
    """The folder of the newest installed server."""
    found = sorted(glob.glob('/usr/lib/postgresql/*/bin/initdb'), key=lambda p: int(p.split('/')[4]))
    if not found:
        raise unittest.SkipTest('PostgreSQL is not installed')
    return os.path.dirname(found[-1])


class Postgres:
    """Ends with the world; .url is an empty database, whose owner needs no password."""

    def __init__(self, world):
        self.world, self.bin = world, programs()
        self.dir = world.path('postgres')
        os.makedirs(self.dir)
        self.data = os.path.join(self.dir, 'data')
        self.become = []
        if os.geteuid() == 0:             # a server refuses to run as root
            try:
                account = pwd.getpwnam('postgres')
            except KeyError:
                raise unittest.SkipTest('no account for PostgreSQL')
            for folder in (self.dir, os.path.dirname(self.dir)):
                os.chmod(folder, 0o711)
            os.chown(self.dir, account.pw_uid, account.pw_gid)
            self.become = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups']
        world.run(self.become + [f'{self.bin}/initdb', '-D', self.data, '-U', 'sallyport', '--auth=trust', '-N',
                                 '-E', 'UTF8', '--locale=C'], seconds=60)
        self.start()
        world.run([f'{self.bin}/createdb', '-h', self.dir, '-U', 'sallyport', 'sallyport'])
        self.url = f'postgresql://sallyport@/sallyport?host={self.dir}'

    def start(self):
        self.proc = self.world.start('postgres', self.become + [
            f'{self.bin}/postgres', '-D', self.data, '-k', self.dir, '-h', '', '-c', 'shared_buffers=16MB',
            '-c', 'max_connections=40', '-c', 'autovacuum=off', '-c', 'fsync=off'])
        wait_for('PostgreSQL', lambda: subprocess.run([f'{self.bin}/pg_isready', '-q', '-h', self.dir]).returncode == 0,
                 20)

    def sql(self, text):
        return self.world.run([f'{self.bin}/psql', '-h', self.dir, '-U', 'sallyport', '-d', 'sallyport', '-At',
                               '-c', text]).stdout.strip()
