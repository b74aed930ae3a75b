#!/usr/bin/env python3
# tests/proc/test_bench_desktop.py - the desktop bench runs, and prints what its readers expect.
import json
import os
import subprocess
import unittest

from trial import need_trial
from world import BUILD, have

BENCH = os.path.join(BUILD, 'bench', 'bench-desktop')
MEMORY = 'memory (PSS) without the X server'
ROWS = ['new desktop to first frame', 'first frame of an existing desktop', 'key press to pixel, median',
        'key press to pixel, p95', 'idle: server CPU in 10 s', 'idle: X server CPU in 10 s',
        'idle: bytes sent in 10 s', MEMORY,
        'text, 100 lines/s: shown', 'text: server CPU per 10 s', 'text: sent', 'text: PSNR', 'text: SSIM',
        'text: exact after it stopped',
        'video, 30 frames/s: shown', 'video: server CPU per frame', 'video: sent', 'video: PSNR', 'video: SSIM',
        'video: PSNR 200 ms after it stopped', 'video: exact after it stopped',
        'video by H.264: shown', 'video by H.264: server CPU per frame', 'video by H.264: sent',
        'video by H.264: PSNR', 'video by H.264: SSIM',
        'video by H.264: PSNR 200 ms after', 'video by H.264: exact after']
KEYS = ['row', 'unit', 'ours', 'peer', 'peer_name', 'better', 'n']


class BenchDesktop(unittest.TestCase):
    def setUp(self):
        need_trial()
        if not have('Xorg') and not have('Xvfb'):
            self.skipTest('no X server installed')

    def test_smoke(self):
        """Ours alone, one sample each; no time is judged."""
        done = subprocess.run([BENCH, '--smoke', '--json'], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line['row'] for line in lines], ROWS)
        for line in lines:
            self.assertEqual(list(line), KEYS)
            if line['row'] == MEMORY and os.geteuid() != 0:
                continue  # jailed processes show their memory to root only
            self.assertIsNotNone(line['ours'], (line['row'], done.stderr))
            self.assertGreaterEqual(line['ours'], 0)
            self.assertGreaterEqual(line['n'], 1)
            better = 'higher' if any(word in line['row'] for word in ('shown', 'PSNR', 'SSIM')) else 'lower'
            if 'SSIM' in line['row']:
                self.assertLessEqual(line['ours'], 1)
            self.assertEqual((line['peer'], line['peer_name'], line['better']), (None, None, better))

    def test_usage(self):
        done = subprocess.run([BENCH, '--nonsense'], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertIn('usage: bench-desktop', done.stderr)


if __name__ == '__main__':
    unittest.main()
