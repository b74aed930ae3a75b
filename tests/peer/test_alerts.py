#!/usr/bin/env python3
# tests/peer/test_alerts.py - alerts of a running service: told, and with a consequence that a stock client meets.
import json
import os
import signal
import subprocess
import time

from peers import Shadow, Xfreerdp
from procfs import comm
from test_greeter import GROUND, is_greeter, totp
from trial import SALLYPORT, Trial
from world import Case, main, wait_for
from xdisplay import Display

ALERTS = '''
alerts = {
    critical-targets = ["%s"];
    new-path    = { action = "step-up"; };
    brute-force = { failures = 3; };
};
'''


class Alerts(Case):
    def start(self, *options, critical='desktop'):
        self.trial = Trial(self.world, '--session', 'xsetroot -solid "#802040"; exec sleep 1000', *options, mfa=True)
        with open(os.path.join(self.trial.dir, 'sallyport.conf'), 'a') as f:
            f.write(ALERTS % critical)
        daemon = next(pid for pid in self.trial.processes() if comm(pid) == 'sallyportd')
        os.kill(daemon, signal.SIGHUP)
        self.trial.wait_log('configuration read again')
        self.display = Display(self.world, (1300, 1000), colour='#000000')

    def records(self, event):
        return json.loads(self.trial.command('audit', 'list', '--event', event, '--json').stdout)

    def audit(self, what, event, **fields):
        """The first record with these fields, once it is there."""
        return wait_for(what, lambda: next((r for r in self.records(event) if all(
            r.get(k.replace('__', '.')) == v for k, v in fields.items())), None), 15)

    def wrong(self):
        subprocess.run([SALLYPORT, 'shot', f'127.0.0.1:{self.trial.port}', self.world.path('no.png'), '--user',
                        self.trial.user, '--password-stdin', '--trust', 'first-seen'],
                       input=b'wrong\n', env=self.world.env(), capture_output=True, timeout=30)

    def test_step_up(self):
        """Off the line at the first session on what matters; back by the cookie, and a code is asked for."""
        self.start()
        first = f'{self.trial.user}##{self.trial.code()}'
        client = Xfreerdp(self.display, self.trial.port, first, self.trial.password,
                          options=('+auto-reconnect', '/auto-reconnect-max-retries:5'))
        alert = self.audit('the alert', 'alert', policy__rule='new-path')
        self.assertEqual((alert['alert.rule'], alert['alert.attack'], alert['alert.action'], alert['actor.user']),
                         ('D10', 'T1021.001', 'step-up', self.trial.user))
        start = self.audit('the session', 'session.start')
        self.assertEqual((alert['session'], alert['alert.last']), (start['session'], start['seq']))
        step = self.audit('what followed', 'session.step-up')
        self.assertEqual((step['session'], step['target.name']), (start['session'], 'desktop'))
        said = self.display.wait_picture('why it ended', is_greeter, 20, client.window())
        client.type('')
        self.display.wait_picture('the question', lambda p: is_greeter(p) and p.rgb != said.rgb, 10, client.window())
        # The one in the name was good once; that of the next half minute is taken already.
        client.type(totp(self.trial.facts['totp_secret'], time.time() + 30))
        back = self.audit('the way back', 'session.reconnect')
        self.assertEqual(back['session'], start['session'])
        self.assertLess(step['seq'], self.records('mfa.ok')[-1]['seq'])
        self.assertEqual(len(self.records('alert')), 1)
        self.display.wait_picture('the desktop', lambda p: p.pixel(50, 50) != GROUND and not is_greeter(p), 15,
                                  client.window())
        client.proc.stop()
        # Guessing is told of too, and the past says the same.
        for _ in range(4):
            self.wrong()
        guess = self.audit('the other alert', 'alert', policy__rule='brute-force')
        self.assertEqual(guess['severity'], 'medium')
        again = json.loads(self.trial.command('audit', 'replay', '--json').stdout)
        self.assertEqual({a['rule'] for a in again}, {'new-path', 'brute-force'})
        path = self.world.path('other.conf')
        with open(path, 'w') as f:
            f.write('alerts = { brute-force = { failures = 60; }; };\n')
        self.assertEqual(json.loads(self.trial.command('audit', 'replay', path, '--json').stdout), [])

    def test_step_up_of_a_target(self):
        """The same at a host behind: it is left, and found again as it was."""
        other = Display(self.world, (1024, 768), colour='#206040')
        shadow = Shadow(other, 'nla')
        path = self.world.path('targets.conf')
        with open(path, 'w') as f:
            f.write('targets = { there = { kind = "rdp"; address = "127.0.0.1:%d"; login = "secret:shadow"; '
                    'trust = "first-seen"; }; };\nrules = ( { name = "there"; targets = ["there"]; } );\n' % shadow.port)
        self.start('--include', path, critical='there')
        self.world.run([SALLYPORT, 'secret', 'set', 'shadow', '--dir', self.trial.dir],
                       text=f'{shadow.user}\n{shadow.password}\n')
        client = Xfreerdp(self.display, self.trial.port, f'{self.trial.user}#there#{self.trial.code()}',
                          self.trial.password, options=('+auto-reconnect', '/auto-reconnect-max-retries:5'))
        step = self.audit('what followed', 'session.step-up')
        self.assertEqual(step['target.name'], 'there')
        said = self.display.wait_picture('why it ended', is_greeter, 20, client.window())
        client.type('')
        self.display.wait_picture('the question', lambda p: is_greeter(p) and p.rgb != said.rgb, 10, client.window())
        client.type(totp(self.trial.facts['totp_secret'], time.time() + 30))
        self.display.wait_picture('the target', lambda p: p.pixel(50, 50) == (0x20, 0x60, 0x40), 20, client.window())
        self.assertLess(step['seq'], self.records('mfa.ok')[-1]['seq'])
        self.assertEqual({r['session'] for r in self.records('session.start') + self.records('session.reconnect')},
                         {step['session']})
        client.proc.stop()


if __name__ == '__main__':
    main()
