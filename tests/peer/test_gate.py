#!/usr/bin/env python3
# tests/peer/test_gate.py - a stock client through the gate sees of a target what it sees of it directly.
import os
import time

import nla
import picture
from inside import Probe, difference, save_ppm, tiled
from peers import Shadow, Weston, Xfreerdp, Xrdp
from trial import SALLYPORT, Trial, need_trial
from world import Case, Deadline, main, wait_for
from xdisplay import Display, desktop

SIZE = (800, 600)
GROUND = picture.colour('#151b23')  # SP_UI_BACKGROUND
BITMAPS = ('/bpp:16',)  # no codec but interleaved RLE can be used then
CARD = tiled(picture.test_card(400, 300), *SIZE)
CODECS = {'progressive': ('/gfx:RFX',), 'AVC420': ('/gfx:AVC420',), 'AVC444': ('/gfx:AVC444',),
          'lossless bitmaps': BITMAPS}


def near(one, other):
    """The same colour, as far as codecs that lose a little can tell."""
    return all(abs(a - b) <= 7 for a, b in zip(one, other))


def red(p):
    """Pixels of the sign that a refusal has."""
    return sum(n for (r, g, b), n in p.colours().items() if r > 180 and g < 150 and b < 150)


def alike(what, want, got):
    """
    The same pixels. Encoders that lose something do not always lose the same: RemoteFX rounds, and H.264
    spends its bits as it likes.
    """
    if (want.width, want.height) != (got.width, got.height):
        return False
    if 'lossless' in what:
        return want.rgb == got.rgb
    return got.psnr(want) > (38 if 'AVC' in what else 50)


def akin(want, got):
    """The same desktop, whatever it came by."""
    return (want.width, want.height) == (got.width, got.height) and got.psnr(want) > 20


