#!/usr/bin/env python3
# tests/proc/test_hostile_graphics.py - the graphics pipeline, and a server, or a client, that lies in it.
import concurrent.futures
import os
import random
import struct
import subprocess
import threading
import time

import gfxwire as gfx
import picture
from inside import Inside, Probe, save_ppm, session_command
from procfs import SANITIZED, comm, status
from rdppeer import Client, Host
from rdpraw import Closed
from target import make_certificate
from trial import SALLYPORT, Trial, need_trial
from world import Case, main, wait_for

DESK_KB = 40 << 10    # what our desktop may take above what it had
SHOT_KB = 450 << 10    # what our client may ever take that asked for 1024x768: picture, surfaces, codecs, a message
FREE = (4096, 2304)   # the largest desktop that it takes then
SECONDS = 12


class HostileClient(Case):
    def setUp(self):
        super().setUp()
        need_trial()
        path = self.world.path('inside.env')
        self.trial = Trial(self.world, '--session', session_command(path), env={'SP_LOG_DEBUG': '1'})
        self.client, self.channel = self.connect()
        self.inside = Inside(self.world, path)
        self.probe = Probe(self.inside)
        self.desk = next(pid for pid in self.trial.processes() if comm(pid) == 'sp-desk')
        self.spot = 0

    def connect(self, version=gfx.V107):
        client = Client(self.trial.port, f'{self.trial.user}#desktop', self.trial.password, ['drdynvc'], (1280, 1024), pipeline=True)
        self.addCleanup(client.close)
        channel = gfx.Channel.take(client)
        if version:
            channel.say(gfx.advertise(version))
            if version == gfx.V107:
                channel.next()
        return client, channel

    def kb(self):
        return int(status(self.desk)['VmHWM'].split()[0])

    def answers(self, seconds=2.0):
        """The pointer goes where the client says, in time."""
        self.spot = self.spot % 900 + 100
        self.client.send(bytes((4, 9, 0x20)) + struct.pack('<HHH', 0x800, self.spot, self.spot))
        wait_for('the pointer', lambda: self.probe.state()[0] == (self.spot, self.spot), seconds, 0.01)

    def paint(self):
        card = save_ppm(picture.test_card(320, 240), self.world.path('card.ppm'))
        for i in range(16):
            self.probe.ask('show', card, i % 4 * 320, i // 4 * 240)

    def healthy(self, base):
        self.assertEqual('sp-desk', comm(self.desk))
        self.assertTrue(SANITIZED or self.kb() < base + DESK_KB, (base, self.kb()))
        self.assertNotRegex(self.trial.log(), 'AddressSanitizer|runtime error|killed by|signal')

    def test_all(self):
        self.answers()
        self.probe.ask('film', 64, 64, 512, 384, 10)
        base = self.kb()
        for lie in (self.silence, self.lies, self.storm, self.leave):
            with self.subTest(lie.__name__):
                lie()
                self.healthy(base)

    def silence(self):
        """A client that never acknowledges, and one that does not even read."""
        for _ in range(2):
            self.paint()
            self.probe.ask('film', 64, 64, 512, 384, 12)
            self.answers()
        with self.client.door.busy:
            for _ in range(2):
                self.paint()
                self.probe.ask('film', 64, 64, 512, 384, 12)
        self.answers()

    def lies(self):
        """Acknowledgements of what was not, is long gone, or comes too often; offers and times without sense."""
        for frame in (0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 1000, 2, 1):
            for depth in (0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff):
                self.channel.say(gfx.ack(frame, depth, 0xffffffff))
        self.paint()
        self.answers()
        self.channel.say(b''.join(gfx.ack(i) for i in range(8000)))
        for entries in (0, 1, 5461, 65535):
            body = struct.pack('<H', entries) + bytes(range(256)) * 256
            for n in (2 + 12 * entries, 12 * entries, 2):
                self.channel.say(gfx.pdu(gfx.OFFER, body[:n]))
        self.channel.say(b''.join(gfx.pdu(gfx.QOE, struct.pack('<IIHH', i, 0xffffffff, 0xffff, 0xffff)) for i in range(5000)))
        for command in (*range(0, 26), 0x7fff, 0xffff):
            self.channel.say(gfx.pdu(command, b'\xff' * 40))
            self.channel.say(gfx.pdu(command))
            for claim in (0, 7, 100, 0x80000000, 0xffffffff):
                self.channel.say(gfx.pdu(command, bytes(12), claim=claim))
        for n in range(1, 9):
            self.channel.say(b'\xff' * n)
        self.paint()
        self.answers()

    def storm(self):
        """It begins anew without end, also while frames are being made."""
        self.paint()
        for i in range(60):
            self.channel.say(gfx.advertise(gfx.V107 if i & 1 else gfx.V104, flags=i & 0xff))
            time.sleep(i % 12 / 500)
        self.answers(5)
        self.channel.say(b''.join(gfx.advertise(gfx.V107) for _ in range(200)))
        self.channel.say(gfx.pdu(gfx.ADVERTISE, struct.pack('<H', 65535) + bytes(60000)))
        self.channel.say(gfx.pdu(gfx.ADVERTISE, struct.pack('<HIII', 1, gfx.V107, 0xffffffff, 0)))
        self.channel.say(gfx.advertise(gfx.V10, gfx.V107))
        self.paint()
        self.answers(5)

    def leave(self):
        """The channel ends in the middle of frames, or never carries what it promised."""
        self.probe.ask('film', 64, 64, 512, 384, 3)
        self.channel.close()
        self.paint()
        self.answers()
        for claim in (0xffffffff, 0x7fffffff):
            self.client, self.channel = self.connect()
            self.channel.say(bytes(1580), claim=claim)
            self.paint()
            self.answers()
        for version in (None, 0x12345678):
            self.client, self.channel = self.connect(version)
            self.answers()
        self.trial.wait_log('pipeline: none: the client does not open it')
        self.paint()
        self.answers()


def begun(w=640, h=480, version=gfx.V107):
    """Agreed, and with a surface that stands on the output."""
    return gfx.confirm(version) + gfx.reset(w, h) + gfx.create(1, w, h) + gfx.show(1)


def frame(*pdus, number=1):
    return gfx.start(number) + b''.join(pdus) + gfx.end(number)


ALL = gfx.rect(0, 0, 640, 480)
SIDES = (0, 1, 640, 641, 8192, 8193, 0x7fff, 0x8000, 0xffff)


def bits_of(codec, *streams, place=ALL):
    return [begun() + frame(gfx.bits(1, codec, place, stream)) for stream in streams]


def progressive(*blocks):
    return b''.join(struct.pack('<HI', kind, len(body) + 6) + body for kind, body in (
        (0xccc0, struct.pack('<IH', 0xcaccacca, 0x100)), (0xccc3, struct.pack('<BHB', 0, 64, 1)), (0xccc1, struct.pack('<IH', 1, 1)),
        *blocks, (0xccc2, b'')))


def region(tiles, size, count=1, quants=1, data=b''):
    return 0xccc4, struct.pack('<BHBBBHI', 64, count, quants, 0, 1, tiles, size) + struct.pack('<HHHH', 0, 0, 640, 480) * min(count, 9) + \
        bytes((0x66,) * 5) * quants + data


def tile(x, y, n, kind=0xccc5):
    body = struct.pack('<BBBHHBHHHH', 0, 0, 0, x, y, 0, n, n, n, 0) + bytes(min(3 * n, 30000))
    return struct.pack('<HI', kind, len(body) + 6) + body


def rfx(tiles, count=None):
    def block(kind, body):
        return struct.pack('<HI', kind, len(body) + 6) + body
    head = block(0xccc0, struct.pack('<IH', 0xcaccacca, 0x100)) + block(0xccc1, b'\1\0' + struct.pack('<H', 0x100)) + \
        block(0xccc2, b'\1\0' + struct.pack('<HH', 640, 480)) + block(0xccc3, b'\1\xff\0' + struct.pack('<HH', 64, 0x2889 >> 1))
    whole = struct.pack('<BHHHHHHHH', 1, 1, 0, 0, 640, 480, 0xcac1, 1, 0)[:-2]
    body = struct.pack('<HHHBBHI', 0xcac2, 0, 0x51 if count is None else 0xffff, 1, 64, len(tiles) if count is None else count,
                       sum(map(len, tiles))) + bytes((0x66,) * 5) + b''.join(tiles)
    return head + block(0xccc4, b'\1\0' + struct.pack('<IH', 0, 1)) + block(0xccc6, b'\1\0' + whole) + \
        block(0xccc7, b'\1\0' + body) + block(0xccc5, b'\1\0')


def sps(w, h):
    """A baseline SPS of so many macroblocks."""
    bits = ''

    def ue(v):
        nonlocal bits
        text = bin(v + 1)[2:]
        bits += '0' * (len(text) - 1) + text
    for v in (0, 0, 0, 0, 16):
        ue(v)
    bits += '0'
    ue(w - 1)
    ue(h - 1)
    bits += '11001'
    bits += '0' * (-len(bits) % 8)
    return b'\0\0\0\1\x67\x42\0\x34' + bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def avc(stream, rects=1, w=640, h=480):
    return struct.pack('<I', rects) + gfx.rect(0, 0, w, h) * min(rects, 50) + bytes((22, 100)) * min(rects, 50) + stream


def flood(n, *messages):
    """All of it many times: what one message costs little is sent a lot."""
    return [messages[0]] + list(messages[1:]) * n


def server_cases():
    """{name: messages, packed already or not}"""
    noise = [random.Random(seed).randbytes(3000) for seed in range(3)]
    cases = {
        'surfaces of every size': [begun() + gfx.create(2, w, 480) + gfx.show(2) for w in SIDES],
        'thousands of surfaces': [gfx.confirm() + b''.join(gfx.create(i, 8, 8) for i in range(5000))],
        'as much as there can be': [gfx.confirm() + gfx.reset(*FREE)] + [
            gfx.create(i, 8192, 2048) + gfx.show(i) + gfx.fill(i, i * 77777, gfx.rect(0, 0, 8192, 2048)) for i in range(40)],
        'cache slots': [begun() + b''.join(gfx.pdu(gfx.STORE, struct.pack('<HQH', 1, i, i) + gfx.rect(0, 0, 64, 64))
                                           for i in range(1, 25601))],
        'cache in all places': [begun() + gfx.pdu(gfx.STORE, struct.pack('<HQH', 1, 1, i) + gfx.rect(0, 0, 9, 9))
                                for i in (0, 25601, 65535)],
        'paste of nothing': [begun() + gfx.pdu(gfx.PASTE, struct.pack('<HHHhh', i, 1, 1, 0, 0)) for i in (0, 1, 65535)],
        'frames that never end': flood(300, begun(), gfx.start(1) + gfx.fill(1, 5, ALL)),
        'ends that never began': flood(300, begun(), gfx.end(7) * 50),
        'output of every size': [gfx.confirm() + gfx.reset(w, h) for w, h in ((0, 480), (8193, 480), (4096, 2305), (8192, 8192), (32766, 32766), (32767, 480), (0xffffffff, 0xffffffff))],
        'output again and again': flood(60, begun(), gfx.reset(*FREE) + gfx.reset(640, 480)),
        'monitors': [gfx.confirm() + gfx.reset(640, 480, n) for n in (17, 0xffff, 0xffffffff)],
        'rectangles': [begun() + gfx.fill(1, 5, struct.pack('<HHHH', a, b, c, d)) for a, b, c, d in (
            (0, 0, 641, 480), (640, 480, 0, 0), (0xffff, 0, 0, 1), (0, 0, 0x8000, 0x8000), (0, 0, 0xffff, 0xffff))],
        'copies of copies': flood(20, begun(), gfx.pdu(gfx.COPY, struct.pack('<HH', 1, 1) + ALL + struct.pack('<H', 9000) + bytes(36000))),
        'scaled': flood(3, gfx.confirm(gfx.V105) + gfx.reset(*FREE) + b''.join(gfx.create(i, 1, 1) for i in range(250)),
                        b''.join(gfx.show_scaled(i, 0, 0, 32766, 32766) for i in range(250))),
        'nothing agreed': [begun()[20:], gfx.confirm(0xffffffff), gfx.confirm() + gfx.confirm(), gfx.confirm(gfx.V8, 0xffffffff)],
        'commands': [begun() + gfx.pdu(command, noise[0][:n]) for command, n in zip(range(1, 26, 2), (0, 1, 13, 60) * 4)] + [
            begun() + gfx.pdu(command, bytes(60), claim=claim) for command, claim in ((1, 0), (2, 7), (4, 69), (9, 0xffffffff))],
        'codecs that are none': [begun() + gfx.bits(1, codec, ALL, noise[0]) for codec in (1, 9, 13, 16)] + [
            begun() + gfx.bits2(1, noise[0], codec) for codec in (3, 10, 0xffff)],
        'thin client': [gfx.confirm(gfx.V81) + begun()[20:] + gfx.bits(1, gfx.AVC444, ALL, avc(sps(40, 30)))],
        'lengths': [begun() + gfx.bits(1, gfx.RAW, ALL, bytes(100), claim) for claim in (99, 101, 0x80000000, 0xffffffff)],
        'raw': bits_of(gfx.RAW, b'', bytes(640 * 480 * 4 - 1)),
        'planar': bits_of(gfx.PLANAR, b'', b'\x30', b'\x3f' + noise[0], b'\x30' + b'\xf0\x0f' * 300, b'\x10' + b'\x0f\0' * 30000, *noise),
        'clear': bits_of(gfx.CLEAR, b'', b'\1\0\xff\xff', b'\0\0' + struct.pack('<III', 10, 0, 0) + b'abc\xff\xff\xff\xff\xff\xff\xff',
                         b'\0\0' + struct.pack('<III', 0xffffffff, 0xffffffff, 0xffffffff), b'\0\0' + struct.pack('<III', 0, 11, 0) +
                         struct.pack('<HHHHBBB', 0, 639, 0, 51, 1, 2, 3), b'\0\0' + struct.pack('<III', 0, 0, 13) +
                         struct.pack('<HHHHIB', 639, 479, 65535, 65535, 0xffffffff, 2), b'\3\0\0\0', *noise),
        'alpha': bits_of(gfx.ALPHA, b'', b'LA\1\0' + b'\xff' * 5, b'AL\1\0' + b'\0\xff\xff\xff\xff\xff\xff', b'AL\0\0' + noise[1]),
        'rfx': bits_of(gfx.RFX, b'', rfx([]), rfx([], 65535), rfx([struct.pack('<HIBBBHHHHH', 0xcac3, 19, 0, 0, 0, 0xffff, 0xffff, 0, 0, 0)]),
                       rfx([struct.pack('<HIBBBHHHHH', 0xcac3, 19, 9, 9, 9, 0, 0, 0, 0, 0)]), *noise),
        'progressive': [begun() + frame(gfx.bits2(1, data)) for data in (
            b'', progressive(), progressive(region(0, 0, 65535)), progressive(region(65535, 0xffffffff)), progressive(region(1, 100, quants=255)),
            progressive(region(1, len(tile(9, 7, 99)), data=tile(9, 7, 99))), progressive(region(1, len(tile(0xffff, 0, 9)), data=tile(0xffff, 0, 9))),
            progressive(region(1, len(tile(0, 0, 0xffff)), data=tile(0, 0, 0xffff))), progressive()[:-1], *noise)],
        'progressive everywhere': [gfx.confirm() + gfx.reset(*FREE) + b''.join(gfx.create(i, 8192, 1000) for i in range(8))] + [gfx.bits2(i, progressive(
            region(128, 128 * len(tile(0, 0, 0)), data=b''.join(tile(x, y, 0) for x in range(128))))) for i in range(8) for y in range(15)],
        'avc': bits_of(gfx.AVC420, b'', avc(b''), avc(b'', 0xffffffff), avc(sps(40, 30)), avc(sps(512, 512)), avc(sps(40, 30) + noise[0]),
                       avc(noise[0], w=65535, h=65535), avc(b'\0\0\0\1\x65' + noise[1]), *noise),
        'avc everywhere': [gfx.confirm() + gfx.reset(*FREE) + b''.join(gfx.create(i, 3840, 2160) for i in range(4))] + [
            gfx.bits(i, gfx.AVC420, gfx.rect(0, 0, 3840, 2160), avc(sps(240, 135) + b'\0\0\1\x68\xce\x38\x80\0\0\1\x65\x88\x84' + noise[2], w=3840, h=2160))
            for i in range(4)],
        'avc444': bits_of(gfx.AVC444V2, b'', struct.pack('<I', 0xffffffff) + noise[0], struct.pack('<I', 0x3fffffff) + avc(sps(40, 30)),
                          struct.pack('<I', 2 << 30 | 60) + avc(sps(40, 30) + noise[1])),
        'segments': [b'\xe1' + struct.pack('<HI', 65535, 0xffffffff), b'\xe1' + struct.pack('<HI', 1, 70 << 20) + struct.pack('<I', 3) + b'\4ab',
                     gfx.packed(begun(), claim=3), gfx.packed(begun(), count=2), b'\xe0', b'\xe0\x24', b'\xe0\x24' + noise[0], b'\xe2' + noise[1], b''],
    }
    whole = ('as much as there can be', 'frames that never end', 'ends that never began', 'output again and again', 'copies of copies',
             'scaled', 'progressive everywhere', 'avc everywhere')
    return [(name, [gfx.packed(m) for m in messages]) for name, messages in cases.items() if name in whole] + [
        (f'{name} {i}', [m if name == 'segments' else gfx.packed(m)])
        for name, messages in cases.items() if name not in whole for i, m in enumerate(messages)]


class HostileServer(Case):
    def setUp(self):
        super().setUp()
        if not os.access(SALLYPORT, os.X_OK):
            self.skipTest('build/sallyport is not there')
        self.certificate = make_certificate(self.world, 'host')

    def shot(self, messages, wait):
        """A picture of a server that says these: (exit status, what was said of it, most KB)."""
        shown = threading.Event()

        def play(server):
            try:
                channel = gfx.Channel.ask(server)
                channel.next()
                for message in messages:
                    channel.say(message)
            except Closed:
                pass
            wait_for('the end', lambda: server.ended or shown.is_set(), SECONDS)
        host = Host(self.world, self.certificate, play)
        argv = [SALLYPORT, 'shot', f'127.0.0.1:{host.port}', self.world.path(f'{host.port}.png'), '--sec', 'tls', '--user', 'anna',
                '--password-stdin', '--wait', str(wait)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              env=self.world.env()) as proc:
            proc.stdin.write('password\n')
            proc.stdin.close()
            begin, peak = time.monotonic(), 0
            while proc.poll() is None and time.monotonic() - begin < SECONDS:
                try:
                    peak = max(peak, int(status(proc.pid)['VmHWM'].split()[0]))
                except (OSError, KeyError):
                    pass    # gone meanwhile
                time.sleep(0.01)
            late = proc.poll() is None
            proc.kill()
            words = proc.stderr.read().split('known_hosts\n')[-1]
        shown.set()
        return 'late' if late else proc.returncode, words.strip(), peak

    def test_all(self):
        cases = [case for case in server_cases() if case[0].startswith(os.environ.get('SP_TEST_ONLY', ''))]
        bad, worst = [], 0
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for (name, _), (code, words, peak) in zip(cases, pool.map(
                    lambda case: self.shot(case[1], 0.25 if len(case[1]) == 1 else 0.5), cases)):
                worst = max(worst, peak)
                good = code in (0, 1) and '\n' not in words and (code == 0) == (words == '')
                if os.environ.get('SP_TEST_ONLY') is not None:
                    print(f'{name:30} {code} {peak >> 10:5} MB {words}')
                if not good or (peak > SHOT_KB and not SANITIZED):
                    bad.append((name, code, words, peak))
        self.assertEqual([], bad)


if __name__ == '__main__':
    main()
