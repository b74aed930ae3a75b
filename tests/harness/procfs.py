# tests/harness/procfs.py - what /proc says about a process: rights, limits, descriptors, whom it serves.
import os
import re
import struct
import unittest

from world import BUILD, wait_for

# A sanitizer takes some signals for itself, and its build has no filter of system calls.
SANITIZED = 'asan' in os.path.basename(BUILD) or 'sanitize' in os.path.basename(BUILD)


def comm(pid):
    """Its name; empty when it is gone."""
    try:
        with open(f'/proc/{pid}/comm') as f:
            return f.read().strip()
    except OSError:
        return ''


def status(pid):
    with open(f'/proc/{pid}/status') as f:
        return dict(line.split(':\t', 1) for line in f.read().splitlines() if ':\t' in line)


def limits(pid):
    """{name: hard limit}, None for unlimited."""
    with open(f'/proc/{pid}/limits') as f:
        rows = [re.match(r'(.{25}) (\S+) +(\S+)', line) for line in f.readlines()[1:]]
    return {row[1].strip(): None if row[3] == 'unlimited' else int(row[3]) for row in rows}


def descriptors(pid):
    found = {}
    try:
        for fd in os.listdir(f'/proc/{pid}/fd'):
            try:
                found[int(fd)] = os.readlink(f'/proc/{pid}/fd/{fd}')
            except FileNotFoundError:
                pass    # closed meanwhile
        return found
    except PermissionError:
        # As it should be: they are not dumpable.
        raise unittest.SkipTest('only root can see the descriptors of our processes') from None


def memory(pid):
    """All memory of a process that can be read."""
    parts = []
    with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as mem:
        for line in maps:
            where, rights = line.split()[:2]
            if rights[0] != 'r' or '[vvar' in line or '[vsyscall' in line:
                continue
            begin, end = (int(x, 16) for x in where.split('-'))
            try:
                mem.seek(begin)
                parts.append(mem.read(end - begin))
            except OSError:
                pass
    return b'\0'.join(parts)


def server_of(trial, door):
    """The sp-net that has the other end of this connection."""
    host, port = door.socket.getsockname()[:2]
    theirs = '%08X:%04X' % (struct.unpack('=I', bytes(int(n) for n in host.split('.')))[0], port)

    def find():
        with open('/proc/net/tcp') as f:
            rows = [line.split() for line in f.readlines()[1:]]
        inodes = {f'socket:[{row[9]}]' for row in rows if row[2] == theirs}
        for pid in trial.processes():
            if comm(pid) == 'sp-net' and inodes & set(descriptors(pid).values()):
                return pid
        return None
    return wait_for('the sp-net of a connection', find, 5)


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat') as f:
        stat = f.read()
    fields = stat[stat.rindex(')') + 2:].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
