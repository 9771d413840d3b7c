# SPDX-License-Identifier: Apache-2.0
"""Profiles that no profiler writes in one day: inlines, recursion, several types, odd names and units.
Each function gives the arguments of pprof_encode.encode(); files are named below a folder that has a.c, b.c."""
import random

CPU = [("samples", "count"), ("cpu", "nanoseconds")]
BINARY = {1: (0x400000, 0x500000, 0, "/usr/bin/work", "abcd")}


def plain(names, stacks, types=CPU, file="", **more):
    """A location for each name; stacks: (names leaf first, values)."""
    ids = {name: i for i, name in enumerate(names, 1)}
    return dict(types=types, mappings=BINARY,
                functions={i: (name, name, file, 0) for name, i in ids.items()},
                locations={i: (1, 0x400000 + 16 * i, [(i, 10 * i, 0)]) for i in ids.values()},
                samples=[([ids[n] for n in stack], values, {}) for stack, values in stacks], **more)


def inlines(folder):
    a, b = f"{folder}/a.c", f"{folder}/b.c"
    return dict(types=CPU, mappings=BINARY,
                functions={1: ("leaf", "leaf", a, 3), 2: ("middle", "middle", a, 12), 3: ("outer", "outer", b, 20),
                           4: ("main", "main", b, 40)},
                locations={1: (1, 0x400010, [(1, 5, 7), (2, 14, 0), (3, 22, 0)]), 2: (1, 0x400020, [(1, 6, 1)]),
                           3: (1, 0x400030, [(2, 15, 0), (3, 23, 0)]), 4: (1, 0x400040, [(4, 44, 0)]),
                           5: (1, 0x400050, [(3, 24, 0)])},
                samples=[([1, 4], [3, 30], {}), ([2, 3, 4], [5, 50], {}), ([3, 4], [7, 70], {}),
                         ([2, 5, 4], [11, 110], {}), ([5], [1, 10], {})])


def recursion(folder):
    return plain("a b c main".split(), [
        ("a a a main".split(), [1, 10]), ("b a b a main".split(), [2, 20]), ("c main".split(), [4, 40]),
        ("a b c a b c main".split(), [8, 80]), ("main main".split(), [16, 160])], file=f"{folder}/a.c")


def recursion_inlined(folder):
    a = f"{folder}/a.c"
    return dict(types=CPU, mappings=BINARY,
                functions={1: ("f", "f", a, 2), 2: ("g", "g", a, 30)},
                locations={1: (1, 0x400010, [(1, 4, 0), (1, 8, 0), (1, 4, 0)]), 2: (1, 0x400020, [(2, 33, 0), (1, 9, 0)])},
                samples=[([1], [1, 10], {}), ([2, 1], [2, 20], {}), ([1, 2, 1], [4, 40], {})])


