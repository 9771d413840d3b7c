# SPDX-License-Identifier: Apache-2.0
"""What tests/tools/print_python found in this interpreter's file, held against the interpreter itself:
facts.py NAME=VALUE... Prints NAME, what was found and what is expected, with tabs between, a line each. For every Python from 2.7 on."""
import ctypes
import sys

try:
    from threading import get_ident
except ImportError:
    from thread import get_ident

facts = dict(word.split("=", 1) for word in sys.argv[1:])
api = ctypes.pythonapi
NO_FIELD, LIST, KEY, TLS_OFFSET, TLS_SLOT, TLS_MODULE = 0xffff, 0, 1, 2, 3, 4


def layout(name):
    return int(facts["layout." + name])


def word(address):
    return ctypes.c_uint64.from_address(address).value


def half(address):
    return ctypes.c_int32.from_address(address).value


def byte(address):
    return ctypes.c_int8.from_address(address).value


def check(name, found, expected):
    print("%s\t%s\t%s" % (name, found, expected))


def symbol(name):
    return ctypes.addressof(ctypes.c_char.in_dll(api, name))


def call(name):
    function = getattr(api, name)
    function.restype = ctypes.c_void_p
    return function() or 0


def base_of(address):
    """Where the file is loaded that has this address."""
    rows = [line.split() for line in open("/proc/self/maps")]
    rows = [(int(r[0].split("-")[0], 16), int(r[0].split("-")[1], 16), r[5]) for r in rows if len(r) > 5]
    path = [p for low, high, p in rows if low <= address < high][0]
    return min(low for low, _, p in rows if p == path)


BASE = base_of(id(type(check.__code__)))


def place(name):
    return BASE + int(facts[name].split()[0], 16)


def thread_word():
    """The thread's PyThreadState, by the road that was found."""
    road, offset, fs = int(facts["road"]), int(facts["tls_offset"]), get_ident()
    if road == KEY:
        kind, room = facts["specific"].split()
        assert kind == "glibc"
        return word(fs + int(room) + 16 * half(place("key")))
    if road == TLS_OFFSET:
        return word(fs + offset)
    if road == TLS_SLOT:
        return word(fs + offset + ctypes.c_int64.from_address(place("key")).value)
    if road == TLS_MODULE:
        module, inside = word(place("key")), word(place("key") + 8)
        return word(word(word(fs + 8) + 16 * module) + inside + offset)
    interp = word(place("interp_head"))
    thread = word(interp + layout("interp_threads"))
    while thread and word(thread + layout("tstate_thread_id")) != fs:
        thread = word(thread + layout("tstate_next"))
    return thread


def code_of(frame):
    return word(frame + layout("frame_code")) & ~layout("code_tag_mask")


def is_shim(frame):
    return layout("frame_owner") != NO_FIELD and byte(frame + layout("frame_owner")) >= 3


def chain(tstate):
    """[(frame, code)], youngest first, and the address of the last frame of all. The first one is read without
    a call of Python's, whose frame would be gone when it is looked at."""
    to_frame, through, cframe = layout("tstate_frame"), layout("newest"), layout("cframe_current_frame")
    frame = ctypes.c_uint64.from_address(tstate + to_frame).value
    if through:
        frame = ctypes.c_uint64.from_address(frame + cframe).value
    last, found = 0, []
    while frame and len(found) < 100:
        last = frame
        if not is_shim(frame):
            found.append((frame, code_of(frame)))
        frame = word(frame + layout("frame_previous"))
    return found, last


def position(frame, code):
    """As f_lasti counts."""
    at = frame + layout("frame_position")
    if layout("position") == 0:
        return half(at)
    if layout("position") == 1:
        return half(at) * 2
    return word(at) - code - layout("code_size")


def callers():
    frame, codes = sys._getframe(1), []
    while frame:
        codes.append(frame)
        frame = frame.f_back
    return codes


