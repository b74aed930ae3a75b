#!/usr/bin/env python3
# tests/scan/test_report.py - reports on made-up and on hostile endpoints, read by parsers that are not ours.
import csv
import html.parser
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as Xml

MAKE = sys.argv.pop()
SOURCE = os.environ.get('SP_SOURCE', '.')
HIDES = re.compile('[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb'
                   '\ufffe\uffff\U000e0000-\U000e007f]')
CHECKS = 36


def made(form, what='kinds', *more, fails=(0, 1)):
    done = subprocess.run([MAKE, form, what, *more], capture_output=True, timeout=60)
    assert done.returncode in fails, (done.returncode, done.stderr)
    return done.stdout.decode()


def corpus():
    """The hostile texts as every report has to read them: what is no UTF-8 becomes U+FFFD."""
    lines = subprocess.run([MAKE, 'texts'], capture_output=True, timeout=60, check=True).stdout.split()
    return [bytes.fromhex(line.decode()).decode('utf-8', 'replace') for line in lines]


def shown(text):
    return HIDES.sub(lambda m: f'\\u{{{ord(m.group()):04x}}}', text)


def squeezed(text):
    """How many U+FFFD a broken sequence gives is a reader's choice."""
    return re.sub('\ufffd+', '\ufffd', text)


