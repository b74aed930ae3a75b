#!/usr/bin/env python3
# tests/peer/test_sound.py - what the desktop plays is heard at a real client, and the other way round.
import array
import math
import os
import wave

from peers import Xfreerdp
from trial import SALLYPORT, Trial
from world import Case, main, need, wait_for
from xdisplay import Display

RATE = 8000


def sine(path, hertz, seconds=30):
    """A file with a tone."""
    samples = array.array('h', (int(9000 * math.sin(2 * math.pi * hertz * i / 48000)) for i in range(4800)))
    with wave.open(path, 'wb') as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(48000)
        f.writeframes(samples.tobytes() * (seconds * 10))    # whole periods: hertz is a multiple of ten
    return path


def strength(samples, hertz):
    """How much of one frequency is there: 1 for a pure sine of full scale."""
    a = sum(v * math.cos(2 * math.pi * hertz * i / RATE) for i, v in enumerate(samples))
    b = sum(v * math.sin(2 * math.pi * hertz * i / RATE) for i, v in enumerate(samples))
    return 2 * math.hypot(a, b) / max(len(samples), 1) / 32768


def loudest(samples):
    """The tone that stands out, with its strength; (0, 0.0) when it is quiet."""
    found = max((strength(samples, hertz), hertz) for hertz in range(200, 1401, 20))
    return (found[1], found[0]) if found[0] > 0.01 else (0, 0.0)


class Pulse:
    """A sound server for tests: a null sink as the ears, and another whose monitor is the microphone."""

    def __init__(self, world, name):
        need('pulseaudio', 'pactl', 'paplay', 'parec')
        self.world, self.dir = world, world.path(name)
        os.mkdir(self.dir, mode=0o700)
        self.address = f'unix:{self.dir}/native'
        self.proc = world.start(name, [
            'pulseaudio', '-n', '--daemonize=no', '--use-pid-file=no', '--exit-idle-time=-1', '--realtime=no',
            '--high-priority=no', '-L', 'module-null-sink sink_name=ears rate=48000 norewinds=1',
            '-L', 'module-null-sink sink_name=mouth rate=48000 norewinds=1', '-L', 'module-suspend-on-idle timeout=1',
            '-L', f'module-native-protocol-unix auth-anonymous=1 socket={self.dir}/native'],
            env=world.env(PULSE_RUNTIME_PATH=self.dir, PULSE_STATE_PATH=self.dir, DBUS_SESSION_BUS_ADDRESS='disabled:'))
        wait_for('sound server', lambda: os.path.exists(f'{self.dir}/native'), 10)
        self.ask('set-default-sink', 'ears')
        self.ask('set-default-source', 'mouth.monitor')

    def ask(self, *words):
        return self.world.run(['pactl', '-s', self.address, *words]).stdout

    def recorders(self):
        return self.ask('list', 'short', 'source-outputs').splitlines()


class Listener:
    """Records a source for as long as it is asked to."""

    def __init__(self, world, server, source):
        self.path = world.path(f'heard-{os.urandom(4).hex()}')
        self.proc = world.start('parec', [
            'sh', '-c', f'exec parec -s {server} -d {source} --format=s16le --rate={RATE} --channels=1 '
            f'--latency-msec=20 --raw > {self.path}'])

    def last(self, seconds=0.5):
        """The last samples that were recorded."""
        size = int(RATE * seconds) * 2
        try:
            with open(self.path, 'rb') as f:
                f.seek(0, os.SEEK_END)
                end = f.tell() & ~1
                if end < size:
                    return array.array('h')
                f.seek(end - size)
                return array.array('h', f.read(size))
        except OSError:
            return array.array('h')

    def hears(self, hertz, seconds=10.0):
        """Waits until that tone stands out."""
        wait_for(f'{hertz} Hz', lambda: loudest(self.last())[0] == hertz, seconds)

    def quiet(self, seconds=8.0):
        wait_for('quiet', lambda: len(self.last()) and not any(self.last()), seconds)


