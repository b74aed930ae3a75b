#!/usr/bin/env python3
# tests/harness/windows.py - plays a Windows of each generation, as far as a stranger gets without logging in.
#
# One process, each host on a loopback address of its own: RDP on 3389 (TCP, some UDP too), the web on 443. What is
# played comes from [MS-RDPBCGR] 2.2.1.1 to 2.2.1.4, [MS-NLMP] 2.2.1.2 and 2.2.2.10, [MS-CSSP] <10> to <25> and
# [MS-TSGU]; which TLS versions and ciphers a generation takes, its failure codes to odd requests, and what stands in
# its certificates is general knowledge, and nobody compared it with a real Windows.
#
#   python3 tests/harness/windows.py --list          what there is
#   python3 tests/harness/windows.py                 starts all, prints where, until Ctrl-C
import argparse
import asyncio
import os
import socket
import sys
import tempfile
import threading
from dataclasses import dataclass, field, replace

import winweb
import winwire
from winkeys import REMOTE_DESKTOP, Certificate, Keys
from wintls import SSL2, SSL3, TLS10, TLS11, TLS12, TLS13, Broken, Stream, Tls, accept
from winweb import Web
from winwire import (EXTENDED, GFX, LEVELS, REMOTE_GUARD, RESERVED, RESTRICTED_ADMIN, HYBRID, HYBRID_EX, RDP, Nonsense,
                     choose, confirm)

# Ciphers in the order of each generation.
OF_2003 = (0x0004, 0x0005, 0x000a, 0x0009, 0x0064, 0x0062, 0x0003, 0x0006, 0x002f, 0x0035)    # AES: KB948963
OF_2008 = (0x002f, 0x0035, 0x0005, 0x000a, 0xc013, 0xc014, 0x0004)
OF_7 = (0x002f, 0x0035, 0x0005, 0x000a, 0xc013, 0xc014, 0x0004)
OF_7_UPDATED = (0xc028, 0xc027, 0xc014, 0xc013, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a, 0x0005)
OF_2012 = (0xc028, 0xc027, 0xc014, 0xc013, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a, 0x0005)
OF_2012R2 = (0xc028, 0xc027, 0xc014, 0xc013, 0x009f, 0x009e, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a)
OF_2016 = (0xc030, 0xc02f, 0x009f, 0x009e, 0xc028, 0xc027, 0xc014, 0xc013, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035,
           0x002f, 0x000a)
OF_2019 = (0xc030, 0xc02f, 0x009f, 0x009e, 0xc028, 0xc027, 0xc014, 0xc013, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035,
           0x002f)
STRONG = (0xc030, 0xc02f)

UP_TO_10, UP_TO_12 = (TLS10,), (TLS10, TLS11, TLS12)
UP_TO_13, MODERN = (TLS10, TLS11, TLS12, TLS13), (TLS12, TLS13)
DOMAIN = {'nb_domain': 'CORP', 'dns_domain': 'corp.example', 'dns_tree': 'corp.example'}


@dataclass
class Windows:
    name: str
    about: str
    build: tuple = (10, 0, 17763)
    layer: str = 'tls'              # 'rdp', 'negotiate' or 'tls': the security layer
    nla: str = 'required'           # 'absent', 'optional' or 'required'
    bare: bool = False              # knows no negotiation
    early: bool = True              # takes PROTOCOL_HYBRID_EX
    rdstls: bool = False
    aad: bool = False
    only: bool = False              # nothing but RDSTLS or RDS AAD
    flags: int = EXTENDED | GFX | RESERVED | RESTRICTED_ADMIN | REMOTE_GUARD
    credssp: int = 6
    ntlm: bool = True
    domain: bool = True
    skew: int = 0                   # seconds its clock is ahead
    level: str = 'compatible'       # encryption level of Standard RDP Security
    licensed: bool = False          # that key comes in X.509
    rdp_version: int = 0x0008000b
    tls: bool = True
    versions: tuple = UP_TO_12
    ciphers: tuple = OF_2019
    dh: int = 2048
    weak_curve: bool = False
    alerts: bool = True             # older ones just close
    certificate: dict = field(default_factory=dict)     # bits, hash, since, days, names, eku, subject; see Farm
    issuer: str = ''                # of the authority of its domain; '': signs itself
    same_key_as: str = ''
    rdp: bool = True                # listens on 3389
    udp: tuple = (3389,)
    web: Web = None
    by_cookie: bool = False         # users whose name ends with a digit come to another host behind it
    # set by the farm
    address: str = ''
    names: dict = None