class Json(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            import jsonschema
        except ImportError:
            raise unittest.SkipTest('no python3-jsonschema') from None
        with open(os.path.join(SOURCE, 'docs', 'scan.schema.json')) as f:
            cls.schema = json.load(f)
        jsonschema.Draft202012Validator.check_schema(cls.schema)
        cls.document = jsonschema.Draft202012Validator(cls.schema)
        cls.line = jsonschema.Draft202012Validator({'$ref': '#/$defs/line', '$defs': cls.schema['$defs']})

    def test_document(self):
        for what in 'kinds', 'hostile', 'none', 'cut':
            report = json.loads(made('json', what))
            self.document.validate(report)
            found = [f['severity'] for e in report['endpoints'] for f in e['findings']]
            for severity, n in report['summary']['findings'].items():
                self.assertEqual(found.count(severity), n, severity)
            self.assertEqual(report['summary']['endpoints'], len(report['endpoints']))

    def test_interrupted(self):
        """A report on a part does not look like one on the whole."""
        for what, whole in (('none', True), ('cut', False)):
            report = json.loads(made('json', what))
            self.document.validate(report)
            self.assertEqual(report['summary']['complete'], whole)
            self.assertEqual(json.loads(made('jsonl', what).split('\n')[-2])['complete'], whole)
            self.assertEqual(json.loads(made('sarif', what))['runs'][0]['invocations'][0]['executionSuccessful'], whole)
            self.assertEqual('sallyport_scan_last_success_timestamp' in made('prometheus', what), whole)
            # A table of tests is red where not all of them were done.
            errors = Xml.fromstring(made('junit', what)).findall('testsuite/testcase/error')
            self.assertEqual(['interrupted' in e.get('message') for e in errors], [] if whole else [True])
            for form in 'text', 'html':
                self.assertEqual('nterrupted: this is not all.' in made(form, what), not whole)

    def test_lines(self):
        for what in 'kinds', 'hostile', 'none':
            lines = [json.loads(line) for line in made('jsonl', what).split('\n')[:-1]]
            for line in lines:
                self.line.validate(line)
            self.assertEqual([lines[0]['type'], lines[-1]['type']], ['scan', 'summary'])

    def test_texts(self):
        for endpoint, text in zip(json.loads(made('json', 'hostile'))['endpoints'], corpus(), strict=True):
            self.assertEqual(squeezed(endpoint['host']), squeezed(text))
            self.assertEqual(squeezed(endpoint['certificate']['subject']), squeezed(text))
        self.assertEqual(json.loads(made('json', 'hostile'))['authorised'], corpus()[4])

    def test_order(self):
        """Endpoints in the order of the scan, whichever answered first; both of those with one key have it."""
        report = json.loads(made('json'))
        self.assertEqual([e['host'] for e in report['endpoints'][:3]], ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
        shared = {e['host']: f['evidence'] for e in report['endpoints'] for f in e['findings'] if f['id'] == 'RDP-024'}
        self.assertEqual(list(shared), ['10.0.0.14', '10.0.0.15'])
        # Each names the other.
        self.assertTrue(shared['10.0.0.14'].endswith('that of 10.0.0.15:3389') and shared['10.0.0.15'].endswith('10.0.0.14:3389'))
        self.assertEqual([(k['first'], k['others']) for k in report['summary']['shared_keys']],
                         [('10.0.0.15:3389', 1)])

    def test_baseline(self):
        """The same scan again has changed nothing, and findings keep the day on which they were first seen."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'before.json')
            with open(path, 'w') as f:
                f.write(made('json'))
            later = json.loads(made('json', 'kinds', path, str(1795392000 + 86400)))
            self.document.validate(later)
            found = [f for e in later['endpoints'] for f in e['findings']]
            self.assertNotIn('RDP-080', [f['id'] for f in found])
            self.assertEqual({f['first_seen'] for f in found}, {'2026-11-23T00:00:00Z'})
            self.assertEqual({f['last_seen'] for f in found}, {'2026-11-24T00:00:00Z'})
            none = json.loads(made('json', 'none', path))
            self.assertEqual(none['summary']['not_scanned'], 18)
            self.assertEqual(set(self.states(path, 'kinds')), {'unchanged'})
            self.assertEqual(set(self.states(path, 'hostile')), {'new'})

    def states(self, path, what):
        return [r['baselineState'] for r in json.loads(made('sarif', what, path))['runs'][0]['results']]


class Sarif(unittest.TestCase):
    """What OASIS' schema and the text of the standard ask for; the schema itself is not kept here."""

    def check(self, what):
        log = json.loads(made('sarif', what))
        self.assertEqual(log['version'], '2.1.0')
        run, = log['runs']
        rules = run['tool']['driver']['rules']
        self.assertEqual(len(rules), CHECKS)
        self.assertEqual(len({r['id'] for r in rules}), CHECKS)
        for rule in rules:
            self.assertTrue(rule['shortDescription']['text'] and rule['help']['text'])
            self.assertIn(rule['defaultConfiguration']['level'], ('none', 'note', 'warning', 'error'))
            self.assertRegex(rule['properties'].get('security-severity', '1.0'), r'^\d\.\d$')
            self.assertRegex(rule.get('helpUri', 'https://x'), r'^https://[^\s]+$')
        self.assertEqual(run['columnKind'], 'utf16CodeUnits')
        prints = set()
        for result in run['results']:
            self.assertEqual(rules[result['ruleIndex']]['id'], result['ruleId'])
            # [3.27.10]: a kind other than fail has the level none.
            self.assertEqual(result['kind'] == 'fail', result['level'] != 'none')
            self.assertTrue(result['message']['text'])
            location, = result['locations']
            logical, = location['logicalLocations']
            self.assertRegex(logical['fullyQualifiedName'], r"^rdp://[A-Za-z0-9._~%:\[\]-]+:\d+$")
            self.assertEqual(location['physicalLocation']['artifactLocation']['uri'], logical['fullyQualifiedName'])
            prints.add(result['partialFingerprints']['sallyportScan/v1'])
        self.assertEqual(len(prints), len(run['results']))
        return run

    def test_kinds(self):
        run = self.check('kinds')
        self.assertEqual({r['partialFingerprints']['sallyportScan/v1'] for r in run['results']},
                         {r['partialFingerprints']['sallyportScan/v1'] for r in self.check('kinds')['results']})

    def test_hostile(self):
        self.check('hostile')

    def test_none(self):
        self.assertEqual(self.check('none')['results'], [])


class Manual(unittest.TestCase):
    """docs/SCAN.md has every check, with its title, its usual severity and its other names."""

    LEVELS = {'critical': 'error', 'high': 'error', 'medium': 'warning', 'low': 'note', 'info': 'none'}

    def test_table(self):
        with open(os.path.join(SOURCE, 'docs', 'SCAN.md')) as f:
            rows = [re.split(r' *\| *', line.strip())[1:-1] for line in f if line.startswith('| RDP-')]
        rules = json.loads(made('sarif', 'none'))['runs'][0]['tool']['driver']['rules']
        self.assertEqual([r[:2] for r in rows], [[r['id'], r['shortDescription']['text']] for r in rules])
        for row, rule in zip(rows, rules):
            self.assertEqual(self.LEVELS[row[2]], rule['defaultConfiguration']['level'], row[0])
            for alias in rule['properties']['aliases']:
                self.assertIn(alias, row[3], row[0])


class Junit(unittest.TestCase):
    def test_cases(self):
        for what in 'kinds', 'hostile', 'none':
            root = Xml.fromstring(made('junit', what))
            self.assertEqual(root.tag, 'testsuites')
            self.assertEqual(int(root.get('failures')), len(list(root.iter('failure'))))
            for suite in root:
                cases = suite.findall('testcase')
                self.assertEqual(int(suite.get('tests')), len(cases))
                self.assertEqual(int(suite.get('failures')), len(list(suite.iter('failure'))))
                self.assertEqual(int(suite.get('skipped')), len(list(suite.iter('skipped'))))
                for case in cases:
                    self.assertEqual(case.get('classname'), suite.get('name'))
            if what == 'hostile':
                self.assertEqual([squeezed(s.get('name')) for s in root],
                                 [squeezed(shown(t)) + ':3389' if ':' not in t else
                                  f'[{squeezed(shown(t))}]:3389' for t in corpus()])

    def test_level(self):
        """What is below --fail-on is told, and does not fail."""
        case = {c.get('name')[:7]: c for c in Xml.fromstring(made('junit'))[2]}
        self.assertIsNotNone(case['RDP-005'].find('failure'))
        self.assertIsNone(case['RDP-030'].find('failure'))
        self.assertIsNotNone(case['RDP-030'].find('system-out'))
        self.assertEqual(len(case['RDP-002']), 0)


class Prometheus(unittest.TestCase):
    SAMPLE = re.compile(r'([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.]+)')

    def test_format(self):
        for what in 'kinds', 'hostile', 'none':
            seen, series, name = set(), set(), None
            for line in made('prometheus', what).split('\n')[:-1]:
                if line.startswith('# HELP '):
                    name = line.split()[2]
                    self.assertNotIn(name, seen, 'the lines of a metric stand together')
                    seen.add(name)
                elif line.startswith('# TYPE '):
                    self.assertEqual(line.split()[2:], [name, 'gauge'])
                else:
                    m = self.SAMPLE.fullmatch(line)
                    self.assertTrue(m, line)
                    self.assertEqual(m.group(1), name)
                    self.assertNotIn(m.group(1, 2), series)
                    series.add(m.group(1, 2))
            self.assertNotIn('sallyport_scan_forged', seen)

    def test_client(self):
        try:
            from prometheus_client.parser import text_string_to_metric_families as parse
        except ImportError:
            raise unittest.SkipTest('no python3-prometheus-client') from None
        hosts = set()
        for metric in parse(made('prometheus', 'hostile')):
            hosts |= {s.labels.get('host') for s in metric.samples}
        self.assertEqual({squeezed(h) for h in hosts if h is not None}, {squeezed(shown(t)) for t in corpus()})
        up = {s.labels['host']: s.value for m in parse(made('prometheus')) for s in m.samples
              if s.name == 'sallyport_scan_up'}
        self.assertEqual((up['10.0.0.1'], up['10.0.0.16'], up['gone.example']), (1, 0, 0))


class Csv(unittest.TestCase):
    def test_rows(self):
        for what in 'kinds', 'hostile', 'none':
            text = made('csv', what)
            rows = list(csv.reader(io.StringIO(text, newline=''), strict=True))
            self.assertEqual(text.count('\r\n'), len(rows))
            self.assertEqual({len(r) for r in rows}, {13})
            for row in rows:
                for cell in row:
                    self.assertNotRegex(cell, r'^\s*[=+@|%-]')
                    self.assertNotRegex(cell, HIDES)
            if what == 'hostile':
                bare = [squeezed(r[0][r[0].startswith("'"):]) for r in rows[1:]]
                self.assertEqual(list(dict.fromkeys(bare)), [squeezed(shown(t)) for t in corpus()])


class Page(html.parser.HTMLParser):
    EMPTY = {'meta', 'input', 'br', 'link', 'img'}

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.ids, self.text, self.links = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        attrs = dict(attrs)
        self.ids += [attrs['id']] if 'id' in attrs else []
        self.links += [attrs[a] for a in ('href', 'src', 'style', 'onclick', 'onerror') if a in attrs]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ('style', 'title'):
            self.text.append(data)


class Html(unittest.TestCase):
    def page(self, what):
        page = Page()
        page.feed(made('html', what))
        page.close()
        self.assertEqual(page.open, [])
        self.assertEqual(len(page.ids), len(set(page.ids)))
        self.assertFalse({'script', 'iframe', 'img', 'link', 'object', 'form', 'base'} & set(page.tags))
        for link in page.links:
            self.assertRegex(link, r'^(https://|#e\d+$)')
            if link.startswith('#'):
                self.assertIn(link[1:], page.ids)
        return page

    def test_kinds(self):
        page = self.page('kinds')
        order = [t for t in page.text if re.fullmatch(r'10\.0\.0\.\d+:3389', t)]
        self.assertEqual(len(order), 32)
        self.assertEqual(order[:16], order[16:])

    def test_hostile(self):
        page = self.page('hostile')
        text = ' '.join(page.text)
        for t in corpus():
            self.assertIn(squeezed(shown(t)).strip(), squeezed(text))

    def test_urgent(self):
        """What to begin with: the heaviest checks, each with the number of endpoints that have it in earnest."""
        text = re.sub(r'\s+', ' ', ' '.join(self.page('kinds').text))
        begin = text[text.index('Begin with'):text.index('Endpoints')]
        said = {check: int(n) for check, n in re.findall(r'(RDP-\d+)\S*(?: \w+)? (\d+) endpoint', begin)}
        hits = [f['id'] for e in json.loads(made('json'))['endpoints'] for f in e['findings']
                if f['severity'] in ('critical', 'high', 'medium')]
        self.assertEqual(len(said), 10)
        self.assertEqual(said, {check: hits.count(check) for check in said})
        self.assertEqual(list(said)[:3], ['RDP-002', 'RDP-003', 'RDP-024'])

    def test_none(self):
        self.assertNotIn('table', self.page('none').tags)


class Text(unittest.TestCase):
    def test_plain(self):
        for what in 'kinds', 'hostile', 'none':
            text = made('text', what)
            self.assertNotRegex(text.replace('\n', ''), HIDES)
            self.assertFalse([line for line in text.split('\n') if line.endswith(' ')])

    def test_colours(self):
        """Only ours: colours on, off, and nothing else of a terminal."""
        text = made('text', 'hostile', '', '1795392000', 'colour')
        self.assertIn('\033[', text)
        self.assertNotRegex(re.sub(r'\033\[[0-9;]*m', '', text).replace('\n', ''), HIDES)

    def test_once(self):
        text = made('text')
        self.assertEqual(text.count('xrdp: Set security_layer=tls'), 2, 'of RDP-002 and RDP-004, once each')
        self.assertIn('18 endpoints: 16 with RDP', text)
        self.assertIn('The same key: 10.0.0.15:3389 and 10.0.0.14:3389 (SPKI ', text)

    def test_urgent(self):
        """The last thing that a terminal shows is what to begin with."""
        text = made('text')
        last = text[text.index('Begin with\n'):]
        self.assertRegex(last, r'^Begin with\n  CRITICAL  RDP-002  Standard RDP Security is accepted: 10\.0\.0\.\d+:3389,')
        self.assertLess(last.count('\n'), 24)
        # Of those that weigh less elsewhere, the places where they weigh most.
        weighs = {(f['id'], f'{e["host"]}:{e["port"]}'): f['severity'].upper()
                  for e in json.loads(made('json'))['endpoints'] for f in e['findings']}
        for severity, check, rest in re.findall(r'(CRITICAL|HIGH) +(RDP-\d+)(.*?)(?=CRITICAL|HIGH|$)', re.sub(r'\s+', ' ', last)):
            for place in re.findall(r'10\.0\.0\.\d+:\d+', rest.split('The same key')[0]):
                self.assertEqual(weighs[check, place], severity, (check, place))
        self.assertNotIn('Begin with', made('text', 'none'))

    def test_narrow(self):
        """Lines of a narrow terminal are broken between words."""
        text = made('text', 'kinds', '', '1795392000', '', '72')
        long = [line for line in text[:text.index('The same key')].split('\n') if len(line) > 72]
        self.assertEqual([line for line in long if len(line.split()[-1]) < 40], [])


if __name__ == '__main__':
    unittest.main()
