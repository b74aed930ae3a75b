# tests/harness/peers.py - Debian's RDP programs: clients xfreerdp and rdesktop; servers shadow, xrdp, weston, GNOME's.
import os
import pwd
import re
import secrets
import subprocess
import sys
import time
import unittest

from world import BUILD, free_port, have, listens, need, wait_for


def certificate(world, name='peer'):
    """A self-signed certificate and its key; each made once in a world."""
    crt, key = world.path(f'{name}.crt'), world.path(f'{name}.key')
    if not os.path.exists(crt):
        need('openssl')
        world.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', crt,
                   '-days', '30', '-subj', '/CN=localhost'])
    return crt, key


def key_log(world):
    """Environment that makes a program with OpenSSL write its TLS keys, and the file they go to."""
    shim = os.path.join(BUILD, 'tests', 'harness', 'libkeylog.so')
    if not os.path.exists(shim):
        raise unittest.SkipTest('libkeylog.so not built')
    path = world.path('keys.log')
    return {'LD_PRELOAD': shim, 'SP_TEST_KEYLOG': path}, path


def at_once(env=None):
    """The environment with which programs of FreeRDP do not measure themselves first."""
    env, shim = dict(env or {}), os.path.join(BUILD, 'tests', 'harness', 'libprimitives.so')
    env['LD_PRELOAD'] = ':'.join(filter(None, (env.get('LD_PRELOAD'), shim)))
    return env


class Xfreerdp:
    """Debian's FreeRDP 2.11 client in a display."""

    def __init__(self, display, port, user, password, domain=None, sec='nla', size=(1024, 768), bpp=32,
                 address='127.0.0.1', options=(), env=None):
        need('xfreerdp')
        self.display, self.size = display, size
        argv = ['xfreerdp', f'/v:{address}:{port}', f'/u:{user}', f'/p:{password}', '/cert:ignore',
                f'/bpp:{bpp}', '/size:%dx%d' % size, '/network:lan']
        argv += [f'/sec:{sec}'] if sec else []
        argv += [f'/d:{domain}'] if domain is not None else []
        self.proc = display.start('xfreerdp', argv + list(options), **at_once(env))

    def window(self, seconds=20.0):
        """
        The window with the picture; gives up early when the client ends. By its process, since the window of
        a client that was killed stands until X has heard of it.
        """
        def look():
            if not self.proc.alive():
                raise AssertionError(f'xfreerdp ended with {self.proc.popen.returncode}')
            return self.display.run('xdotool', 'search', '--all', '--onlyvisible', '--pid', str(self.proc.pid),
                                    '--class', 'xfreerdp', check=False).stdout.split()
        return int(wait_for('window of xfreerdp', look, seconds)[0])

    def screenshot(self):
        return self.display.screenshot(self.window())

    def type(self, text, enter=True):
        """Gives the client the keyboard and types."""
        self.display.focus(self.window(), 5, 5)
        self.display.type(text)
        if enter:
            self.display.key('Return')

    def errors(self):
        """The ERRCONNECT_... and ERRINFO_... names in its log."""
        return re.findall(r'(ERR(?:CONNECT|INFO)_\w+)', self.proc.log())


class Rdesktop:
    """The old client: TLS and standard security, no NLA worth the name."""

    def __init__(self, display, port, user, password, size=(1024, 768), bpp=16, address='127.0.0.1', options=()):
        need('rdesktop')
        self.display = display
        self.proc = display.world.start(
            'rdesktop', ['rdesktop', '-u', user, '-p', password, '-g', '%dx%d' % size, '-a', str(bpp), *options,
                         f'{address}:{port}'], env=display.env(), stdin=b'yes\nyes\n')

    def window(self, seconds=20.0):
        return self.display.window('rdesktop', 'class', seconds)


