#!/usr/bin/env python3
# tests/proc/test_record.py - a trial that records: what is there afterwards, what is found, what ends with the recorder.
import json
import os
import signal
import struct
import time

from procfs import comm
from trial import SALLYPORT, Trial, need_trial
from world import BUILD, Case, main, need, wait_for
from xdisplay import Display

CORPUS = os.path.join(BUILD, 'tests', 'host', 'render_corpus')

# Still, until there is a file "busy"; green once there is none any more.
SESSION = 'cd {dir}; xterm -geometry 120x45+0+0 -e sh -c "' \
          'while [ ! -e busy ]; do sleep 0.1; done; ' \
          'while [ -e busy ]; do head -c 3000 /dev/urandom | base64; sleep 0.02; done; ' \
          'xsetroot -solid \'#20c040\'; exec sleep 1000"'


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
        need('xterm', 'xsetroot')
        self.trial = Trial(self.world, '--record', '--session', SESSION.format(dir=self.world.path('')))
        self.world.run(self.client('a.png'), text=self.trial.password + '\n', seconds=60)
        wait_for('a whole recording', lambda: [r for r in self.recording('list') if r['state'] == 'whole'], 10)
        (one,) = self.recording('list')
        self.assertEqual((one['user'], one['target'], one['from']), ('demo', 'desktop', '127.0.0.1'))
        shown = self.recording('show', one['id'])
        frames = shown['frames']
        self.assertEqual([frames[k]['n'] for k in ('meta', 'header', 'resize', 'confirm', 'end')], [1] * 5)
        self.assertGreater(frames['out']['bytes'], 3000)
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

        self.assertRegex(self.command('index', bad, status=1).stderr, r'^20\S+ warn sp-player\[\d+\]: index: segment')
        self.other_key(one['id'], path, whole)
        self.shortened(one['id'], path, whole)
        self.removed(one['id'], path)
        self.strange(one['id'], whole)
        self.looked_at(one)
        # One that is being begun is none yet.
        begun = os.path.join(os.path.dirname(path), '01J8ZQ4Y3W5V6T7S8R9Q0P1N2M.spr')
        open(begun, 'w').close()
        self.assertEqual(len(self.recording('list')), 1)
        self.replaced(begun, whole, one['id'])
        index = path[:-4] + '.spx'
        self.assertEqual(os.stat(index).st_mode & 0o777, 0o600)
        self.assertLess(os.path.getsize(index), len(whole) / 4 + 500)
        self.linked(one['id'], index)
        self.watched()
        self.dies()

    def other_key(self, name, path, whole):
        """It is listed, and compared with the audit, also where the key is none of its auditors'."""
        key = self.world.path('other.key')
        self.world.run([SALLYPORT, 'recording', 'key', key])
        (one,) = json.loads(self.command('list', '--json', '--key', key).stdout)
        self.assertEqual((one['id'], one['state'], 'user' in one), (name, 'whole', False))
        self.assertEqual(self.command('verify', name, '--key', key, status=1).stdout,
                         f"{name}: whole: sealed for other auditors than this key's\n")
        # Nor does who changes whom it is sealed for hide it so.
        with open(path, 'r+b') as f:
            f.seek(120)
            f.write(bytes([whole[120] ^ 1]))
            f.flush()
            self.assertRegex(self.verify(name)[1], f'^{name}: damaged: is not what was recorded: the audit has another')
            f.seek(0)
            f.write(b'X')
            f.flush()
            self.assertEqual(self.verify(name), (1, f'{name}: damaged: not a recording, or its header is damaged\n'))
            f.seek(0)
            f.write(whole[:121])
        self.assertEqual(self.verify(name)[0], 0)

    def strange(self, name, whole):
        """One that the audit does not know is whole and yet not good."""
        # By what it begins with it is compared with the audit like by its id.
        self.assertIn(', as the audit has them', self.command('verify', name[:20]).stdout)
        state = self.world.path('elsewhere')
        os.makedirs(os.path.join(state, 'recordings'))
        with open(os.path.join(state, 'recordings', name + '.spr'), 'wb') as f:
            f.write(whole)
        conf = self.world.path('elsewhere.conf')
        with open(conf, 'w') as f:
            f.write(f'state = "{state}"; run-as = "caller";\n')
        key = os.path.join(self.trial.dir, 'auditor.key')

        def verify():
            done = self.world.run([SALLYPORT, 'recording', 'verify', name, '-c', conf, '--key', key], check=False)
            return done.returncode, done.stdout
        self.assertEqual(verify(), (1, f'{name}: whole: it is not compared with the audit: '
                                       f'{state}/audit: there is no audit\n'))
        os.mkdir(os.path.join(state, 'audit'))
        self.world.run([CORPUS, os.path.join(state, 'audit')])
        status, said = verify()
        self.assertEqual(status, 1)
        self.assertRegex(said, f'{name}: whole: the audit does not know it, and has nothing from before 20')

    def command(self, *words, status=0):
        done = self.world.run([SALLYPORT, 'recording', *words, '--dir', self.trial.dir], check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def looked_at(self, one):
        """Who looks at it stands in the audit first, and nobody looks where that cannot be written."""
        def told():
            listed = json.loads(self.trial.command('audit', 'list', '--event', 'record', '--json').stdout)
            return [(r['event'], r['change.action'], r['change.object'], r['session'], r['target.name'], r['record.id'])
                    for r in listed if r['event'] in ('record.play', 'record.export')]
        self.assertEqual(told(), [])
        about = ('recording of demo', one['session'], 'desktop', one['id'])
        self.command('shot', one['id'], self.world.path('one.png'))
        self.command('export', one['id'], self.world.path('one.mp4'))
        self.assertEqual(told(), [('record.play', 'shot', *about), ('record.export', 'export', *about)])
        # Nobody would see it.
        env = {k: v for k, v in self.world.env().items() if k not in ('DISPLAY', 'WAYLAND_DISPLAY', 'SDL_VIDEODRIVER')}
        done = self.world.run([SALLYPORT, 'recording', 'play', one['id'], '--dir', self.trial.dir], env=env, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, 'there is no display|no window can be opened')
        (last,) = json.loads('[' + self.trial.command('audit', 'tail', '-n', '1', '--json').stdout + ']')
        self.assertTrue(last['actor.admin'])
        database = os.path.join(self.trial.dir, 'state', 'audit')
        os.rename(database, database + '.away')
        with open(database, 'w'):
            pass
        none = self.world.path('none.png')
        self.assertIn('the audit cannot be written, so it is not shown', self.command('shot', one['id'], none, status=1).stderr)
        self.assertFalse(os.path.exists(none))
        os.unlink(database)
        os.rename(database + '.away', database)
        self.assertIn('--speed does not belong to verify', self.command('verify', one['id'], '--speed', '2', status=2).stderr)
        self.assertIn('--json does not belong to play', self.command('play', one['id'], '--json', status=2).stderr)

    def running(self, name):
        return [p for p in self.trial.processes() if comm(p) == name]

    def watched(self):
        """An index is made while it runs, who looks on begins there, and it may die."""
        busy = self.world.path('busy')
        open(busy, 'w').close()
        client = self.world.start('script', [SALLYPORT, 'script', f'127.0.0.1:{self.trial.port}', '-', '--user',
                                             self.trial.user, '--password-stdin'],
                                  stdin=f'{self.trial.password}\nwait 60\n'.encode())

        def session():
            listed = json.loads(self.trial.command('session', 'list', '--json').stdout)
            return listed and listed[0]['recording'] and listed[0]
        now = wait_for('a session that is recorded', session, 10)
        name = now['recording']
        self.assertEqual(self.recording('show', name)['session'], now['session'])
        path = os.path.join(self.trial.dir, 'state', 'recordings', name)
        wait_for('a key frame', lambda: os.path.getsize(path + '.spx') > 10000, 30)
        self.assertLess(os.path.getsize(path + '.spx'), os.path.getsize(path + '.spr') / 2)
        (indexer,) = self.running('sp-player')
        with open(f'/proc/{indexer}/stat') as f:
            self.assertEqual(f.read().rsplit(')', 1)[1].split()[16], '19')     # nice
        os.unlink(busy)
        began = time.monotonic()
        facts = json.loads(self.trial.command('recording', 'shot', name, self.world.path('now.png')).stdout)
        print(f'the picture of now by the index: {time.monotonic() - began:.2f} s')
        self.assertEqual((facts['key_frames'], facts['damaged']), (1, 0))
        display = Display(self.world, (1100, 850))
        # Who cannot see it does not watch it.
        done = self.world.run([SALLYPORT, 'session', 'watch', str(now['id']), '--key', self.world.path('none.key'),
                               '--dir', self.trial.dir], check=False)
        self.assertEqual(done.returncode, 1)
        began = time.monotonic()
        view = display.start('watch', [SALLYPORT, 'session', 'watch', str(now['id']), '--dir', self.trial.dir])
        window = display.window('demo on desktop', 'name')
        print(f'the window of who looks on: {time.monotonic() - began:.2f} s')
        display.wait_picture('the picture that is there now', lambda p: p.pixel(1000, 700) == (0x20, 0xc0, 0x40), 10, window)
        # Nothing moves now, but time does.
        def clock():
            shot = display.screenshot(window)
            return shot.crop(0, shot.height - 25, 120, 25).rgb
        before = clock()
        wait_for('the clock to go on', lambda: clock() != before, 5)
        (shadow,) = json.loads(self.trial.command('audit', 'list', '--event', 'session.shadow', '--json').stdout)
        self.assertEqual((shadow['session'], shadow['actor.user']), (now['session'], 'demo'))
        self.assertEqual(shadow['actor.admin'], f'uid {os.geteuid()}' if os.geteuid() else 'root')
        # It dies of what it reads, say.
        os.kill(indexer, signal.SIGKILL)
        self.trial.wait_log('killed by signal 9 (Killed): an index is not whole')
        # And so may the scribe: the session stands still until there is another.
        (recorder,) = self.running('sp-recorder')
        os.kill(self.running('sp-scribe')[0], signal.SIGKILL)
        began = time.monotonic()
        self.trial.wait_log(f'recording {name} goes on')
        print(f'it went on with another scribe after {time.monotonic() - began:.2f} s')
        self.assertTrue(view.alive() and client.alive())
        self.assertEqual(self.running('sp-recorder'), [recorder])
        display.run('xdotool', 'key', '--window', str(window), 'q', check=False)
        view.wait(10)
        client.stop()
        self.trial.wait_log(f'recording {name} is complete')
        self.assertEqual(self.running('sp-player'), [])
        wait_for('its end in the audit', lambda: ', as the audit has them' in self.verify(name)[1], 5)
        told = [r['event'] for r in json.loads(self.trial.command('audit', 'list', '--json').stdout)
                if r.get('record.id') == name]
        self.assertEqual((told[0], told[-1]), ('record.start', 'record.stop'))
        self.assertGreater(told.count('record.mark'), 0)
        self.assertNotIn('record.gap', told)
        self.assertEqual(json.loads(self.trial.command('recording', 'shot', name, self.world.path('end.png')).stdout)
                         ['key_frames'], 1)
        with open(os.path.join(self.trial.dir, 'sallyport.conf'), 'a') as f:
            f.write('record-index = false;\n')
        os.kill(self.running('sallyportd')[0], signal.SIGHUP)
        self.trial.wait_log('configuration read again')

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

    def removed(self, name, path):
        """Of one that is gone the audit still knows; of one that was never begun it does not."""
        never = os.path.join(os.path.dirname(path), '1' * 26 + '.spr')
        open(never, 'w').close()
        self.assertRegex(self.command('verify').stdout, f'^{name}: good, [0-9]+ segments, as the audit has them\n$')
        os.unlink(never)
        os.rename(path, path + '.away')
        self.assertEqual(self.command('verify', status=1).stdout, f'{name}: missing: the audit has it\n')
        self.assertEqual(json.loads(self.command('verify', '--json', status=1).stdout),
                         [{'id': name, 'state': 'missing', 'wrong': 'the audit has it'}])
        open(path, 'w').close()
        self.assertEqual(self.command('verify', status=1).stdout, f'{name}: damaged: ends within its header\n')
        os.rename(path + '.away', path)

    def replaced(self, path, whole, other):
        """Whole, and sealed to the same auditors, but another one than its name says: the audit knows it not."""
        with open(path, 'wb') as f:
            f.write(whole)
        for name in (os.path.basename(path)[:-4], os.path.basename(path)[:8]):
            status, said = self.verify(name)
            self.assertEqual((status, said), (1, f'{name}: damaged: is not the one of that name, but {other}\n'))
            shot = self.world.run([SALLYPORT, 'recording', 'shot', name, self.world.path('other.png'), '--dir',
                                   self.trial.dir], check=False)
            self.assertEqual((shot.returncode, shot.stderr),
                             (1, f'sallyport: {path}: is not the one of that name, but {other}\n'))
        os.unlink(path)
        strange = os.path.join(os.path.dirname(path), 'A' * 22 + '\x1b[2J.spr')
        with open(strange, 'wb') as f:
            f.write(b'no recording')
        for words in (['list'], ['verify', 'A']):
            done = self.world.run([SALLYPORT, 'recording', *words, '--dir', self.trial.dir], check=False)
            self.assertNotIn('\x1b', done.stdout + done.stderr)
        os.unlink(strange)
        os.mkfifo(path)
        self.assertEqual(self.verify(os.path.basename(path)[:-4])[0], 1)
        os.unlink(path)

    def linked(self, name, index):
        """Whose folder it is cannot have root write elsewhere."""
        mine = self.world.path('mine')
        with open(mine, 'w') as f:
            f.write('mine')
        os.symlink(mine, index + '.part')
        before = os.path.getsize(index)
        self.trial.command('recording', 'index', name)
        with open(mine) as f:
            self.assertEqual(f.read(), 'mine')
        self.assertFalse(os.path.islink(index) or os.path.exists(index + '.part'))
        self.assertEqual(os.stat(index).st_uid, os.stat(index[:-4] + '.spr').st_uid)
        self.assertGreater(os.path.getsize(index), before / 2)

    def dies(self):
        """The recorder is killed: the session ends, and what was written can be read."""
        client = self.world.start('shot', self.client('b.png', '--wait', '30'),
                                  stdin=self.trial.password.encode() + b'\n')

        def running():
            rows = [r for r in self.recording('list') if r['state'] != 'whole']
            return rows and rows[0]['segments'] >= 2
        wait_for('a recording that runs', running, 20)
        (pid,) = self.running('sp-recorder')
        self.assertEqual(self.running('sp-player'), [])         # by the configuration
        os.kill(pid, signal.SIGKILL)
        self.trial.wait_log('desktop may be used only when it is recorded')
        client.wait(20)
        # One whose recorder died before it could begin is nothing to tell of.
        open(os.path.join(self.trial.dir, 'state', 'recordings', '0' * 26 + '.spr'), 'w').close()
        (left,) = [r for r in self.recording('list') if r['state'] != 'whole']
        self.assertEqual((left['user'], left['target']), ('demo', 'desktop'))
        self.assertEqual(self.verify(left['id'])[0], 1)
        self.both_die(left['id'])

    def both_die(self, before):
        """Without a scribe that could hear of a recorder's end, the parent tells the audit."""
        client = self.world.start('shot', self.client('c.png', '--wait', '30'),
                                  stdin=self.trial.password.encode() + b'\n')

        def runs():
            return [r['id'] for r in self.recording('list') if r['state'] != 'whole' and r['id'] != before]
        (name,) = wait_for('a recording that runs', runs, 20)
        (scribe,), (recorder,) = self.running('sp-scribe'), self.running('sp-recorder')
        os.kill(recorder, signal.SIGSTOP)
        os.kill(scribe, signal.SIGKILL)

        def dead():
            try:
                with open(f'/proc/{scribe}/stat') as f:
                    return f.read().rsplit(')', 1)[1].split()[0] == 'Z'
            except FileNotFoundError:
                return True
        wait_for('the end of the scribe', dead, 5)
        os.kill(recorder, signal.SIGKILL)

        def gaps():
            return [r for r in json.loads(self.trial.command('audit', 'list', '--json').stdout)
                    if r.get('record.id') == name and r['event'] == 'record.gap']
        (gap,) = wait_for('the gap', gaps, 10)
        self.assertEqual((gap['actor.user'], 'record.chain' in gap), ('demo', False))
        client.wait(20)


main()
