# tests/harness/scanning.py - runs `sallyport scan` and nmap's scripts and reads what they say; what they should say.
import datetime
import json
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree as Xml

from world import BUILD, need

SALLYPORT = os.path.join(BUILD, 'sallyport')
SEVERITIES = ('critical', 'high', 'medium', 'low', 'info')
CONFIDENCE = {'': 'certain', '~': 'likely', '?': 'possible'}


def scan(world, targets, *options, hosts=None, seconds=60, check=True):
    """
    The JSON document. hosts: text of /etc/hosts for this run alone, which needs the rights to mount; targets can then
    be names in it.
    """
    argv = [SALLYPORT, 'scan', '--format', 'json', *options, *targets]
    if hosts is not None:
        path = world.path('hosts')
        with open(path, 'w') as f:
            f.write(hosts)
        argv = ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', path, *argv]
    done = world.run(argv, seconds=seconds, check=False)
    if check and done.returncode not in (0, 1):
        raise AssertionError(f'scan: exit {done.returncode}: {done.stderr[-2000:]}')
    document = json.loads(done.stdout)
    document['exit'], document['stderr'] = done.returncode, done.stderr
    return document


def need_names():
    """Skips where a test may not give itself names, nor listen on the ports of servers."""
    if os.geteuid() != 0 or subprocess.run(['unshare', '--mount', 'true'], stderr=subprocess.DEVNULL).returncode:
        raise unittest.SkipTest('names and ports of servers are not ours here')


def by_host(document):
    return {e['host']: e for e in document['endpoints']}


def findings(endpoint):
    """{('RDP-002', 'critical', 'certain'), ...}"""
    return {(f['id'], f['severity'], f['confidence']) for f in endpoint['findings']}


def expected(path, day=None):
    """{host: (NLA, findings)} of a table as tests/proc/scan_expected.txt explains."""
    day, out = day or datetime.date.today().isoformat(), {}
    with open(path) as f:
        rows = [line.split('#')[0].split() for line in f]
    for row in filter(None, rows):
        severity, wanted = None, set()
        for word in row[2:]:
            if word[:-1] in SEVERITIES and word[-1] == ':':
                severity = word[:-1]
                continue
            m = re.fullmatch(r'(\d{3})([~?]?)(?:@([\d-]+)(?:\.\.([\d-]+))?)?', word)
            if not m or not severity:
                raise AssertionError(f'{row[0]}: {word}')
            if (m.group(3) or '') <= day <= (m.group(4) or '9'):
                wanted.add((f'RDP-{m.group(1)}', severity, CONFIDENCE[m.group(2)]))
        out[row[0]] = row[1], wanted
    return out


def difference(name, got, wanted):
    """In words, or ''."""
    words = [f'{name}: missing {" ".join(f)}' for f in sorted(wanted - got)]
    words += [f'{name}: not wanted {" ".join(f)}' for f in sorted(got - wanted)]
    return '\n'.join(words)


def nmap(world, script, places):
    """{(address, port): (what a script prints, its elements)} of those places where it printed something."""
    need('nmap')
    ports, addresses = sorted({str(p) for _, p in places}), sorted({a for a, _ in places})
    done = world.run(['nmap', '-Pn', '-n', '-p', ','.join(ports), '--script', '+' + script, '-oX', '-', *addresses],
                     seconds=60)
    out = {}
    for host in Xml.fromstring(done.stdout).iter('host'):
        address = next(a.get('addr') for a in host.iter('address'))
        for port in host.iter('port'):
            for found in port.iter('script'):
                said = {e.get('key'): e.text for e in found.iter('elem')}
                out[address, int(port.get('portid'))] = found.get('output'), said
    return out


NAMES = {'target': 'Target_Name', 'netbios_domain': 'NetBIOS_Domain_Name', 'netbios_computer': 'NetBIOS_Computer_Name',
         'dns_domain': 'DNS_Domain_Name', 'dns_computer': 'DNS_Computer_Name', 'dns_tree': 'DNS_Tree_Name',
         'version': 'Product_Version'}
PROTOCOLS = {'standard': 'Native RDP', 'tls': 'SSL', 'credssp': 'CredSSP (NLA)', 'rdstls': 'RDSTLS'}
METHODS = {'40 bit': '40-bit RC4', '56 bit': '56-bit RC4', '128 bit': '128-bit RC4', 'FIPS': 'FIPS 140-1'}
LEVELS = ('None', 'Low', 'Client Compatible', 'High', 'FIPS Compliant')


def ntlm_differs(endpoint, said):
    """What rdp-ntlm-info sees otherwise, in words."""
    ours = {n: endpoint['ntlm'][k] for k, n in NAMES.items() if endpoint['ntlm'][k]} if endpoint['ntlm'] else {}
    theirs = {n: said[n] for n in NAMES.values() if said.get(n, '0.0.0') != '0.0.0'}
    return [] if ours == theirs else [f'NTLM: {ours}, nmap: {theirs}']


def encryption_differs(endpoint, text):
    """What rdp-enum-encryption sees otherwise. It knows methods only where it gets in without negotiation."""
    if not text or 'ERROR' in text:
        return []       # it gives up where a server closes on one of its questions
    out, success = [], set(re.findall(r'(\S.*): SUCCESS', text))
    protocols, legacy = endpoint['protocols'], endpoint['standard_security']
    for ours, theirs in PROTOCOLS.items():
        p = protocols[ours]
        # To nmap every response is a success, whatever it selects.
        if (p['answer'] == 'selected' and p['negotiated']) != (theirs in success):
            out.append(f'{theirs}: {p}, nmap: {theirs in success}')
    level = re.search(r'Encryption level: (.*)', text)
    if level:
        methods = {METHODS[m] for m in legacy['methods']} if legacy else set()
        if methods != success & set(METHODS.values()):
            out.append(f'methods: {methods}, nmap: {success}')
        if not legacy or LEVELS[legacy['level']] != level.group(1).strip():
            out.append(f'level: {legacy}, nmap: {level.group(1)}')
    return out
