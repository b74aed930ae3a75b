#!/usr/bin/env python3
# tests/proc/test_rules.py - the rules at the door of a running service, and what SIGHUP makes of them.
import json
import os
import signal
import time

import mmdb
import nla
from procfs import comm
from trial import Trial
from world import Case, main

REFUSED = 'refused'    # the early result of HYBRID_EX


class Rules(Case):
    def setUp(self):
        super().setUp()
        self.trial = Trial(self.world)
        self.conf = os.path.join(self.trial.dir, 'sallyport.conf')
        with open(self.conf) as f:
            text = f.read()
        self.frame = text[:text.index('rules = (')]
        self.daemon = next(pid for pid in self.trial.processes() if comm(pid) == 'sallyportd')
        self.reloads = 0

    def write(self, rules, frame=None):
        with open(self.conf + '.new', 'w') as f:
            f.write((frame or self.frame) + rules)
        os.rename(self.conf + '.new', self.conf)

    def reload(self, word='configuration read again'):
        before = self.trial.log().count(word)
        os.kill(self.daemon, signal.SIGHUP)
        deadline = time.monotonic() + 5
        while self.trial.log().count(word) == before:
            self.assertLess(time.monotonic(), deadline, self.trial.log()[-2000:])
            time.sleep(0.02)
        time.sleep(0.1)    # what waits for connections is started anew

    def rules(self, text, frame=None):
        self.write(f'rules = ({text});\n', frame)
        self.reload()

    def login(self, source='127.0.0.1', user=None):
        return nla.login(self.trial.port, user or self.trial.user, self.trial.password, source=source)[0]

    def welcome(self, *args, **more):
        self.assertEqual(self.login(*args, **more), 'welcome', self.trial.log()[-2000:])

    def refused(self, why, *args, **more):
        self.assertEqual(self.login(*args, **more), REFUSED)
        self.trial.wait_log(why)

    def test_each_reload_counts(self):
        self.welcome()
        self.rules('')
        self.refused('no rule lets demo in from 127.0.0.1 now')
        self.rules('{ users = "demo"; }')
        self.welcome()
        self.rules('{ name = "others"; users = "alice"; }')
        self.refused('no rule lets demo in from 127.0.0.1 now')
        self.rules('{ name = "near"; from = ["127.0.4.0/24", "192.0.2.7"]; }')
        self.refused('no rule lets demo in from 127.0.5.1 now (near: not from one of its networks)', '127.0.5.1')
        self.welcome('127.0.4.9')
        self.assertEqual([line for line in self.trial.log().splitlines() if ' error ' in line], [])

    def test_groups(self):
        self.rules('{ users = "@ops"; }')
        self.refused('no rule lets demo in')
        self.trial.command('group', 'add', 'ops')
        self.trial.command('group', 'member', 'ops', 'add', 'demo')
        self.welcome()    # without a reload
        self.trial.command('group', 'member', 'ops', 'remove', 'demo')
        self.assertEqual(self.login(), REFUSED)

    def test_hours(self):
        # A day that it is not, in any zone; and all days.
        days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
        today = time.gmtime().tm_wday
        far = days[(today + 3) % 7]
        self.rules('{ name = "far"; hours = "%s 08:00-18:00 Pacific/Auckland"; }' % far)
        self.refused('(far: outside its hours)')
        self.rules('{ hours = ["Mon-Sun Asia/Kathmandu", "22:00-06:00"]; }')
        self.welcome()

    def test_countries(self):
        frame = 'countries-file = "geo.mmdb"; networks-file = "asn.mmdb";\n' + self.frame
        mmdb.write(os.path.join(self.trial.dir, 'asn.mmdb'), {'127.0.4.0/24': (64500, 'Example Net')})
        rule = '{ name = "home"; countries = "DE"; }'
        path = os.path.join(self.trial.dir, 'geo.mmdb')
        mmdb.write(path, {'127.0.4.0/24': 'DE', '127.0.5.0/24': 'FR'})
        self.rules(rule, frame)
        self.welcome('127.0.4.1')
        self.refused('(home: not from one of its countries, but FR)', '127.0.5.1')
        self.refused('(home: country not known)', '127.0.6.1')
        told = json.loads(self.trial.command('audit', 'list', '--event', 'auth.ok', '--json').stdout)
        self.assertEqual([(r.get('src.country'), r.get('src.asn'), r.get('src.owner')) for r in told[-3:]],
                         [('DE', 64500, 'Example Net'), ('FR', None, None), (None, None, None)])
        # A new file counts from the next reload on; a broken one is not taken.
        mmdb.write(path + '.new', {'127.0.6.0/24': 'DE'})
        os.rename(path + '.new', path)
        self.reload()
        self.welcome('127.0.6.1')
        self.assertEqual(self.login('127.0.4.1'), REFUSED)
        with open(path + '.new', 'w') as f:
            f.write('nothing')
        os.rename(path + '.new', path)
        self.reload('configuration not read again; the old one stays')
        self.welcome('127.0.6.1')

    def test_nonsense_changes_nothing(self):
        self.rules('{ users = "demo"; }')
        for rules, line in (('rules = ( { users = "A"; } );', 'users: "A" is no name'),
                            ('rules = ( { targets = "x"; } );', 'there is no target "x"'),
                            ('rules = (', 'syntax error'),
                            ('rules = ( { hours = "Mon 25:00-26:00"; } );', 'hours: "Mon 25:00-26:00" is not')):
            self.write(rules)
            self.reload('configuration not taken over, the old one stays')
            self.trial.wait_log(line)
            self.welcome()
        os.unlink(self.conf)
        self.reload('configuration not taken over, the old one stays')
        self.welcome()

    def test_what_needs_a_restart(self):
        frame = self.frame.replace(f'127.0.0.1:{self.trial.port}', '127.0.0.1:9').replace(
            'state = "state"', 'state = "other"').replace('run-as = "caller"', 'run-as = "nobody"')
        self.assertEqual(sum(a != b for a, b in zip(frame.splitlines(), self.frame.splitlines())), 3)
        self.rules('{ users = "demo"; }', frame)
        for line in ('listen: other addresses need a restart', 'state: another directory needs a restart',
                     'run-as: another account needs a restart'):
            self.trial.wait_log(line)
        self.welcome()
        self.assertFalse(os.path.exists(os.path.join(self.trial.dir, 'other')))
        # The rest has been taken over.
        self.rules('{ users = "alice"; }', frame)
        self.assertEqual(self.login(), REFUSED)


main()
