#!/usr/bin/env python3
# tests/peer/test_graphics.py - the screen through each of a real client's ways to be shown one.
import os

import picture
from inside import Shared, save_ppm, tiled
from world import main

CARD = picture.test_card(640, 480)


class Ways(Shared):
    screen = (1300, 1000)

    def way(self, *options, size=(1024, 768), changes=True, **more):
        viewer = self.connect(size=size, options=options, **more)
        inside = self.inside(size)
        probe = self.probe(inside)
        probe.ask('show', save_ppm(tiled(CARD, *size), self.world.path('card.ppm')), 0, 0)
        shown = self.same(viewer, inside, what=f'{options}: card')
        if os.environ.get('SP_TEST_KEEP'):
            shown.save(os.path.join(os.environ['SP_TEST_KEEP'], '-'.join(options).replace('/', '').replace(':', '') + '.png'))
        return viewer, inside, probe

    def test_gfx(self):
        self.way('/gfx')
        self.assertIn('pipeline: version', self.trial.log())


if __name__ == '__main__':
    main()
