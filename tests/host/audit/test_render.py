#!/usr/bin/env python3
# tests/host/audit/test_render.py - what hostile records become, read by parsers that are not ours.
import json
import os
import subprocess
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(__file__), '..', '..', 'harness'))
from auditlines import HIDES, cef, exact, shown, syslog  # noqa: E402

CORPUS = subprocess.run([sys.argv.pop()], capture_output=True, timeout=60)
NUMBERS = {'conn', 'src.port', 'src.asn', 'session.bytes-in', 'session.bytes-out'}

# What the classes of OCSF 1.6.0 have a place for, as far as we fill it.
COMMON = {'class_uid', 'category_uid', 'activity_id', 'activity_name', 'type_uid', 'time', 'severity_id', 'status_id',
          'status', 'status_detail', 'message', 'metadata', 'unmapped'}
PLACES = {0: set(), 2004: {'finding_info', 'evidences'}, 3001: {'src_endpoint', 'user'},
          3002: {'src_endpoint', 'dst_endpoint', 'user', 'session', 'service', 'is_remote', 'is_mfa'},
          4005: {'src_endpoint', 'dst_endpoint', 'user', 'device', 'traffic', 'file', 'ja4_fingerprint_list'}}


class Render(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        assert CORPUS.returncode == 0, CORPUS.stderr
        lines = CORPUS.stdout.split(b'\n')
        assert lines.pop() == b'' and len(lines) % 5 == 0, 'a record became more than one line'
        cls.records = []
        for i in range(0, len(lines), 5):
            record = {}
            for pair in lines[i].decode().split(' ')[1:]:
                name, value = pair.split('=')
                record[name] = int(value) if name in NUMBERS else bytes.fromhex(value)
            forms = dict(line.split(b' ', 1) for line in lines[i + 1:i + 5])
            cls.records.append((record, forms))
        assert len(cls.records) > 100

    def check_lines(self, form):
        for record, forms in self.records:
            line = forms[form].decode('utf-8')  # strictly
            self.assertIsNone(HIDES.search(line), line[:200])
            self.assertLess(len(line), 128 * 1024)
            yield record, line

    def test_json(self):
        seqs = []
        for record, line in self.check_lines(b'json'):
            got = json.loads(line, object_pairs_hook=self.no_twins)
            seqs.append(got['seq'])
            for name, raw in record.items():
                if name == 'conn':
                    self.assertEqual(got[name], str(raw))
                elif name == 'transfer.sha256':
                    self.assertEqual(got[name], raw.hex())
                else:
                    self.assertEqual(got[name], raw if name in NUMBERS else exact(raw))
            self.assertEqual(got['time'], '2026-11-23T05:31:07.123456789Z')
            self.assertEqual(got['hash'], 'ab' * 32)
        self.assertEqual(seqs, list(range(1, len(seqs) + 1)))

    def no_twins(self, pairs):
        self.assertEqual(len(pairs), len({k for k, _ in pairs}))
        return dict(pairs)

    def test_ocsf(self):
        classes = set()
        for record, line in self.check_lines(b'ocsf'):
            got = json.loads(line, object_pairs_hook=self.no_twins)
            classes.add(got['class_uid'])
            self.assertEqual(got['type_uid'], got['class_uid'] * 100 + got['activity_id'])
            self.assertEqual(got['category_uid'], got['class_uid'] // 1000)
            self.assertEqual(got['time'], 1795411867123)
            self.assertIn(got['severity_id'], range(1, 6))
            for name in record.keys() - NUMBERS - {'host', 'transfer.sha256'}:
                self.assertEqual(got['unmapped'][name], exact(record[name]))
            self.assertEqual(got['metadata']['loggers'][0]['device']['hostname'], exact(record['host']))
            self.check_class(got, record)
        self.assertEqual(classes, {0, 2004, 3001, 3002, 4005})

    def check_class(self, got, record):
        """Each class has the places that its schema has, and no others."""
        kind = got['class_uid']
        for name in got.keys() - COMMON:
            self.assertIn(name, PLACES[kind])
        if kind == 0:
            return
        place = got
        if kind == 2004:
            self.assertEqual(got['finding_info']['title'], exact(record['alert.title']))
            place, = got['evidences']
        self.assertEqual(place['user']['name'], exact(record['actor.user']))
        source = place['src_endpoint']
        self.assertEqual((source['ip'], source['port']), (exact(record['src.ip']), 54321))
        self.assertEqual(source['autonomous_system']['number'], 64500)
        if 'src.owner' in record:  # of the long ones not all fields fit
            self.assertEqual(source['autonomous_system']['name'], exact(record['src.owner']))
        if kind != 3001:
            self.assertEqual(place['dst_endpoint']['name'], exact(record['target.name']))
        if kind in (2004, 4005) and 'claimed.ja4' in record:
            self.assertEqual(place['ja4_fingerprint_list'],
                             [{'type_id': 1, 'type': 'JA4', 'value': exact(record['claimed.ja4'])}])
        if kind == 4005:
            if got['message'] == 'file.transfer':
                name = exact(record['transfer.name'])
                self.assertEqual((got['file']['path'], got['file']['type_id']), (name, 0))
                # The corpus has a few slashes, none of them at the end.
                self.assertEqual(got['file']['name'], name.rsplit('/', 1)[-1])
                self.assertEqual(got['file']['hashes'], [{'algorithm_id': 3, 'algorithm': 'SHA-256',
                                                          'value': record['transfer.sha256'].hex()}])
            # In: from the destination to the source.
            self.assertEqual(got['traffic'], {'bytes_in': 9000, 'bytes_out': 1000})
            if 'claimed.client' in record:
                self.assertEqual(got['device'], {'type_id': 0, 'name': exact(record['claimed.client'])})
        if kind == 3002:
            self.assertEqual(got['service'], {'name': 'sallyport'})

    def test_syslog(self):
        for record, line in self.check_lines(b'syslog'):
            pri, when, host, app, msgid, params, message = syslog(line)
            self.assertEqual(pri >> 3, 13)
            self.assertIn(pri & 7, range(2, 7))
            self.assertEqual((when, app), ('2026-11-23T05:31:07.123456Z', 'sallyport'))
            self.assertRegex(host, r'^[!-~]+$')
            self.assertTrue(message.startswith(' ' + msgid))
            for name, raw in record.items():
                if name == 'host':
                    continue
                want = str(raw) if name in NUMBERS else raw.hex() if name == 'transfer.sha256' else shown(raw)
                self.assertEqual(params[name], want, name)

    def test_cef(self):
        keys = {'actor.user': 'suser', 'target.name': 'dhost', 'src.ip': 'src', 'reason': 'reason', 'text': 'msg',
                'transfer.name': 'fname', 'claimed.user': 'spClaimedUser', 'src.country': 'spSrcCountry',
                'host': 'dvchost', 'claimed.client': 'spClaimedClient', 'src.owner': 'cs1', 'claimed.ja4': 'cs2',
                'session': 'cs3', 'policy.rule': 'cs4'}
        labels = {'cn1': 'AS number', 'cs1': 'AS owner', 'cs2': 'JA4', 'cs3': 'Session', 'cs4': 'Rule'}
        for record, line in self.check_lines(b'cef'):
            head, fields = cef(line)
            self.assertEqual(head[:3], ['CEF:0', 'Sallyport', 'sallyport'])
            if 'alert.title' in record:  # of the long ones not all fields fit
                self.assertEqual(head[5], shown(record['alert.title']))
            self.assertIn(int(head[6]), range(0, 11))
            self.assertEqual(fields['rt'], '1795411867123')
            self.assertEqual((fields['spt'], fields['cn1']), ('54321', '64500'))
            for key, label in labels.items():
                self.assertEqual(fields.get(key + 'Label'), label if key in fields else None)
            for name in keys.keys() & record.keys():
                self.assertEqual(fields[keys[name]], shown(record[name]), name)


unittest.main()
