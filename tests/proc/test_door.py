#!/usr/bin/env python3
# tests/proc/test_door.py - everything that may not come in: each ends with the right answer or a close,
# in time, leaves its line in the log, and the next good login works.
import itertools
import os
import select
import socket
import ssl
import struct
import threading
import time
import unittest

import nla
import rdpraw
from rdpraw import HYBRID, HYBRID_EX, RDP, RDSTLS, TLS, Closed, Door, connection_request
from trial import Trial
from world import World, main, wait_for

# Limits of the listener and the handshake, in seconds, and what a busy machine may add.
FIRST_BYTE, X224, TLS_UP, VERDICT, SLACK = 5, 5, 10, 30, 2
HYBRID_REQUIRED = 5

networks = itertools.count(1)


def source():
    """An address of a network of its own, so that one test's penalties do not hit the next."""
    n = next(networks)
    return f'127.{1 + n // 250}.{n % 250 + 1}.1'


def client_hello():
    """The first flight of a TLS client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class Service(unittest.TestCase):
    """One trial for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.close)
        cls.trial = cls.open_service()

    @classmethod
    def open_service(cls):
        return Trial(cls.world)

    def door(self, seconds=15.0):
        door = Door(self.trial.port, source(), seconds=seconds)
        self.addCleanup(door.close)
        return door

    def behind_tls(self):
        """A door with TLS up, where CredSSP comes next."""
        door = self.door()
        self.assertEqual(door.negotiate(TLS | HYBRID)[:2], ('selected', HYBRID))
        door.start_tls()
        return door

    def login(self, user=None, password=None, **options):
        options.setdefault('source', source())
        return nla.login(self.trial.port, user or self.trial.user, password or self.trial.password, **options)

    def good_login(self):
        begin = time.monotonic()
        self.assertEqual(self.login(source='127.0.0.1')[0], 'welcome')
        self.assertLess(time.monotonic() - begin, 5)

    def logged(self, address, reason):
        """One line says why a connection of this address ended, and nothing else does."""
        def lines():
            return [line for line in self.trial.log().splitlines()
                    if f'from {address}:' in line and ': connected to ' not in line]
        wait_for(f'a line about {address} in the log', lines, 5)
        self.assertEqual(len(lines()), 1, lines())
        self.assertIn(reason, lines()[0])

    def tearDown(self):
        self.good_login()
        self.assertTrue(self.trial.proc.alive(), 'the service ended')


class Negotiation(Service):
    def refused(self, protocols, codes=(HYBRID_REQUIRED,), **options):
        door = self.door()
        kind, code, _ = door.negotiate(protocols, **options)
        self.assertEqual(kind, 'failure')
        self.assertIn(code, codes)
        rest, _ = door.wait_closed(FIRST_BYTE + SLACK)
        self.assertEqual(rest, b'', 'something follows the failure')
        door.close()
        self.logged(door.source, 'no security protocol in common: client offers ')

    def test_standard_security(self):
        self.refused(RDP)

    def test_tls_only(self):
        self.refused(TLS)

    def test_rdstls_only(self):
        self.refused(RDSTLS)

    def test_unknown_protocol_only(self):
        self.refused(0x40000000)

    def test_no_negotiation_request(self):
        door = self.door()
        try:
            self.assertEqual(door.negotiate(None)[0], 'failure')
        except Closed:
            pass
        door.wait_closed(FIRST_BYTE + SLACK)

    def test_nla_is_selected(self):
        for protocols in (HYBRID, TLS | HYBRID, TLS | HYBRID | HYBRID_EX, HYBRID | RDSTLS | 0x10):
            kind, selected, flags = self.door().negotiate(protocols)
            self.assertEqual(kind, 'selected', hex(protocols))
            self.assertEqual(selected, HYBRID_EX if protocols & HYBRID_EX else HYBRID)
            self.assertEqual(flags & 0x18, 0, 'restricted admin or credential guard')

    def test_cookie_and_token(self):
        for cookie in (b'Cookie: mstshash=alice\r\n', b'Cookie: mstshash=corp\\al\r\n',
                       b'Cookie: msts=3640205228.15629.0000\r\n', b'tsv://MS Terminal Services Plugin.1.farm\r\n'):
            self.assertEqual(self.door().negotiate(HYBRID, cookie=cookie)[0], 'selected', cookie)

    def test_restricted_admin_is_not_granted(self):
        _, _, flags = self.door().negotiate(TLS | HYBRID, flags=rdpraw.RESTRICTED_ADMIN | rdpraw.CREDENTIAL_GUARD)
        self.assertEqual(flags & 0x18, 0)