class Shadow:
    """freerdp2-shadow: shares a display; sec is 'nla', 'tls', 'rdp', or '' for what it does by itself."""

    def __init__(self, display, sec='nla', user='rdptest', password='Passw0rd1', options=(), env=None,
                 address='127.0.0.1', port=None, wait=True):
        need('freerdp-shadow-cli', 'winpr-hash')
        world = display.world
        self.user, self.password, self.sec, self.port = user, password, sec, port or free_port()
        home = world.path(f'shadow-{address}-{self.port}')
        os.makedirs(home)
        sam = os.path.join(home, 'SAM')
        with open(sam, 'w') as f:
            f.write(world.run(['winpr-hash', '-u', user, '-p', password, '-f', 'sam', '-v', '1']).stdout.strip() + '\n')
        argv = ['freerdp-shadow-cli', f'/port:{self.port}', f'/bind-address:{address}']
        argv += [f'/sec:{sec}'] if sec else []
        argv += [f'/sam-file:{sam}', '+auth'] if sec in ('nla', '') else ['-auth']
        self.proc = display.start('shadow', argv + list(options), **dict(at_once(env), HOME=home))
        self.address = address
        if wait:
            self.wait()

    def wait(self):
        wait_for('shadow server', lambda: listens(self.port, self.address), 20)


class Weston:
    """Weston's RDP backend: TLS without login, RemoteFX."""

    def __init__(self, world, size=(1024, 768), background=None, address='127.0.0.1', port=None):
        """background: a PNG file that fills the screen, and nothing stands on it; else what weston likes."""
        need('weston')
        crt, key = certificate(world)
        runtime = world.path('weston')
        os.makedirs(runtime, mode=0o700)
        config = ['--no-config']
        if background:
            config = [f'--config={world.path("weston.ini")}']
            with open(world.path('weston.ini'), 'w') as f:
                f.write(f'[shell]\npanel-position=none\nbackground-image={background}\nbackground-type=tile\n'
                        'locking=false\n')
        self.port = port or free_port()
        self.proc = world.start(
            'weston', ['weston', '--backend=rdp-backend.so', f'--address={address}', f'--port={self.port}',
                       '--width=%d' % size[0], '--height=%d' % size[1], f'--rdp-tls-cert={crt}',
                       f'--rdp-tls-key={key}', *config, '--socket=sp-test'],
            env=world.env(XDG_RUNTIME_DIR=runtime))
        wait_for('weston', lambda: listens(self.port, address), 20)


class Grd:
    """
    gnome-remote-desktop without a desktop: the names of one on a bus of its own are enough for it to listen, on
    every address. Nobody gets a picture there.
    """

    def __init__(self, world, user='rdptest', password='Passw0rd1'):
        need('grdctl', 'dbus-run-session')
        daemon = '/usr/libexec/gnome-remote-desktop-daemon'
        if not os.path.exists(daemon):
            raise unittest.SkipTest('gnome-remote-desktop not installed')
        crt, key = certificate(world, 'grd-tls')
        runtime = world.path('grd')
        os.makedirs(runtime, mode=0o700)
        self.port = free_port()
        names = os.path.join(os.path.dirname(__file__), 'busname.py')
        script = world.path('grd.sh')
        with open(script, 'w') as f:
            f.write(f"""set -e
grdctl --headless rdp set-tls-cert {crt}
grdctl --headless rdp set-tls-key {key}
grdctl --headless rdp set-credentials {user} {password}
grdctl --headless rdp enable
'{sys.executable}' {names} org.gnome.Mutter.RemoteDesktop org.gnome.Mutter.ScreenCast &
exec {daemon} --headless --rdp-port {self.port}
""")
        self.proc = world.start('grd', ['dbus-run-session', '--', 'sh', script], env=world.env(
            XDG_RUNTIME_DIR=runtime, XDG_CONFIG_HOME=runtime, XDG_DATA_HOME=runtime, GSETTINGS_BACKEND='keyfile'))

    def wait(self):
        """It takes its time; others may start meanwhile."""
        wait_for('gnome-remote-desktop', lambda: 'RDP server started' in self.proc.log(), 20)