XP = Windows('xp-sp2', 'Windows XP SP2: knows no negotiation', (5, 1, 2600), layer='rdp', nla='absent', bare=True,
             flags=0, tls=False, rdp_version=0x00080004, udp=())
W2003 = replace(XP, name='2003', about='Server 2003 SP2 as it was installed', build=(5, 2, 3790), bare=False)
W2008 = Windows('2008', 'Server 2008 SP2, never updated', (6, 0, 6002), 'negotiate', 'optional', early=False, flags=0,
                credssp=2, rdp_version=0x00080004, versions=UP_TO_10, ciphers=OF_2008, alerts=False,
                certificate={'hash': 'sha1'}, udp=())
W7 = replace(W2008, name='7', about='Windows 7 SP1, never updated', build=(6, 1, 7601), flags=EXTENDED, ciphers=OF_7,
             domain=False)
W2008R2 = replace(W7, name='2008r2', about='Server 2008 R2 with the last updates, NLA required', nla='required',
                  layer='tls', credssp=6, versions=UP_TO_12, ciphers=OF_7_UPDATED, domain=True)
OLD = W2008R2
W2012 = replace(W2008R2, name='2012', about='Server 2012, never updated', build=(6, 2, 9200), credssp=2, early=True,
                flags=EXTENDED | GFX | RESERVED, ciphers=OF_2012, udp=(3389,))
W2012R2 = replace(W2012, name='2012r2', about='Server 2012 R2 with the last updates', build=(6, 3, 9600), credssp=6,
                  flags=EXTENDED | GFX | RESERVED | RESTRICTED_ADMIN, ciphers=OF_2012R2, dh=1024,
                  certificate={'hash': 'sha256'}, alerts=True)
W2016 = Windows('2016', 'Server 2016', (10, 0, 14393), ciphers=OF_2016, rdp_version=0x00080007)
W2019 = Windows('2019', 'Server 2019', (10, 0, 17763))
W2022 = Windows('2022', 'Server 2022', (10, 0, 20348), versions=UP_TO_13, rdp_version=0x0008000f)
W2025 = Windows('2025', 'Server 2025', (10, 0, 26100), versions=MODERN, ciphers=STRONG + OF_2019[4:6],
                rdp_version=0x00080011)

GENERATIONS = [
    XP,
    W2003,
    replace(W2003, name='2003-high', about='Server 2003 at level High', level='high'),
    replace(W2003, name='2003-fips', about='Server 2003 at level FIPS, its key from a licence server', level='fips',
            licensed=True),
    replace(W2003, name='2003-tls', about='Server 2003 with a certificate: SSL 2 to TLS 1.0, and an RPC proxy',
            layer='negotiate', tls=True, versions=(SSL2, SSL3, TLS10), ciphers=OF_2003, alerts=False,
            certificate={'bits': 1024, 'hash': 'md5', 'days': 365}, issuer='Corp Old CA',
            web=Web('Microsoft-IIS/6.0', rpc=('NTLM', 'Basic'))),
    W2008,
    replace(W2008, name='2008-6003', about='Server 2008 with the last updates, NLA required', build=(6, 0, 6003),
            nla='required', layer='tls', credssp=6, versions=UP_TO_12),
    W7,
    W2008R2,
    W2012,
    W2012R2,
    W2016,
    replace(W2016, name='2016-rtm', about='Server 2016 before March 2018, NLA optional', nla='optional', credssp=3),
    W2019,
    replace(W2019, name='2019-no-nla', about='Server 2019 with NLA turned off', nla='optional'),
    replace(W2019, name='2019-rdp', about='Server 2019 with the security layer RDP', layer='rdp', nla='absent',
            level='high'),
    W2022,
    replace(W2022, name='2022-kerberos', about='Server 2022 that refuses NTLM', ntlm=False),
    W2025,
    # NTLM tells the build of the files: releases that are only switched on in them look like the first.
    Windows('10', 'Windows 10 22H2 outside a domain', (10, 0, 19041), domain=False, rdp_version=0x0008000e),
    Windows('11-23h2', 'Windows 11 23H2', (10, 0, 22621), domain=False, versions=UP_TO_13, rdp_version=0x00080011),
    Windows('11', 'Windows 11 25H2', (10, 0, 26100), domain=False, versions=MODERN, ciphers=STRONG,
            rdp_version=0x00080011),
    Windows('11-entra', 'Windows 11 joined to Entra', (10, 0, 26100), domain=False, versions=MODERN, ciphers=STRONG,
            rdp_version=0x00080011, aad=True, rdstls=True),
]

