#!/usr/bin/env python3
# tests/peer/test_script_clip.py - the clipboard of our own client, with xrdp and with our own desktop.
import hashlib
import os
import shlex
import subprocess
import time
from urllib.parse import unquote

import picture
from clip import Side
from inside import Inside, session_command
from peers import Xrdp
from trial import SALLYPORT, Trial, need_trial
from world import Case, main, need, wait_for

TEXT = 'Grüße, Ελλάδα, 東京, مرحبا, שלום and a "quote"\nsecond line\ttab'
FAR = ' \U0001F600 \U00020BB7'  # beyond the first plane, which xrdp cannot
HTML = b'<p>Gr\xc3\xbc\xc3\x9fe <b>there</b></p>'


class ScriptClip(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        need('xclip', 'setpriv')

    def script(self, port, user, password, *steps, options=()):
        path = self.world.path('steps')
        with open(path, 'w') as f:
            f.write('\n'.join(steps) + '\n')
        return self.world.start('script', [SALLYPORT, 'script', f'127.0.0.1:{port}', path, '--user', user,
                                           '--password-stdin', '--size', '800x600', *options],
                                env=self.world.env(), stdin=f'{password}\n'.encode())

    def done(self, proc, seconds=30):
        code = proc.wait(seconds)
        self.assertEqual(code, 0, proc.log()[-2000:])

    def picture(self):
        path = self.world.path('here.png')
        self.card = picture.test_card(640, 480)
        self.card.save(path)
        return path

    def same(self, path):
        self.assertEqual(picture.load(path), self.card)

    def tree(self, root, odd=True):
        os.makedirs(os.path.join(root, 'deep/er'))
        names = ['plain.txt', 'deep/empty', 'deep/er/日本語 שלום.bin', 'deep/large.bin']
        names += ['deep/what?:"*<>|.txt', 'deep/con', 'deep/dot.'] if odd else []
        for i, name in enumerate(names):
            with open(os.path.join(root, name), 'wb') as f:
                f.write(os.urandom(0 if i == 1 else 3000000 if i == 3 else 1000 + i))

    def hashes(self, root):
        found = {}
        for here, dirs, files in os.walk(root):
            for name in files:
                path = os.path.join(here, name)
                with open(path, 'rb') as f:
                    found[os.path.relpath(path, root)] = hashlib.sha256(f.read()).hexdigest()
        return found

    def inside_xrdp(self, xrdp):
        """The display of the session, as a process in it has it."""
        pids = subprocess.run(['pgrep', '-u', xrdp.user, '-x', 'xterm'], capture_output=True, text=True).stdout
        for pid in pids.split():
            with open(f'/proc/{pid}/environ', 'rb') as f:
                env = dict(pair.split(b'=', 1) for pair in f.read().split(b'\0') if b'=' in pair)
            if b'DISPLAY' in env:
                auth = env.get(b'XAUTHORITY', os.fsencode(os.path.join(env[b'HOME'].decode(), '.Xauthority')))
                return Side(self.world, env[b'DISPLAY'].decode(), auth.decode(), xrdp.user)
        return None

    def test_xrdp(self):
        xrdp, out, png = Xrdp(self.world), self.world.path('out'), self.picture()
        proc = self.script(xrdp.port, xrdp.user, xrdp.password, f'clip-get text {out}.ready 60',
                           'clip-set text ' + TEXT.replace('\n', ' '), f'clip-get text {out}.txt 30',
                           f'clip-set image {png}', f'clip-get text {out}.end 30', options=('--sec', 'tls'))
        there = wait_for('the clipboard of the session', lambda: self.inside_xrdp(xrdp), 40, 0.3)
        wait_for('the channel server of xrdp', lambda: subprocess.run(
            ['pgrep', '-u', xrdp.user, '-x', 'xrdp-chansrv']).returncode == 0, 20, 0.2)
        time.sleep(1)
        there.copy(b'ready')
        wait_for('the first text here', lambda: os.path.exists(f'{out}.ready'), 20)
        there.arrives(TEXT.replace('\n', ' ').encode(), 'text there')
        there.copy(TEXT.encode())
        wait_for('text here', lambda: os.path.exists(f'{out}.txt'), 20)
        with open(f'{out}.txt', 'rb') as f:
            self.assertEqual(f.read(), TEXT.encode())
        bmp = wait_for('a picture there', lambda: there.paste('image/bmp'), 20, 0.3)
        there.copy(b'end')
        self.done(proc)
        self.assertEqual(bmp[:2], b'BM')
        at, (wide, high) = int.from_bytes(bmp[10:14], 'little'), (640, 480)
        rows = [bmp[at + y * wide * 4:at + (y + 1) * wide * 4] for y in range(high - 1, -1, -1)]
        rgb = bytearray(wide * high * 3)
        for i in range(3):
            rgb[i::3] = b''.join(rows)[2 - i::4]
        self.assertEqual(bytes(rgb), self.card.rgb)

    def test_our_desktop(self):
        folder, out, png = self.world.path('my "own" files'), self.world.path('out'), self.picture()
        self.tree(folder)
        path = self.world.path('inside.env')
        trial = Trial(self.world, '--session', session_command(path), '--allow', 'clipboard')
        text = TEXT.replace('\n', ' ') + FAR
        large = ('0123456789 äöü\n' * 2800000).encode()    # 50 MB, 90 on the wire
        with open(f'{out}.large', 'wb') as f:
            f.write(large)
        proc = self.script(trial.port, f'{trial.user}#desktop', trial.password, 'clip-set text ' + text,
                           f'clip-get text {out}.txt 30', f'clip-set text-file {out}.large',
                           f'clip-get html {out}.html 30', f'clip-set image {png}',
                           f'clip-get image {out}.png 30', f'clip-set files {shlex.quote(folder)}',
                           f'clip-get files {out}.files 60')
        inside = Inside(self.world, path)
        there = Side(self.world, inside.name, inside.authority)
        there.arrives(text.encode(), 'text there')
        there.copy((TEXT + FAR).encode())
        wait_for('text here', lambda: os.path.exists(f'{out}.txt'), 20)
        with open(f'{out}.txt', 'rb') as f:
            self.assertEqual(f.read(), (TEXT + FAR).encode())
        there.arrives(large, 'long text there')
        there.copy(HTML, 'text/html')
        wait_for('HTML here', lambda: os.path.exists(f'{out}.html'), 20)
        with open(f'{out}.html', 'rb') as f:
            self.assertIn(HTML, f.read())
        got = wait_for('a picture there', lambda: there.paste('image/png'), 20, 0.2)
        with open(self.world.path('there.png'), 'wb') as f:
            f.write(got)
        self.same(self.world.path('there.png'))
        there.copy(got, 'image/png')
        wait_for('a picture here', lambda: os.path.exists(f'{out}.png'), 20)
        self.same(f'{out}.png')
        # Files: pasted there, they can be read; copied there, they come here.
        uris = wait_for('files there', lambda: there.paste('text/uri-list'), 20, 0.2).decode().split()
        pasted = unquote(uris[0].removeprefix('file://'))
        self.assertEqual(self.hashes(pasted), self.hashes(folder))
        other = self.world.path('theirs')
        self.tree(other)
        there.copy(f'file://{other}\r\n'.encode(), 'text/uri-list')
        self.done(proc, 60)
        self.assertEqual(self.hashes(f'{out}.files/theirs'), self.hashes(other))
        self.assertTrue(os.path.isdir(f'{out}.files/theirs/deep/er'))


if __name__ == '__main__':
    main()