class Garbage(Service):
    REQUEST = connection_request()
    FIRST = {
        'noise': os.urandom(200),
        'zeros': bytes(64),
        'http': b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
        'ssh': b'SSH-2.0-OpenSSH_9.2\r\n',
        'tls at once': client_hello(),
        'tpkt of no length': b'\3\0\0\0' + bytes(20),
        'tpkt shorter than itself': b'\3\0\0\3' + bytes(20),
        'tpkt of 64 KiB': b'\3\0\xff\xff' + bytes(4000),
        'x224 longer than tpkt': b'\3\0\0\x0b\xff\xe0' + bytes(5),
        'x224 data first': rdpraw.tpkt(b'\2\xf0\x80' + b'\x7f\x65' + bytes(30)),
        'cookie without end': rdpraw.tpkt(struct.pack('>BBHHB', 6 + 40, 0xe0, 0, 0, 0) + b'Cookie: mstshash=' + b'a' * 23),
        'negotiation of wrong length': REQUEST[:-6] + b'\7\0' + REQUEST[-4:],
        'negotiation of wrong type': REQUEST[:-8] + b'\x55' + REQUEST[-7:],
        'cookie of 4 KiB': rdpraw.tpkt(b'\xfe\xe0' + bytes(5) + b'Cookie: mstshash=' + b'a' * 4096 + b'\r\n'),
    }

    def test_instead_of_a_connection_request(self):
        for what, data in self.FIRST.items():
            with self.subTest(what):
                door = self.door()
                try:
                    door.send(data)
                except Closed:
                    pass
                answer, _ = door.wait_closed(X224 + SLACK)
                self.assertNotEqual(answer[11:12], b'\2', 'a protocol was selected')
                self.assertTrue(answer == b'' or answer[:1] == b'\3', answer[:32])
                door.close()
                self.logged(door.source, 'message not acceptable: ')

    def test_instead_of_tls(self):
        doors = []
        for data in (os.urandom(300), b'\x16\x03\x01\xff\xff' + bytes(400), connection_request(), b'\x30\x03\x02\x01\x06'):
            doors.append(self.door(TLS_UP + SLACK))
            self.assertEqual(doors[-1].negotiate()[0], 'selected')
            doors[-1].send(data)
        for door in doors:
            door.wait_closed(TLS_UP + SLACK)
            door.close()
            wait_for('a line in the log', lambda: any(
                f'from {door.source}:' in line and ('TLS handshake failed: ' in line or 'time limit passed: wait tls' in line)
                for line in self.trial.log().splitlines()), 5)

    def test_old_tls(self):
        door = self.door()
        self.assertEqual(door.negotiate()[0], 'selected')
        with self.assertRaises(Closed):
            door.start_tls(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, 'ALL:@SECLEVEL=0')
        self.logged(door.source, 'TLS handshake failed: ')

    def test_instead_of_credssp(self):
        for what, data in {
                'noise': os.urandom(100), 'mcs at once': rdpraw.tpkt(b'\2\xf0\x80\x7f\x65\x82\x01\x94' + bytes(400)),
                'nothing in it': b'\x30\x00', '64 MiB promised': b'\x30\x84\x04\x00\x00\x00' + bytes(1000),
                'length of lengths': b'\x30\x88' + b'\xff' * 8, 'endless form': b'\x30\x80' + bytes(50),
                'no version': nla.der(0x30, nla.der(0xa1, nla.der(0x30))),
                'version 0': nla.ts_request(0, nla.negotiate_message()),
                'no ntlm': nla.ts_request(6, os.urandom(40)),
                'proof first': nla.ts_request(6, None, None, os.urandom(48), os.urandom(32)),
                'credentials first': nla.ts_request(6, None, os.urandom(48)),
                'authenticate first': nla.ts_request(6, b'NTLMSSP\0\3\0\0\0' + bytes(76)),
                'short negotiate': nla.ts_request(6, b'NTLMSSP\0\1\0\0')}.items():
            with self.subTest(what):
                door = self.behind_tls()
                try:
                    door.send(data)
                except Closed:
                    pass
                answer, _ = door.wait_closed(TLS_UP + SLACK)
                if answer:
                    reply = nla.read_ts_request(answer)
                    self.assertIsNone(reply['token'], 'it goes on with the login')
                door.close()
                wait_for('a line in the log', lambda: any(
                    f'from {door.source}:' in line and (': login refused: ' in line or 'message not acceptable: ' in line)
                    for line in self.trial.log().splitlines()), 5)


