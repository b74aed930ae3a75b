#!/usr/bin/env python3
# tests/proc/test_events.py - the audit tells the story of one trial, and nobody gets in without it.
import json
import os
import signal

from procfs import comm
from trial import SALLYPORT, Trial, need_trial
from world import Case, main, wait_for

LOGIN = ['auth.ok', 'mfa.ok', 'policy.allow', 'priv.grant', 'target.connect', 'session.start']


class Events(Case):
    def shot(self, *options, user=None, password=None, wait=None):
        """A client; its process when it is to stay, else it is over."""
        argv = [SALLYPORT, 'shot', f'127.0.0.1:{self.trial.port}', self.world.path('shot.png'), '--user',
                user or self.trial.user, '--password-stdin', '--trust', 'first-seen', *options]
        text = (password or self.trial.password) + '\n'
        if wait:
            return self.world.start('shot', argv + ['--wait', str(wait)], stdin=text.encode())
        return self.world.run(argv, text=text, check=False)

    def records(self):
        return json.loads(self.trial.command('audit', 'list', '--json').stdout)

    def pid(self, name, other=None):
        """The process of that name, once there is one, and another than that."""
        return wait_for(name, lambda: next(
            (pid for pid in self.trial.processes() if comm(pid) == name and pid != other), None))

    def closed(self, n):
        """What is told of the n-th connection, once it is over; without its channels, and what rules make of it."""
        def look():
            them = [r for r in self.records() if r.get('conn') == n and not r['event'].startswith(('channel.', 'alert'))]
            return them if them and them[-1]['event'] == 'conn.close' else None
        them = wait_for(f'the end of connection {n}', look)
        self.assertEqual(them[0]['event'], 'conn.open')
        for r in them:
            self.assertEqual((r['src.ip'], r['src.net'], r['src.interface']), ('127.0.0.1', '127.0.0.1/32', 'lo'))
            self.assertEqual(len(r['policy.hash']), 64)
        # They are one program, whatever it says of itself.
        self.ja4 = {r.get('claimed.ja4') for r in them[1:]} | getattr(self, 'ja4', set())
        return them[1:-1]

    def names(self, n):
        return [r['event'] for r in self.closed(n)]

    def test_story(self):
        need_trial()
        self.trial = Trial(self.world, '--session', 'exec sleep 1000', mfa=True)
        # Nobody, and somebody with the wrong password.
        self.shot(user='nobody')
        self.shot(password='wrong')
        for n, (reason, known) in enumerate((('unknown-user', 0), ('wrong-password', 1)), 1):
            fail, = self.closed(n)
            self.assertEqual((fail['event'], fail['outcome'], fail['reason'], fail['actor.known'], fail['auth.method']),
                             ('auth.fail', 'failed', reason, known, 'ntlm'))
            self.assertEqual(fail['claimed.user'], ('nobody', 'demo')[known])
        # A wrong code, a right one, and that again.
        self.shot('--code', '000000')
        self.assertEqual(self.names(3), ['auth.ok', 'mfa.fail'])
        code = self.trial.code()
        self.shot('--code', code)
        them = self.closed(4)
        self.assertEqual([r['event'] for r in them], LOGIN + ['session.end'])
        self.assertEqual(len({r['session'] for r in them[1:]}), 1)
        self.assertEqual((them[1]['auth.mfa'], them[1]['auth.attempts']), ('otp', 1))
        self.assertEqual((them[2]['policy.rule'], them[2]['target.name']), (them[5]['policy.rule'], 'desktop'))
        self.assertEqual((them[5]['session.width'], them[5]['session.height']), (1024, 768))
        self.assertIn('clipboard: ', them[5]['channel.granted'])
        self.assertEqual(them[6]['reason'], 'user')
        self.assertGreater(them[6]['session.bytes-out'], 1000)
        self.assertGreater(them[6]['session.bytes-in'], 500)
        channels = [r for r in self.records() if r['event'] == 'channel.open' and r['conn'] == 4]
        self.assertIn('drdynvc', {r['channel.name'] for r in channels})
        self.shot('--code', code)
        them = self.closed(5)
        self.assertEqual([r['event'] for r in them], ['auth.ok', 'mfa.fail', 'token.misuse'])
        self.assertEqual((them[1]['reason'], them[2]['auth.method']), ('spent-code', 'otp'))
        # A target that no rule allows.
        self.shot('--target', 'nowhere')
        them = self.closed(6)
        self.assertEqual([r['event'] for r in them], ['auth.ok', 'policy.deny'])
        self.assertEqual((them[1]['reason'], them[1]['outcome']), ('policy', 'denied'))
        # A session that outlives the scribe, and is ended by somebody. New ones have to wait for the next scribe.
        self.trial.command('user', 'totp', 'demo', '--show')
        client = self.shot('--code', self.trial.code(), wait=60)
        wait_for('the session', lambda: 'is up' in self.trial.log() and any(
            r['event'] == 'session.start' and r['conn'] == 7 for r in self.records()))
        scribe = self.pid('sp-scribe')
        os.kill(scribe, signal.SIGKILL)
        self.trial.wait_log('another one is started')
        scribe = self.pid('sp-scribe', other=scribe)
        self.shot(password='wrong')
        self.assertEqual(self.names(8), ['auth.fail'])
        # One that does not answer: refused, with the reason.
        os.kill(scribe, signal.SIGSTOP)
        self.shot()
        self.assertIn('sp-scribe does not answer', self.trial.wait_log('the audit cannot be written'))
        os.kill(scribe, signal.SIGCONT)
        self.assertTrue(client.alive())
        self.assertEqual(self.names(9), ['auth.ok', 'policy.deny'])
        self.assertEqual(self.closed(9)[1]['reason'], 'audit')
        session, = json.loads(self.trial.command('session', 'list', '--json').stdout)
        self.trial.command('session', 'end', str(session['id']), '--reason', 'enough')
        client.wait(15)
        them = self.closed(7)
        self.assertEqual((them[-1]['event'], them[-1]['reason']), ('session.end', 'admin'))
        self.assertIn('enough', them[-1]['text'])
        # Disabled.
        self.trial.command('user', 'disable', 'demo')
        self.shot()
        fail, = self.closed(10)
        self.assertEqual((fail['reason'], fail['actor.user']), ('disabled', 'demo'))
        self.assertEqual(len(self.ja4), 1)
        self.assertRegex(self.ja4.pop(), '^t13i[0-9]{4}00_[0-9a-f]{12}_[0-9a-f]{12}$')
        # What was done by command, and what the service says of itself; and all of it is as it was written.
        them = self.records()
        changes = [(r['change.object'], r['change.action']) for r in them if r['event'] == 'admin.change']
        self.assertEqual(changes[0], ('user demo', 'add'))
        self.assertIn(('user demo', 'totp-show'), changes)
        self.assertIn((f'session {session["id"]} of demo', 'end'), changes)
        self.assertEqual(changes[-1], ('user demo', 'disable'))
        jails = {r['process.name'] for r in them if r['event'] == 'sandbox.level'}
        self.assertLessEqual({'sp-net', 'sp-login', 'sp-target', 'sp-dial', 'sp-keeper', 'sp-scribe'}, jails)
        (crash,) = [r for r in them if r['event'] == 'proc.crash']
        self.assertEqual((crash['process.name'], crash['process.signal']), ('sp-scribe', 9))
        # Of which build, also where another one has been installed meanwhile.
        self.assertRegex(crash['process.version'], r'^\d+\.\d+')
        self.assertEqual(sum(r['event'] == 'service.start' for r in them), 1)
        self.trial.command('audit', 'verify')


if __name__ == '__main__':
    main()
