#!/usr/bin/env python3
# tests/peer/test_player.py - recordings as pictures, as films, and in a window.
import json
import math
import os
import subprocess
import time

import picture
from peers import Xfreerdp
from trial import SALLYPORT, Trial
from world import BUILD, Case, main, need, wait_for
from xdisplay import Display

ID = '01HZXW5V4T3R2Q1P0N9M8K7J6G'
BAR = 44


class Reel(Case):
    """A session with every codec that was made up, and pictures of what its client showed."""

    def setUp(self):
        super().setUp()
        self.dir = self.world.path('reel')
        os.mkdir(self.dir)
        made = subprocess.run([os.path.join(BUILD, 'tests/player/make_reel'), self.dir, '10'], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.file, self.key = f'{self.dir}/{ID}.spr', f'{self.dir}/auditor.key'
        self.moments = [line.split() for line in made.stdout.splitlines() if line[:1].isdigit()]
        self.assertEqual(len(self.moments), 8)

    def recording(self, *args, key=None, status=0, env=None):
        done = subprocess.run([SALLYPORT, 'recording', *args, '--key', key or self.key], capture_output=True, text=True,
                              timeout=60, env=env or self.world.env())
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def check_moments(self):
        """Every picture is the one that the client showed; gives how many key frames were used."""
        keys = 0
        for n, at, _, _ in self.moments:
            out = self.world.path('shot.png')
            facts = json.loads(self.recording('shot', self.file, out, '--at', at).stdout)
            self.assertEqual(picture.load(out), picture.load(f'{self.dir}/{n}.png'), f'at {at}')
            self.assertEqual(facts['damaged'], 0)
            keys += facts['key_frames']
        return keys


class Player(Reel):
    def test_pictures(self):
        self.assertEqual(self.check_moments(), 0)
        self.recording('index', self.file)
        self.assertGreater(self.check_moments(), 0)
        # An index that lies is not believed.
        index = f'{self.dir}/{ID}.spx'
        with open(index, 'r+b') as f:
            f.seek(os.path.getsize(index) // 2)
            f.write(b'\x55' * 64)
        self.check_moments()
        with open(index, 'wb') as f:
            f.write(b'no index at all')
        self.check_moments()

        # Before anything is shown, and what is no time.
        out = self.world.path('none.png')
        self.assertIn('no picture yet', self.recording('shot', self.file, out, '--at', '0', status=1).stderr)
        self.assertIn('not a time', self.recording('shot', self.file, out, '--at', 'soon', status=2).stderr)
        self.assertIn('not a number', self.recording('export', self.file, out, '--speed', '0', status=2).stderr)
        self.assertFalse(os.path.exists(out))
        # Somebody else's key.
        other = self.world.path('other.key')
        subprocess.run([SALLYPORT, 'recording', 'key', other], check=True, capture_output=True)
        self.assertIn('other auditors', self.recording('shot', self.file, out, key=other, status=1).stderr)
        # One that was changed is shown up to there, and that is said.
        with open(self.file, 'r+b') as f:
            f.seek(os.path.getsize(self.file) - 200)
            byte = f.read(1)
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte[0] ^ 1]))
        self.assertIn('segment', self.recording('shot', self.file, out).stderr)

    def test_film(self):
        need('ffprobe')
        out = self.world.path('film.mp4')
        end = float(self.moments[-1][1])

        def probe():
            done = subprocess.run(['ffprobe', '-v', 'error', '-count_frames', '-show_entries',
                                   'stream=codec_name,width,height,nb_read_frames:format=duration', '-of', 'json', out],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            facts = json.loads(done.stdout)
            return facts['streams'][0], float(facts['format']['duration'])

        self.recording('index', self.file)
        facts = json.loads(self.recording('export', self.file, out).stdout)
        stream, seconds = probe()
        self.assertEqual((stream['codec_name'], stream['width'], stream['height']), ('h264', 400, 300))
        # One more, that the last one has a length; and it begins with the first picture.
        self.assertEqual(int(stream['nb_read_frames']), facts['pictures'] + 1)
        self.assertAlmostEqual(seconds, end, delta=1)
        # It shows what the recording does.
        n, at, width, height = self.moments[-1]
        last = self.world.path('last.png')
        subprocess.run(['ffmpeg', '-v', 'error', '-sseof', '-0.3', '-i', out, '-update', '1', '-y', last], check=True,
                       timeout=60)
        self.recording('shot', self.file, self.world.path('shot.png'), '--pointer')
        shown, there = picture.load(last), picture.load(self.world.path('shot.png'))
        self.assertEqual((shown.width, shown.height), (there.width, there.height))
        self.assertGreater(shown.psnr(there), 22)
        self.recording('export', self.file, out, '--speed', '4')
        self.assertAlmostEqual(probe()[1], end / 4, delta=0.5)
        # Where it cannot be written nothing is left.
        self.recording('export', self.file, self.world.path('no/such/film.mp4'), status=1)
        self.assertEqual([f for f in os.listdir(os.path.dirname(out)) if f.endswith('.part')], [])

    def test_window(self):
        display = Display(self.world, (900, 700), colour='#335577')
        _, at, width, height = self.moments[5]
        width, height = int(width), int(height)
        self.recording('index', self.file)
        view = display.start('play', [SALLYPORT, 'recording', 'play', self.file, '--key', self.key, '--at', at])
        window = display.window('anna on desktop', 'name')
        display.run('xdotool', 'windowfocus', str(window))
        display.run('xdotool', 'key', '--window', str(window), 'space')

        last = picture.load(f'{self.dir}/8.png')

        def shows_last():
            """It is in the middle; the pointer may be over it."""
            all_of_it = display.screenshot(window)
            x = (all_of_it.width - last.width) // 2
            y = (all_of_it.height - BAR - last.height) // 2
            return x >= 0 and y >= 0 and all_of_it.crop(x, y, last.width, last.height).psnr(last) > 15

        whole = display.screenshot(window)
        self.assertGreaterEqual((whole.width, whole.height), (width, height + BAR))
        display.run('xdotool', 'key', '--window', str(window), 'End')
        wait_for('the last picture', shows_last, 10)
        # At its very beginning there is none, and the first one is shown.
        display.run('xdotool', 'key', '--window', str(window), 'Home')
        wait_for('another picture', lambda: not shows_last(), 10)
        display.run('xdotool', 'key', '--window', str(window), 'End')
        wait_for('the last picture', shows_last, 10)
        display.run('xdotool', 'key', '--window', str(window), 'q', check=False)  # gone before the key is up
        view.wait(10)
        self.assertEqual(view.popen.returncode, 0, view.log())


class Recorded(Case):
    """What the gate records of real clients is what they showed."""

    def recording(self, *args):
        return self.trial.command('recording', *args, check=False)

    def compare(self, file, start, shot, at=None):
        out = self.world.path('out.png')
        at = f'{(os.path.getmtime(shot) if at is None else at) - start:.2f}'
        done = self.recording('shot', file, out, '--at', at)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)['damaged'], 0)
        there, here = picture.load(out), picture.load(shot)
        self.assertEqual((there.width, there.height), (here.width, here.height))
        return there.psnr(here)

    def latest(self, n):
        """The newest recording when there are n of them and all are whole, and when it began."""
        def look():
            listed = json.loads(self.recording('list', '--json').stdout or '[]')
            return len(listed) == n and all(r['state'] == 'whole' for r in listed) and listed[-1]['id']
        name = wait_for(f'{n} whole recordings', look, 20)
        file = os.path.join(self.trial.dir, 'state', 'recordings', name + '.spr')
        with open(file, 'rb') as f:
            head = f.read(46)
        return file, int.from_bytes(head[38:46], 'little') / 1e6

    def test_clients(self):
        self.trial = Trial(self.world, '--record')
        for n, codec in enumerate(('auto', 'rfx', 'nsc', 'bitmap'), 1):
            a, b = self.world.path('a.png'), self.world.path('b.png')
            steps = f'expect-still\nshot {a}\nwait 0.3\nclick 300 300\ntype look at {codec}\nkey Return\n' \
                    f'expect-still\nshot {b}\n'
            steps += f'resize 900x700\nexpect-still\nshot {b}.2\n' if codec == 'auto' else ''
            done = subprocess.run([SALLYPORT, 'script', f'127.0.0.1:{self.trial.port}', '-', '--user', self.trial.user,
                                   '--password-stdin', '--codec', codec], input=f'{self.trial.password}\n{steps}',
                                  capture_output=True, text=True, timeout=60, env=self.world.env())
            self.assertEqual(done.returncode, 0, done.stderr)
            file, start = self.latest(n)
            for shot in (a, b, b + '.2') if codec == 'auto' else (a, b):
                self.assertEqual(self.compare(file, start, shot), math.inf, f'{codec}: {shot}')
        self.freerdp(n + 1)

    def freerdp(self, n):
        display = Display(self.world, (1100, 900), colour='#335577')
        client = Xfreerdp(display, self.trial.port, self.trial.user, self.trial.password, options=('/gfx:AVC444',))
        window = client.window()
        shown = display.wait_still(window=window)
        at = time.time()
        shot = self.world.path('freerdp.png')
        shown.save(shot)
        client.proc.stop()
        file, start = self.latest(n)
        # It has its own decoder of films, and the pointer is in a screenshot of nothing.
        self.assertGreater(self.compare(file, start, shot, at), 38)


if __name__ == '__main__':
    main()
