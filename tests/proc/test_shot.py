#!/usr/bin/env python3
# tests/proc/test_shot.py - `sallyport shot` as people and scripts use it, and against our own service.
import json
import os
import socket
import subprocess
import threading

import picture
from trial import SALLYPORT, Trial, need_trial
from world import Case, free_port, main


class Shot(Case):
    def shot(self, *args, password=None, seconds=60):
        return subprocess.run([SALLYPORT, 'shot', *args], input=None if password is None else password + '\n',
                              stdin=subprocess.DEVNULL if password is None else None, capture_output=True,
                              text=True, timeout=seconds, env=self.world.env())

    def bad(self, done, err, status=1):
        self.assertEqual((done.returncode, done.stdout), (status, ''), done.stderr)
        self.assertIn(err, done.stderr)
        self.assertTrue(done.stderr.startswith('sallyport: '), done.stderr)


class Usage(Shot):
    def test_help(self):
        done = self.shot('--help')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('usage: sallyport shot HOST[:PORT] OUT.png', done.stdout)

    def test_wrong_usage(self):
        for args, err in (((), 'where to connect'), (('host',), 'where to connect'),
                          (('a', 'b', 'c'), 'one argument too many'), (('a', 'b', '--repeat'), 'no such option'),
                          (('a', 'b', '--size', '10x10'), '--size'), (('a', 'b', '--wait', '0'), '--wait'),
                          (('a', 'b', '--wait'), 'value missing'), (('a:0', 'b'), 'not HOST'),
                          (('a', 'b', '--trust', 'all'), '--trust'), (('a', 'b', '--depth=8'), '--depth'),
                          (('a', 'b', '--codec=h265'), '--codec')):
            self.bad(self.shot(*args), err, 2)

    def test_no_server(self):
        port = free_port()
        self.bad(self.shot(f'127.0.0.1:{port}', self.world.path('x.png')), 'Connection refused')
        self.bad(self.shot('no-such-host.invalid', self.world.path('x.png')), 'no-such-host.invalid')

    def test_not_rdp(self):
        """A server of something else, and one that says nothing and goes."""
        for answer, err in ((b'SSH-2.0-x\r\n', ''), (b'', 'closed by the server')):
            with socket.create_server(('127.0.0.1', 0)) as listener:
                def serve(listener=listener, answer=answer):
                    peer = listener.accept()[0]
                    peer.sendall(answer)
                    peer.close()
                thread = threading.Thread(target=serve)
                thread.start()
                done = self.shot(f'127.0.0.1:{listener.getsockname()[1]}', self.world.path('x.png'))
                thread.join()
                self.bad(done, err)
                self.assertIn('wait x224 confirm', done.stderr)


class OurService(Shot):
    def setUp(self):
        super().setUp()
        need_trial()
        self.trial = Trial(self.world, '--session', "xsetroot -solid '#335577'; exec sleep 1000")
        self.out = self.world.path('shot.png')

    def login(self, *args, password=None):
        return self.shot(f'127.0.0.1:{self.trial.port}', self.out, '--user', self.trial.user, '--password-stdin',
                         *args, password=password or self.trial.password)

    def good(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r'^\{.*\}\n$')
        return json.loads(done.stdout)

    def test_picture_at_each_depth(self):
        first = self.login()
        facts = self.good(first)
        self.assertEqual(set(facts), {'first_frame_ms', 'codec', 'width', 'height', 'bytes_in'})
        self.assertIn('certificate not seen before', first.stderr)
        self.assertIn(self.trial.facts['fingerprint'], first.stderr)
        for depth, ask, codec in ((32, 'auto', 'gfx-.*'), (32, 'bitmap', 'planar'), (24, 'auto', 'interleaved'),
                                  (16, 'gfx', 'interleaved'), (15, 'auto', 'interleaved')):
            done = self.login('--size', '800x600', '--depth', str(depth), '--codec', ask)
            facts = self.good(done)
            self.assertEqual(done.stderr, '')
            self.assertEqual((facts['width'], facts['height']), (800, 600))
            self.assertRegex(facts['codec'], f'^{codec}$')
            self.assertGreater(facts['first_frame_ms'], 0)
            self.assertGreater(facts['bytes_in'], 1000)
            shown = picture.load(self.out)
            self.assertEqual((shown.width, shown.height), (800, 600))
            colours = shown.colours()
            self.assertEqual(len(colours), 1, colours.most_common(3))
            off = max(abs(a - b) for a, b in zip(next(iter(colours)), picture.colour('#335577')))
            self.assertLessEqual(off, 0 if depth >= 24 else 7)

    def test_wrong_password(self):
        self.bad(self.login('--trust', 'pin:' + self.trial.facts['fingerprint'], password='wrong'),
                 'logon failed: wrong user name or password')
        self.assertFalse(os.path.exists(self.out))
        done = self.shot(f'127.0.0.1:{self.trial.port}', self.out)
        self.assertEqual(done.returncode, 1)
        self.assertIn('give --user', done.stderr)

    def test_tls_only_is_refused(self):
        self.bad(self.login('--sec', 'tls'), 'the server requires CredSSP')

    def test_output_cannot_be_written(self):
        self.out = self.world.path('no-such-folder', 'shot.png')
        done = self.login()
        self.assertEqual(done.returncode, 1)
        self.assertIn('shot.png: No such file or directory', done.stderr)

    def test_trust(self):
        known = self.world.path('home', '.config', 'sallyport', 'known_hosts')
        where = f'127.0.0.1:{self.trial.port}'
        mine = self.trial.facts['fingerprint']
        wrong = '00' * 32
        # Nobody is told a password before the certificate is judged.
        for trust, err in (('ca', 'certificate not trusted'), ('pin:' + wrong, 'not the pinned one'),
                           ('ask', 'no terminal to ask on')):
            done = self.login('--trust', trust)
            self.assertEqual(done.returncode, 1)
            self.assertIn(err, done.stderr)
        self.assertFalse(os.path.exists(known))
        self.assertNotIn('refused: wrong password', self.trial.log())
        self.good(self.login('--trust', 'pin:' + mine))
        self.assertFalse(os.path.exists(known))
        self.good(self.login())
        with open(known) as f:
            self.assertEqual(f.read(), f'{where} {mine.replace(":", "")}\n')
        self.good(self.login('--trust', 'ask'))

        with open(known, 'w') as f:
            f.write(f'{where} {wrong}\n')
        done = self.login()
        self.bad(done, 'the certificate has changed')
        self.assertRegex(done.stderr, r'seen before: (00:){31}00')
        self.assertIn(f'shown now:   {mine}', done.stderr)
        self.assertIn(known, done.stderr)
        os.unlink(known)
        self.good(self.login())


if __name__ == '__main__':
    main()
