# SPDX-License-Identifier: Apache-2.0
"""The Python frames of a profile, and whether stacks are possible and shares right: judged by what the
workload itself said of its calls and its CPU time (tests/targets/python/driver.py)."""
import collections
import functools
import json
import math
import os
import pathlib
import re
import signal
import subprocess
import time

import pprof_wire

Frame = collections.namedtuple("Frame", "mapping name file line start_line system_name")


def all_frames(profile):
    """(frames leaf first, samples, labels) of each sample."""
    text = profile.strings.__getitem__
    functions = {f[1]: f for f in profile.functions}
    mappings = {m[1]: text(m.get(5, 0)) for m in profile.mappings}
    frames = {}
    for location in profile.locations:
        frames[location[1]] = []
        for line in location[4]:
            f = functions[line[1]]
            frames[location[1]].append(Frame(mappings.get(location.get(2), ""), text(f.get(2, 0)), text(f.get(4, 0)),
                                             line.get(2, 0), f.get(5, 0), text(f.get(3, 0))))
    for ids, values, labels in profile.samples:
        named = {text(l[1]): text(l[2]) if l.get(2) else l.get(3, 0) for l in labels}
        yield [frame for i in ids for frame in frames[i]], values[0], named


def is_python(frame):
    return frame.mapping.startswith("[cpython ")


def python_frames(stack):
    return [frame for frame in stack if is_python(frame)]


def bare(frame):
    return frame.name.rsplit(".", 1)[-1]


