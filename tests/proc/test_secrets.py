#!/usr/bin/env python3
# tests/proc/test_secrets.py - device secrets and one-time tokens at the door of a running service.
import json
import os

import nla
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


if __name__ == '__main__':
    main()
