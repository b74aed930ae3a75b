#!/usr/bin/env python3
# bench/bench-login.py - can the time of a refusal tell who has an account? Known against unknown users.
"""
usage: bench-login.py [SAMPLES]

Starts a trial and logs in with wrong passwords, as a user that exists, as one who also has as many devices as one can,
as one that does not exist, and as a second one that does not, in random order, SAMPLES times each (default 2000). The time is that between the proof and its refusal. Welch's
t above 4.5 would tell the two apart; the two unknown users show what noise alone gives.
"""
import math
import os
import random
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'harness'))
import nla    # noqa: E402
from rdpraw import HYBRID, TLS, Door    # noqa: E402
from trial import Trial    # noqa: E402
from world import BUILD, World    # noqa: E402


def refusal(trial, user, source):
    """Seconds from the AUTHENTICATE_MESSAGE to the answer."""
    attempt = nla.Login(user, 'not the password')
    with Door(trial.port, source) as door:
        door.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        door.negotiate(TLS | HYBRID)
        door.start_tls()
        negotiate, nonce = nla.negotiate_message(), os.urandom(32)
        reply = attempt._ask(door, nla.ts_request(6, negotiate, nonce=nonce))
        token = attempt.authenticate(negotiate, nla.Challenge(reply['token']), door.certificate())
        proof = attempt.seal(attempt.binding('Client-To-Server', nonce, nla.public_key(door.certificate())))
        request = nla.ts_request(6, token, None, proof, nonce)
        begin = time.perf_counter()
        reply = attempt._ask(door, request)
        took = time.perf_counter() - begin
    if reply['error'] != 0xc000006d:
        sys.exit(f'{user}: not refused but {reply}')
    return took


def add_devices(trial, user):
    def sallyport(*args, stdin=''):
        subprocess.run([os.path.join(BUILD, 'sallyport'), *args, '--dir', trial.dir], input=stdin, text=True, check=True,
                       stdout=subprocess.DEVNULL)
    sallyport('user', 'add', user, '--password-stdin', stdin='four staples and a horse\n')
    for i in range(16):
        sallyport('device', 'add', user, f'device {i}')


def trimmed(values):
    """Without the slowest twentieth: a busy machine's pauses drown everything else."""
    return sorted(values)[:len(values) - len(values) // 20]


def welch(a, b):
    def parts(v):
        mean = sum(v) / len(v)
        return mean, sum((x - mean) ** 2 for x in v) / (len(v) - 1) / len(v)
    (mean_a, var_a), (mean_b, var_b) = parts(a), parts(b)
    return (mean_a - mean_b) / math.sqrt(var_a + var_b)


def main():
    if len(sys.argv) > 2 or any(arg in ('-h', '--help') for arg in sys.argv[1:]):
        print(__doc__.strip())
        return 0
    samples = int(sys.argv[1]) if len(sys.argv) == 2 else 2000
    world = World()
    try:
        trial = Trial(world)
        # Of one length, so that nothing but the account is different.
        users = {'known': trial.user, 'known, 16 devices': 'm' * len(trial.user), 'unknown': 'q' * len(trial.user),
                 'unknown too': 'z' * len(trial.user)}
        add_devices(trial, users['known, 16 devices'])
        order, took = [name for name in users for _ in range(samples)], {name: [] for name in users}
        random.shuffle(order)
        for i, name in enumerate(order):
            source = f'127.{1 + i // 64516 % 250}.{i // 254 % 254}.{1 + i % 254}'
            took[name].append(refusal(trial, users[name], source))
    finally:
        world.close()
    for name, values in took.items():
        kept = trimmed(values)
        print(f'{name:18} {len(values)} refusals, mean {sum(kept) / len(kept) * 1e6:.1f} us, '
              f'median {kept[len(values) // 2] * 1e6:.1f} us')
    for a, b in (('known', 'unknown'), ('known, 16 devices', 'unknown'), ('unknown', 'unknown too')):
        raw, kept = welch(took[a], took[b]), welch(trimmed(took[a]), trimmed(took[b]))
        print(f'{a} / {b}: Welch t {raw:.2f}, {kept:.2f} without the slowest 5 %')
    return 0


if __name__ == '__main__':
    sys.exit(main())
