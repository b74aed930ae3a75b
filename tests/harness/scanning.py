# tests/harness/scanning.py - runs `sallyport scan` and reads what it says; what it should say, from a table.
import datetime
import json
import os
import re

from world import BUILD

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
