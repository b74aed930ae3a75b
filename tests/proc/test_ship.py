#!/usr/bin/env python3
# tests/proc/test_ship.py - every record reaches every destination, in order, whatever dies, hangs or lies.
import hashlib
import hmac
import http.server
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

import nla
from auditlines import cef, exact, shown, syslog
from procfs import SANITIZED, comm, cpu_seconds, status
from trial import SALLYPORT, need_trial
from world import BUILD, Case, descendants, free_port, main, need, wait_for

# Debian's, whichever python this is: it is all Python.
sys.path.append('/usr/lib/python3/dist-packages')
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402

CORPUS = os.path.join(BUILD, 'tests', 'host', 'render_corpus')
SECRET = b'what both sides know'
HOSTILE = 'al"ice]\\ \u202egnp|a=b'


class Receiver:
    """A syslog server: counts octets, keeps messages. It can go and come back at its port."""

    def __init__(self, context=None, port=None):
        self.context, self.port, self.got = context, port or free_port(), []
        self.start()

    def start(self):
        self.listener = socket.create_server(('127.0.0.1', self.port))
        self.conns = []
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            self.conns.append(conn)
            threading.Thread(target=self.read, args=(conn,), daemon=True).start()

    def read(self, conn):
        try:
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
                self.conns.append(conn)
            stream = conn.makefile('rb')
            while True:
                count = b''
                while not count.endswith(b' '):
                    byte = stream.read(1)
                    if not byte:
                        return
                    count += byte
                message = stream.read(int(count))
                if len(message) == int(count):
                    self.got.append(message)
        except (OSError, ValueError):
            pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for conn in self.conns:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            conn.close()


