# What a scan says of servers that others wrote and of ours, and that nmap sees the same.
import os
from concurrent.futures import ThreadPoolExecutor

from peers import Grd, Shadow, Weston, XrdpDoor
from scanning import SALLYPORT, difference, encryption_differs, expected, findings, nmap, ntlm_differs, scan
from trial import Trial
from world import Case, listens, main, wait_for
from xdisplay import Display

# GNOME's is FreeRDP's library; only the certificate that its own settings make would tell it.
FAMILIES = {'shadow': 'freerdp', 'weston': 'freerdp', 'grd': 'freerdp', 'xrdp': 'xrdp', 'trial': 'sallyport',
            'empty': 'sallyport'}
TABLE = os.path.join(os.path.dirname(__file__), 'scan_expected.txt')


class Real(Case):
    def start(self):
        """{name: (address, port)}; each has an address of its own, since a scan asks an address one thing at a time."""
        block = f'127.{64 + os.getpid() % 128}.9.'
        grd = Grd(self.world)
        bare = self.bare_service(f'{block}11')
        display = Display(self.world)
        doors = {f'shadow-{sec or "default"}': Shadow(display, sec, address=f'{block}{i}', port=3389, wait=False)
                 for i, sec in enumerate(('rdp', 'tls', 'nla', ''), 1)}
        doors.update((f'xrdp-{layer}', XrdpDoor(self.world, f'{block}{i}', layer))
                     for i, layer in enumerate(('negotiate', 'tls', 'rdp'), 5))
        Weston(self.world, address=f'{block}8', port=3389)
        self.trial = Trial(self.world)
        out = {name: (door.address, 3389) for name, door in doors.items()}
        out.update(weston=(f'{block}8', 3389), empty=(f'{block}11', 3389))
        grd.wait()
        for address, port in out.values():
            wait_for('server', lambda: listens(port, address), 20)
        wait_for('service', lambda: 'ready, certificate' in bare.log(), 20)
        return {**out, 'grd': (f'{block}9', grd.port), 'trial': ('127.0.0.1', self.trial.port)}

    def bare_service(self, address):
        """Ours, with a configuration that says where it is, and nothing else."""
        folder = self.world.path('service')
        os.makedirs(folder)
        conf = os.path.join(folder, 'sallyport.conf')
        with open(conf, 'w') as f:
            f.write(f'listen = ["{address}:3389"];\nstate = "state";\nrun-as = "nobody";\n')
        return self.world.start('serve', [SALLYPORT, 'serve', '-c', conf])

    def nmap(self, script, places):
        """Each port apart: the one that listens on every address would be asked on each of them."""
        groups = {port: [p for p in places if p[1] == port] for _, port in places}
        out = {}
        with ThreadPoolExecutor() as pool:
            for found in pool.map(lambda group: nmap(self.world, script, group), groups.values()):
                out.update(found)
        return out

    def agrees_with_nmap(self, places, seen):
        text = self.nmap('rdp-enum-encryption', places.values())
        # Where CredSSP is not for having, nmap asks all the same, and its neighbours' answers get lost.
        asked = {name: place for name, place in places.items() if seen[name]['nla'] in ('required', 'optional')}
        ntlm = self.nmap('rdp-ntlm-info', asked.values())
        for name, place in places.items():
            yield from (f'{name}: {w}' for w in encryption_differs(seen[name], text.get(place, ('', {}))[0]))
        for name, place in asked.items():
            yield from (f'{name}: {w}' for w in ntlm_differs(seen[name], ntlm.get(place, ('', {}))[1]))

    def test_all(self):
        places = self.start()
        document = scan(self.world, [f'{address}:{port}' for address, port in places.values()], '--pause', '50', '--timeout', '3')
        seen = {(e['address'], e['port']): e for e in document['endpoints']}
        seen = {name: seen[place] for name, place in places.items()}
        wanted, wrong = expected(TABLE), []
        self.assertEqual(set(wanted), set(places))
        for name, e in seen.items():
            nla, findings_wanted = wanted[name]
            if e['nla'] != nla:
                wrong.append(f'{name}: NLA {e["nla"]}, not {nla}')
            wrong.append(difference(name, findings(e), findings_wanted))
            if e['family'] != FAMILIES[name.split('-')[0]]:
                wrong.append(f'{name}: family {e["family"]}, {e["family_why"]}')
        wrong += self.agrees_with_nmap(places, seen)
        self.assertFalse(list(filter(None, wrong)), '\n' + '\n'.join(filter(None, wrong)))


if __name__ == '__main__':
    main()