class Gate(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        self.display = Display(self.world, (1300, 1000), colour='#000000')

    def shadow(self):
        """
        A desktop that shows the test card, shared by freerdp2-shadow; its terminal has the keyboard. What is
        returned third shows the card anew: the first picture of a client whose pipeline is not open yet comes
        as plain bitmaps, and then no other until something changes.
        """
        server = desktop(self.world, SIZE)
        probe = Probe(server)
        self.addCleanup(probe.end)
        card = save_ppm(CARD, self.world.path('card.ppm'))
        other = save_ppm(picture.Picture(*SIZE, bytes(255 - b for b in CARD.rgb)), self.world.path('other.ppm'))

        def anew():
            for path in (other, card):
                probe.ask('show', path, 0, 0)
                time.sleep(0.5)  # the server looks every 40 ms, and must have seen it
        anew()
        return server, Shadow(server, 'nla'), anew

    def trial(self, lines, mfa=True):
        path = self.world.path('targets.conf')
        with open(path, 'w') as f:
            f.write('targets = { there = { kind = "rdp"; %s }; };\n'
                    'rules = ( { name = "there"; targets = ["there"]; mfa = ["none"]; } );\n' % lines)
        return Trial(self.world, '--include', path, mfa=mfa, env={'SP_LOG_DEBUG': '1'})

    def secret(self, trial, name, user, password):
        self.world.run([SALLYPORT, 'secret', 'set', name, '--dir', trial.dir], text=f'{user}\n{password}\n')

    def look(self, viewer):
        """What a client shows now; None while it has no window, as between two activations."""
        try:
            return self.display.screenshot(viewer.window())
        except AssertionError:
            if not viewer.proc.alive():
                raise
            return None

    def shown(self, viewer, quiet=1.5):
        """The picture of a client that has stood still for so long, and is more than an empty screen."""
        last = [None, time.monotonic()]

        def still():
            now = self.look(viewer)
            if now is None or last[0] is None or now.rgb != last[0].rgb:
                last[:] = [now, time.monotonic()]
            return last[0] if time.monotonic() - last[1] > quiet and len(last[0].colours()) > 2 else None
        return wait_for('a still picture', still, 40, 0.2)

    def both(self, trial, direct, options, what, named='#there', through=None, anew=None):
        """
        Directly, then through the gate; the same pixels. The target is in the name, or chosen by `through`.
        What is shown can be shown `anew`, by the codec that was agreed on.
        """
        viewer = direct(options)
        want = self.shown(viewer)
        if 'lossless' in what:
            anew = None
        if anew:
            anew()
            want = self.shown(viewer)
        viewer.proc.stop()
        viewer = Xfreerdp(self.display, trial.port, f'{trial.user}{named}', trial.password, size=SIZE,
                          options=options)
        if through:
            through(viewer)
        last = []

        def look(good):
            last[:] = [self.look(viewer)]
            return last[0] is not None and good(last[0])
        try:
            if anew:
                wait_for(what, lambda: look(lambda got: akin(want, got)), 20, 0.3)
                anew()
            wait_for(what, lambda: look(lambda got: alike(what, want, got)), 20, 0.3)
        except Deadline:
            want.save(self.world.path('want.png'))
            if last[0]:
                last[0].save(self.world.path('got.png'))
            raise AssertionError((difference(what, want, last[0]) if last[0] else f'{what}: no picture')
                                 + f'\n{viewer.proc.log()[-1500:]}') from None
        return viewer

    def test_shadow_nla(self):
        server, shadow, anew = self.shadow()
        trial = self.trial(f'address = "127.0.0.1:{shadow.port}"; login = "secret:shadow"; trust = "first-seen";')
        self.secret(trial, 'shadow', shadow.user, shadow.password)

        def direct(options):
            return Xfreerdp(self.display, shadow.port, shadow.user, shadow.password, size=SIZE, options=options)
        for name, options in dict(CODECS, remotefx=('/rfx',), nscodec=('/nsc',)).items():
            with self.subTest(codec=name):
                viewer = self.both(trial, direct, options, f'shadow, {name}', anew=anew)
                proof = self.world.path('proof-' + name.replace(' ', '-'))
                viewer.type(f'echo KEYS_$((6*7)) > {proof}')
                wait_for('typed text', lambda: os.path.exists(proof) and os.path.getsize(proof), 10)
                viewer.proc.stop()
        # Our own client, by the pipeline with H.264, which passes as it is.
        out = self.world.path('ours.png')
        opened = '::Graphics" opened'
        before = trial.log().count(opened)
        ours = self.world.start('shot', [SALLYPORT, 'shot', f'127.0.0.1:{trial.port}', out, '--user', trial.user,
                                         '--target', 'there', '--password-stdin', '--wait', '4',
                                         '--trust', 'pin:' + trial.facts['fingerprint']],
                                stdin=f'{trial.password}\n'.encode())
        wait_for('the pipeline', lambda: trial.log().count(opened) > before)
        anew()
        self.assertEqual(0, ours.wait(20), ours.log())
        self.assertIn('"codec": "gfx-avc444v2"', ours.log())
        self.assertGreater(picture.load(out).psnr(server.screenshot()), 34)
        self.assertNotIn(shadow.password, trial.log())

    def test_weston(self):
        card = self.world.path('card.png')
        CARD.save(card)
        weston = Weston(self.world, SIZE, card)
        trial = self.trial(f'address = "127.0.0.1:{weston.port}"; login = "secret:any"; security = "tls"; '
                           'trust = "first-seen";')
        self.secret(trial, 'any', 'any', 'any password at all')

        def direct(options):
            return Xfreerdp(self.display, weston.port, 'any', 'any', sec='tls', size=SIZE, options=options)
        for name, options in {'remotefx': ('/rfx',), 'nscodec': ('/nsc',), 'lossless bitmaps': BITMAPS}.items():
            with self.subTest(codec=name):
                self.both(trial, direct, options, f'weston, {name}').proc.stop()

    def test_xrdp(self):
        xrdp = Xrdp(self.world)
        trial = self.trial(f'address = "127.0.0.1:{xrdp.port}"; login = "secret:xrdp"; security = "tls"; '
                           'trust = "first-seen";')
        self.secret(trial, 'xrdp', xrdp.user, xrdp.password)

        def direct(options):
            return Xfreerdp(self.display, xrdp.port, xrdp.user, xrdp.password, sec='tls', size=SIZE, options=options)
        for name, options in {'whatever it likes': (), 'remotefx': ('/rfx',)}.items():
            with self.subTest(codec=name):
                self.both(trial, direct, options, f'xrdp, {name}').proc.stop()

    def test_no_rule(self):
        """A client that takes no early result reads on the greeter that nobody lets it in."""
        trial = self.trial('address = "127.0.0.1:9";')
        viewer = Xfreerdp(self.display, trial.port, f'{trial.user}#elsewhere', trial.password, size=SIZE,
                          options=BITMAPS)
        self.display.wait_picture('the reason', lambda p: near(p.pixel(0, 0), GROUND) and red(p) > 20, 20,
                                  viewer.window())
        trial.wait_log('no rule allows it')
        viewer.proc.wait(30)
        self.assertIn('ERRINFO_SERVER_DENIED_CONNECTION', viewer.errors())
        # With an early result there is no greeter: the client is told at once.
        verdict, _ = nla.login(trial.port, f'{trial.user}#elsewhere', trial.password)
        self.assertEqual('refused', verdict)

    def test_greeter_first(self):
        """A choice on the greeter, then the target: the greeter has crippled nothing."""
        server, shadow, anew = self.shadow()
        trial = self.trial(f'address = "127.0.0.1:{shadow.port}"; login = "secret:shadow"; trust = "first-seen";',
                           mfa=False)
        self.secret(trial, 'shadow', shadow.user, shadow.password)

        def direct(options):
            return Xfreerdp(self.display, shadow.port, shadow.user, shadow.password, size=SIZE, options=options)

        def through(viewer):
            window = viewer.window()
            self.display.wait_picture('the list of targets', lambda p: near(p.pixel(0, 0), GROUND), 20, window)
            viewer.type('', enter=False)
            self.display.key('Down')
            self.display.key('Return')
        # The most and the least that a client can lower itself to.
        for name in ('AVC444', 'lossless bitmaps'):
            options = CODECS[name]
            with self.subTest(codec=name):
                self.both(trial, direct, options, f'after the greeter, {name}', '', through, anew).proc.stop()

if __name__ == '__main__':
    main()
