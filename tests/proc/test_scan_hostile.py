# A scan of hosts that are slow, endless, silent or mad: each costs its own row, and a good one among them is whole.
import asyncio
import json
import os
import random
import signal
import ssl
import subprocess
import threading
import time

from peers import certificate
from world import BUILD, Case, main, wait_for

SALLYPORT = os.path.join(BUILD, 'sallyport')
SSL, HYBRID, RDP = (bytes.fromhex('030000130ed00000123400020108000%x000000' % n) for n in (1, 2, 0))
DENIED = bytes.fromhex('030000130ed000001234000300080005000000')
BLOCK = f'127.{200 + os.getpid() % 40}'


class Hosts:
    """Behaviours by the last part of the address; one loop in a thread."""

    def __init__(self, crt, key):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(crt, key)
        self.loop, self.seen = asyncio.new_event_loop(), {}
        self.tasks = [self.mute, self.slow, self.endless, self.shut, self.ssh, self.http, self.endless_records,
                      self.slow_flight, self.endless_flight, self.mutated, self.long_confirm, self.endless_login,
                      self.slow_mcs, self.reset, self.good]

    def start(self):
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.port = asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result(10)

    async def listen(self):
        server = await asyncio.start_server(self.serve, '0.0.0.0', 0)
        return server.sockets[0].getsockname()[1]

    def address(self, name):
        return f'{BLOCK}.1.{1 + [t.__name__ for t in self.tasks].index(name)}'

    async def serve(self, reader, writer):
        where = writer.get_extra_info('sockname')[0]
        n = int(where.split('.')[3]) - 1
        self.seen.setdefault(where, []).append(time.monotonic())
        try:
            if where.startswith(BLOCK) and n < len(self.tasks):
                await asyncio.wait_for(self.tasks[n](reader, writer), 30)
        except (OSError, asyncio.TimeoutError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def confirm(self, reader, writer, answer=SSL):
        request = await reader.readexactly(4)
        request += await reader.readexactly(int.from_bytes(request[2:4], 'big') - 4)
        if b'mstshash=sallyport-scan' not in request:
            raise OSError('a question of the web')
        writer.write(answer)
        await writer.drain()

    async def pour(self, writer, data):
        while not writer.is_closing():
            writer.write(data)
            await writer.drain()

    async def drip(self, writer, data, pause=0.2):
        for i in range(len(data)):
            if writer.is_closing():
                return
            writer.write(data[i:i + 1])
            await writer.drain()
            await asyncio.sleep(pause)

    async def mute(self, reader, writer):
        await reader.read()

    async def slow(self, reader, writer):
        await self.drip(writer, SSL)

    async def endless(self, reader, writer):
        await self.pour(writer, b'\x03\x00\xff\xff' + bytes(65531))

    async def shut(self, reader, writer):
        pass

    async def ssh(self, reader, writer):
        writer.write(b'SSH-2.0-OpenSSH_9.2p1\r\n')
        await reader.read()

    async def http(self, reader, writer):
        await reader.read(64)
        writer.write(b'HTTP/1.1 400 Bad Request\r\n\r\n')

    async def endless_records(self, reader, writer):
        await self.confirm(reader, writer)
        await reader.read(1)
        await self.pour(writer, b'\x16\x03\x03\x00\x00' * 1000)

    async def slow_flight(self, reader, writer):
        await self.confirm(reader, writer)
        await reader.read(1)
        await self.drip(writer, b'\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03' + bytes(16000))

    async def endless_flight(self, reader, writer):
        await self.confirm(reader, writer)
        await reader.read(1)
        hello = b'\x02\x00\x00\x26\x03\x03' + bytes(32) + b'\x00\xc0\x2f\x00'
        writer.write(b'\x16\x03\x03' + len(hello).to_bytes(2, 'big') + hello)
        await self.pour(writer, b'\x16\x03\x03\x00\x08\x0d\x00\x00\x04abcd' * 500)

    async def mutated(self, reader, writer):
        answer = bytearray(random.choice((SSL, HYBRID, RDP, DENIED)))
        answer[random.randrange(len(answer))] = random.randrange(256)
        await self.confirm(reader, writer, bytes(answer))
        writer.write(random.randbytes(random.randrange(4000)))
        await writer.drain()

    async def long_confirm(self, reader, writer):
        await self.confirm(reader, writer, b'\x03\x00\x01\x03\xfe\xd0' + bytes(253))

    async def endless_login(self, reader, writer):
        await self.confirm(reader, writer, HYBRID)
        await writer.start_tls(self.tls)
        await self.pour(writer, b'\x30\x84\x00\x00\xff\xf0' + bytes(8000))

    async def slow_mcs(self, reader, writer):
        await self.confirm(reader, writer, RDP)
        await reader.read(1)
        await self.drip(writer, b'\x03\x00\x01\x00\x02\xf0\x80' + bytes(200))

    async def reset(self, reader, writer):
        await self.confirm(reader, writer, HYBRID)
        writer.transport.abort()

    async def good(self, reader, writer):
        await self.confirm(reader, writer, SSL)
        await writer.start_tls(self.tls)
        await reader.read()


class Hostile(Case):
    def start(self):
        hosts = Hosts(*certificate(self.world))
        hosts.start()
        self.targets = [f'{hosts.address(t.__name__)}:{hosts.port}' for t in hosts.tasks]
        return hosts

    def test_rows(self):
        hosts = self.start()
        options = ['--json', '--no-udp', '--pause', '1', '--timeout', '1', '--web-port', str(hosts.port), '--all']
        began = time.monotonic()
        done = subprocess.run([SALLYPORT, 'scan', *options, *self.targets], capture_output=True, text=True, timeout=60)
        took = time.monotonic() - began
        self.assertIn(done.returncode, (0, 1), done.stderr)
        rows = {e['address']: e for e in json.loads(done.stdout)['endpoints']}
        rows = {t.__name__: rows[hosts.address(t.__name__)] for t in hosts.tasks}
        self.assertEqual({n: rows[n]['reach'] for n in ('mute', 'slow', 'endless', 'shut', 'ssh', 'http')},
                         {'mute': 'mute', 'slow': 'mute', 'endless': 'other', 'shut': 'mute', 'ssh': 'other', 'http': 'other'})
        for name in ('slow_flight', 'endless_records', 'endless_flight', 'endless_login', 'slow_mcs', 'reset', 'good'):
            self.assertEqual(rows[name]['reach'], 'rdp', name)
        for name in ('mute', 'slow', 'slow_flight', 'slow_mcs'):
            self.assertLess(rows[name]['took_ms'], 20000, name)
        self.assertEqual(rows['slow_flight']['why'], 'cut short: too many answers did not come in time')
        # The good one is as it would be alone.
        good = rows['good']
        self.assertEqual(good['why'], '')
        self.assertEqual(good['nla'], 'absent')
        self.assertEqual(good['tls']['versions']['tls1.3'], 'yes')
        self.assertEqual(good['certificate']['subject'], 'CN=localhost')
        self.assertLess(took, 30)

    def test_death_and_end(self):
        """sp-probe is killed: another one goes on. Ctrl-C: a report of what there is."""
        hosts = self.start()
        targets = [f'{hosts.address("good")}:{hosts.port}', f'{hosts.address("mute")}:{hosts.port}']
        proc = subprocess.Popen([SALLYPORT, 'scan', '--json', '--no-udp', '--no-web', '--all', '--timeout', '30', *targets],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            first = wait_for('sp-probe', lambda: self.probe(proc.pid), 10)
            os.kill(first, signal.SIGKILL)
            wait_for('another sp-probe', lambda: self.probe(proc.pid) not in (None, first), 10)
            wait_for('the good one asked', lambda: len(hosts.seen.get(hosts.address('good'), ())) > 12, 20)
            proc.send_signal(signal.SIGINT)
            out, err = proc.communicate(timeout=10)
        finally:
            proc.kill()
        self.assertIn('interrupted', err)
        rows = {e['address']: e for e in json.loads(out)['endpoints']}
        times = hosts.seen[hosts.address('good')][-10:]
        self.assertGreater(min(b - a for a, b in zip(times, times[1:])), 0.18, 'a pause after each connection')
        self.assertEqual(rows[hosts.address('good')]['reach'], 'rdp')
        self.assertIn('the scan was ended', rows[hosts.address('mute')]['why'])

    def probe(self, parent):
        with open(f'/proc/{parent}/task/{parent}/children') as f:
            for pid in f.read().split():
                try:
                    with open(f'/proc/{pid}/comm') as c:
                        if c.read().strip() == 'sp-probe':
                            return int(pid)
                except OSError:
                    pass
        return None


if __name__ == '__main__':
    main()