class Xrdp:
    """xrdp with its session manager, both in the foreground, and a Unix account that lives as long."""

    def __init__(self, world, colour='#335577'):
        need('xrdp', 'xrdp-sesman', 'useradd', 'userdel', 'chpasswd', 'Xorg')
        if os.geteuid() != 0:
            raise unittest.SkipTest('xrdp logs in Unix accounts; not root here')
        if not os.path.exists('/usr/lib/xorg/modules/libxorgxrdp.so'):
            raise unittest.SkipTest('xorgxrdp not installed')
        if listens(3350) or b':3350 ' in subprocess.run(['ss', '-ltn'], capture_output=True).stdout:
            raise unittest.SkipTest('another session manager of xrdp runs here')
        self.world, self.port = world, free_port()
        self.user, self.password = f'sprdp{os.getpid()}', secrets.token_urlsafe(12)
        self._account(colour)
        self._configure(*certificate(world))
        self.sesman = world.start('xrdp-sesman', ['xrdp-sesman', '--nodaemon', '--config', world.path('sesman.ini')])
        self.proc = world.start('xrdp', ['xrdp', '--nodaemon', '--config', world.path('xrdp.ini')])
        wait_for('xrdp', lambda: listens(self.port), 20)

    def _account(self, colour):
        home = self.world.path(f'home-{self.user}')
        made = self.world.run(['useradd', '--create-home', '--home-dir', home, '--shell', '/bin/bash', self.user],
                              check=False)
        if made.returncode:
            raise unittest.SkipTest(f'no account for xrdp: {made.stderr.strip()}')
        self.world.cleanup(self._remove_account)
        subprocess.run(['chpasswd'], input=f'{self.user}:{self.password}\n', text=True, check=True)
        script = os.path.join(home, 'startwm.sh')
        with open(script, 'w') as f:
            f.write(f"#!/bin/sh\nxsetroot -solid '{colour}'\nxterm -geometry 80x24+20+20 -e sh &\nexec sleep 100000\n")
        os.chmod(script, 0o755)
        owner = pwd.getpwnam(self.user)
        os.chown(script, owner.pw_uid, owner.pw_gid)

    def _remove_account(self):
        for _ in range(20):
            if subprocess.run(['userdel', self.user], capture_output=True).returncode == 0:
                return
            time.sleep(0.25)

    def _configure(self, crt, key):
        for name, rules in (('xrdp.ini', {
                r'^port=3389$': f'port=tcp://127.0.0.1:{self.port}', r'^security_layer=.*': 'security_layer=tls',
                r'^certificate=.*': f'certificate={crt}', r'^key_file=.*': f'key_file={key}',
                r'^LogFile=.*': f'LogFile={self.world.path("xrdp.log")}', r'^autorun=.*': 'autorun=Xorg'}),
                ('sesman.ini', {r'^LogFile=.*': f'LogFile={self.world.path("sesman.log")}'})):
            xrdp_settings(self.world, name, rules, name)


class XrdpDoor:
    """xrdp alone, without sessions, with a security layer of its own."""

    def __init__(self, world, address, layer, port=3389):
        need('xrdp')
        self.address, self.port = address, port
        crt, key = certificate(world, f'xrdp-{layer}')
        ini = xrdp_settings(world, f'xrdp-{layer}.ini', {
            r'^port=3389$': f'port=tcp://{address}:{port}', r'^security_layer=.*': f'security_layer={layer}',
            r'^certificate=.*': f'certificate={crt}', r'^key_file=.*': f'key_file={key}',
            r'^LogFile=.*': f'LogFile={world.path(f"xrdp-{layer}.log")}'})
        self.proc = world.start(f'xrdp-{layer}', ['xrdp', '--nodaemon', '--config', ini])


def xrdp_settings(world, name, rules, source='xrdp.ini'):
    """A copy of a file of xrdp in which each rule has changed one line."""
    with open(f'/etc/xrdp/{source}') as f:
        text = f.read()
    for pattern, new in rules.items():
        text = re.sub(pattern, new, text, count=1, flags=re.M)
    with open(world.path(name), 'w') as f:
        f.write(text)
    return world.path(name)


def peers():
    """Names and versions of the peers that are installed."""
    found = {}
    for package in ('freerdp2-x11', 'freerdp2-shadow-x11', 'xrdp', 'rdesktop', 'weston', 'tshark'):
        if have('dpkg-query'):
            done = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', package], capture_output=True, text=True)
            if done.returncode == 0 and done.stdout:
                found[package] = done.stdout
    return found
