#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds for fuzz_elf_file, fuzz_cfi_table, fuzz_plt, fuzz_c_functions,
fuzz_python_object and fuzz_debugdata, of small real programs:
elf_seeds.py CORPUS [GO_PROGRAM]. Of a Go program its first functions are taken."""
import lzma
import pathlib
import struct
import subprocess
import sys
import tempfile

SOURCE = r"""
extern int outer(int), other(int);
extern int (*taken)(int);
__attribute__((weak)) int shown(int x) { taken = other; return outer(x) + 1; }
static __attribute__((noinline)) int hidden(int x) { volatile char room[64]; room[x & 63] = 1; return other(x) + room[1]; }
int (*taken)(int) = outer;
int many(int n) { char room[n]; __builtin_memset(room, n, n); return hidden(room[n / 2]) + taken(n); }
__asm__(".text\n.globl bare\nbare: nop\nret\nbehind: nop\nret\n");
void _start(void) { for (;;) many(shown(3)); }
"""
EXTENSION = r"""
#include <Python.h>
static PyObject *cut(PyObject *self, PyObject *args) { return PyNumber_Add(self, args); }
static PyObject *get_size(PyObject *self, void *closure) { return PyNumber_Add(self, closure); }
static int set_size(PyObject *self, PyObject *to, void *closure) { return PyObject_Not(to) + (closure == self); }
static PyObject *add(PyObject *a, PyObject *b) { return PyNumber_Subtract(b, a); }
static PyObject *repr(PyObject *self) { return PyObject_Str(self); }
static PyMethodDef cut_methods[] = {{"cut", cut, METH_O, "cuts"}, {"alias", PyNumber_Add, METH_VARARGS, 0}, {0}};
static PyGetSetDef attributes[] = {{"size", get_size, set_size, "of it", 0}, {0}};
static PyNumberMethods numbers = {.nb_add = add};
PyTypeObject Thing = {PyVarObject_HEAD_INIT(&PyType_Type, 0) .tp_name = "seed.Thing", .tp_basicsize = 32,
    .tp_methods = cut_methods, .tp_getset = attributes, .tp_as_number = &numbers, .tp_flags = Py_TPFLAGS_DEFAULT};