def check_frames(tstate):
    found, last = chain(tstate)
    known = callers()
    found = found[1:]  # chain()'s own is gone
    check("frames", [int(code) for _, code in found], [id(f.f_code) for f in known])
    check("positions", [position(f, c) for f, c in found[1:]], [f.f_lasti for f in known[1:]])  # this one goes on
    if layout("tstate_sentinel") != NO_FIELD:
        check("sentinel", last, tstate + layout("tstate_sentinel"))
    if layout("anchor") == 0:
        check("frame objects", [int(f) for f, _ in found], [id(f) for f in known])


def frame_of_caller():
    found, _ = chain(thread_word())
    mine = id(sys._getframe().f_code)
    return [f for f, _ in found[[c for _, c in found].index(mine) + 1:]][0]


def check_owners():
    if layout("frame_owner") == NO_FIELD:
        return

    def generator():
        yield byte(frame_of_caller() + layout("frame_owner"))

    check("owner of a function", byte(frame_of_caller() + layout("frame_owner")), 0)
    check("owner of a generator", next(generator()), 1)


def check_entry():
    if layout("frame_is_entry") == NO_FIELD:
        return

    def entry(_=None):
        return byte(frame_of_caller() + layout("frame_is_entry"))

    check("entry from Python", entry(), 0)
    check("entry from C", list(map(entry, [1]))[0], 1)


def with_arguments(first, second, third=3):
    """Lines and arguments of its own."""
    return first, second, third


def check_code():
    code = with_arguments.__code__
    at = id(code)
    check("first line", half(at + layout("code_first_line")), code.co_firstlineno)
    check("flags", half(at + layout("code_flags")), code.co_flags)
    check("arguments", half(at + layout("code_argcount")), code.co_argcount)
    check("name", word(at + layout("code_name")), id(code.co_name))
    check("file", word(at + layout("code_filename")), id(code.co_filename))
    if sys.version_info >= (3, 11):
        check("qualified name", word(at + layout("code_qualname")), id(code.co_qualname))
    table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
    check("line table", word(at + layout("code_line_table")), id(table))
    check("type", word(at + layout("ob_type")), id(type(code)))
    if sys.version_info >= (3, 11):
        size = len(code._co_code_adaptive)
        check("code", ctypes.string_at(at + layout("code_size"), size)[::2] == code._co_code_adaptive[::2], True)
    if layout("code_version") != NO_FIELD:
        versions = [half(id(f.__code__) + layout("code_version")) for f in (with_arguments, chain, callers)]
        check("versions", len(set(versions) - {0}), 3)


def check_gil(tstate):
    gil = place("gil") if facts["gil"] != "0" else 0
    if int(facts["interp_gil"]):
        gil = word(word(place("interp_head")) + int(facts["interp_gil"]))
    if gil and sys.version_info >= (3, 7):  # before, a lock alone
        check("holder", word(gil + 8), tstate)
        check("locked", half(gil + 16), 1)
    check("holder is found", bool(gil) or facts["current"] != "0", True)
    if facts["current"] != "0":
        check("current", word(place("current")), tstate)


def main():
    tstate = call("PyThreadState_Get")
    check("version", int(facts["hexversion"], 16), sys.hexversion)
    check("code type", place("code_type"), id(type(main.__code__)))
    if sys.version_info >= (3, 7):
        check("runtime", place("runtime"), symbol("_PyRuntime"))
    check("interpreter", word(place("interp_head")), call("PyInterpreterState_Head"))
    check("road", int(facts["road"]), LIST if sys.version_info < (3,) else
          KEY if sys.version_info < (3, 15) else int(facts["road"]) or "not the list")
    check("thread", thread_word(), tstate)
    facts["road"] = str(LIST)
    check("thread by the list", thread_word(), tstate)
    check("thread's interpreter", word(tstate + layout("tstate_interp")), call("PyInterpreterState_Head"))
    check_frames(tstate)
    check_owners()
    check_entry()
    check_code()
    check_gil(tstate)


main()
