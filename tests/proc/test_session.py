#!/usr/bin/env python3
# tests/proc/test_session.py - sessions as an administrator sees them, ends them, and says yes to them.
import getpass
import json
import os
import re
import signal

from procfs import comm
from trial import SALLYPORT, Trial, need_trial
from world import Case, main, wait_for

SESSION = 'xsetroot -solid "#802040"; exec sleep 1000'


class Sessions(Case):
    def open(self, *options, **more):
        need_trial()
        self.trial = Trial(self.world, '--session', SESSION, *options, **more)

    def client(self, *options, seconds=60, user=None):
        """A client that stays for a while; its process."""
        return self.world.start('shot', [
            SALLYPORT, 'shot', f'127.0.0.1:{self.trial.port}', self.world.path('shot.png'), '--user',
            user or self.trial.user, '--password-stdin', '--trust', 'first-seen', '--wait', str(seconds), *options],
            stdin=self.trial.password.encode() + b'\n')

    def list(self):
        return json.loads(self.trial.command('session', 'list', '--json').stdout)

    def session(self, state, seconds=20):
        """The only session there is, once it is in this state."""
        def look():
            them = self.list()
            return them[0] if len(them) == 1 and them[0]['state'] == state else None
        return wait_for(f'a session that is {state}', look, seconds)

    def none(self, seconds=15):
        wait_for('the end of all sessions', lambda: self.list() == [], seconds)

    def reload(self, change):
        """Another configuration, read again."""
        path = os.path.join(self.trial.dir, 'sallyport.conf')
        with open(path) as f:
            text = f.read()
        with open(path, 'w') as f:
            f.write(change(text))
        daemon = next(pid for pid in self.trial.processes() if comm(pid) == 'sallyportd')
        before = self.trial.log().count('configuration read again')
        os.kill(daemon, signal.SIGHUP)
        wait_for('the reload', lambda: self.trial.log().count('configuration read again') > before)

    def use_rules(self, rules):
        """In the place of the trial's own."""
        self.reload(lambda text: re.sub(r'(?ms)^rules = \(.*?^\);', lambda _: f'rules = (\n{rules}\n);', text))

    def ended(self, client, number):
        """The client was told why, by its number."""
        self.assertEqual(client.wait(15), 1, client.log())
        self.assertIn(f'(0x{number:04X})', client.log())


