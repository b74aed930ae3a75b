# What a scan says of servers that others wrote, and what nmap says of the same ones.
import os
import re
import unittest
import xml.etree.ElementTree as Xml

from peers import Grd, Shadow, Weston, XrdpDoor
from scanning import difference, expected, findings, scan
from trial import Trial
from windows import Farm
from world import Case, listens, main, need, wait_for
from xdisplay import Display

TABLE = os.path.join(os.path.dirname(__file__), 'scan_expected.txt')

KEYS = {'nb_domain': 'NetBIOS_Domain_Name', 'nb_computer': 'NetBIOS_Computer_Name', 'dns_domain': 'DNS_Domain_Name',
        'dns_computer': 'DNS_Computer_Name', 'dns_tree': 'DNS_Tree_Name', 'build': 'Product_Version'}
LEVELS = {'compatible': 'Client Compatible', 'high': 'High', 'fips': 'FIPS Compliant'}


def nmap(world, script, addresses, port=3389):
    """{address: what a script prints and its elements}"""
    need('nmap')
    done = world.run(['nmap', '-Pn', '-n', '-p', str(port), '--script', '+' + script, '-oX', '-', *addresses],
                     seconds=60)
    out = {}
    for host in Xml.fromstring(done.stdout).iter('host'):
        address = next(a.get('addr') for a in host.iter('address'))
        out[address] = '', {}
        for found in host.iter('script'):
            out[address] = found.get('output'), {e.get('key'): e.text for e in found.iter('elem')}
    return out


class Played(Case):
    """The played hosts look to nmap as they are meant."""

    def setUp(self):
        super().setUp()
        try:
            self.farm = Farm().start()
        except PermissionError as why:
            raise unittest.SkipTest(f'ports of servers are not ours here: {why}') from None
        self.world.cleanup(self.farm.stop)

    def test_ntlm(self):
        """Only hosts with CredSSP: nmap loses answers of its neighbours where one has none."""
        hosts = [w for w in self.farm.hosts.values() if w.rdp and w.nla != 'absent']
        seen = nmap(self.world, 'rdp-ntlm-info', [w.address for w in hosts])
        for w in hosts:
            _, said = seen[w.address]
            wanted = dict(w.names, build='%d.%d.%d' % w.build) if w.ntlm else {}
            self.assertEqual({k: said[n] for k, n in KEYS.items() if n in said}, wanted, w.name)

    def test_level(self):
        """Without keys in X.509: over a chain of certificates nmap's reader runs for ever."""
        hosts = [w for w in self.farm.hosts.values() if w.rdp and w.layer != 'tls' and not w.licensed]
        seen = nmap(self.world, 'rdp-enum-encryption', [w.address for w in hosts])
        for w in hosts:
            level = re.search(r'Encryption level: (.*)', seen[w.address][0])
            self.assertEqual(level and level.group(1).strip(), LEVELS[w.level], w.name)


class Real(Case):
    """Servers that others wrote, and our own one: what is said of each, and that nmap sees the same."""

    def start(self):
        """{name: 'address:port'}"""
        block = f'127.{64 + os.getpid() % 128}.9.'
        self.grd = Grd(self.world)
        display = Display(self.world)
        self.shadows = {f'shadow-{sec or "default"}': Shadow(display, sec, address=f'{block}{i}', port=3389, wait=False)
                        for i, sec in enumerate(('rdp', 'tls', 'nla', ''), 1)}
        self.xrdps = {f'xrdp-{layer}': XrdpDoor(self.world, f'{block}{i}', layer)
                      for i, layer in enumerate(('negotiate', 'tls', 'rdp'), 5)}
        self.weston = Weston(self.world, address=f'{block}8', port=3389)
        self.trial = Trial(self.world)
        for shadow in self.shadows.values():
            shadow.wait()
        for xrdp in self.xrdps.values():
            wait_for('xrdp', lambda: listens(3389, xrdp.address), 20)
        self.grd.wait()
        out = {name: f'{s.address}:3389' for name, s in {**self.shadows, **self.xrdps}.items()}
        # The one listens everywhere, the other where it was told; each has a host of its own for the scan.
        return {**out, 'weston': f'{block}8:3389', 'grd': f'{block}9:{self.grd.port}',
                'sallyport': f'127.0.0.1:{self.trial.port}'}

    def test_all(self):
        places = self.start()
        document = scan(self.world, places.values())
        seen = {f'{e["address"]}:{e["port"]}': e for e in document['endpoints']}
        wanted, wrong = expected(TABLE), []
        self.assertEqual(set(wanted), set(places))
        for name, place in places.items():
            e = seen[place]
            nla, findings_wanted = wanted[name]
            if e['nla'] != nla:
                wrong.append(f'{name}: NLA {e["nla"]}, not {nla}')
            wrong.append(difference(name, findings(e), findings_wanted))
        self.assertFalse(list(filter(None, wrong)), '\n' + '\n'.join(filter(None, wrong)))


if __name__ == '__main__':
    main()
