# SPDX-License-Identifier: Apache-2.0
"""profile.proto decoded by hand from the wire format, and the rules a good file keeps. Shares nothing
with the writer. Used as a module, or as: pprof_wire.py FILE"""
import gzip
import re
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {tag & 7}")
        yield tag >> 3, value


def message(data, repeated=()):
    out = {number: [] for number in repeated}
    for number, value in fields(data):
        if number in repeated:
            out[number].append(value)
        else:
            out[number] = value
    return out


def numbers(values):
    out = []
    for value in values:
        if isinstance(value, int):
            out.append(value)
            continue
        at = 0
        while at < len(value):
            number, at = varint(value, at)
            out.append(number)
    return out


class Profile:
    def __init__(self, path):
        data = open(path, "rb").read()
        self.gzipped = data[:2] == b"\x1f\x8b"
        if self.gzipped:
            data = gzip.decompress(data)
        top = message(data, (1, 2, 3, 4, 5, 6, 13))
        self.raw_strings = top[6]
        self.strings = [s.decode("utf-8", "replace") for s in top[6]]
        text = self.strings.__getitem__
        types = [message(t) for t in top[1]]
        self.types = [(text(t.get(1, 0)), text(t.get(2, 0))) for t in types]
        period = message(top.get(11, b""))
        self.period_type = (text(period.get(1, 0)), text(period.get(2, 0)))
        self.period = top.get(12, 0)
        self.began = top.get(9, 0) / 1e9
        self.ended = self.began + top.get(10, 0) / 1e9
        self.default_type = text(top.get(14, 0))
        self.comments = [text(c) for c in numbers(top[13])]
        self.mappings = [message(m) for m in top[3]]
        self.functions = [message(f) for f in top[5]]
        self.locations = []
        for item in top[4]:
            location = message(item, (4,))
            location[4] = [message(line) for line in location[4]]
            self.locations.append(location)
        self.samples = []
        for item in top[2]:
            sample = message(item, (1, 2, 3))
            labels = [message(label) for label in sample[3]]
            self.samples.append((numbers(sample[1]), numbers(sample[2]), labels))
        self.names = {f[1]: text(f.get(2, 0)) for f in self.functions}

    def mapping_files(self):
        return [self.strings[m.get(5, 0)] for m in self.mappings]

    def stacks(self):
        """(names leaf first, values, labels) of each sample."""
        lines = {l[1]: [self.names[line[1]] for line in l[4]] for l in self.locations}
        for ids, values, labels in self.samples:
            named = {self.strings[l[1]]: self.strings[l[2]] if l.get(2) else l.get(3, 0)
                     for l in labels}
            yield [name for i in ids for name in lines[i]], values, named


def violations(p):
    out = []

    def check(good, words):
        if not good:
            out.append(words)

    check(p.gzipped, "not gzip'd")
    check(p.raw_strings and p.raw_strings[0] == b"", "string_table[0] is not empty")
    check(len(set(p.raw_strings)) == len(p.raw_strings), "a string stands twice")
    for s in p.raw_strings:
        try:
            s.decode("utf-8")
        except UnicodeDecodeError:
            out.append(f"not UTF-8: {s!r}")
    check(p.types[0] == ("samples", "count"), f"sample types {p.types}")
    check(all("-" not in t and "." not in t for t, _ in p.types), f"sample types {p.types}")
    check(p.period_type == p.types[1] and p.period > 0, "period type")
    check(p.default_type == p.types[1][0], "default sample type")
    for kind, rows in (("mapping", p.mappings), ("function", p.functions), ("location", p.locations)):
        check([r.get(1) for r in rows] == list(range(1, len(rows) + 1)), f"{kind} ids are not 1..N")
    check(p.strings[p.mappings[0].get(5, 0)].startswith("[host:"), "mapping[0] is not [host:...]")
    seen = set()
    for l in p.locations:
        check(l[4], f"location {l[1]} has no line")
        m = p.mappings[l[2] - 1]
        address, limit = l.get(3, 0), m.get(3, 0)
        check(not limit or m.get(2, 0) <= address < limit,
              f"address {address:#x} outside {p.strings[m.get(5, 0)]}")
        key = (l[2], address, str(l[4]))
        check(key not in seen, f"location {l[1]} stands twice")
        seen.add(key)
    for name in p.names.values():
        check(name, "a function without name")
        placed = re.match(r"\[(.*)\+0x[0-9a-f]+\]$", name)
        check(not placed or "." not in placed[1], f"placeholder with dots: {name}")
    keys = set()
    for ids, values, labels in p.samples:
        check(ids, "a sample without frames")
        check(len(values) == len(p.types), "a value per sample type")
        check(not p.period_type == ("cpu", "nanoseconds") or values[1] == values[0] * p.period,
              f"values {values}, period {p.period}")
        check(all(l.get(2) or l.get(4) for l in labels), "a number without unit")
        key = (tuple(ids), str(labels))
        check(key not in keys, "a sample stands twice")
        keys.add(key)
    check(any(c.startswith("lost samples:") for c in p.comments), "no comment tells losses")
    return out


if __name__ == "__main__":
    found = violations(Profile(sys.argv[1]))
    print("\n".join(found) or "no violation")
    sys.exit(bool(found))
