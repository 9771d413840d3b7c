# SPDX-License-Identifier: Apache-2.0
"""Prints of many code objects where they lie in this process and what they are, a JSON line each, then waits
for the end of its input: codes.py MODULE... The modules' own, and some with names of every kind."""
import binascii
import gc
import importlib
import json
import sys
import types

# more code than these has names of one kind only: identifiers in ASCII
NAMES = [u"plain", u"", u"<module>", u"caf\u00e9", u"\u540d\u524d", u"\U0001d4df\u540d", u"a\x00b", u"tab\there",
         u"\x7f\x80\x9f\xa0", u"\ud7ff\ue000\uffff", u"x" * 5000, u"\u00e9" * 3000, u"\u540d" * 1500,
         u"\U0010ffff" * 1100]
if sys.version_info >= (3, 0):
    NAMES += [u"lone \udc80\udcff", u"\ud83d\ude00"]
else:
    NAMES = [name.encode("utf-8") for name in NAMES] + [b"bad \xff\xc0\x80", b"\xed\xa0\x80", b"cut \xe5\x90"]


class Text(str):
    """Not compact: its characters lie apart."""


def renamed(code, name, filename):
    if hasattr(code, "replace"):
        more = {"co_qualname": type(name)(u"outer.") + name} if hasattr(code, "co_qualname") else {}
        return code.replace(co_name=name, co_filename=filename, **more)
    args = [code.co_argcount] + ([code.co_kwonlyargcount] if sys.version_info >= (3, 0) else [])
    return types.CodeType(*args + [code.co_nlocals, code.co_stacksize, code.co_flags, code.co_code, code.co_consts,
                                   code.co_names, code.co_varnames, filename, name, code.co_firstlineno,
                                   code.co_lnotab, code.co_freevars, code.co_cellvars])


def of_module(name):
    code = compile(open(importlib.import_module(name).__file__.replace(".pyc", ".py"), "rb").read(), name, "exec")
    return with_nested(code)


def with_nested(code):
    found = [code]
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            found += with_nested(const)
    return found


def deep_frozen():
    """Code objects that are no memory of the heap but data of the interpreter's file (3.11 to 3.13)."""
    try:
        return [importlib._bootstrap.ModuleSpec.__init__.__code__, importlib._bootstrap._find_and_load.__code__]
    except AttributeError:
        return []


def characters(text):
    """Numbers, so that nothing on the way can change them; of 2.7's strings the bytes."""
    return [c if isinstance(c, int) else ord(c) for c in text]


def described(code):
    table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
    return json.dumps({
        "at": id(code), "name": characters(code.co_name), "filename": characters(code.co_filename),
        "qualname": characters(code.co_qualname) if hasattr(code, "co_qualname") else None,
        "first_line": code.co_firstlineno, "flags": code.co_flags, "table": binascii.hexlify(table).decode()})


def dead(code):
    """Where code objects were that are no more. Nothing may be made after this that could lie there again."""
    doomed = [renamed(code, str("dead%d" % i), str("/dead%d.py" % i)) for i in range(100)]
    lines = [json.dumps({"at": id(code)}) for code in doomed]
    del doomed
    if free_threaded:
        gc.collect()  # nothing else frees them there
    return lines


codes = deep_frozen()
for module in sys.argv[1:]:
    codes += of_module(module)
for name in NAMES:
    for kind in (str, Text):
        codes.append(renamed(codes[0], kind(name), kind(name)))
free_threaded = int("t" in getattr(sys, "abiflags", ""))
lines = [json.dumps({"hexversion": sys.hexversion, "bytes": str is bytes, "free_threaded": free_threaded,
                     "type": id(types.CodeType)})]
lines += [described(code) for code in codes]
lines += dead(codes[0])
print("\n".join(lines + ["done"]))
sys.stdout.flush()
sys.stdin.read()
