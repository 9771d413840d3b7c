# SPDX-License-Identifier: Apache-2.0
"""profile.proto written by hand to the wire format, whatever is asked for: also what no sane tool writes."""
import gzip


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def piece(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def numbers(field, values, packed):
    if packed:
        return piece(field, b"".join(map(varint, values))) if values else b""
    return b"".join(varint(field << 3) + varint(v) for v in values)


def encode(types, samples, locations=None, functions=None, mappings=None, default="", drop="", keep="",
           period_type=("", ""), time=0, duration=0, comments=(), packed=True):
    """types: (type, unit)...; samples: (location ids leaf first, values, {label: text or (number, unit)});
    locations: id: (mapping id, address, [(function id, line, column)...]);
    functions: id: (name, system name, file, start line); mappings: id: (start, limit, offset, file, build id)"""
    strings = {b"": 0}

    def text(s):
        s = s if isinstance(s, bytes) else s.encode("utf-8", "surrogateescape")
        return strings.setdefault(s, len(strings))

    def label(key, value):
        if isinstance(value, tuple):
            return number(1, text(key)) + number(3, value[0]) + number(4, text(value[1]))
        return number(1, text(key)) + number(2, text(value))

    def pair(t):
        return number(1, text(t[0])) + number(2, text(t[1]))

    out = b"".join(piece(1, pair(t)) for t in types)
    for ids, values, labels in samples:
        out += piece(2, numbers(1, ids, packed) + numbers(2, values, packed) +
                     b"".join(piece(3, label(k, v)) for k, v in labels.items()))
    for key, (start, limit, offset, file, build_id) in (mappings or {}).items():
        out += piece(3, number(1, key) + number(2, start) + number(3, limit) + number(4, offset) +
                     number(5, text(file)) + number(6, text(build_id)) + number(7, 1))
    for key, (mapping, address, lines) in (locations or {}).items():
        out += piece(4, number(1, key) + number(2, mapping) + number(3, address) + b"".join(
            piece(4, number(1, f) + number(2, line) + number(3, column)) for f, line, column in lines))
    for key, (name, system, file, start) in (functions or {}).items():
        out += piece(5, number(1, key) + number(2, text(name)) + number(3, text(system)) +
                     number(4, text(file)) + number(5, start))
    out += number(7, text(drop)) + number(8, text(keep)) + number(9, time) + number(10, duration)
    out += piece(11, pair(period_type)) + number(12, 1)
    out += numbers(13, [text(c) for c in comments], packed) + number(14, text(default))
    return out + b"".join(piece(6, s) for s in strings)


def write(path, data, packed=True):
    path.write_bytes(gzip.compress(data, mtime=0) if packed else data)
    return path