class Logins(Service):
    def test_good_logins(self):
        for options in ({}, {'version': 5}, {'domain': 'CORP'}, {'protocols': HYBRID},
                        {'user': self.trial.user.upper()}):
            self.assertEqual(self.login(**options)[0], 'welcome', options)

    def test_wrong_password_and_unknown_user_look_alike(self):
        seen = []
        for user, password in ((None, 'wrong'), ('nobody-of-that-name', 'wrong')):
            address = source()
            verdict, attempt = self.login(user, password, source=address)
            self.assertNotEqual(verdict, 'welcome')
            self.logged(address, f'login of "{user or self.trial.user}" refused: '
                        + ('unknown user' if user else 'wrong password'))
            seen.append((verdict, attempt.challenge.flags, attempt.challenge.names().keys(), attempt.server_version,
                         len(attempt.challenge.raw)))
        self.assertEqual(*seen)

    def test_wrong_password_says_logon_failure(self):
        verdict, _ = self.login(password='wrong')
        self.assertEqual(verdict, ('error', 0xc000006d, 'authenticate'))

    def test_old_credssp(self):
        for version in (1, 2, 3, 4):
            address = source()
            verdict, _ = self.login(version=version, source=address)
            # A client of version 3 or 4 knows what an error code is.
            self.assertEqual(verdict, 'closed' if version < 3 else ('error', 0xc000006d, 'negotiate'), version)
            self.logged(address, 'login refused: CredSSP version too old')

    def test_tampered_logins(self):
        for how, why in {
                'ntlmv1': 'NTLM message not acceptable', 'bad-mic': 'login message was changed on its way',
                'no-mic': 'login message was changed on its way', 'bad-bindings': 'login was made for another server key',
                'bad-key': 'login was made for another server key', 'bad-nonce': 'login was made for another server key',
                'other-user': 'delegated name is not the authenticated one'}.items():
            with self.subTest(how):
                address = source()
                verdict, _ = self.login(how=how, source=address)
                # Credentials come last, when there is nothing left to be answered.
                self.assertEqual(verdict, 'closed' if how == 'other-user' else ('error', 0xc000006d, 'authenticate'))
                self.logged(address, f'refused: {why}')

    def test_challenge_tells_nothing(self):
        _, attempt = self.login()
        # The name it gives itself is made of chance, in which a short name of this machine may well be.
        names = set(attempt.challenge.names().values())
        raw = attempt.challenge.raw
        for name in names:
            self.assertRegex(name, '^WIN-[A-Z2-7]{11}$')
            raw = raw.replace(nla.utf16(name), b'')
        for name in {socket.gethostname(), socket.getfqdn(), socket.gethostname().split('.')[0]} - {'localhost', ''}:
            for spelt in (name, name.upper(), name.lower()):
                self.assertNotIn(nla.utf16(spelt), raw)
        again = self.login()[1].challenge
        self.assertNotEqual(again.challenge, attempt.challenge.challenge)
        self.assertEqual(again.names(), attempt.challenge.names())


class Patience(Service):
    """Peers that take their time, all at once, each with an end of its own."""

    def silent(self, door):
        return FIRST_BYTE

    def one_byte(self, door):
        door.send(b'\3')
        return X224

    def drip_request(self, door):
        self.drip(door, connection_request(), 1.0)
        return X224

    def no_tls(self, door):
        door.negotiate()
        return X224 + TLS_UP

    def half_a_hello(self, door):
        door.negotiate()
        door.send(client_hello()[:100])
        return X224 + TLS_UP

    def drip_hello(self, door):
        door.negotiate()
        self.drip(door, client_hello(), 0.5)
        return X224 + TLS_UP

    def silent_behind_tls(self, door):
        door.negotiate()
        door.start_tls()
        return VERDICT

    def drip_login(self, door):
        door.negotiate()
        door.start_tls()
        self.drip(door, nla.ts_request(6, nla.negotiate_message()), 1.0)
        return VERDICT

    def stop_after_challenge(self, door):
        door.negotiate()
        door.start_tls()
        door.send(nla.ts_request(6, nla.negotiate_message(), nonce=bytes(32)))
        door.receive(100)
        return VERDICT

    def half_closed(self, door):
        door.send(connection_request()[:6])
        door.half_close()
        return X224

    def half_closed_after_request(self, door):
        door.send(connection_request())
        door.half_close()
        return X224 + TLS_UP

    @staticmethod
    def drip(door, data, pause):
        """A byte at a time until the other side has had enough."""
        for i in range(len(data) - 1):
            try:
                door.send(data[i:i + 1])
            except Closed:
                return
            if select.select([door.socket], [], [], pause)[0]:
                return    # nothing but the end is said to half a message
            if time.monotonic() - door.opened > VERDICT + SLACK:
                return

    def test_all_slow_peers(self):
        kinds = [self.silent, self.one_byte, self.drip_request, self.no_tls, self.half_a_hello, self.drip_hello,
                 self.silent_behind_tls, self.drip_login, self.stop_after_challenge, self.half_closed,
                 self.half_closed_after_request]
        before = len(self.trial.processes())
        faults, ended = [], {}

        def act(kind):
            try:
                with Door(self.trial.port, source(), seconds=VERDICT + SLACK) as door:
                    ended[kind.__name__] = door.source
                    limit = kind(door)
                    door.wait_closed(VERDICT + SLACK)
                    took = time.monotonic() - door.opened
                    if took > limit + SLACK:
                        faults.append(f'{kind.__name__}: open for {took:.1f} s, the limit is {limit} s')
            except (AssertionError, OSError) as why:
                faults.append(f'{kind.__name__}: {why}')
            except Closed:
                pass
        threads = [threading.Thread(target=act, args=(kind,)) for kind in kinds]
        for thread in threads:
            thread.start()
        for _ in range(5):
            self.good_login()
            time.sleep(0.5)
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        for name, address in ended.items():
            closed = name.startswith('half_closed')
            self.logged(address, 'peer closed during login: ' if closed else 'time limit passed: wait ')
        wait_for('the end of the slow peers\' processes', lambda: len(self.trial.processes()) <= before + 2, 10)


del Service    # it has no tests of its own

if __name__ == '__main__':
    main()