static PyType_Slot slots[] = {{Py_tp_repr, repr}, {Py_tp_methods, cut_methods}, {0, 0}};
PyType_Spec spec = {"seed.Other", 32, 0, Py_TPFLAGS_DEFAULT, slots};
static PyModuleDef seed = {PyModuleDef_HEAD_INIT, "seed", 0, -1, cut_methods};
PyObject *PyInit_seed(void) { return PyModule_Create(&seed); }
"""
SMALL = ["-nostdlib", "-Wl,-z,noseparate-code,-z,max-page-size=64,--build-id=sha1,-z,norelro"]
SHARED = ["-shared", "-fPIC", *SMALL]
PYTHON = ["-I/usr/include/python3.11", "-O2"]
BUILDS = {  # folder/name: compiler, options, objcopy's options
    "elf_file/gcc-shared": ("gcc", ["-O2", *SHARED], []),
    "elf_file/gcc-stripped": ("gcc", ["-O2", *SHARED], ["--strip-all"]),
    "elf_file/gcc-object": ("gcc", ["-O2", "-c"], []),
    "elf_file/clang-shared": ("clang-14", ["-O1", *SHARED], []),
    "elf_file/gcc-compressed": ("gcc", ["-O1", "-g", *SHARED], ["--compress-debug-sections=zlib"]),
    "cfi_table/gcc-frame-pointer": ("gcc", ["-O0", *SHARED], ["--strip-all"]),
    "cfi_table/gcc-no-frame-pointer": ("gcc", ["-O2", "-mavx", "-mstackrealign", *SHARED], ["--strip-all"]),
    "cfi_table/clang": ("clang-14", ["-O2", *SHARED], ["--strip-all"]),
    "cfi_table/gcc-debug-frame": ("gcc", ["-O1", "-g1", "-fno-asynchronous-unwind-tables", *SHARED],
                                  ["--remove-section=.debug_[!f]*"]),
    "plt/gcc-lazy": ("gcc", ["-O1", "-Wl,-z,lazy", *SHARED], ["--strip-all"]),
    "plt/gcc-now": ("gcc", ["-O1", "-Wl,-z,now", *SHARED], ["--strip-all"]),
    "c_functions/gcc-shared": ("gcc", [*PYTHON, *SHARED], ["--strip-all"]),
    "c_functions/gcc-fixed": ("gcc", [*PYTHON, "-no-pie", "-fno-pie", *SMALL, "-Wl,-e,PyInit_seed",
                                      "-l:libpython3.11.so.1.0"], ["--strip-all"]),
    "c_functions/gcc-relr": ("gcc", [*PYTHON, "-Wl,-z,pack-relative-relocs", *SHARED], ["--strip-all"]),
    "plt/gcc-endbr": ("gcc", ["-O1", "-fcf-protection", "-Wl,-z,ibtplt,-z,lazy", *SHARED], ["--strip-all"]),
}


MADE_PYTHON = pathlib.Path(__file__).resolve().parents[1] / "targets/python/made_interpreter.c"
SMALL_RUNTIME = "-DRUNTIME_SIZE=1600"
PYTHONS = {  # the same; of MADE_PYTHON
    "python_object/3.8": ("gcc", ["-O2", "-DVERSION=0x0308", *SHARED]),
    "python_object/3.8-refused": ("gcc", ["-O2", "-DVERSION=0x0308", "-DBACK=16", *SHARED]),
    "python_object/3.12": ("clang-14", ["-O0", "-DVERSION=0x030c", SMALL_RUNTIME, *SHARED]),
    "python_object/3.15": ("gcc", ["-O2", "-DVERSION=0x030f", SMALL_RUNTIME, *SHARED]),
    "python_object/3.15-packed": ("clang-14", ["-O2", "-DVERSION=0x030f", SMALL_RUNTIME, "-ftls-model=initial-exec",
                                               "-Wl,-z,pack-relative-relocs", *SHARED]),
}
C_LIBRARIES = {  # the code of pthread_getspecific()
    "python_object/glibc": "cmp $0x1f,%edi; ja 1f; mov %edi,%eax; add $0x31,%rax; shl $4,%rax; add %fs:0x10,%rax; "
                           "mov 8(%rax),%rdx; mov %rdx,%rax; ret; 1: xor %eax,%eax; ret",
    "python_object/musl": "mov %fs:0,%rax; mov 0x80(%rax),%rax; mov %edi,%edi; mov (%rax,%rdi,8),%rax; ret",
}
SPECIFIC = '__attribute__((naked)) void *pthread_getspecific(unsigned key) { __asm__("CODE"); }\n'


def build(compiler, options, copying, folder, text=None):
    source, out = folder / "seed.c", folder / "seed"
    source.write_text(text or (EXTENSION if PYTHON[0] in options else SOURCE))
    subprocess.run([compiler, "-w", source, *options, "-o", out], check=True)
    subprocess.run(["/usr/bin/objcopy", *copying, out], check=True)
    return out.read_bytes()


def elf_of(sections):
    """A file with these sections {name: (address, bytes)}, one executable segment over all."""
    names, body, heads = b"\0", b"", [bytes(64)]
    sections = {**sections, ".shstrtab": (0, None)}
    for name, (address, data) in sections.items():
        at, names = len(names), names + name.encode() + b"\0"
        data = names if data is None else data
        kind = 3 if name == ".shstrtab" else 1
        heads.append(struct.pack("<IIQQQQIIQQ", at, kind, 6, address, 120 + len(body), len(data), 0, 0, 8, 0))
        body += data + bytes(-len(data) % 8)
    ident = b"\x7fELF\2\1\1" + bytes(9)
    head = struct.pack("<16sHHIQQQIHHHHHH", ident, 2, 62, 1, 0x401000, 64, 120 + len(body), 0, 64, 56, 1, 64,
                       len(heads), len(heads) - 1)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 0x200000, 0x200000, 4096)
    return head + segment + body + b"".join(heads)


def section(path, name):
    for line in subprocess.run(["/usr/bin/readelf", "-SW", path], stdout=subprocess.PIPE, text=True).stdout.splitlines():
        words = line.split("]", 1)[-1].split()
        if words[:1] == [name]:
            return int(words[2], 16), path.read_bytes()[int(words[3], 16):][:int(words[4], 16)]
    raise SystemExit(f"{path}: no {name}")


def go_seed(program, cnt=40):
    """The function table with its first functions, what they name moved behind."""
    _, table = section(program, ".gopclntab")
    _, files, start, names, _, _, pcs, functions = struct.unpack_from("<8Q", table, 8)
    entries = [struct.unpack_from("<II", table, functions + 8 * i) for i in range(cnt + 1)]
    new_names = new_pcs = new_records = b""
    new_entries, room = b"", 8 * cnt + 8
    for entry, place in entries[:cnt]:
        record = bytearray(table[functions + place:][:48])
        name, = struct.unpack_from("<I", record, 4)
        sp, = struct.unpack_from("<I", record, 16)
        struct.pack_into("<I", record, 4, len(new_names))
        struct.pack_into("<I", record, 16, len(new_pcs))
        new_entries += struct.pack("<II", entry, room + len(new_records))
        new_names += table[names + name:].split(b"\0", 1)[0] + b"\0"
        new_pcs += table[pcs + sp:][:24]
        new_records += record
    new_entries += struct.pack("<II", entries[cnt][0], 0)
    head = table[:8] + struct.pack("<8Q", cnt, 0, start, 72, 72, 72, 72 + len(new_names),
                                   72 + len(new_names) + len(new_pcs))
    return elf_of({".gopclntab": (0x500000, head + new_names + new_pcs + new_entries + new_records)})


def main():
    corpus = pathlib.Path(sys.argv[1])
    seeds = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, recipe in BUILDS.items():
            seeds[name] = build(*recipe, folder)
        for name, recipe in PYTHONS.items():
            seeds[name] = build(*recipe, ["--strip-all"], folder, MADE_PYTHON.read_text())
        for name, code in C_LIBRARIES.items():
            seeds[name] = build("gcc", SHARED, ["--strip-all"], folder, SPECIFIC.replace("CODE", code))
        symbols = build("gcc", ["-O1", *SHARED], ["--only-keep-debug"], folder)
    for check in ("NONE", "CRC32", "CRC64"):
        packed = lzma.compress(symbols, check=getattr(lzma, "CHECK_" + check))
        seeds[f"debugdata/{check.lower()}"] = packed
    seeds["debugdata/cut"] = packed[:len(packed) // 2]
    seeds["debugdata/no-elf"] = lzma.compress(b"nothing of worth", check=lzma.CHECK_NONE)
    if len(sys.argv) > 2:
        seeds["cfi_table/go"] = seeds["elf_file/go"] = go_seed(pathlib.Path(sys.argv[2]))
    for name, data in seeds.items():
        (corpus / name).parent.mkdir(parents=True, exist_ok=True)
        (corpus / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")


main()
