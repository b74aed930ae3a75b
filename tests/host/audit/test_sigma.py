#!/usr/bin/env python3
# tests/host/audit/test_sigma.py - the documents about the rules of detection know what the code knows.
import os
import re
import unittest

SOURCE = os.environ.get('SP_SOURCE') or os.path.join(os.path.dirname(__file__), '..', '..', '..')


def text(path):
    with open(os.path.join(SOURCE, path)) as f:
        return f.read()


NUMBERS = {name: (number, word) for name, number, word in
           re.findall(r'X\((\w+), "(D\d+)", "([a-z-]+)"\)', text('src/host/conf/alert.h'))}
RULES = {NUMBERS[name][1]: (NUMBERS[name][0], severity.lower(), attack, title) for name, severity, attack, title in
         re.findall(r'R\((\w+), (\w+), "(T[\d.]+)",\s*"([^"]+)"\)', text('src/host/audit/detect_rules.c'))}


class Documents(unittest.TestCase):
    def test_all_rules_are_found(self):
        self.assertEqual(len(NUMBERS), len(RULES))
        self.assertGreaterEqual(len(RULES), 24)

    def test_sigma(self):
        ids = set()
        self.assertEqual({f[:-4] for f in os.listdir(os.path.join(SOURCE, 'data/sigma'))}, set(RULES))
        events = set(re.findall(r'X\(\w+, \d+, "([a-z.-]+)"', text('src/host/audit/event.h')))
        for word, (number, severity, attack, title) in RULES.items():
            rule = text(f'data/sigma/{word}.yml')
            self.assertIn(f'title: "Sallyport: {title}"\n', rule)
            self.assertIn(f'docs/ALERTS.md, {number} {word}', rule)
            self.assertIn(f'    - attack.{attack.lower()}\n', rule)
            self.assertIn(f'level: {severity}\n', rule)
            for i in re.findall(r'^id: (\S+)$', rule, re.M):
                self.assertRegex(i, r'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
                self.assertNotIn(i, ids)
                ids.add(i)
            # What a rule counts by is another document, and fields and events are ours.
            self.assertLessEqual(set(re.findall(r'^    rules:\n        - (\S+)$', rule, re.M)), ids)
            named = re.findall(r'^        event: \[?([^\]\n]+)\]?$', rule, re.M)
            self.assertEqual(len(named), 1)
            self.assertLessEqual(set(named[0].split(', ')), events)

    def test_table(self):
        table = text('docs/ALERTS.md')
        for word, (number, severity, attack, _) in RULES.items():
            rows = [r for r in table.splitlines() if r.startswith(f'| {number} ') and f'`{word}`' in r]
            self.assertEqual(len(rows), 1, word)
            self.assertIn(severity, rows[0])
            self.assertIn(attack, rows[0])


unittest.main()
