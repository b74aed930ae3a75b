# tests/harness/auditlines.py - lines of the audit in the formats of others, read by none of our code.
import re

HIDES = re.compile('[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb'
                   '\U000e0000-\U000e007f]')


def exact(raw):
    """A text as JSON has it: bytes that are no UTF-8 as \\xNN."""
    return raw.decode('utf-8', 'backslashreplace')


def shown(raw):
    """A text in formats without escapes for what hides or moves."""
    return HIDES.sub(lambda m: f'\\u{{{ord(m.group()):04x}}}', exact(raw))


def syslog(line):
    """[RFC 5424] 6: header, one structured element, and its parameters."""
    m = re.fullmatch(r'<(\d{1,3})>1 (\S+) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (.*)', line, re.S)
    pri, when, host, app, proc, msgid, rest = m.groups()
    m = re.match(r'\[([^ =\]"]{1,32})', rest)
    at, params = m.end(), {}
    while rest[at] != ']':
        m = re.compile(r' ([^ =\]"]{1,32})="((?:[^"\\\]]|\\.)*)"', re.S).match(rest, at)
        assert m and m.group(1) not in params, rest[at:at + 60]
        # A backslash before anything else stands for itself, and is kept.
        params[m.group(1)] = re.sub(r'\\(["\\\]])', r'\1', m.group(2))
        at = m.end()
    return int(pri), when, host, app, msgid, params, rest[at + 1:]


def cef(line):
    head, at = [], 0
    for _ in range(7):
        m = re.compile(r'((?:[^|\\]|\\.)*)\|').match(line, at)
        head.append(re.sub(r'\\([|\\])', r'\1', m.group(1)))
        at = m.end()
    extension, fields = line[at:], {}
    keys = list(re.finditer(r'(?:^| )(\w+)=', re.sub(r'\\.', '__', extension)))
    for m, after in zip(keys, keys[1:] + [None]):
        assert m.group(1) not in fields, m.group(1)
        value = extension[m.end():after.start() if after else None]
        fields[m.group(1)] = re.sub(r'\\(.)', lambda e: {'n': '\n', 'r': '\r'}.get(e.group(1), e.group(1)), value)
    return head, fields
