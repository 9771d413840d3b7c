# SPDX-License-Identifier: Apache-2.0
"""Names that tables of a stripped interpreter or extension module give, against the symbols of the unstripped one."""
import pathlib
import re
import subprocess

READELF, STRIP = "/usr/bin/readelf", "/usr/bin/strip"


def functions(path, *options):
    """{address: [(size, name)]} of what readelf calls functions."""
    text = subprocess.run([READELF, "-sW", *options, path], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 8 and words[3] in ("FUNC", "IFUNC") and words[6].isdigit():
            found.setdefault(int(words[1], 16), []).append((int(words[2], 0), words[7].split("@")[0]))
    return found


def ours(print_c_functions, path):
    text = subprocess.run([print_c_functions, path], capture_output=True, text=True, check=True).stdout
    lines = [line.split(" ", 2) for line in text.splitlines()]
    return [(int(start, 16), int(size, 16), name) for start, size, name in lines]


def strip(path, folder):
    to = pathlib.Path(folder) / pathlib.Path(path).name
    subprocess.run([STRIP, "-s", "-o", to, path], check=True)
    assert not re.search(r"\.symtab", subprocess.run([READELF, "-SW", to], capture_output=True, text=True).stdout)
    return to


# The special method of a slot, where it is not the slot's own word.
SPECIAL = {
    "nb_subtract": "sub", "nb_multiply": "mul", "nb_remainder": "mod", "nb_power": "pow", "nb_negative": "neg",
    "nb_positive": "pos", "nb_absolute": "abs", "nb_floor_divide": "floordiv", "nb_true_divide": "truediv",
    "nb_matrix_multiply": "matmul", "sq_length": "len", "mp_length": "len", "sq_concat": "add", "sq_repeat": "mul",
    "sq_item": "getitem", "sq_ass_item": "setitem", "sq_inplace_concat": "iadd", "sq_inplace_repeat": "imul",
    "mp_subscript": "getitem", "mp_ass_subscript": "setitem", "tp_getattro": "getattribute", "tp_setattro": "setattr",
    "tp_richcompare": "eq", "tp_iternext": "next", "tp_descr_get": "get", "tp_descr_set": "set", "tp_finalize": "del",
    "nb_nonzero": "bool", "bf_getbuffer": "buffer", "bf_releasebuffer": "release_buffer",
}


def special(slot):
    """nb_inplace_subtract: isub."""
    kind, _, what = slot.partition("_")
    if what.startswith("inplace_") and kind == "nb":
        return "i" + special("nb_" + what.removeprefix("inplace_"))
    return SPECIAL.get(slot, what)


def last_of(name):
    """list.sort: sort; frame.f_lineno.setter: f_lineno.setter."""
    bare = name.removesuffix(".setter")
    return bare.rpartition(".")[2] + name[len(bare):]


def plain(word):
    return re.sub(r"[^a-z0-9]", "", word.lower())


def agrees(name, symbols):
    """Whether the method's name, or what the slot does, lies in the symbol's name."""
    last = last_of(name).removesuffix(".setter")
    wanted = {plain(last), plain(re.sub(r"^(tp|nb|sq|mp|am|bf)_", "", last)), plain(special(last))}
    return any(word and word in plain(symbol) for symbol in symbols for word in wanted)


class Verdict:
    """Of all names: at a function's start, of the size that the symbol has, agreeing with it."""
    def __init__(self, names, truth, exported):
        self.named = len(names)
        self.only_here = sum(start not in exported for start, _, _ in names)
        self.astray = [(hex(start), name) for start, _, name in names if start not in truth]
        self.sized = sum(any(size == s for s, _ in truth.get(start, [])) for start, size, _ in names)
        self.other = [(hex(start), name, [n for _, n in truth[start]]) for start, _, name in names
                      if start in truth and not agrees(name, [n for _, n in truth[start]])]

    @property
    def agreeing(self):
        return self.named - len(self.astray) - len(self.other)

    def __str__(self):
        return (f"{self.named} named, {self.only_here} of these not in .dynsym, {len(self.astray)} astray, "
                f"{self.sized} of the same size, {self.agreeing} agree "
                f"({100 * self.agreeing / max(self.named, 1):.1f} %)")


def judge(print_c_functions, stripped, unstripped):
    return Verdict(ours(print_c_functions, stripped), functions(unstripped), functions(stripped, "--dyn-syms"))


def judge_live(print_c_functions, command, path, shown_as=None):
    """Against the objects of a running interpreter, which names the file as shown_as: (how many functions it tells of,
    names that it does not know)."""
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    truth = {}
    for file, address, name in (line.split() for line in text.splitlines()):
        if file == str(shown_as or path):
            truth.setdefault(int(address, 16), set()).add(name)
    told = [(start, name) for start, _, name in ours(print_c_functions, path) if start in truth]
    return len(told), [(hex(start), name, truth[start]) for start, name in told
                       if not {last_of(name), name.rpartition(".")[2]} & truth[start] and
                       not {f"__{special(last_of(name))}__", f"__r{special(last_of(name))}__"} & truth[start]]
