#!/usr/bin/env python3
# tests/proc/test_postgres.py - the store in PostgreSQL: the store's own tests, then a service over it.
import concurrent.futures
import json
import os
import subprocess

import nla
from postgres import Postgres
from trial import SALLYPORT
from world import BUILD, Case, free_port, main, wait_for

PASSWORD = 'four staples and a horse'
# Of the others each knows that its store is a file. Those of the keeper share a schema and have to wait for each other.
AUDIT = ['host/db_test_db', 'host/audit_test_store', 'host/audit_test_store_time',
         'gate/scribe_test_scribe', 'gate/scribe_test_judge']
KEEPER = ['gate/keeper_test_store_' + name for name in (
    'check', 'device', 'group', 'license', 'lockout', 'pause', 'pin', 'recovery', 'token', 'vault')]


class Store(Case):
    def setUp(self):
        super().setUp()
        self.pg = Postgres(self.world)

    def own(self, names):
        for name in names:
            done = subprocess.run([os.path.join(BUILD, 'tests', name)], capture_output=True, text=True, timeout=120,
                                  env=dict(os.environ, SP_TEST_STORE=self.pg.url), cwd=self.world.path('.'))
            yield name, done

    def test_own_tests(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for lane in pool.map(lambda names: list(self.own(names)), (AUDIT, KEEPER)):
                for name, done in lane:
                    with self.subTest(name):
                        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])

    def command(self, *args, text=''):
        return self.world.run([SALLYPORT, *args, '-c', self.conf], text=text)

    def test_service(self):
        port = free_port()
        self.conf = self.world.path('sallyport.conf')
        state = self.world.path('state')
        with open(self.conf, 'w') as f:
            f.write(f'listen = ["127.0.0.1:{port}"]; state = "{state}"; run-as = "caller"; mfa = "none";\n'
                    f'store = "{self.pg.url}";\n'
                    f'ship = ( {{ type = "file"; path = "shipped"; }} );\n')
        self.assertIn('OK', self.command('config', 'check').stdout.upper())
        self.command('user', 'add', 'alice', '--password-stdin', text=PASSWORD + '\n')
        self.assertIn('alice', self.command('user', 'list').stdout)
        self.assertFalse(os.path.exists(os.path.join(state, 'store.db')))
        self.assertTrue(os.path.exists(os.path.join(state, 'keeper.key')))
        service = self.world.start('serve', [SALLYPORT, 'serve', '-c', self.conf])
        wait_for('the service', lambda: 'ready, certificate' in service.log(), 20)
        self.assertEqual(nla.login(port, 'alice', PASSWORD)[0], 'welcome')
        self.assertNotEqual(nla.login(port, 'alice', 'wrong', source='127.0.7.1')[0], 'welcome')
        # The records are there too, in a schema that has the audit's name.
        schema = self.pg.sql("SELECT schema_name FROM information_schema.schemata "
                             "WHERE schema_name LIKE 'sallyport_audit_%'")
        self.assertTrue(schema)
        wait_for('records', lambda: int(self.pg.sql(f'SELECT COUNT(*) FROM {schema}.record')) > 0, 5)
        self.assertIn('alice', self.pg.sql('SELECT name FROM sallyport_store."user"'))
        self.assertIn('whole', self.command('audit', 'verify').stdout)
        told = json.loads(self.command('audit', 'list', '--json').stdout)
        self.assertEqual([r['seq'] for r in told], list(range(1, len(told) + 1)))
        self.assertIn(('admin.change', 'user alice'), [(r['event'], r.get('change.object')) for r in told])
        self.assertIn(('auth.ok', 'alice'), [(r['event'], r.get('actor.user')) for r in told])
        self.command('user', 'add', 'bob', '--password-stdin', text=PASSWORD + '\n')
        self.assertIn('user bob', self.command('audit', 'tail').stdout)
        self.assertFalse(os.path.exists(os.path.join(state, 'audit', 'audit.db')))
        doctor = {(f['id'], f['about']): f['level'] for f in json.loads(
            self.command('doctor', '--json', '--no-scan').stdout)['findings']}
        self.assertEqual((doctor['audit.chain', ''], doctor['users.second-factor', 'alice']), ('ok', 'warn'))
        # The server goes and comes back: nobody gets in meanwhile, everybody afterwards.
        self.pg.proc.stop()
        self.assertNotEqual(nla.login(port, 'alice', PASSWORD, source='127.0.7.2')[0], 'welcome')
        self.pg.start()
        wait_for('a login after the server came back',
                 lambda: nla.login(port, 'alice', PASSWORD, source='127.0.7.3')[0] == 'welcome', 20, every=1)
        # What is shipped comes from there, also after the server was away.
        head = json.loads(self.command('audit', 'tail', '-n', '1', '--json').stdout)['seq']

        def shipped():
            with open(self.world.path('shipped')) as f:
                return [json.loads(line)['seq'] for line in f.read().split('\n')[:-1]]
        wait_for('the shipped audit', lambda: shipped()[-1] >= head, 15)
        self.assertEqual(shipped()[:head], list(range(1, head + 1)))

    def test_unreachable(self):
        self.conf = self.world.path('sallyport.conf')
        with open(self.conf, 'w') as f:
            f.write('run-as = "caller"; store = "postgresql://sallyport@/sallyport?host=/nowhere";\n'
                    f'state = "{self.world.path("state")}";\n')
        done = subprocess.run([SALLYPORT, 'user', 'list', '-c', self.conf], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r'^sallyport: store: PostgreSQL: .*(/nowhere|No such file)')


if __name__ == '__main__':
    main()