ROLES = [
    replace(W2025, name='managed', about='Server 2025 as it should be: certificate of the domain, strong ciphers only',
            ciphers=STRONG, certificate={'names': ('{fqdn}',), 'days': 365, 'eku': (REMOTE_DESKTOP,)},
            issuer='Corp Issuing CA', flags=EXTENDED | GFX | RESERVED | REMOTE_GUARD),
    replace(W2019, name='farm', about='session host behind a broker: takes RDSTLS', rdstls=True,
            issuer='Corp Issuing CA', certificate={'names': ('{fqdn}', 'rds.corp.example'), 'days': 365}),
    replace(W2019, name='farm-only', about='session host that takes nothing but RDSTLS', nla='absent', rdstls=True,
            only=True, issuer='Corp Issuing CA', certificate={'names': ('{fqdn}', 'rds.corp.example'), 'days': 365}),
    replace(W2025, name='entra-only', about='host that takes nothing but sign-in with Entra ID', nla='absent', aad=True,
            only=True, domain=False, ciphers=STRONG),
    replace(W2022, name='tls-only', about='Server 2022 with TLS from the authority, no NLA at all', nla='absent',
            ciphers=STRONG, versions=MODERN, issuer='Corp Issuing CA', certificate={'names': ('{fqdn}',), 'days': 365}),
    replace(W2019, name='balanced', about='balancer that sends by the cookie, some to an old host', by_cookie=True),
    replace(W2019, name='gateway', about='RD Gateway with RDWeb and KDC proxy, no RDP of its own', rdp=False,
            udp=(3391,), web=Web(rdweb=True, gateway=('Negotiate', 'NTLM'), rpc=('Negotiate', 'NTLM'), kdc=True),
            issuer='Corp Issuing CA', certificate={'names': ('{fqdn}',), 'days': 365}),
    replace(W2012R2, name='gateway-basic', about='old gateway with Basic, RDP beside it', udp=(3389,),
            web=Web('Microsoft-IIS/8.5', rdweb=True, gateway=('Negotiate', 'NTLM', 'Basic'), rpc=('NTLM', 'Basic'))),
    replace(W2022, name='web-all', about='another web server that says 200 to everything',
            web=Web('nginx', every=(200, ()))),
    replace(W2022, name='web-login', about='another web server that wants Basic for everything',
            web=Web('lighttpd', every=(401, ('Basic',)))),
    replace(W2022, name='web-iis', about='IIS without any part of remote desktop', web=Web()),
]

FAULTS = [
    replace(W2019, name='clock', about='clock eleven minutes ahead', skew=660),
    replace(W2019, name='clock-slow', about='clock two hours behind', skew=-7200),
    # No library of today speaks RC4: its certificate is seen, and what it says inside is not.
    replace(W2008R2, name='rc4', about='Server 2008 R2 that was told to use RC4 alone', ciphers=(0x0005, 0x0004), ntlm=False),
    replace(W2019, name='expired', about='certificate expired last week', certificate={'since': -190, 'days': 183}),
    replace(W2019, name='future', about='certificate begins tomorrow, for ten years',
            certificate={'since': 1, 'days': 3650}),
    replace(W2019, name='weak-key', about='RSA 1024 with SHA-1, and no use for servers in it',
            certificate={'bits': 1024, 'hash': 'sha1', 'eku': ('2b06010505070302',)}),
    replace(W2019, name='other-name', about='certificate for somebody else',
            certificate={'names': ('mail.other.example',), 'subject': 'CN=mail.other.example'}),
    replace(W2019, name='clone-a', about='cloned with its key'),
    replace(W2019, name='clone-b', about='cloned with its key', same_key_as='clone-a'),
    Windows('appliance', 'an appliance: NULL, anonymous, export, DES, a weak curve', layer='tls', nla='absent',
            ntlm=False, flags=EXTENDED, versions=(SSL3, TLS10, TLS11, TLS12), weak_curve=True, dh=1024,
            ciphers=(0xc013, 0x0033, 0x002f, 0x0034, 0x0018, 0x0009, 0x0003, 0x0002, 0x0001), udp=(),
            certificate={'days': 7300}, rdp_version=0x00080004),
]

