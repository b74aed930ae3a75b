# tests/harness/mmdb.py - writes a file in MaxMind's MMDB format with the countries of a few networks.
import ipaddress


def value(v):
    """A value of the format: maps, texts, and numbers as uint32."""
    if isinstance(v, dict):
        return bytes([7 << 5 | len(v)]) + b''.join(value(k) + value(x) for k, x in v.items())
    if isinstance(v, str):
        return bytes([2 << 5 | min(len(v), 29)] + [len(v) - 29] * (len(v) >= 29)) + v.encode()
    if isinstance(v, list):
        return bytes([len(v), 4]) + b''.join(map(value, v))
    return bytes([6 << 5 | 4]) + v.to_bytes(4, 'big')


def uint16(v):
    return bytes([5 << 5 | 2]) + v.to_bytes(2, 'big')


def write(path, countries):
    """`countries` is {"192.0.2.0/24": "DE"}; of a network (64500, "Example") is its number and owner."""
    tree, data = [[None, None]], b''
    for text, code in countries.items():
        net = ipaddress.ip_network(text)
        bits = net.prefixlen + (96 if net.version == 4 else 0)
        path_bits = [int(net.network_address) >> (127 - i) & 1 for i in range(bits)]
        node = 0
        for bit in path_bits[:-1]:
            if tree[node][bit] is None:
                tree.append([None, None])
                tree[node][bit] = len(tree) - 1
            node = tree[node][bit]
        tree[node][path_bits[-1]] = ('data', len(data))
        data += value({'country': {'iso_code': code}} if isinstance(code, str) else
                      {'autonomous_system_number': code[0], 'autonomous_system_organization': code[1]})
    n = len(tree)
    meta = {'node_count': value(n), 'record_size': uint16(24), 'ip_version': uint16(6),
            'database_type': value('Test-Country'), 'languages': value([]),
            'binary_format_major_version': uint16(2), 'binary_format_minor_version': uint16(0),
            'build_epoch': bytes([4, 2]) + (1700000000).to_bytes(4, 'big'), 'description': value({})}
    with open(path, 'wb') as f:
        for sides in tree:
            for side in sides:
                number = n if side is None else n + 16 + side[1] if isinstance(side, tuple) else side
                f.write(number.to_bytes(3, 'big'))
        f.write(bytes(16) + data + b'\xab\xcd\xefMaxMind.com' + bytes([7 << 5 | len(meta)]))
        for key, raw in meta.items():
            f.write(value(key) + raw)
