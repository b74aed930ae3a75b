# A scan of played hosts of each generation says exactly what the table says, and sees what was played.
import os
import time

from scanning import (by_host, difference, encryption_differs, expected, findings, need_names, nmap, ntlm_differs,
                      scan)
from windows import Farm
from wintls import DHE, ECDHE, SSL2, SSL3, TLS10, TLS11, TLS12, TLS13
from winwire import FIPS, RC4_128, RC4_40, RC4_56
from world import Case, main

TABLE = os.path.join(os.path.dirname(__file__), 'scan_expected.txt')
METHODS = {'40 bit': RC4_40, '56 bit': RC4_56, '128 bit': RC4_128, 'FIPS': FIPS}
ALLOWED = {'compatible': set(METHODS), 'high': {'128 bit', 'FIPS'}, 'fips': {'FIPS'}}
STRONG = ECDHE | DHE
LEVELS = {'compatible': 2, 'high': 3, 'fips': 4}


class Generations(Case):
    """One scan of all of them, and what is to be seen in it."""

    @classmethod
    def setUpClass(cls):
        need_names()
        cls.farm, cls.scanned = Farm().start(), None
        cls.addClassCleanup(cls.farm.stop)

    def document(self):
        cls = type(self)
        if cls.scanned is None:
            begin = time.monotonic()
            names = [w.names['dns_computer'] for w in self.farm.hosts.values()]
            cls.scanned = scan(self.world, names, hosts=self.farm.hosts_file())
            cls.took, cls.most_open = time.monotonic() - begin, set(self.farm.most_open.values())
        return cls.scanned

    def test_all(self):
        hosts = {w.names['dns_computer']: w for w in self.farm.hosts.values()}
        document = self.document()
        seen = by_host(document)
        wanted, wrong = expected(TABLE), []
        self.assertEqual(set(wanted), {w.name for w in hosts.values()})
        for name, w in hosts.items():
            if name not in seen:
                wrong.append(f'{w.name}: no row')
                continue
            e = seen[name]
            nla, findings_wanted = wanted[w.name]
            if e['nla'] != nla:
                wrong.append(f'{w.name}: NLA {e["nla"]}, not {nla}')
            wrong.append(difference(w.name, findings(e), findings_wanted))
            wrong += [f'{w.name}: {words}' for words in self.facts(w, e)]
        self.assertFalse(list(filter(None, wrong)), '\n' + '\n'.join(filter(None, wrong)))
        self.assertEqual(document['exit'], 1)
        # Polite: one connection at a time to each of them.
        self.assertEqual(self.most_open, {1})
        self.assertLess(self.took, 30)

    def test_nmap(self):
        """nmap's scripts see the same, as far as they can be asked."""
        # Over a chain of certificates its reader runs for ever, and no other host gets a turn.
        # It does not ask for RDS AAD, nor say anything of who has nothing else.
        hosts = [w for w in self.farm.hosts.values() if w.rdp and not w.licensed and not (w.aad and w.only)]
        seen = {e['address']: e for e in self.document()['endpoints']}
        text = nmap(self.world, 'rdp-enum-encryption', [(w.address, 3389) for w in hosts])
        self.assertEqual(len(text), len(hosts))
        # Where one has no CredSSP, answers of its neighbours get lost.
        ntlm = nmap(self.world, 'rdp-ntlm-info', [(w.address, 3389) for w in hosts if w.nla != 'absent' and w.name != 'rc4'])
        wrong = []
        for w in hosts:
            e, place = seen[w.address], (w.address, 3389)
            wrong += [f'{w.name}: {words}' for words in encryption_differs(e, text[place][0])]
            if w.nla != 'absent' and w.name != 'rc4':
                wrong += [f'{w.name}: {words}' for words in ntlm_differs(e, ntlm.get(place, ('', {}))[1])]
        self.assertFalse(wrong, '\n' + '\n'.join(wrong))

    def facts(self, w, e):
        """What was seen, against what was played."""
        def differ(what, got, played):
            if got != played:
                yield f'{what}: {got}, not {played}'
        if not w.rdp:
            yield from differ('reach', e['reach'], 'refused')
            return
        yield from differ('reach', e['reach'], 'rdp')
        if e['family'] != 'windows' and (w.nla != 'absent' and w.ntlm or e['family'] != 'unknown'):
            yield f'family: {e["family"]}, {e["family_why"]}'
        legacy = e['standard_security']
        if w.layer != 'tls' and w.nla != 'required':
            yield from differ('methods', set(legacy['methods']), ALLOWED[w.level])
            yield from differ('level', legacy['level'], LEVELS[w.level])
            yield from differ('key', legacy['key_bits'], self.farm.legacy_keys[w.name].bits)
            yield from differ('certificate', legacy['certificate'], 'x509' if w.licensed else 'proprietary')
            yield from differ('version', e['rdp_version'], '0x%08x' % w.rdp_version)
        else:
            yield from differ('standard security', legacy, None)
        yield from self.tls(differ, w, e)
        if w.name == 'rc4':
            yield from differ('inside', (e['ntlm']['challenged'], e['why']), (False, 'TLS could not be set up with it: what it says inside '
                                                                'stays unknown'))
        elif w.nla != 'absent':
            ntlm = e['ntlm']
            yield from differ('CredSSP', ntlm['credssp'], w.credssp)
            yield from differ('challenged', ntlm['challenged'], w.ntlm)
            if w.ntlm:
                yield from differ('build', ntlm['version'], '%d.%d.%d' % w.build)
                yield from differ('name', ntlm['dns_computer'], w.names['dns_computer'])
                yield from differ('domain', ntlm['netbios_domain'], w.names['nb_domain'])
                if abs(ntlm['skew_ms'] / 1000 - w.skew) > 3:
                    yield f'skew: {ntlm["skew_ms"]} ms, not {w.skew} s'
        yield from differ('UDP', e['udp']['3389'] == 'yes', 3389 in w.udp)

    def tls(self, differ, w, e):
        if not w.tls or w.layer == 'rdp':
            yield from differ('TLS', e['tls'], None)
            return
        tls, played = e['tls'], self.farm.tls[w.name]
        names = {SSL2: 'ssl2', SSL3: 'ssl3', TLS10: 'tls1.0', TLS11: 'tls1.1', TLS12: 'tls1.2', TLS13: 'tls1.3'}
        versions = {v for v, answer in tls['versions'].items() if answer == 'yes'}
        yield from differ('versions', versions, {names[v] for v in w.versions})
        ciphers = {int(c['number'], 16) for c in tls['ciphers']}
        weak = {int(c['number'], 16) for c in tls['ciphers'] if c['weak']}
        yield from differ('weak ciphers', weak, set(w.ciphers) - STRONG)
        if not ciphers <= set(w.ciphers):
            yield f'ciphers that nobody played: {[hex(c) for c in ciphers - set(w.ciphers)]}'
        yield from differ('own certificate', e['certificate']['self_signed'], not w.issuer)
        yield from differ('bits of the key', e['certificate']['key_bits'], played.certificate.key.bits)


if __name__ == '__main__':
    main()