def default_type(folder):
    types = [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")]
    return plain("a b c".split(), [("a b".split(), [1, 4096, 0, 0]), ("c b".split(), [10, 123456789, 2, 2048]),
                                   (["b"], [3, 77, 3, 77])], types=types, default="alloc_space")


def last_type(folder):
    return plain("a b c".split(), [("a b".split(), [1, 4096, 9]), ("c b".split(), [0, 5, 2])],
                 types=[("objects", "count"), ("space", "bytes"), ("widgets", "widgets")])


def absent_default_type(folder):
    return plain(["a"], [(["a"], [1, 2])], default="nonsense")


def labels(folder):
    p = plain("a b".split(), [])
    p["samples"] = [([1, 2], [1, 10], {"comm": "one", "pid": (17, "pid"), "tid": (17, "tid")}),
                    ([1, 2], [2, 20], {"comm": "two", "pid": (18, "pid"), "bytes": (64, "bytes")}),
                    ([2], [4, 40], {"thread": "x y", "n": (0, "things")}), ([2], [8, 80], {})]
    return p


def no_mappings(folder):
    p = plain("a b".split(), [("a b".split(), [1, 10])])
    return dict(p, mappings={}, locations={i: (0, address, lines) for i, (_, address, lines) in p["locations"].items()})


def dangling_mapping(folder):
    p = plain("a b".split(), [("a b".split(), [1, 10])])
    return dict(p, locations={i: (99, address, lines) for i, (_, address, lines) in p["locations"].items()})


def lineless(folder):
    return dict(types=CPU, functions={1: ("named", "named", "", 0)},
                mappings={1: (0x1000, 0x2000, 0, "/usr/bin/work", ""), 2: (0x3000, 0x4000, 0, "/lib/libx.so.1", ""),
                          3: (0x5000, 0x6000, 0, "", ""), 4: (0x7000, 0x8000, 0, "[vdso]", "")},
                locations={1: (1, 0x1010, []), 2: (1, 0x1020, []), 3: (2, 0x3010, []), 4: (3, 0x5010, []),
                           5: (4, 0x7010, []), 6: (0, 0x99, []), 7: (1, 0x1030, [(1, 0, 0)])},
                samples=[([1, 2, 7], [1, 10], {}), ([3, 1], [2, 20], {}), ([4, 6], [4, 40], {}), ([5, 7], [8, 80], {}),
                         ([6], [16, 160], {})])


def unnamed(folder):
    return dict(types=CPU, mappings={1: (0x1000, 0x2000, 0, "/usr/bin/work", ""), 2: (0, 0, 0, "", "")},
                functions={1: ("", "", "", 0), 2: ("", "", f"{folder}/a.c", 0), 3: ("", "_Zx", f"{folder}/a.c", 0)},
                locations={1: (1, 0x1010, [(1, 0, 0)]), 2: (2, 0x10, [(1, 0, 0)]), 3: (1, 0x1020, [(2, 7, 0)]),
                           4: (1, 0x1030, [(3, 8, 0)])},
                samples=[([1, 3], [1, 10], {}), ([2, 4], [2, 20], {}), ([3], [4, 40], {})])


def drop_frames(folder):
    names = ["malloc", "operator new(unsigned long)", "keep_alloc", "user(int)", "main", "(anonymous namespace)::alloc(int)"]
    return plain(names, [
        (["malloc", "operator new(unsigned long)", "user(int)", "main"], [1, 10]), (["malloc", "keep_alloc", "main"], [2, 20]),
        (["keep_alloc", "malloc", "operator new(unsigned long)"], [4, 40]), (["malloc"], [8, 80]),
        (["user(int)", "(anonymous namespace)::alloc(int)", "main"], [16, 160]), (["main"], [32, 320])],
        drop=r"malloc|operator new|.*alloc", keep=r"keep_.*")


def drop_frames_inlined(folder):
    p = inlines(folder)
    return dict(p, drop="middle|leaf")


def bad_drop_frames(folder):
    return plain("a b".split(), [("a b".split(), [1, 10])], drop="a(")


def unclean_paths(folder):
    files = [f"{folder}/x/../a.c", f"{folder}//./b.c", "/proc/self/cwd/rel.c", "./rel/../rel/c.c", "..//up.c", "/../root.c"]
    return dict(types=CPU, mappings=BINARY,
                functions={i: (f"f{i}", f"f{i}", file, 0) for i, file in enumerate(files, 1)},
                locations={i: (1, i, [(i, 11 + i, 0)]) for i in range(1, len(files) + 1)},
                samples=[([i, i % len(files) + 1], [i, 10 * i], {}) for i in range(1, len(files) + 1)])


def negative(folder):
    return plain("a b c".split(), [("a b".split(), [-1, -10]), ("c b".split(), [3, 30]), (["b"], [-2, -20]), (["a"], [1, 10])])


def zeroes(folder):
    return plain("a b c".split(), [("a b".split(), [0, 0]), ("c b".split(), [0, 7]), ([], [5, 50]), (["a"], [2, 0])])


def milliseconds(folder):
    return plain("a b".split(), [("a b".split(), [1, 1]), (["b"], [1, 3600000])], types=[("n", "count"), ("wall", "milliseconds")])


def unknown_unit(folder):
    return plain("a b".split(), [("a b".split(), [12345]), (["b"], [7])], types=[("energy", "joules")])


def no_unit(folder):
    return plain("a b".split(), [("a b".split(), [12345]), (["b"], [7])], types=[("things", "")])


def same_line_two_binaries(folder):
    a = f"{folder}/a.c"
    return dict(types=CPU, mappings={1: (0x1000, 0x2000, 0, "/usr/bin/one", ""), 2: (0x3000, 0x4000, 0, "/usr/bin/two", "")},
                functions={1: ("f", "f", a, 5), 2: ("f", "f", a, 7), 3: ("f", "f", f"{folder}/b.c", 0)},
                locations={1: (1, 0x1010, [(1, 9, 0)]), 2: (2, 0x3010, [(1, 9, 0)]), 3: (2, 0x3020, [(2, 9, 0)]),
                           4: (1, 0x1020, [(3, 9, 0)])},
                samples=[([1, 2, 3, 4], [1, 10], {}), ([2, 1], [2, 20], {}), ([3], [4, 40], {})])


def sparse_ids(folder):
    p = recursion(folder)
    far = {i: (1 << 63) + 1000 * i for i in range(1, 5)}
    return dict(p, functions={far[i]: f for i, f in p["functions"].items()}, mappings={1 << 40: BINARY[1]},
                locations={far[i]: (1 << 40, address, [(far[lines[0][0]], *lines[0][1:])])
                           for i, (_, address, lines) in p["locations"].items()},
                samples=[([far[i] for i in ids], values, named) for ids, values, named in p["samples"]])


def unpacked(folder):
    return dict(recursion(folder), packed=False)


def shuffled(folder, seed):
    """200 samples over 60 locations with everything at once."""
    r = random.Random(seed)
    files = [f"{folder}/a.c", f"{folder}/b.c", f"{folder}/missing.c", "relative/c.c", ""]
    names = [f"ns::fn{i}<int>(char)" for i in range(12)] + ["", "main", "operator()(int)"]
    functions = {}
    for i in range(1, 31):
        name = r.choice(names)
        functions[i] = (name, f"_Z{i}" if name else "", r.choice(files), r.choice([0, 1, 5]) if name else 0)
    locations = {i: (r.randrange(0, 4), 0x1000 + i, [(r.randrange(1, 31), r.randrange(0, 50), r.randrange(0, 3))
                                                    for _ in range(r.choice([0, 1, 1, 1, 2, 3]))]) for i in range(1, 61)}
    return dict(types=[("samples", "count"), ("cpu", "nanoseconds"), ("space", "bytes")], functions=functions,
                mappings={1: (0x1000, 0x2000, 0, "/usr/bin/work", ""), 2: (0x2000, 0x3000, 0, "/lib/liby.so", "ff"),
                          3: (0x3000, 0x4000, 0, "", "")}, locations=locations, default=r.choice(["", "cpu", "space"]),
                samples=[([r.randrange(1, 61) for _ in range(r.randrange(0, 12))],
                          [r.randrange(0, 3), r.randrange(-5, 50) * 1000003, r.choice([0, 0, 1 << 20, 12345])],
                          {"comm": r.choice(["x", "y"]), "pid": (r.randrange(1, 4), "pid")}) for _ in range(200)])


CASES = {f.__name__: f for f in (
    inlines, recursion, recursion_inlined, default_type, last_type, absent_default_type, labels, no_mappings,
    dangling_mapping, lineless, unnamed, drop_frames, drop_frames_inlined, bad_drop_frames, unclean_paths, negative, zeroes,
    milliseconds, unknown_unit, no_unit, same_line_two_binaries, sparse_ids, unpacked)}
CASES |= {f"shuffled_{seed}": lambda folder, seed=seed: shuffled(folder, seed) for seed in range(4)}
