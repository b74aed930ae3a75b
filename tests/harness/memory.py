# tests/harness/memory.py - secrets in the memory of running processes: where they are, and whether that is locked.
import base64
import re

import nla
from procfs import comm


def regions(pid):
    """[(begin, end, name, flags)] of the memory of a process; flags as VmFlags says: lo is locked, dd not dumped."""
    found, at = [], None
    with open(f'/proc/{pid}/smaps') as f:
        for line in f:
            first = line.split(None, 1)[0]
            if not first.endswith(':'):
                fields = line.split(None, 5)
                begin, end = (int(x, 16) for x in fields[0].split('-'))
                at = (begin, end, fields[5].strip() if len(fields) > 5 else 'anonymous', fields[1])
            elif first == 'VmFlags:' and at[3][0] == 'r' and at[2] not in ('[vvar]', '[vsyscall]'):
                found.append((*at[:3], set(line.split()[1:])))
    return found


def halves(form, data):
    """Both halves, so that what was overwritten in part is found too."""
    middle = len(data) // 4 * 2
    return {f'{form}, first half': data[:middle], f'{form}, second half': data[middle:]}


def password_forms(text):
    """A password as it is written, as Windows has it, its NT hash, and that hash as HMAC prepares it."""
    hashed = nla.md4(nla.utf16(text))
    return {**halves('UTF-8', text.encode()), **halves('UTF-16', nla.utf16(text)), 'NT hash': hashed,
            'NT hash, inner pad': bytes(b ^ 0x36 for b in hashed),
            'NT hash, outer pad': bytes(b ^ 0x5c for b in hashed)}


def totp_forms(text):
    """The secret of one-time codes, as text and as bytes."""
    return {**halves('base 32', text.encode()), **halves('bytes', base64.b32decode(text))}


def key_of(path):
    """Scalar and public point of a P-256 key in PEM."""
    with open(path) as f:
        text = re.search('-----BEGIN PRIVATE KEY-----(.*?)-----END', f.read(), re.S)[1]
    der = base64.b64decode(text)
    private = nla.elements(nla.elements(nla.elements(der)[0][1])[2][1])[0][1]
    fields = nla.elements(private)
    return fields[1][1], nla.elements(fields[-1][1])[0][1][1:]


def find(pid, forms):
    """[(form, name of the memory, flags)] of each place in a process that has one of the forms."""
    hits = []
    try:
        with open(f'/proc/{pid}/mem', 'rb', 0) as mem:
            for begin, end, name, flags in regions(pid):
                try:
                    mem.seek(begin)
                    data = mem.read(end - begin)
                except OSError:
                    continue
                hits += [(form, name, flags) for form, what in forms.items() if what in data]
    except (FileNotFoundError, ProcessLookupError):
        pass    # gone meanwhile
    return hits