class Hook(http.server.BaseHTTPRequestHandler):
    """Answers the first request with a redirection and the second with 503."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.server.got.append((self.path, dict(self.headers), body))
        n = len(self.server.got)
        self.send_response(302 if n == 1 else 503 if n == 2 else 204)
        self.send_header('Location', f'http://127.0.0.1:{self.server.server_port}/elsewhere')
        self.end_headers()

    def log_message(self, *_):
        pass


def seqs(items):
    """Without what came again: the first of each, in the order they came."""
    seen = {}
    for item in items:
        seen.setdefault(item)
    return list(seen)


class Ship(Case):
    def certificate(self, name, alt):
        key, crt = self.world.path(f'{name}.key'), self.world.path(f'{name}.pem')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days',
                        '2', '-subj', f'/CN={name}', '-addext', f'subjectAltName={alt}', '-keyout', key, '-out', crt],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(crt, key)
        return crt, context

    def journal(self):
        self.journal_path, self.journal_got = self.world.path('journal'), []
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.bind(self.journal_path)

        def read():
            while True:
                data, entry = sock.recv(1 << 20), {}
                while data:
                    name, rest = data.split(b'\n', 1)
                    size = int.from_bytes(rest[:8], 'little')
                    entry[name.decode()], data = rest[8:8 + size], rest[8 + size + 1:]
                self.journal_got.append(entry)
        threading.Thread(target=read, daemon=True).start()

    def write_conf(self, **files):
        with open(self.conf, 'w') as f:
            f.write(f'''
listen = ["127.0.0.1:{self.port}"]; state = "{self.state}"; run-as = "caller"; mfa = "none";
alerts = {{ enumeration = {{ users = 3; }}; }}; limits = {{ exempt = ["127.0.0.0/8"]; }};
metrics = "127.0.0.1:{self.metrics_port}";
ship = (
    {''.join(f'{{ type = "file"; name = "{n}"; path = "out/{n}"; format = "{form}"; }},' for n, form in files.items())}
    {{ type = "syslog"; name = "siem"; address = "tls:localhost:{self.siem.port}"; ca = "{self.ca}"; }},
    {{ type = "syslog"; name = "cef"; address = "tcp:127.0.0.1:{self.cef.port}"; format = "cef"; }},
    {{ type = "syslog"; name = "liar"; address = "tls:localhost:{self.liar.port}"; ca = "{self.liar_ca}"; }},
    {{ type = "syslog"; name = "mute"; address = "tls:127.0.0.1:{self.mute.getsockname()[1]}"; ca = "{self.ca}"; }},
    {{ type = "journald"; path = "{self.journal_path}"; }},
    {{ type = "webhook"; name = "hook"; url = "http://127.0.0.1:{self.hook.server_port}/alerts?to=ops";
       secret = "hook.key"; loopback = true; }} );
''')

    def setUp(self):
        super().setUp()
        need_trial()
        need('openssl')
        os.mkdir(self.world.path('out'))
        self.conf, self.state = self.world.path('sallyport.conf'), self.world.path('state')
        self.port, self.metrics_port = free_port(), free_port()
        self.ca, context = self.certificate('siem', 'DNS:localhost')
        self.liar_ca, other = self.certificate('liar', 'DNS:siem.example')
        self.siem, self.cef, self.liar = Receiver(context), Receiver(), Receiver(other)
        # Takes connections and says nothing.
        self.mute = socket.create_server(('127.0.0.1', 0))
        self.hook = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Hook)
        self.hook.got = []
        threading.Thread(target=self.hook.serve_forever, daemon=True).start()
        self.addCleanup(self.hook.server_close)
        self.journal()
        with open(self.world.path('hook.key'), 'wb') as f:
            f.write(SECRET + b'\n')
        self.write_conf(plain='json', ocsf='ocsf')
        # An audit that begins with what a peer may send where somebody later reads a line.
        os.makedirs(os.path.join(self.state, 'audit'))
        os.chmod(self.state, 0o700)
        told = subprocess.run([CORPUS, os.path.join(self.state, 'audit')], capture_output=True, timeout=60)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.corpus = []
        for line in told.stdout.split(b'\n'):
            if line.startswith(b'record '):
                self.corpus.append(dict(pair.split('=', 1) for pair in line.decode().split()[1:]))
        self.service = self.world.start('serve', [SALLYPORT, 'serve', '-c', self.conf])
        wait_for('the service', lambda: 'ready, certificate' in self.service.log(), 20)

    def command(self, *args):
        return self.world.run([SALLYPORT, *args, '-c', self.conf]).stdout

    def head(self):
        return json.loads(self.command('audit', 'tail', '-n', '1', '--json').splitlines()[-1])['seq']

    def fail(self, n, name=None):
        """Events: logins of nobody."""
        for _ in range(n):
            self.failures += 1
            self.assertNotEqual(nla.login(self.port, name or f'nobody{self.failures}', 'wrong')[0], 'welcome')

    def processes(self):
        return [pid for pid in descendants(self.service.pid) if comm(pid) == 'sp-ship']

    def lines(self, name):
        with open(self.world.path('out', name), 'rb') as f:
            return f.read().split(b'\n')[:-1]

    def shipped(self, name):
        """Sequences that the destination has, as it got them."""
        if name == 'plain':
            return [json.loads(line)['seq'] for n in ('plain.1', 'plain') if os.path.exists(self.world.path('out', n))
                    for line in self.lines(n)]
        if name == 'ocsf':
            return [int(json.loads(line)['metadata']['uid']) for line in self.lines('ocsf')]
        if name == 'siem':
            return [int(syslog(m.decode())[5]['seq']) for m in list(self.siem.got)]
        if name == 'cef':
            return [int(re.search(rb' externalId=(\d+) ', m).group(1)) for m in list(self.cef.got)]
        return [int(e['SALLYPORT_SEQ']) for e in list(self.journal_got)]

    def all_there(self, names, seconds=8):
        head = self.head()
        for name in names:
            wait_for(f'{head} records at {name}', lambda: set(self.shipped(name)) >= set(range(1, head + 1)), seconds)
            got = seqs(self.shipped(name))
            self.assertEqual(got[:head], list(range(1, head + 1)), name)
        return head

    def page(self):
        with urllib.request.urlopen(f'http://127.0.0.1:{self.metrics_port}/metrics', timeout=5) as answer:
            self.assertEqual(answer.headers['Content-Type'], 'text/plain; version=0.0.4; charset=utf-8')
            return answer.read().decode()

    def metrics(self):
        """{(name, label values...): value}"""
        return {(s.name, *s.labels.values()): s.value for family in text_string_to_metric_families(self.page())
                for s in family.samples}

    def test_everything(self):
        self.failures = 0
        everybody = ('plain', 'ocsf', 'siem', 'cef', 'journal')
        self.fail(1, HOSTILE)
        self.all_there(everybody)
        self.check_corpus()
        self.check_down()
        self.check_kill(everybody)
        self.check_metrics()
        self.check_hook()
        self.check_reload()
        self.check_idle()
        # Nobody who lies about his name, and nobody who says nothing, got anything.
        self.assertEqual(self.liar.got, [])
        self.assertIn('liar: certificate verify failed', self.service.log())
        os.kill(self.service.pid, signal.SIGINT)
        self.service.wait(15)
        # The last words too.
        self.assertEqual(json.loads(self.lines('plain')[-1])['event'], 'audit.checkpoint')

    def check_corpus(self):
        """Each destination's own parser finds the same values."""
        journal = {int(e['SALLYPORT_SEQ']): e for e in self.journal_got}
        plain = {json.loads(line)['seq']: json.loads(line) for line in self.lines('plain')}
        rfc = {int(syslog(m.decode())[5]['seq']): m.decode() for m in self.siem.got}
        them = {int(re.search(rb' externalId=(\d+) ', m).group(1)): m.decode() for m in self.cef.got}
        first = next(seq for seq, r in sorted(plain.items()) if 'claimed.client' in r)
        self.assertGreater(len(self.corpus), 15)
        for seq, want in enumerate(self.corpus, first):
            params = syslog(rfc[seq])[5]
            # CEF behind a header of its own.
            m = re.match(r'<\d+>1 \S+ \S+ sallyport - \S+ - (CEF:0\|.*)', them[seq], re.S)
            extension = cef(m.group(1))[1]
            self.assertEqual(extension['externalId'], str(seq))
            for field, value in want.items():
                if field in ('host', 'conn', 'src.port', 'src.asn', 'session.bytes-in', 'session.bytes-out'):
                    continue
                raw = bytes.fromhex(value)
                name = 'SALLYPORT_' + re.sub('[.-]', '_', field).upper()
                if field == 'transfer.sha256':
                    self.assertEqual((plain[seq][field], params[field], journal[seq][name].decode()), (value,) * 3)
                    continue
                self.assertEqual(plain[seq][field], exact(raw))
                self.assertEqual(params[field], shown(raw))
                self.assertEqual(journal[seq][name], raw)
                if field == 'claimed.user':
                    self.assertEqual(extension['spClaimedUser'], shown(raw))
            self.assertNotIn(b'\n', rfc[seq].encode())
        # What somebody really typed.
        typed = [r for r in plain.values() if r.get('claimed.user') == HOSTILE]
        self.assertEqual([r['event'] for r in typed], ['auth.fail'])
        # Checkpoints go out too, with their signatures.
        check = [e for e in self.journal_got if e['SALLYPORT_EVENT'] == b'audit.checkpoint'][-1]
        self.assertRegex(check['SALLYPORT_CHECKPOINT_SIGNATURE'], rb'^[0-9a-f]{128}$')

    def check_down(self):
        """One is away and one hangs: the others do not notice, and who comes back gets everything."""
        # Each has a folder of its own, which its process alone may write to.
        folder = os.path.join(self.state, 'ship')
        self.assertEqual({f.split('.')[0] for n in os.listdir(folder) for f in os.listdir(os.path.join(folder, n))}, {'mark'})
        self.cef.stop()
        self.fail(4)
        self.all_there(('plain', 'siem', 'journal'))
        self.service_log('cef: ')

    def check_kill(self, everybody):
        """kill -9, and a file rotated away meanwhile."""
        before = self.processes()
        self.assertEqual(len(before), 10)
        main_one = next(pid for pid in before if self.parent(pid) not in before)
        if not SANITIZED:
            for pid in before:
                self.assertEqual((status(pid)['Seccomp'], status(pid)['NoNewPrivs']), ('0' if pid == main_one else '2', '1'))
        os.rename(self.world.path('out', 'plain'), self.world.path('out', 'plain.1'))
        os.kill(main_one, signal.SIGKILL)
        wait_for('their end', lambda: not set(self.processes()) & set(before))
        self.fail(3)
        wait_for('another sp-ship', lambda: len(set(self.processes()) - set(before)) == 10)
        # The writer of a file dies with half a line on its lips; its successor mends it.
        wait_for('the file', lambda: set(self.shipped('ocsf')) >= set(range(1, self.head() + 1)))
        crew = self.processes()
        writer = sorted(pid for pid in crew if self.parent(pid) in crew)[1]    # they begin in the order of the list
        time.sleep(0.6)    # who lives shorter than a second has to wait for longer
        os.kill(writer, signal.SIGSEGV)
        with open(self.world.path('out', 'ocsf'), 'ab') as f:
            f.write(b'{"seq": 5, "torn')
        self.cef.start()
        self.all_there(everybody, 20)

    @staticmethod
    def parent(pid):
        with open(f'/proc/{pid}/stat') as f:
            return int(f.read().rsplit(')', 1)[1].split()[1])

    def service_log(self, text):
        wait_for(f'{text} in the log', lambda: text in self.service.log(), 5)

    def check_metrics(self):
        wait_for('numbers', lambda: self.metrics().get(('sallyport_audit_sequence',)) == self.head(), 5)
        got, records = self.metrics(), json.loads(self.command('audit', 'list', '--json'))
        start = max(r['seq'] for r in records if r['event'] == 'service.start')
        since = [r for r in records if start <= r['seq'] <= got['sallyport_audit_sequence',]]
        self.assertEqual(got['sallyport_counted_from_sequence',], start)
        for event in {r['event'] for r in since}:
            self.assertEqual(got['sallyport_events_total', event], sum(r['event'] == event for r in since), event)
        self.assertEqual(got['sallyport_auth_total', 'ntlm', 'unknown-user'],
                         sum(r.get('reason') == 'unknown-user' for r in since))
        self.assertGreaterEqual(got['sallyport_process_crashes_total', 'sp-ship'], 1)
        self.assertEqual(got['sallyport_sessions', 'connected'], 0)
        self.assertEqual(got['sallyport_ship_up', 'siem'], 1)
        self.assertEqual(got['sallyport_ship_up', 'liar'], 0)
        self.assertEqual(got['sallyport_ship_sequence', 'liar'], 0)
        self.assertEqual(got['sallyport_ship_lag_records', 'plain'], 0)
        self.assertGreater(got['sallyport_certificate_days_left',], 1)
        self.assertGreater(got['sallyport_disk_free_bytes',], 1 << 20)
        self.assertEqual(got['sallyport_disk_reserve_bytes',], 256 << 20)
        wait_for('memory', lambda: self.metrics().get(('sallyport_memory_bytes', 'sp-keeper'), 0) > 1 << 20, 5)
        self.assertLessEqual({'sp-ship', 'sp-ship of siem', 'sp-ship of hook'},
                             {r.get('process.name') for r in records if r['event'] == 'sandbox.level'})
        # What nobody writes down is measured: by the keeper, the scribe and the parent.
        wait_for('figures', lambda: self.metrics().get(('sallyport_audit_commit_seconds_count',), 0) > 0, 8)
        got = self.metrics()
        self.assertEqual(got['sallyport_handshake_seconds_count',], sum('auth.handshake-ms' in r for r in since))
        self.assertGreater(got['sallyport_handshake_seconds_sum',], 0)
        self.assertEqual((got['sallyport_half_open_limit', 'soft'], got['sallyport_half_open_limit', 'hard']), (64, 512))
        self.assertEqual((got['sallyport_penalties',], got['sallyport_recordings',]), (0, 0))
        half_open = [socket.create_connection(('127.0.0.1', self.port)) for _ in range(3)]
        wait_for('half-open ones', lambda: self.metrics()['sallyport_half_open_connections',] == 3, 8)
        self.assertGreaterEqual(self.metrics()['sallyport_connections',], 3)
        for one in half_open:
            one.close()
        wait_for('none', lambda: self.metrics()['sallyport_half_open_connections',] == 0, 8)
        wait_for('their ends', lambda: self.metrics().get(('sallyport_connection_ends_total', 'gone'), 0) >= 3, 8)
        self.assertNotRegex(self.page(), r'nobody|127\.0|alice')
        # Who asks in another way, too slowly or too long.
        for text, answer in ((b'GET / HTTP/1.1\r\n\r\n', b'404'), (b'POST /metrics HTTP/1.1\r\n\r\n', b'405'),
                             (b'\x16\x03\x01\n', b'400'), (b'A' * 5000, b'400')):
            with socket.create_connection(('127.0.0.1', self.metrics_port)) as s:
                s.sendall(text)
                self.assertIn(answer, s.recv(100))
        self.slow = [socket.create_connection(('127.0.0.1', self.metrics_port)) for _ in range(12)]
        self.page()

    def check_hook(self):
        """Signed alerts, again until they are taken; a redirection is not followed."""
        wait_for('an alert', lambda: len(self.hook.got) >= 3, 10)
        path, headers, body = self.hook.got[2]
        self.assertEqual({p for p, _, _ in self.hook.got}, {'/alerts?to=ops'})
        self.assertEqual({b for _, _, b in self.hook.got[:3]}, {body})
        alert = json.loads(body)
        self.assertEqual((alert['event'], alert['alert.rule']), ('alert', 'D17'))
        stamp = headers['X-Sallyport-Timestamp']
        self.assertLess(abs(int(stamp) - time.time()), 60)
        self.assertEqual(headers['X-Sallyport-Signature'],
                         'sha256=' + hmac.new(SECRET, stamp.encode() + b'.' + body, hashlib.sha256).hexdigest())

    def check_reload(self):
        """What is removed before it was shipped is told once; and another list: one is new, one is gone."""
        time.sleep(1.1)
        self.command('audit', 'prune', '--before', '1s')
        before = self.processes()
        self.write_conf(plain='json', other='cef')
        daemon = next(pid for pid in [self.service.pid] + descendants(self.service.pid) if comm(pid) == 'sallyportd')
        os.kill(daemon, signal.SIGHUP)
        wait_for('another sp-ship', lambda: len(self.processes()) == 10 and not set(self.processes()) & set(before), 8)
        change, = [r for r in json.loads(self.command('audit', 'list', '--json')) if r['event'] == 'policy.change' and
                   r.get('reason') == 'loosened']
        self.assertEqual((change['severity'], change['text']), ('high', 'ocsf'))
        wait_for('the new one', lambda: os.path.exists(self.world.path('out', 'other')) and self.lines('other'))
        self.fail(1)
        head = self.head()
        wait_for('plain', lambda: self.shipped('plain')[-1] >= head)
        dropped = lambda: [r for r in json.loads(self.command('audit', 'list', '--json'))    # noqa: E731
                           if r['event'] == 'audit.dropped' and r.get('reason') == 'not-shipped']
        wait_for('that it is told', lambda: any('liar' in r['text'] for r in dropped()))
        # Nobody else misses anything: the new one never had it to come.
        self.assertEqual(sorted(r['text'].split()[0] for r in dropped()), ['liar', 'mute'])
        self.assertGreater(dropped()[0]['count'], 50)
        # Those that asked for metrics and never finished are thrown out by now.
        for s in self.slow:
            s.settimeout(5)
            self.assertEqual(s.recv(1), b'')
            s.close()

    def check_idle(self):
        """Nothing to send is nothing to do."""
        if SANITIZED:
            return
        pids = self.processes()
        used = sum(cpu_seconds(pid) for pid in pids)
        time.sleep(1)
        self.assertLess(sum(cpu_seconds(pid) for pid in pids) - used, 0.1)


if __name__ == '__main__':
    main()