ALL = GENERATIONS + ROLES + FAULTS


class Farm:
    """
    All of them (or some) on addresses 127.BLOCK.0.1 and up, in a thread of its own. Hosts by name; `where` by address.
    """

    def __init__(self, block=None, only=None, ports=(3389, 443), extra=()):
        self.block = block if block is not None else 64 + os.getpid() % 128
        self.port, self.web_port = ports
        self.folder = tempfile.TemporaryDirectory(prefix='sp-windows-')
        chosen = [w for w in ALL if only is None or w.name in only]
        self.hosts = {w.name: replace(w) for w in chosen}
        self.extra, self.connections, self.open, self.most_open = list(extra), {}, {}, {}
        self._make()
        self.loop, self.thread, self.servers = asyncio.new_event_loop(), None, []

    def _make(self):
        keys = self.pool = Keys()
        self.keys, self.legacy_keys, self.tls = {}, {}, {}
        authorities = {}
        for number, w in enumerate(self.hosts.values(), 1):
            w.address = f'127.{self.block}.0.{number}'
            computer = (w.name if w.name[0].isalpha() else f'win-{w.name}').upper()[:15]
            w.names = {'nb_computer': computer, 'dns_computer': f'{computer.lower()}.corp.example', **DOMAIN} \
                if w.domain else {'nb_computer': computer, 'nb_domain': computer, 'dns_computer': computer,
                                  'dns_domain': computer}
            if w.layer != 'tls' and w.rdp:
                self.legacy_keys[w.name] = keys.take(2048 if w.build >= (6, 0) else 512)
            if not w.tls:
                continue
            c = dict(w.certificate)
            if w.issuer and w.issuer not in authorities:
                hash = 'sha1' if 'Old' in w.issuer else 'sha256'
                authorities[w.issuer] = Certificate(keys.take(), f'DC=example,DC=corp,CN={w.issuer}', -900, 3650, hash,
                                                    ca=True, eku=())
            key = self.keys[w.same_key_as] if w.same_key_as else keys.take(c.pop('bits', 2048))
            self.keys[w.name] = key
            c['names'] = tuple(n.format(fqdn=w.names['dns_computer']) for n in c.get('names', ()))
            made = Certificate(key, c.pop('subject', f'CN={w.names["dns_computer"]}'),
                               issuer=authorities.get(w.issuer), **c)
            self.tls[w.name] = Tls(made, w.versions, w.ciphers, w.dh, w.weak_curve, w.alerts, self.folder.name)

    def hosts_file(self):
        """Their names in the form of /etc/hosts."""
        return ''.join(f'{w.address} {w.names["dns_computer"]}\n' for w in self.hosts.values())

    # The loop
    async def _open(self):
        for w in self.hosts.values():
            if w.rdp:
                await self._listen(w.address, self.port, lambda r, s, w=w: self._rdp(w, r, s), w.name)
            if w.web:
                await self._listen(w.address, self.web_port, lambda r, s, w=w: self._web(w, r, s), w.name)
            for port in w.udp:
                reply = winwire.rdpeudp_answer if port == 3389 else winwire.dtls_answer
                self.servers.append((await self.loop.create_datagram_endpoint(
                    lambda reply=reply: Datagrams(reply), (w.address, port)))[0])
        for name, address, port, serve in self.extra:
            await self._listen(address, port, serve, name)

    async def _listen(self, address, port, serve, name):
        async def counted(reader, writer):
            self.connections[name] = self.connections.get(name, 0) + 1
            self.open[name] = self.open.get(name, 0) + 1
            self.most_open[name] = max(self.most_open.get(name, 0), self.open[name])
            try:
                await serve(Stream(reader, writer), writer)
            except (asyncio.CancelledError, Broken, Nonsense, ConnectionError, AssertionError, IndexError, KeyError, ValueError):
                pass
            finally:
                self.open[name] -= 1
                writer.close()
        self.servers.append(await asyncio.start_server(counted, address, port, backlog=128, family=socket.AF_INET))

    async def _packet(self, stream):
        head = await stream.exactly(4)
        size = int.from_bytes(head[2:], 'big')
        if head[0] != 3 or not 7 <= size <= 8192:
            raise Nonsense('no TPKT')
        return await stream.exactly(size - 4)

    async def _rdp(self, w, stream, _):
        requested, cookie = winwire.read_request(await self._packet(stream))
        if w.by_cookie and cookie[-1:].isdigit():
            w = replace(OLD, name=w.name, names=w.names)
        answer = choose(w, requested)
        if answer == 'close':
            return
        if answer == 'bare':
            await stream.send(confirm())
            return await self._basic(w, stream, requested, RDP)
        kind, value = answer
        if kind == 'failure':
            return await stream.send(confirm(3, 0, value))
        await stream.send(confirm(2, w.flags, value))
        if value == RDP:
            return await self._basic(w, stream, requested, RDP)
        inside = await accept(stream, self.tls[w.name])
        if value in (HYBRID, HYBRID_EX):
            return await self._credssp(w, inside)
        await self._basic(w, inside, requested, value)

    async def _basic(self, w, stream, requested, selected):
        methods, channels = winwire.read_connect_initial(await self._packet(stream))
        if selected != RDP:
            return await stream.send(winwire.connect_response(w.rdp_version, requested, 0, 0, b'', b'', channels))
        method = winwire.pick_method(w.level, methods)
        if method is None:
            return
        key = self.legacy_keys[w.name]
        if w.licensed:
            root = Certificate(key, 'CN=Licence Server', -400, 9000, 'md5', ca=True, eku=())
            own = Certificate(key, 'CN=' + w.names['nb_computer'], -400, 9000, 'md5', issuer=root)
            certificate = winwire.licensed(root.der, own.der)
        else:
            certificate = winwire.proprietary(key)
        await stream.send(winwire.connect_response(w.rdp_version, requested, method, LEVELS[w.level], os.urandom(32),
                                                   certificate, channels))

    async def _credssp(self, w, inside):
        head = await inside.exactly(2)
        size, more = head[1], b''
        if size & 0x80:
            more = await inside.exactly(size & 0x7f)
            size = int.from_bytes(more, 'big')
        if head[0] != 0x30 or size > 8192:
            raise Nonsense('no TSRequest')
        reply = winwire.credssp_answer(w, head + more + await inside.exactly(size))
        if reply:
            await inside.send(reply)
            await inside.some()     # nobody logs in here: the client goes

    async def _web(self, w, stream, _):
        await winweb.serve(w, await accept(stream, self.tls[w.name]))

    # The thread
    def start(self):
        ready, failed = threading.Event(), []

        def run():
            asyncio.set_event_loop(self.loop)
            try:
                self.loop.run_until_complete(self._open())
            except OSError as why:
                failed.append(why)
                return
            finally:
                ready.set()
            self.loop.run_forever()
            for server in self.servers:
                server.close()
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self.loop.close()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        ready.wait()
        if failed:
            raise failed[0]
        return self

    def stop(self):
        if self.thread and self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(5)
        self.folder.cleanup()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, reply):
        self.reply = reply

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        answer = self.reply(data)
        if answer:
            self.transport.sendto(answer, address)


def main():
    parser = argparse.ArgumentParser(description='plays Windows hosts for a scan')
    parser.add_argument('--list', action='store_true', help='say what can be played')
    parser.add_argument('--block', type=int, default=64, help='addresses are 127.BLOCK.0.1 and up')
    parser.add_argument('--port', type=int, default=3389)
    parser.add_argument('--web-port', type=int, default=443)
    parser.add_argument('names', nargs='*', help='only these')
    options = parser.parse_args()
    if options.list:
        for w in ALL:
            print('%-14s %-14s %s' % (w.name, '.'.join(map(str, w.build)), w.about))
        return
    farm = Farm(options.block, options.names or None, (options.port, options.web_port)).start()
    for w in farm.hosts.values():
        print('%-16s %-14s %s' % (w.address, w.name, w.about))
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        farm.stop()


if __name__ == '__main__':
    main()
