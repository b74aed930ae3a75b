#!/usr/bin/env python3
# tests/proc/test_record.py - a trial that records: what is there afterwards, what is found, what ends with the recorder.
import json
import os
import signal
import struct

from procfs import comm
from trial import SALLYPORT, Trial, need_trial
from world import Case, main, wait_for


class Record(Case):
    def setUp(self):
        super().setUp()
        need_trial()

    def recording(self, *words, check=True):
        done = self.world.run([SALLYPORT, 'recording', *words, '--dir', self.trial.dir, '--json'], check=check)
        return json.loads(done.stdout)

    def client(self, picture, *more):
        return [SALLYPORT, 'shot', f'127.0.0.1:{self.trial.port}', self.world.path(picture), '--user',
                self.trial.user, '--password-stdin', '--trust', 'pin:' + self.trial.facts['fingerprint'], *more]

    def verify(self, path):
        done = self.world.run([SALLYPORT, 'recording', 'verify', path, '--dir', self.trial.dir], check=False)
        return done.returncode, done.stdout

    def test_recorded(self):
        self.trial = Trial(self.world, '--record')
        self.world.run(self.client('a.png'), text=self.trial.password + '\n', seconds=60)
        wait_for('a whole recording', lambda: [r for r in self.recording('list') if r['state'] == 'whole'], 10)
        (one,) = self.recording('list')
        self.assertEqual((one['user'], one['target'], one['from']), ('demo', 'desktop', '127.0.0.1'))
        shown = self.recording('show', one['id'])
        frames = shown['frames']
        self.assertEqual([frames[k]['n'] for k in ('meta', 'header', 'resize', 'confirm', 'end')], [1] * 5)
        self.assertGreater(frames['out']['bytes'], 5000)
        self.assertIn(': good, ', self.verify(one['id'])[1])
        path = os.path.join(self.trial.dir, 'state', 'recordings', one['id'] + '.spr')
        with open(path, 'rb') as f:
            whole = f.read()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertNotIn(b'desktop', whole)

        bad = self.world.path('bad.spr')
        for change, words in ((lambda b: b[:-1], 'torn: segment'), (lambda b: b + b'x', 'damaged: segment'),
                              (lambda b: b[:len(b) // 2] + bytes([b[len(b) // 2] ^ 1]) + b[len(b) // 2 + 1:],
                               'damaged: segment'),
                              (lambda b: b[:300] + bytes([b[300] ^ 4]) + b[301:], 'damaged: segment')):
            with open(bad, 'wb') as f:
                f.write(change(whole))
            status, said = self.verify(bad)
            self.assertEqual(status, 1, said)
            self.assertIn(words, said)

        self.shortened(one['id'], path, whole)
        self.dies()

    def shortened(self, name, path, whole):
        """Cut between two segments, which only the audit can know."""
        wait_for('its end in the audit', lambda: ', as the audit has them' in self.verify(name)[1], 5)
        at = [struct.unpack_from('<H', whole, 10)[0]]
        while at[-1] < len(whole):
            at.append(at[-1] + 24 + struct.unpack_from('<I', whole, at[-1] + 4)[0])
        self.assertEqual(at[-1], len(whole))
        with open(path, 'wb') as f:
            f.write(whole[:at[-2]])
        status, said = self.verify(name)
        self.assertEqual(status, 1)
        self.assertIn(f'segment {len(at) - 2}: is missing: the audit has {len(at) - 1} of them', said)
        with open(path, 'wb') as f:
            f.write(whole)

    def dies(self):
        """The recorder is killed: the session ends, and what was written can be read."""
        client = self.world.start('shot', self.client('b.png', '--wait', '30'),
                                  stdin=self.trial.password.encode() + b'\n')

        def running():
            rows = [r for r in self.recording('list') if r['state'] != 'whole']
            return rows and rows[0]['segments'] >= 2
        wait_for('a recording that runs', running, 20)
        (pid,) = [p for p in self.trial.processes() if comm(p) == 'sp-recorder']
        os.kill(pid, signal.SIGKILL)
        self.trial.wait_log('desktop may be used only when it is recorded')
        client.wait(20)
        (left,) = [r for r in self.recording('list') if r['state'] != 'whole']
        self.assertEqual((left['user'], left['target']), ('demo', 'desktop'))
        self.assertEqual(self.verify(left['id'])[0], 1)


main()
