# SPDX-License-Identifier: Apache-2.0
"""What the workloads have in common. A workload is a list of functions, run in turn for ever; each takes
10 ms or more, and its CPU time is measured around it: the truth that a profile is held against.

  run    works, says "ready", works on until SIGTERM, then prints {"cpu": [[function, CPU seconds, began, ended]]}, by the
         wall clock: who sampled for a while knows what belongs to that while
  legal  works a few rounds under the interpreter's own profiling hook and prints what stacks can be:
         {"edges": [[caller, file, line, callee, file]], "roots": [[function, file]], "resumed": ["function\\tfile"],
          "lines": {"function\\tfile": [line]}}

Runs on 2.7 and 3.6 to 3.15.
"""
import ctypes
import dis
import json
import signal
import sys
import threading
import time

stopped = []
spent = []
inside = {}  # thread: CPU time that others counted since its function began
edges, roots, codes = set(), set(), set()
libc = ctypes.CDLL(None)


class Timespec(ctypes.Structure):
    _fields_ = [("sec", ctypes.c_long), ("nsec", ctypes.c_long)]


def cpu():
    """This thread's CPU time, on every version."""
    now = Timespec()
    libc.clock_gettime(3, ctypes.byref(now))
    return now.sec + now.nsec / 1e9


def now():
    return time.time(), cpu()


def since(began):
    """What a function has used: [CPU seconds, began, ended]."""
    return [cpu() - began[1], began[0], time.time()]


def count(name, began):
    """Time that the function which this thread runs does not count as its own."""
    used = since(began)
    spent.append([name] + used)
    thread = threading.current_thread()
    inside[thread] = inside.get(thread, 0) + used[0]


def spin(n):
    total = 0
    for i in range(n):
        total += i & 3
    return total


def watch(frame, event, arg):
    """sys.setprofile: who calls whom, from which line."""
    if event != "call":
        return
    codes.add(frame.f_code)
    while frame.f_back:
        edge = frame.f_back.f_code, frame.f_back.f_lineno, frame.f_code
        if edge in edges:
            return
        edges.add(edge)
        frame = frame.f_back
        codes.add(frame.f_code)
    roots.add(frame.f_code)


def watch_threads():
    """From their first frame on; threading.setprofile() begins after it has told its starter."""
    def watched(start):
        def start_watched(function, *args, **more):
            def first(*words):
                sys.setprofile(watch)
                roots.add(function.__func__.__code__)
                function(*words)
            return start(first, *args, **more)
        return start_watched
    for name in ("_start_new_thread", "_start_joinable_thread"):
        if hasattr(threading, name):
            setattr(threading, name, watched(getattr(threading, name)))


def key(code):
    return [getattr(code, "co_qualname", code.co_name), code.co_filename]


def lines_of(code):
    found = set(line for _, line in dis.findlinestarts(code) if line is not None)
    if hasattr(code, "co_lines"):
        found |= set(line for _, _, line in code.co_lines() if line is not None)
    return sorted(found | {code.co_firstlineno})


RESUMED = 0x20 | 0x80 | 0x200  # inspect's CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR


def found_edges():
    """In JSON's types, so that a child can send them."""
    return {"edges": [key(a) + [line] + key(b) for a, line, b in list(edges)],
            "roots": [key(code) for code in list(roots)],
            "resumed": ["\t".join(key(code)) for code in list(codes) if code.co_flags & RESUMED],
            "lines": [["\t".join(key(code)), lines_of(code)] for code in list(codes)]}


def merged(parts):
    lines = {}
    for part in parts:
        for name, numbers in part["lines"]:
            lines[name] = sorted(set(lines.get(name, [])) | set(numbers))
    return {"edges": [e for part in parts for e in part["edges"]],
            "roots": [r for part in parts for r in part["roots"]],
            "resumed": [name for part in parts for name in part["resumed"]], "lines": lines}


def work_round(functions):
    thread = threading.current_thread()
    for function in functions:
        began, inside[thread] = now(), 0
        made = function()
        used, start, end = since(began)
        spent.append([function.__name__, used - inside[thread], start, end])
        del made  # freed by this function, not by the other


def work(functions, rounds):
    """Says after the first round that it is ready: threads and processes are there by then."""
    first = rounds < 0
    while rounds and not stopped:
        work_round(functions)
        rounds -= 1
        if first:
            first = False
            sys.stdout.write("ready\n")
            sys.stdout.flush()


def start(make):
    """make() -> (functions, function that gives the edges of other processes or None)"""
    functions, others = make()
    legal = sys.argv[-1] == "legal"
    if legal:
        watch_threads()
        sys.setprofile(watch)
    else:
        signal.signal(signal.SIGTERM, lambda *args: stopped.append(1))
    work(functions, 5 if legal else -1)
    sys.setprofile(None)
    print(json.dumps(merged([found_edges()] + (others() if others else [])) if legal else {"cpu": spent}))
    sys.stdout.flush()
