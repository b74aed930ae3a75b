# tests/harness/winweb.py - what answers HTTPS beside a remote desktop: gateway, RDWeb, RPC and KDC proxies, strangers.
import base64
from dataclasses import dataclass

from winwire import Nonsense, spnego_answer
from wintls import Broken

MAX_HEAD = 16384


@dataclass
class Web:
    """Which parts there are; a part's schemes are those that it offers with 401."""
    server: str = 'Microsoft-IIS/10.0'
    rdweb: bool = False
    gateway: tuple = ()         # schemes of RDG_OUT_DATA, [MS-TSGU] 2.2.3.1.2
    rpc: tuple = ()             # schemes of RPC over HTTP, [MS-RPCH]
    kdc: bool = False           # [MS-KKDCP]
    every: tuple = ()           # a stranger: (status, schemes) to whatever is asked


class Request:
    def __init__(self, head):
        lines = head.decode('latin-1').split('\r\n')
        parts = lines[0].split(' ')
        if len(parts) != 3:
            raise Nonsense('no request line')
        self.method, self.path, _ = parts
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(':')
            self.headers[name.strip().lower()] = value.strip()


def response(status, words, headers=(), body='', server=''):
    head = [f'HTTP/1.1 {status} {words}', f'Content-Length: {len(body)}']
    head += [f'Server: {server}'] if server else []
    return ('\r\n'.join(head + list(headers)) + '\r\n\r\n' + body).encode()


def asks_login(windows, web, schemes, request):
    """401 with the schemes, or with the challenge to the NTLM that came with the request."""
    scheme, _, token = request.headers.get('authorization', '').partition(' ')
    if scheme in ('NTLM', 'Negotiate') and scheme in schemes and token:
        answer = spnego_answer(windows, base64.b64decode(token))
        if answer is not None:
            schemes = (f'{scheme} {base64.b64encode(answer).decode()}',)
    realm = f' realm="{windows.names["dns_computer"]}"'
    lines = [f'WWW-Authenticate: {s}{realm if s == "Basic" else ""}' for s in schemes]
    return response(401, 'Unauthorized', lines, 'denied', web.server)


def answer(windows, request):
    web = windows.web
    path = request.path.split('?')[0].lower()
    if web.every:
        status, schemes = web.every
        if schemes:
            return asks_login(windows, web, schemes, request)
        return response(status, 'OK', ['Content-Type: text/html'], '<html><title>Shop</title></html>', web.server)
    if path.startswith('/rdweb') and web.rdweb:
        if path in ('/rdweb', '/rdweb/'):
            return response(302, 'Found', ['Location: /RDWeb/Pages/en-US/login.aspx?ReturnUrl=default.aspx'],
                            server=web.server)
        return response(200, 'OK', ['Content-Type: text/html'], '<html><title>RD Web Access</title></html>', web.server)
    if path.startswith('/remotedesktopgateway') and web.gateway:
        if request.method in ('RDG_OUT_DATA', 'RDG_IN_DATA') or 'upgrade' in request.headers:
            return asks_login(windows, web, web.gateway, request)
        return response(404, 'Not Found', server='Microsoft-HTTPAPI/2.0')
    if path.startswith('/rpc') and web.rpc:
        return asks_login(windows, web, web.rpc, request)
    if path.startswith('/kdcproxy') and web.kdc:
        if request.method != 'POST':
            return response(405, 'Method Not Allowed', ['Allow: POST'], server='Microsoft-HTTPAPI/2.0')
        # Nothing that could be forwarded was in it: an empty answer, by general knowledge.
        return response(200, 'OK', ['Content-Type: application/kerberos'], server='Microsoft-HTTPAPI/2.0')
    if path == '/' and request.method in ('GET', 'HEAD'):
        return response(200, 'OK', ['Content-Type: text/html'], '<html><title>IIS</title></html>', web.server)
    if request.method not in ('GET', 'HEAD', 'POST', 'OPTIONS'):
        return response(405, 'Method Not Allowed', ['Allow: GET, HEAD, OPTIONS, TRACE'], server=web.server)
    return response(404, 'Not Found', server=web.server)


async def serve(windows, stream):
    """Requests of one connection, until it ends."""
    held = b''
    for _ in range(32):
        while b'\r\n\r\n' not in held:
            if len(held) > MAX_HEAD:
                raise Broken('head too long')
            held += await stream.some()
        head, _, held = held.partition(b'\r\n\r\n')
        request = Request(head)
        length = int(request.headers.get('content-length', '0') or 0)
        while len(held) < min(length, MAX_HEAD):
            held += await stream.some()
        held = held[length:]
        await stream.send(answer(windows, request))
        if request.headers.get('connection', '').lower() == 'close':
            return