class Usage(Sessions):
    def run_it(self, *args):
        return self.world.run([SALLYPORT, 'session', *args], check=False)

    def test_wrong_usage(self):
        for args, err in (((), 'say what to do'), (('look', '1'), 'no such command'),
                          (('watch',), 'give its ID'), (('watch', 'x'), 'not an ID'), (('list', '1'), 'takes no ID'),
                          (('show',), 'give its ID'), (('show', '1', '2'), 'too many'), (('show', 'x'), 'not an ID'),
                          (('show', '0'), 'not an ID'), (('end', '-1'), 'no such option'),
                          (('end', '4294967296'), 'not an ID'), (('end', '99999999999999999999'), 'not an ID'),
                          (('end', '1x'), 'not an ID'), (('end', '1', '--reason'), 'value missing'),
                          (('end', '1', '--reason', 'a\033b'), '--reason: holds a control'),
                          (('approve', '1', '--as', 'a\nb'), '--as: holds a control'),
                          (('show', '1', '--reason', 'x'), 'belongs to end'), (('end', '1', '--as', 'x'), 'belongs to'),
                          (('end', '1', '--json'), 'belongs to')):
            done = self.run_it(*args)
            self.assertEqual((done.returncode, done.stdout), (2, ''), (args, done))
            self.assertIn(err, done.stderr)

    def test_not_running(self):
        self.open()
        self.trial.stop()
        done = self.trial.command('session', 'list', check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('the service does not run', done.stderr)
        done = self.run_it('list', '--dir', self.world.path('nowhere'))
        self.assertEqual(done.returncode, 1)
        self.assertIn('nowhere', done.stderr)


class Living(Sessions):
    def test_list_show_end(self):
        self.open()
        self.assertEqual(self.list(), [])
        self.assertEqual(self.trial.command('session', 'list').stdout, '')
        client = self.client()
        s = self.session('active')
        self.assertEqual((s['user'], s['target'], s['reason'], s['approver']), ('demo', 'desktop', None, None))
        self.assertTrue(s['source'].startswith('127.0.0.1:'))
        self.assertRegex(s['grant'], '^[0-9a-f]{16}$')
        self.assertRegex(s['active'], r'^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
        self.assertIn(f'grant {s["grant"]}', self.trial.log())
        shown = self.trial.command('session', 'show', str(s['id'])).stdout
        self.assertRegex(shown, r'user: +demo\n')
        self.assertRegex(shown, r'state: +active\n')
        self.assertEqual(json.loads(self.trial.command('session', 'show', str(s['id']), '--json').stdout), s)
        table = self.trial.command('session', 'list').stdout
        self.assertRegex(table, r'^ID +USER +TARGET +STATE +SINCE +FROM\n\d+ +demo +desktop +active ')
        other = self.trial.command('session', 'end', str(s['id'] + 1), check=False)
        self.assertEqual(other.returncode, 1)
        self.assertIn('no such session', other.stderr)
        said = self.trial.command('session', 'end', str(s['id']), '--reason', 'maintenance until six')
        self.assertIn('session of demo told to end', said.stdout)
        self.ended(client, 1)
        self.none()
        self.trial.wait_log('ended by an administrator: maintenance until six')
        self.assertIn(f'uid {os.getuid()} ends it: maintenance until six', self.trial.log())
        # Nobody else's business.
        self.assertEqual(self.list(), [])

    def test_gone_by_itself(self):
        self.open()
        client = self.client(seconds=2)
        first = self.session('active')['id']
        self.assertEqual(client.wait(30), 0, client.log())
        self.none()
        self.client(seconds=30)
        self.assertGreater(self.session('active')['id'], first)

    def test_disabled_user(self):
        self.open()
        client = self.client()
        self.session('active')
        self.trial.command('user', 'disable', 'demo')
        # Within the minute; after a reload at once.
        self.reload(lambda text: text)
        self.ended(client, 7)
        self.none()
        self.trial.wait_log('the account was disabled')

    def test_rule_taken_away(self):
        self.open()
        client = self.client()
        first = self.session('active')
        self.use_rules('{ name = "home"; from = ["127.0.0.0/8"]; }')
        self.assertEqual(self.session('active')['id'], first['id'])
        self.use_rules('{ name = "home"; from = ["192.0.2.0/24"]; }')
        self.ended(client, 7)
        self.none()
        # Nor does it begin again.
        again = self.client()
        self.assertEqual(again.wait(30), 1)
        self.assertEqual(self.list(), [])


class Times(Sessions):
    def test_longest_time(self):
        self.open()
        self.use_rules('{ name = "short"; max = "6s"; idle = "1h"; }')
        client = self.client()
        s = self.session('active')
        self.assertIsNotNone(s['until'])
        self.ended(client, 4)
        self.none()
        self.trial.wait_log('ended after')
        self.assertIn('time is over', self.trial.log())

    def test_nobody_there(self):
        self.open()
        self.use_rules('{ name = "short"; idle = "3s"; }')
        client = self.client()
        self.session('active')
        self.ended(client, 3)
        self.none()
        self.assertIn('idle for too long', self.trial.log())


class Approval(Sessions):
    def rule(self, approvers):
        self.open()
        self.use_rules(f'{{ name = "four eyes"; mfa = ["none"]; approval = {json.dumps(approvers)}; }}')

    def decide(self, word, *args):
        return self.trial.command('session', word, str(self.id), *args, check=False)

    def told(self):
        them = json.loads(self.trial.command('audit', 'list', '--event', 'approval', '--json').stdout)
        return [(r['event'], r['outcome'], r['actor.user'], r['target.name'], r.get('approval.by')) for r in them]

    def test_approved(self):
        self.rule(['@leads', 'boss'])
        self.client(seconds=60)
        s = self.session('waiting for approval')
        self.id = s['id']
        self.assertEqual((s['rule'], s['target']), ('four eyes', 'desktop'))
        for who in ('demo', 'Demo', 'leads', '@leads', 'stranger'):
            done = self.decide('approve', '--as', who)
            self.assertEqual((done.returncode, done.stdout), (1, ''), who)
        # The caller's own name, root or not, is no approver's.
        if getpass.getuser() != 'boss':
            self.assertIn('is no approver', self.decide('approve').stderr)
        self.assertEqual(self.list()[0]['state'], 'waiting for approval')
        done = self.decide('approve', '--as', 'boss')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('approved by boss', done.stdout)
        s = self.session('active')
        self.assertEqual((s['id'], s['approver']), (self.id, 'boss'))
        self.assertIn('does not wait', self.decide('approve', '--as', 'boss').stderr)
        self.assertTrue(re.search(rf'approved by boss \(uid {os.getuid()}\)', self.trial.log()))
        self.assertEqual(self.told(), [('approval.ask', 'none', 'demo', 'desktop', None),
                                       ('approval.ok', 'ok', 'demo', 'desktop', 'boss')])

    def test_refused(self):
        self.rule(['boss'])
        self.client(seconds=60)
        self.id = self.session('waiting for approval')['id']
        self.assertEqual(self.decide('refuse', '--as', 'boss').returncode, 0)
        self.trial.wait_log('refused by boss')
        self.assertNotIn('active', {s['state'] for s in self.list()})
        self.assertIn('does not wait', self.decide('approve', '--as', 'boss').stderr)
        self.assertEqual([(event, by) for event, _, _, _, by in self.told()],
                         [('approval.ask', None), ('approval.no', 'boss')])


if __name__ == '__main__':
    main()
