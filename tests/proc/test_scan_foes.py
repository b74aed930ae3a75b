# A scan of endpoints that want to harm it, beside good ones.
import os
import resource
import time

import winfoes
from procfs import SANITIZED
from scanning import by_host, difference, expected, findings, need_names, scan
from windows import Farm
from world import Case, main

TABLE = os.path.join(os.path.dirname(__file__), 'scan_expected.txt')


class Foes(Case):
    GOOD, MUTATED = ('xp-sp2', '2008', '2019', '2025', 'gateway-basic'), ('7', '2022')

    def test_beside_good_ones(self):
        """Slow, endless, false and mutated endpoints cost their own rows only, and not long."""
        need_names()
        farm = Farm(only=self.GOOD + self.MUTATED)
        foes = {}
        for number, (name, serve) in enumerate(winfoes.foes(farm, self.MUTATED), 1):
            foes[f'127.{farm.block}.1.{number}'] = name
            farm.extra.append((name, f'127.{farm.block}.1.{number}', 3389, serve))
        farm.start()
        self.world.cleanup(farm.stop)
        names = {w.names['dns_computer']: w.name for w in farm.hosts.values() if w.name in self.GOOD}
        begin = time.monotonic()
        document = scan(self.world, [*foes, *names], '--all', '--timeout', '3', hosts=farm.hosts_file())
        took = time.monotonic() - begin
        seen, wanted = by_host(document), expected(TABLE)
        for name, known in names.items():
            self.assertEqual(seen[name]['nla'], wanted[known][0])
            self.assertEqual(difference(known, findings(seen[name]), wanted[known][1]), '')
        for address, name in foes.items():
            e = seen[address]
            if not name.startswith('mutated'):
                self.assertTrue(e['why'], f'{name}: no reason: {e}')
            self.assertEqual(e['reach'], 'rdp' if name in winfoes.AFTER_CONFIRM else e['reach'], name)
        self.assertLess(took, 30)
        # A gigabyte was there for whoever keeps what comes.
        if not SANITIZED:
            self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 48 << 10)


if __name__ == '__main__':
    main()
