#!/usr/bin/env python3
# tests/proc/test_secrets.py - device secrets and one-time tokens at the door of a running service.
import json
import os
import signal

import nla
from procfs import comm
from rdpraw import HYBRID, HYBRID_EX, TLS, Closed, Door, connection_request
from trial import Trial, need_trial
from world import Case, main, wait_for


def command_line(pid):
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as f:
            return f.read()
    except OSError:
        return b''


class Secrets(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        self.trial = Trial(self.world)

    def json(self, *args):
        return json.loads(self.trial.command(*args, '--json').stdout)

    def login(self, password, user=None):
        return nla.login(self.trial.port, user or self.trial.user, password)[0]

    def refused(self, password, user=None):
        self.assertNotEqual(self.login(password, user), 'welcome')

    def nowhere(self, *secrets):
        """Neither the log nor a command line has them."""
        lines = [command_line(pid) for pid in self.trial.processes()]
        for secret in secrets:
            self.assertNotIn(secret, self.trial.log())
            self.assertFalse([line for line in lines if secret.encode() in line])

    def test_device(self):
        made = self.json('device', 'add', self.trial.user, 'laptop')
        self.assertEqual(self.login(made['secret']), 'welcome')
        wait_for('the time it was used', lambda: self.json('device', 'list')[0]['last_used'])
        self.refused(made['secret'].upper())
        self.refused(made['secret'].replace('-', ''))
        self.refused(made['secret'], 'somebody')
        self.assertEqual(self.login(self.trial.password), 'welcome')
        self.trial.command('device', 'revoke', str(made['id']))
        self.refused(made['secret'])
        self.nowhere(made['secret'])

    def test_token(self):
        made = self.json('token', 'new', '--user', self.trial.user)
        self.refused(made['token'], 'somebody')
        self.refused(made['route'])
        self.assertEqual(self.login(made['token']), 'welcome')
        self.refused(made['token'])
        self.assertEqual(self.json('token', 'list'), [])
        other = self.json('token', 'new', '--user', self.trial.user, '--from', '192.0.2.0/24')
        self.refused(other['token'])
        revoked = self.json('token', 'new', '--user', self.trial.user)
        self.trial.command('token', 'revoke', str(revoked['id']))
        self.refused(revoked['token'])
        self.nowhere(made['token'], other['token'])

    def test_token_over_a_crash(self):
        made = self.json('token', 'new', '--user', self.trial.user, '--ttl', '600')
        self.assertEqual(self.login(made['token']), 'welcome')
        keeper = next(pid for pid in self.trial.processes()
                      if b'sp-keeper' in command_line(pid))
        os.kill(keeper, 9)
        self.trial.proc.wait(15)
        self.trial = Trial(self.world, folder=self.trial.dir)
        self.refused(made['token'])
        self.assertEqual(self.login(self.trial.password), 'welcome')

    def test_first_packet(self):
        """Where the listener wants one, there is an answer for whoever shows a token's route, and silence else."""
        conf = os.path.join(self.trial.dir, 'sallyport.conf')
        with open(conf, 'a') as f:
            f.write('require-token = true;\n')
        os.kill(next(pid for pid in self.trial.processes() if comm(pid) == 'sallyportd'), signal.SIGHUP)
        self.trial.wait_log('configuration read again')
        made = self.json('token', 'new', '--user', self.trial.user)
        for cookie in (b'', b'Cookie: mstshash=demo\r\n', b'Cookie: msts=' + made['token'].encode() + b'\r\n',
                       b'Cookie: msts=r' + b'A' * 22 + b'\r\n'):
            self.assertEqual(self.knock(cookie), b'', cookie)
        line = next(line for line in self.rdp_file().splitlines() if line.startswith('loadbalanceinfo:s:'))
        cookie = line.split(':', 2)[2].encode() + b'\r\n'
        self.assertEqual(self.knock(cookie, '127.0.7.1')[:2], b'\3\0')
        self.assertEqual(self.knock(cookie, '127.0.7.2'), b'')
        route = f'Cookie: msts={made["route"]}\r\n'.encode()
        self.assertEqual(self.knock(route)[:2], b'\3\0')
        attempt = nla.Login(self.trial.user, made['token'])
        with Door(self.trial.port) as door:
            self.assertEqual(door.negotiate(TLS | HYBRID | HYBRID_EX, cookie=route)[0], 'selected')
            door.start_tls()
            self.assertEqual(attempt.run(door, True), 'welcome')
        self.assertEqual(self.knock(route), b'')
        self.nowhere(made['token'])

    def rdp_file(self):
        path = self.world.path('demo.rdp')
        self.trial.command('token', 'new', '--user', self.trial.user, '--rdp', path)
        with open(path) as f:
            return f.read()

    def knock(self, cookie, source='127.0.0.1'):
        """What comes back for a first packet with it: nothing, and a closed connection, where it is not right."""
        with Door(self.trial.port, source) as door:
            door.send(connection_request(cookie=cookie))
            try:
                return door.receive(4)
            except Closed:
                return b''


if __name__ == '__main__':
    main()
