# SPDX-License-Identifier: Apache-2.0
"""Python stacks of unusual shape: trampolines (-X perf), evaluators (PEP 523), interpreters in an interpreter,
greenlets, finalizers, the JIT. No impossible stack, none cut, native frames where they ran."""
import concurrent.futures
import dataclasses
import functools
import re

import pytest

import python_profile
import pythons

SORTED = ("*spin *compare ... __qsort_r|qsort_r ... ffi_call ... *sort_in_c *work_round *work *start *<module>"
          " ... _start")
GENERATED = ["*spin *squares ... list_vectorcall|list.tp_vectorcall *consumed_in_c *work_round *work",
             "*spin *<genexpr> ... builtin_sum|sum *consumed_in_c *work_round *work"]
EVALUATED = ["*spin evaluate ... *compare evaluate ... __qsort_r|qsort_r ... ffi_call ... *sort_in_c evaluate ..."
             " *work_round evaluate ... *work evaluate ... *start ... *<module> ... _start",
             "*spin evaluate ... *squares evaluate ... *last evaluate ... *pipeline evaluate ... *work_round"]
INNER = "*spin *inside *<module> ... builtin_exec|exec ... *<module> ... "
INTERPRETERS = [INNER + "*here *work_round *work *start *<module> ... _start",
                INNER + "*beside *run ... *_bootstrap_inner *_bootstrap",
                "deflate ... *<module> ... builtin_exec|exec ... *<module> ... *beside *run"]
FINALIZERS = ["*spin *__del__ ... PyObject_CallFinalizerFromDealloc ... *dropped *work_round",
              "*spin *__del__ ... gc_collect|gc.collect *collected *work_round"]
GREENLETS = [f"*spin *{side}2 *{side}1 ... greenlet::UserGreenlet::g_initialstub" for side in ("left", "right")]


@dataclasses.dataclass
class Shape:
    python: str
    workload: str
    orders: list
    options: tuple = ()
    env: dict = dataclasses.field(default_factory=dict)
    never: str = "^$"  # a native frame's name
    starting: float = 0.0  # share of samples that may have no Python frame

    def __str__(self):
        return "-".join([self.python, self.workload, *self.options[1:], *map("=".join, self.env.items())])

    def program(self, build):
        """(interpreter, workload, arguments), or Missing"""
        found = pythons.find(build, self.python)
        found = dataclasses.replace(found, argv=[*found.argv, *self.options], env={**found.env, **self.env})
        library = [pythons.extension(build, found, "evaluator")] if self.workload == "evaluator" else []
        return found, self.workload, *library


PERF = dict(options=("-X", "perf"), never="py_trampoline_evaluator|\\[jit")
JIT = dict(env={"PYTHON_JIT": "1"})
SHAPES = [
    Shape("3.12-shared", "qsort", [SORTED], **PERF), Shape("3.13-shared", "qsort", [SORTED], **PERF),
    Shape("3.15-debian", "qsort", [SORTED], **PERF), Shape("3.13-stripped", "qsort", [SORTED], **PERF),
    *[Shape(p, "evaluator", EVALUATED)
      for p in ("3.6-shared", "3.8-shared", "3.10-shared", "3.11-debian", "3.12-shared", "3.13-shared")],
    *[Shape(p, "interpreters", INTERPRETERS)
      for p in ("3.8-shared", "3.11-debian", "3.12-shared", "3.13-shared", "3.15-debian")],
    *[Shape(p, "finalizers", FINALIZERS) for p in ("3.8-shared", "3.11-debian", "3.13-shared")],
    Shape("3.11-debian", "greenlets", GREENLETS, starting=0.25),
    *[Shape(p, "generators", GENERATED, **JIT) for p in ("3.14-debian", "3.15-debian")],
]


@functools.cache
def recorded(build, folder, workload, options):
    """{shape: (its samples, its legal stacks)} of those like it, all at once; one that lacks its interpreter: why"""
    found = {}
    for shape in SHAPES:
        if (shape.workload, shape.options) == (workload, options):
            try:
                found[str(shape)] = shape.program(build)
            except pythons.Missing as e:
                found[str(shape)] = str(e)
    programs = {name: program for name, program in found.items() if not isinstance(program, str)}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        legal = list(pool.map(lambda program: python_profile.legal_stacks(build, *program), programs.values()))
    samples = python_profile.record_together(build, programs, folder / "p.pb.gz", 999, 4)
    return {**found, **{name: (samples[name], one) for name, one in zip(programs, legal)}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shapes")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shape(build, root, shape, folder):
    found = recorded(build, folder, shape.workload, shape.options)[str(shape)]
    if isinstance(found, str):
        pytest.skip(f"no Python {shape.python}: {found}")
    samples, legal = found
    checked = python_profile.check(samples, legal)
    assert sum(checked.impossible.values()) <= 1, checked.impossible.most_common(3)
    lacking = checked.cut + checked.native_only
    assert checked.whole > 20 and lacking <= (0.02 + shape.starting) * checked.total() + 2, checked.summary()
    assert python_profile.not_shown(samples, shape.orders) == []
    above = [stack[1:] for stack, _, _ in samples if python_profile.python_frames(stack)]  # the leaf may be anywhere
    shown = {frame.name for stack in above for frame in stack if not python_profile.is_python(frame)}
    assert [name for name in shown if re.search(shape.never, name)] == []


def test_frames_of_another_greenlet_do_not_appear(build, root, folder):
    """Native ones: of each greenlet there is one g_initialstub, and Python ones are judged by what can be."""
    samples, _ = recorded(build, folder, "greenlets", ())["3.11-debian-greenlets"]
    starts = [sum(frame.name == "greenlet::UserGreenlet::g_initialstub" for frame in stack) for stack, _, _ in samples
              if python_profile.python_frames(stack)]
    # while one stack is copied over another, there are two
    assert starts.count(1) > 20 and sum(n > 1 for n in starts) <= 0.02 * len(starts) + 1
