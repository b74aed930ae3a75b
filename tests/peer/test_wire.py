#!/usr/bin/env python3
# tests/peer/test_wire.py - tshark as an independent reader of what our service sends: nothing malformed.
import collections
import time

from capture import Capture
from inside import Shared
from world import main


class Wire(Shared):
    screen = (1024, 768)    # of the monitor that a client tells of

    def test_sessions(self):
        wire = Capture(self.world, self.trial.port)
        for options in ((), ('/gfx', '+clipboard', '/network:auto'), ('-fast-path', '/bpp:24'), ('/rfx', '/multimon')):
            viewer = self.connect(options=options)
            inside = self.inside()
            probe = self.probe(inside)
            self.same(viewer, inside)
            inside.run('xsetroot', '-cursor_name', 'watch')
            for step in range(30):
                probe.ask('fill', step * 31, step * 17, 50, 60, '%06x' % (step * 83701))
            viewer.type('echo')
            self.display.run('xdotool', 'click', '4', 'click', '1')
            self.same(viewer, inside)
            viewer.proc.stop()
            time.sleep(0.2)
        first = self.connect()
        self.connect(ready=False)
        first.proc.wait(10)
        wire.stop()
        keys = self.trial.keys
        kinds = collections.Counter(row[0] for row in wire.fields(keys, 'rdp', '_ws.col.Info'))
        self.assertGreater(sum(kinds.values()), 50, kinds)
        self.assertEqual(wire.malformed(keys, connections=6), [])
        # Expert information: a row is "Frequency Group Protocol Summary". Killed clients reset their connections.
        rows = [line.split(None, 3) for line in wire.read(keys, '-q', '-z', 'expert,warn').splitlines()]
        found = [row for row in rows if len(row) == 4 and row[0].isdigit() and row[2] != 'TCP']
        self.assertEqual([row[1:3] for row in found], [['Malformed', 'RDP']], found)


if __name__ == '__main__':
    main()
