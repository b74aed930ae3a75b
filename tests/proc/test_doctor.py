#!/usr/bin/env python3
# tests/proc/test_doctor.py - `sallyport doctor` on a trial: all well, and then one thing after the other broken.
import glob
import json
import os
import re
import shutil
import socket
import sqlite3
import stat
import subprocess

from procfs import SANITIZED
from trial import SALLYPORT, Trial
from world import BUILD, SOURCE, Case, main, need

GOOD = 'four staples and a horse'
# What is so of the machine and not of the service: a kernel without this or that, a clock that nothing keeps.
MACHINES = ('machine.', 'jail.')
# A build with sanitizers filters no system calls, which is told.
UNFILTERED = ('service.processes',) if SANITIZED else ()
CA = '''[ca]
default_ca = x
[x]
database = DIR/index
new_certs_dir = DIR
serial = DIR/serial
default_md = sha256
policy = p
[p]
commonName = supplied
'''


class Doctor(Case):
    def doctor(self, *options, status=None, prefix=()):
        done = subprocess.run([*prefix, SALLYPORT, 'doctor', '--dir', self.dir, '--json', *options],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr, '')
        told = json.loads(done.stdout)
        self.follows_schema(told)
        bad = any(f['level'] == 'bad' for f in told['findings'])
        self.assertEqual(done.returncode, int(bad))
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout)
        return told

    def follows_schema(self, told):
        with open(os.path.join(SOURCE, 'docs', 'doctor.schema.json')) as f:
            schema = json.load(f)
        one = schema['properties']['findings']['items']
        self.assertEqual(sorted(told), sorted(schema['required']))
        for finding in told['findings']:
            self.assertEqual(sorted(finding), sorted(one['required']))
            self.assertRegex(finding['id'], one['properties']['id']['pattern'])
            for key in ('group', 'level'):
                self.assertIn(finding[key], one['properties'][key]['enum'])
            self.assertTrue(finding['id'].startswith(finding['group'] + '.'))
        for level in one['properties']['level']['enum']:
            self.assertEqual(told[level], sum(f['level'] == level for f in told['findings']))

    def test_every_check_is_described(self):
        with open(os.path.join(SOURCE, 'docs', 'DOCTOR.md')) as f:
            described = set(re.findall(r'`([a-z]+\.[a-z-]+)`', f.read()))
        source = os.path.join(SOURCE, 'src', 'app')
        for name in sorted(os.listdir(source)):
            if not re.match(r'doctor.*\.c$', name):
                continue
            with open(os.path.join(source, name)) as f:
                text = f.read()
            own = re.search(r'#define G APP_DOCTOR_(\w+)', text)
            for group, check in re.findall(r'app_doctor_say\(\s*[\w.>-]+,\s*(\w+),\s*"([a-z-]+)"', text):
                group = own[1] if group == 'G' else group.replace('APP_DOCTOR_', '')
                self.assertIn(f'{group.lower()}.{check}', described, name)
        tests = ''
        for path in [__file__, *glob.glob(os.path.join(SOURCE, 'tests', 'app', '*.c'))]:
            with open(path) as f:
                tests += f.read()
        self.assertEqual([name for name in sorted(described) if not re.search(f'["\']{re.escape(name)}["\']', tests)], [], 'no test')

    def faults(self, *options, prefix=()):
        return self.worse(self.doctor(*options, prefix=prefix))

    def worse(self, told):
        """{(id, last part of about): level} of everything that is not well, the machine's own left out."""
        return {(f['id'], os.path.basename(f['about'])): f['level'] for f in told['findings']
                if f['level'] not in ('ok', 'info') and not f['id'].startswith(MACHINES + UNFILTERED)}

    def command(self, *args, stdin=''):
        done = subprocess.run([SALLYPORT, *args, '--dir', self.dir], input=stdin, capture_output=True, text=True,
                              timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)

    def paste(self, told, prefix, levels=('warn', 'bad')):
        """Does what is said, in a shell that is somewhere else."""
        for f in told['findings']:
            if f['id'].startswith(prefix) and f['level'] in levels:
                done = subprocess.run(['sh', '-c', f['todo']], cwd='/', stdin=subprocess.DEVNULL, capture_output=True,
                                      text=True, timeout=30)
                self.assertEqual(done.returncode, 0, f'{f["todo"]}: {done.stderr}')

    def state(self, *names):
        return os.path.join(self.dir, 'state', *names)

    def snapshot(self):
        """Everything below the directory but what SQLite shares between its readers."""
        found = {}
        for folder, _, names in os.walk(self.dir):
            for name in names:
                path = os.path.join(folder, name)
                st = os.lstat(path)
                # An empty log of nothing is SQLite's, too.
                if stat.S_ISREG(st.st_mode) and not name.endswith('-shm') and (st.st_size or not name.endswith('-wal')):
                    with open(path, 'rb') as f:
                        found[path] = (st.st_mode, st.st_mtime_ns, f.read())
        return found

    def test_doctor(self):
        # Programs of its own, so that they can be replaced.
        programs = self.world.path('bin')
        os.mkdir(programs)
        for name in ['sallyport', 'sallyportd'] + [os.path.basename(p) for p in glob.glob(f'{BUILD}/sp-*')]:
            if os.path.isfile(os.path.join(BUILD, name)):
                shutil.copy2(os.path.join(BUILD, name), programs)
        os.chmod(os.path.dirname(programs), 0o755)
        trial = Trial(self.world, mfa=True, program=os.path.join(programs, 'sallyport'))
        self.dir = trial.dir

        # All is well.
        told = self.doctor(status=0)
        self.assertEqual(self.worse(told), {})
        well = {f['id'] for f in told['findings'] if f['level'] == 'ok'}
        self.assertLessEqual({
            'conf.file', 'conf.second-factor', 'conf.everybody', 'conf.channels', 'conf.audit-fail', 'files.conf',
            'files.state', 'files.key', 'files.store', 'files.certificate', 'files.audit', 'files.audit-key',
            'files.parents', 'files.programs', 'cert.days', 'cert.key', 'cert.names', 'service.processes',
            'port.listens', 'port.public', 'port.firewall', 'users.users', 'audit.chain', 'audit.clock',
            'scan.finding'} - set(UNFILTERED), well)
        page = subprocess.run([SALLYPORT, 'doctor', '--dir', self.dir, '--no-scan'], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((page.returncode, page.stderr), (0, ''))
        self.assertNotIn('\033', page.stdout)
        self.assertLess(len(page.stdout.splitlines()), 90 if SANITIZED else 60)
        # Commands are not cut, since they are there to be pasted.
        self.assertEqual([line for line in page.stdout.splitlines() if len(line) > 96 and '-> ' not in line], [])

        # While it runs: modes, people, secrets, configuration.
        wrong = ((0o640, self.state('store.db'), 'files.store'), (0o604, self.state('audit', 'key'), 'files.audit-key'),
                 (0o755, self.state(), 'files.state'), (0o666, os.path.join(self.dir, 'sallyport.conf'), 'files.conf'))
        modes = {path: os.stat(path).st_mode & 0o7777 for _, path, _ in wrong}
        for mode, path, _ in wrong:
            os.chmod(path, mode)
        told = self.doctor('--no-scan')
        found = self.worse(told)
        found.pop(('files.store', 'store.db-wal'), None)  # SQLite gives it the mode of what it belongs to
        self.assertEqual(found, {(name, os.path.basename(path)): 'bad' for _, path, name in wrong})
        self.paste(told, 'files.')
        self.assertLessEqual(set(self.faults('--no-scan')), {('files.store', 'store.db-wal')})
        for path, mode in modes.items():
            for one in glob.glob(f'{path}-*') + [path]:
                os.chmod(one, mode)
        # Nobody opens the store with a key that others have.
        os.chmod(self.state('keeper.key'), 0o644)
        self.assertEqual(self.faults('--no-scan'), {('files.key', 'keeper.key'): 'bad', ('users.users', ''): 'unknown'})
        os.chmod(self.state('keeper.key'), 0o600)
        os.chmod(self.dir, 0o777)
        self.assertEqual(self.faults('--no-scan'), {('files.parents', os.path.basename(self.dir)): 'bad'})
        os.chmod(self.dir, 0o755)
        self.command('user', 'add', 'carol', '--password-stdin', stdin=GOOD + '\n')
        self.command('secret', 'set', 'old', stdin='admin\nsecret\n')
        told = self.doctor('--no-scan')
        self.assertEqual(self.worse(told), {('users.second-factor', 'carol'): 'warn', ('users.vault', 'old'): 'warn'})
        self.paste(told, 'users.', ('info', 'warn', 'bad'))
        told = self.doctor('--no-scan')
        self.assertEqual([f for f in told['findings'] if f['group'] == 'users' and f['level'] != 'ok'], [])
        self.assertEqual(self.worse(told), {})
        self.command('user', 'delete', 'carol')
        self.weak_configuration()
        # As packages do it: the new one takes the place of the old one.
        keeper = os.path.join(programs, 'sp-keeper')
        shutil.copy2(keeper, keeper + '.new')
        os.rename(keeper + '.new', keeper)
        self.assertEqual(self.faults('--no-scan'), {('service.updated', ''): 'warn'})
        if os.geteuid() == 0 and shutil.which('setpriv'):
            self.as_somebody_else()
            self.unreadable()

        # The service is gone.
        trial.stop()
        down = {('service.runs', ''): 'warn'}
        before = self.snapshot()
        self.assertEqual(self.faults('--full', '-v'), down)
        self.assertTrue(self.snapshot() == before, 'the doctor changed something')
        with socket.create_server(('127.0.0.1', trial.port)):
            self.assertEqual(self.faults(), down | {('port.listens', f'127.0.0.1:{trial.port}'): 'bad'})
        self.certificates(down)
        self.links(down)
        self.cut_audit(down)
        self.usage()

    def weak_configuration(self):
        path = os.path.join(self.dir, 'sallyport.conf')
        with open(path) as f:
            text = f.read()
        for old, new, expected in (
                ('mfa = "required"', 'mfa = "none"; audit-fail = "open"', {('conf.audit-fail', ''): 'warn'}),
                ('drives = "none"', 'drives = "read-write"; transfer-limit = "1M"', {('conf.drives', ''): 'warn'}),
                ('state = "state"', 'stat = "state"', {('conf.file', ''): 'bad', ('conf.rest', ''): 'unknown'})):
            self.assertIn(old, text)
            with open(path, 'w') as f:
                f.write(text.replace(old, new))
            found = self.faults('--no-scan')
            if 'stat' in new:
                # Without a good configuration it looks where it can.
                found = {k: v for k, v in found.items() if k in expected}
            self.assertEqual(found, expected)
        with open(path, 'w') as f:
            f.write(text)

    def as_somebody_else(self):
        """What may not be looked at is said, and nothing of it is taken for good or bad."""
        os.chmod(os.path.dirname(self.dir), 0o755)
        found = self.faults('--no-scan', prefix=['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'])
        self.assertEqual(set(found.values()), {'unknown'})
        self.assertLessEqual({'files.state', 'cert.days', 'service.runs', 'users.users', 'audit.chain'},
                             {name for name, _ in found})

    def unreadable(self):
        """Root sees all of it; the account of a service need not."""
        folder = self.world.path('etc')
        conf, certificate = (os.path.join(folder, name) for name in ('sallyport.conf', 'tls.pem'))
        os.mkdir(folder, 0o755)
        shutil.copy2(self.state('tls.pem'), certificate)
        with open(conf, 'w') as f:
            f.write('state = "state"; run-as = "nobody"; certificate = "tls.pem";\n')
        os.chmod(conf, 0o600)
        for bad in {conf, certificate}, set():
            done = subprocess.run([SALLYPORT, 'doctor', '-c', conf, '--json', '--no-scan'], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=60)
            told = json.loads(done.stdout)
            found = {(f['about'], f['level']) for f in told['findings'] if f['id'] == 'files.readable'}
            self.assertEqual(found, {(path, 'bad') for path in bad})
            self.paste(told, 'files.readable')

    def certificates(self, down):
        need('openssl')
        folder = self.world.path('ca')
        os.mkdir(folder)
        for name, text in (('index', ''), ('serial', '01\n'), ('conf', CA.replace('DIR', folder))):
            with open(os.path.join(folder, name), 'w') as f:
                f.write(text)

        def openssl(*argv):
            subprocess.run(['openssl', *argv], cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)

        good = self.state('tls.pem')
        os.rename(good, good + '.good')
        for bits, dates, expected in (
                ('2048', ('20200101000000Z', '20210101000000Z'), 'cert.days'),
                ('2048', ('20900101000000Z', '20910101000000Z'), 'cert.days'),
                ('1024', ('20200101000000Z', '20910101000000Z'), 'cert.key')):
            openssl('req', '-new', '-newkey', f'rsa:{bits}', '-nodes', '-keyout', 'key.pem', '-subj', '/CN=gate.example',
                    '-out', 'req.pem')
            openssl('ca', '-batch', '-selfsign', '-config', 'conf', '-keyfile', 'key.pem', '-in', 'req.pem', '-notext',
                    '-startdate', dates[0], '-enddate', dates[1], '-out', 'cert.pem')
            with open(good, 'wb') as f:
                for name in ('key.pem', 'cert.pem'):
                    with open(os.path.join(folder, name), 'rb') as part:
                        f.write(part.read())
            os.chmod(good, 0o600)
            self.assertEqual(self.faults(), down | {(expected, 'tls.pem'): 'bad'})
            with open(os.path.join(folder, 'index'), 'w'):
                pass
        # By an authority that still uses SHA-1.
        openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.pem', '-subj', '/CN=Old CA', '-out', 'root.pem')
        openssl('x509', '-req', '-sha1', '-in', 'req.pem', '-CA', 'root.pem', '-CAkey', 'ca.pem', '-CAcreateserial',
                '-days', '300', '-out', 'cert.pem')
        with open(good, 'wb') as f:
            for name in ('key.pem', 'cert.pem'):
                with open(os.path.join(folder, name), 'rb') as part:
                    f.write(part.read())
        self.assertEqual(self.faults(), down | {('cert.key', 'tls.pem'): 'bad', ('cert.signature', 'tls.pem'): 'bad'})
        os.rename(good + '.good', good)

    def links(self, down):
        path = self.state('tls.pem')
        os.rename(path, path + '.real')
        os.symlink(path + '.real', path)
        self.assertEqual(self.faults(), down | {('files.certificate', 'tls.pem'): 'bad'})
        os.unlink(path)
        os.rename(path + '.real', path)
        path = self.state('keeper.key')
        os.rename(path, path + '.away')
        found = self.faults()
        self.assertEqual(found.pop(('files.key', 'keeper.key')), 'bad')
        self.assertEqual(found, down | {('users.users', ''): 'unknown'})
        os.rename(path + '.away', path)

    def cut_audit(self, down):
        path = self.state('audit', 'audit.db')
        db = sqlite3.connect(path)
        with db:
            db.execute('DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)')
        db.close()
        self.assertEqual(self.faults(), down | {('audit.chain', ''): 'bad'})
        with open(path, 'wb') as f:
            f.write(b'not a database at all' * 500)
        self.assertEqual(self.faults(), down | {('audit.chain', ''): 'unknown'})

    def usage(self):
        for argv, status in ((['-c', os.path.join(self.dir, 'none.conf')], 3), (['x'], 2), (['--fulll'], 2),
                             (['--password-days', 'x'], 2), (['--password-days'], 2)):
            done = subprocess.run([SALLYPORT, 'doctor', *argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=30)
            self.assertEqual((done.returncode, done.stdout), (status, ''), argv)
            self.assertTrue(done.stderr.startswith('sallyport: '))


if __name__ == '__main__':
    main()
