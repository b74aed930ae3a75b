# tests/harness/capture.py - tshark as an independent reader of what goes over the wire.
import collections
import os
import time
import unittest

from world import need, wait_for

# What tshark 4.0 calls malformed although the sender is right: optional fields at the end of Client
# Info, and the first capabilities request of the dynamic channel.
KNOWN_FALSE = (('ClientInfo', 1), ('drdynvc', 1))


class Capture:
    """Records a TCP port of the loopback interface. Needs the right to capture."""

    def __init__(self, world, port):
        need('tshark', 'dumpcap')
        self.world, self.port, self.file = world, port, world.path(f'capture-{port}.pcapng')
        self.proc = world.start('dumpcap', ['dumpcap', '-q', '-i', 'lo', '-f', f'tcp port {port}', '-w', self.file])
        wait_for('dumpcap', lambda: os.path.exists(self.file) or not self.proc.alive(), 10)
        time.sleep(0.5)
        if not self.proc.alive():
            raise unittest.SkipTest('this account may not capture')

    def stop(self):
        time.sleep(1.0)
        self.proc.stop()
        return self

    def read(self, keys, *options):
        """What tshark prints about the decrypted connection."""
        return self.world.run(['tshark', '-r', self.file, '-o', f'tls.keylog_file:{keys}',
                               '-d', f'tcp.port=={self.port},tls', '-d', f'tls.port=={self.port},tpkt', *options],
                              seconds=120).stdout

    def fields(self, keys, shown, *names):
        """A row of field values for each frame that the display filter lets through."""
        args = [a for name in names for a in ('-e', name)]
        out = self.read(keys, '-Y', shown, '-T', 'fields', '-E', 'separator=/t', *args)
        return [line.split('\t') for line in out.splitlines() if line.strip()]

    def malformed(self, keys, connections=1):
        """Frames called malformed beyond the known false ones: [(frame, protocols, info)]"""
        spare = collections.Counter({kind: n * connections for kind, n in KNOWN_FALSE})
        found = []
        for frame, protocols, info in self.fields(keys, '_ws.malformed', 'frame.number', 'frame.protocols',
                                                  '_ws.col.Info'):
            kind = next((k for k, _ in KNOWN_FALSE if k.lower() in (protocols + info).lower()), None)
            if kind and spare[kind] > 0:
                spare[kind] -= 1
            else:
                found.append((int(frame), protocols, info))
        return found