def descendants(pid):
    found = [pid]
    for parent in found:
        for task in pathlib.Path(f"/proc/{parent}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def legal_stacks(build, python, workload, *args):
    target = python.start(build, "workloads.py", workload, *args, "legal", stdout=subprocess.PIPE, text=True)
    said, _ = target.communicate(timeout=300)
    assert target.returncode == 0
    return json.loads(said)


def record_pids(build, pids, path, hz, seconds, *options):
    command = [build / "collector/sonde", "record", "-p", ",".join(map(str, pids)), "-F", str(hz), "-d", str(seconds)]
    done = subprocess.run([*command, "-o", path, *options], capture_output=True, text=True, timeout=seconds + 120)
    assert done.returncode == 0, done.stderr
    return pprof_wire.Profile(path)


def truth_of(profile, spent):
    """CPU seconds by function in the profile's while; a name that begins with _ has no truth."""
    truth = {}
    for name, used, began, ended in spent:
        inside = min(ended, profile.ended) - max(began, profile.began)
        if inside > 0 and not name.startswith("_"):
            truth[name] = truth.get(name, 0) + used * inside / (ended - began)
    return truth


def record(build, python, workload, path, hz, seconds, *options):
    """A profile of the workload while it works, and the CPU seconds that it counted itself."""
    target = python.start(build, "workloads.py", workload, "run", stdout=subprocess.PIPE, text=True)
    try:
        assert target.stdout.readline() == "ready\n"
        profile = record_pids(build, descendants(target.pid), path, hz, seconds, *options)
        target.send_signal(signal.SIGTERM)
        spent = json.loads(target.communicate(timeout=60)[0])["cpu"]
    finally:
        target.kill()
        target.wait()
    return profile, truth_of(profile, spent)


def record_together(build, programs, path, hz, seconds):
    """One profile of several programs at once. programs: {name: (interpreter, workload and its arguments)};
    returns {name: its part of all_frames(), from its first sample with Python frames on}"""
    targets = {name: python.start(build, "workloads.py", *words, "run", stdout=subprocess.PIPE, text=True)
               for name, (python, *words) in programs.items()}
    try:
        for target in targets.values():
            assert target.stdout.readline() == "ready\n"
        time.sleep(0.5)
        whose = {pid: name for name, target in targets.items() for pid in descendants(target.pid)}
        profile = record_pids(build, whose, path, hz, seconds, "--labels", "timestamps")
    finally:
        for target in targets.values():
            for pid in descendants(target.pid):
                os.kill(pid, signal.SIGKILL)
            target.wait()
            target.stdout.close()
    assert pprof_wire.violations(profile) == []
    parts = {name: [] for name in programs}
    for part in all_frames(profile):
        if "pid" in part[2]:  # others tell what was lost
            parts[whose[part[2]["pid"]]].append(part)
    return {name: from_first_python(samples) for name, samples in parts.items()}


def from_first_python(samples):
    """Until then the interpreter was not known: tests of first samples look at that."""
    begin = min((labels["timestamp_ns"] for stack, _, labels in samples if python_frames(stack)), default=0)
    return [part for part in samples if part[2]["timestamp_ns"] >= begin]


def told(stack):
    """In one line, for the patterns."""
    return " ".join("*" + bare(f) if is_python(f) else f.name.replace(" ", "_")
                    for f in stack)


@functools.cache
def pattern(order):
    words = ["([^ *][^ ]* )*" if word == "..." else "(" + "|".join(map(re.escape, word.split("|"))) + ") "
             for word in order.split()]
    return re.compile("(^| )" + "".join(words))


def not_shown(samples, orders):
    """Those that no stack has. An order has names leaf first: of native functions (a|b: either), of Python ones
    with a star; "..." stands for native frames, no Python among them."""
    stacks = [told(stack) + " " for stack, _, _ in samples]
    return [order for order in orders if not any(pattern(order).search(stack) for stack in stacks)]


class Checked:
    """Samples by what became of them; the impossible ones with the reason, most frequent first."""

    def __init__(self):
        self.whole = self.cut = self.native_only = self.lost = 0
        self.impossible = collections.Counter()
        self.examples = {}

    def total(self):
        return self.whole + self.cut + self.native_only + self.lost + sum(self.impossible.values())

    def summary(self):
        return (f"{self.total()} samples: {self.whole} to the root, {self.cut} cut, {self.native_only} without Python, "
                f"{self.lost} lost, "
                f"{sum(self.impossible.values())} impossible")


def is_made(frame, resumed):
    """A generator or coroutine while its object is made: profilers in Python are not told of that call."""
    return f"{frame.name}\t{frame.file}" in resumed and frame.line == frame.start_line


def is_called_back(frame):
    """By a weak reference: wherever an object dies, be it of the collector."""
    return bare(frame) in ("_remove", "remove") and pathlib.Path(frame.file).name in ("_weakrefset.py", "weakref.py")


def why_impossible(frames, edges, lines, resumed):
    """Frames leaf first; None where the workload knows every call and line."""
    leaf = frames[0]
    for callee, caller in zip(frames, frames[1:]):
        edge = caller.name, caller.file, caller.line, callee.name, callee.file
        if edge not in edges and not (callee is leaf and is_made(leaf, resumed)) and not is_called_back(callee):
            return edge
    if leaf.line not in lines.get(f"{leaf.name}\t{leaf.file}", ()):
        return leaf.name, leaf.file, leaf.line
    return None


def check(samples, legal):
    """samples: as all_frames() gives them"""
    edges = {tuple(edge) for edge in legal["edges"]}
    roots = {tuple(root) for root in legal["roots"]}
    checked = Checked()
    for stack, count, _ in samples:
        frames = python_frames(stack)
        why = frames and why_impossible(frames, edges, legal["lines"], legal["resumed"])
        if stack[0].name == "[lost]":
            checked.lost += count
        elif not frames:
            checked.native_only += count
        elif why:
            checked.impossible[why] += count
            checked.examples[why] = stack
        elif (frames[-1].name, frames[-1].file) in roots:
            checked.whole += count
        else:
            checked.cut += count
    return checked


def distance(profile, truth):
    """(total variation distance, its limit, samples): a sample counts for the function nearest to its leaf.
    The limit is twice what perfect sampling would show, and half a point."""
    counted = dict.fromkeys(truth, 0)
    for stack, samples, _ in all_frames(profile):
        names = [bare(frame) for frame in python_frames(stack) if bare(frame) in truth]
        if names:
            counted[names[0]] += samples
    n, whole = sum(counted.values()), sum(truth.values())
    if not n:
        return 1.0, 0.0, 0
    shares = {name: used / whole for name, used in truth.items()}
    floor = sum(math.sqrt(2 * p * (1 - p) / (math.pi * n)) for p in shares.values() if 0 < p < 1) / 2
    return sum(abs(counted[name] / n - p) for name, p in shares.items()) / 2, 2 * floor + 0.005, n
