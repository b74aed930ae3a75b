# What a scan says of servers that others wrote, and what nmap says of the same ones.
import re
import unittest
import xml.etree.ElementTree as Xml

from windows import Farm
from world import Case, main, need

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


if __name__ == '__main__':
    main()
