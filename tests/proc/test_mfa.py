#!/usr/bin/env python3
# tests/proc/test_mfa.py - one-time codes from the command line: enrol, show, use once, over a restart, and off.
import json
import os
import stat

import picture
from trial import SALLYPORT, Trial, need_trial
from world import Case, main

# The greeter's ground; see core/ui/screen.h.
GROUND = picture.colour('#151b23')


class Codes(Case):
    def setUp(self):
        super().setUp()
        need_trial()

    def shot(self, trial, *options, check=True, user=None):
        out = self.world.path('shot.png')
        self.world.run([SALLYPORT, 'shot', f'127.0.0.1:{trial.port}', out, '--user', user or trial.user, *options,
                        '--password-stdin', '--trust', 'first-seen'], text=trial.password + '\n', check=check)
        return picture.load(out)

    def assert_greeter(self, shown):
        self.assertEqual(shown.pixel(0, 0), GROUND)

    def assert_desktop(self, shown):
        self.assertEqual(shown.pixel(0, 0), picture.colour('#802040'))

    def test_trial(self):
        trial = Trial(self.world, '--session', 'xsetroot -solid "#802040"; exec sleep 1000', mfa=True)
        facts = trial.facts
        self.assertRegex(facts['totp_secret'], '^[A-Z2-7]{32}$')
        self.assertIn(f'secret={facts["totp_secret"]}&', facts['otpauth'])
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(trial.dir, 'trial.json')).st_mode), 0o600)
        self.assertIn('user code demo --dir', trial.log())
        self.assert_greeter(self.shot(trial))
        trial.wait_log('left without second factor')
        self.assert_desktop(self.shot(trial, '--totp-secret', facts['totp_secret']))
        code = trial.code()
        self.assert_desktop(self.shot(trial, '--code', code))
        self.assert_greeter(self.shot(trial, '--code', code))
        trial.wait_log('code was used already')
        self.assertNotIn(code, trial.log().split('Ctrl-C ends')[1])
        # Killed, and started again in the same directory: still spent, and the secret is the same.
        keeper = next(pid for pid in trial.processes() if 'sp-keeper' in open(f'/proc/{pid}/cmdline').read())
        os.kill(keeper, 9)
        trial.proc.wait(15)
        again = Trial(self.world, '--session', 'xsetroot -solid "#802040"; exec sleep 1000', mfa=True, folder=trial.dir)
        self.assertEqual(again.facts['totp_secret'], facts['totp_secret'])
        self.assert_greeter(self.shot(again, '--code', code))
        again.wait_log('one-time code of user demo refused')

    def test_off(self):
        trial = Trial(self.world, '--session', 'xsetroot -solid "#802040"; exec sleep 1000')
        self.assertIsNone(trial.facts['totp_secret'])
        self.assertIsNone(trial.facts['otpauth'])
        trial.wait_log('second factor is off')
        self.assert_desktop(self.shot(trial))

    def test_commands(self):
        trial = Trial(self.world, mfa=True)
        run = trial.command
        self.world.run([SALLYPORT, 'user', 'add', 'carol', '--password-stdin', '--dir', trial.dir],
                       text='four staples and a horse\n')
        self.assertIn('no one-time-code secret', run('user', 'totp', 'carol', '--show', check=False).stderr)
        self.assertIn('no one-time-code secret', run('user', 'code', 'carol', check=False).stderr)
        made = json.loads(run('user', 'totp', 'carol', '--json').stdout)
        self.assertEqual(len(made.pop('recovery_codes')), 10)    # shown once
        self.assertEqual(made, json.loads(run('user', 'totp', 'carol', '--show', '--json').stdout))
        self.assertTrue(made['otpauth'].startswith('otpauth://totp/Sallyport:carol?secret=' + made['totp_secret']))
        self.assertIn('enrolled already', run('user', 'totp', 'carol', check=False).stderr)
        self.assertRegex(run('user', 'code', 'carol').stdout, r'^\d{6}\n$')
        self.assertTrue(json.loads(run('user', 'show', 'carol', '--json').stdout)['totp'])
        run('user', 'totp', 'carol', '--remove')
        self.assertFalse(json.loads(run('user', 'show', 'carol', '--json').stdout)['totp'])
        self.assertNotEqual(made, json.loads(run('user', 'totp', 'carol', '--json').stdout))
        self.assertIn('no such user', run('user', 'totp', 'nobody', check=False).stderr)
        for wrong in (('totp', 'carol', '--show', '--remove'), ('show', 'carol', '--remove'), ('code',)):
            self.assertEqual(run('user', *wrong, check=False).returncode, 2)
        # Codes are no command for a service that is more than a trial.
        os.unlink(os.path.join(trial.dir, 'password'))
        self.assertIn('trial', run('user', 'code', 'carol', check=False).stderr)


if __name__ == '__main__':
    main()