class Sound(Case):
    def desktop(self, display, pulse, *options):
        """A trial with a desktop and xfreerdp in front of it; gives the trial and the desktop's environment."""
        proof = self.world.path(f'env-{os.urandom(4).hex()}')
        trial = Trial(self.world, *options, '--session', f'env > {proof}.new; mv {proof}.new {proof}; exec sleep 1000')
        viewer = Xfreerdp(display, trial.port, trial.user, trial.password,
                          options=['/sound:sys:pulse', '/microphone:sys:pulse'], env={'PULSE_SERVER': pulse.address})
        wait_for('desktop', lambda: os.path.exists(proof), 30)
        with open(proof) as f:
            return trial, viewer, dict(line.rstrip('\n').split('=', 1) for line in f if '=' in line)

    def play(self, env, path):
        """A program of the desktop that plays a file."""
        return self.world.start('paplay', ['paplay', path], env=self.world.env(**{
            k: v for k, v in env.items() if k.startswith('PULSE')}))

    def test_both_ways(self):
        pulse, display = Pulse(self.world, 'client-sound'), Display(self.world)
        trial, viewer, env = self.desktop(display, pulse, '--allow', 'all')
        low, high = sine(self.world.path('low.wav'), 440), sine(self.world.path('high.wav'), 1000)

        # Heard at the client what plays on the desktop, and nothing when it ends.
        ears = Listener(self.world, pulse.address, 'ears.monitor')
        player = self.play(env, low)
        ears.hears(440)
        player.stop()
        ears.quiet()

        # The client's microphone is on while somebody records, not before and not after.
        recorders = len(pulse.recorders())
        mouth = self.world.start('paplay', ['paplay', '-s', pulse.address, '-d', 'mouth', high])
        recorder = Listener(self.world, env['PULSE_SERVER'], env['PULSE_SOURCE'])
        recorder.hears(1000)
        self.assertEqual(recorders + 1, len(pulse.recorders()))
        recorder.proc.stop()
        wait_for('microphone off', lambda: len(pulse.recorders()) == recorders, 8)
        mouth.stop()
        viewer.proc.stop()

        # Our own client at the same desktop.
        steps, heard = self.world.path('steps'), self.world.path('heard.wav')
        with open(steps, 'w') as f:
            f.write(f'sound-save {heard}\nmic-play {high}\nwait 2.5\n')
        player, recorder = self.play(env, low), Listener(self.world, env['PULSE_SERVER'], env['PULSE_SOURCE'])
        script = self.world.start('script', [
            SALLYPORT, 'script', f'127.0.0.1:{trial.port}', steps, '--user', trial.user, '--password-stdin',
            '--trust', 'first-seen'], stdin=f'{trial.password}\n'.encode())
        recorder.hears(1000)
        script.wait(15)
        player.stop()
        with wave.open(heard) as f:
            self.assertEqual((48000, 2, 2), (f.getframerate(), f.getnchannels(), f.getsampwidth()))
            self.assertGreater(f.getnframes(), 48000)
            frames = array.array('h', f.readframes(f.getnframes()))[-48000::12]    # half a second, one channel, 8 kHz
        self.assertEqual(440, loudest(frames)[0])
        trial.stop()

    def test_denied(self):
        """Without sound the microphone is still there."""
        pulse, display = Pulse(self.world, 'client-sound'), Display(self.world)
        trial, viewer, env = self.desktop(display, pulse, '--allow', 'microphone')
        low, high = sine(self.world.path('low.wav'), 440), sine(self.world.path('high.wav'), 1000)
        ears, player = Listener(self.world, pulse.address, 'ears.monitor'), self.play(env, low)
        mouth = self.world.start('paplay', ['paplay', '-s', pulse.address, '-d', 'mouth', high])
        recorder = Listener(self.world, env['PULSE_SERVER'], env['PULSE_SOURCE'])
        recorder.hears(1000)
        self.assertTrue(player.alive())
        wait_for('a second of nothing', lambda: ears.last(1))
        self.assertFalse(any(ears.last(1)))
        mouth.stop()
        trial.stop()


if __name__ == '__main__':
    main()
