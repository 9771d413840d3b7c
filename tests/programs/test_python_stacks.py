# SPDX-License-Identifier: Apache-2.0
"""Profiles of Python programs whose possible stacks are known, with native frames between the Python ones:
no impossible stack, and each kind whole and in the right order (all in tests/prove/python_workloads.py)."""
import concurrent.futures
import dataclasses
import functools
import os

import pytest

import python_profile
import pythons
import thread_roots

pytestmark = pytest.mark.alone

WORKLOADS = ["alternate", "deep", "generators", "library", "qsort", "no_gil", "pool", "asyncio", "chunks"]
EXTENSIONS = ["numpy", "gevent"]
# the last loads Debian's extension modules into an interpreter with symbols
CASES = {"3.13-shared": WORKLOADS, "3.11-debian": WORKLOADS + EXTENSIONS, "3.8-shared": WORKLOADS,
         "3.11-shared": EXTENSIONS}

# By symbols, or by what the tables of a stripped file say (python_profile.not_shown()).
THREAD = "*timed *run *_bootstrap_inner *_bootstrap ... clone3|__clone3|clone"
ORDERS = {
    "qsort": ["*spin *compare ... __qsort_r|qsort_r ... ffi_call ... *sort_in_c *work_round *work *start *<module>"
              " ... _start"],
    "library": ["encoder_call|_json.Encoder.tp_call ... *iterencode *encode *dumps *by_key ... list_sort|list.sort"
                " ... builtin_sorted|sorted *sort_by_json *work_round"],
    "generators": ["*spin *numbers ... *squares ... *last *pipeline *work_round",
                   "*spin *squares ... _list_extend|list_extend|list.extend ... *consumed_in_c *work_round",
                   "*spin *<genexpr> ... builtin_sum|sum *consumed_in_c *work_round"],
    "asyncio": ["*spin *heavy ... *answer *counted ... *handle ... context_run|_contextvars.Context.run *_run *_run_once"
                " *run_forever *run_until_complete *serve *work_round *work *start *<module> ... _start"],
    "pool": ["*spin *three *pool_task ... map_next|map.tp_iternext ... *mapstar *worker *run *_bootstrap *_launch",
             "*_launch *__init__ *_Popen *start *_repopulate_pool_static *_repopulate_pool *__init__ *Pool *tasks"
             " *work_round *work *start *<module> ... _start"],
    "no_gil": ["SHA256_Update ... *sha256 " + THREAD, "deflate ... *deflate " + THREAD],
    "deep": ["*spin " + 4001 * "*down " + "*in_thread *run"],
    "numpy": ["cblas_dgemm ... *public_api *multiply *work_round", "numpy.ndarray.mp_ass_subscript *fancy *work_round"],
    "gevent": ["*spin *spun *inner *green1 ... greenlet::UserGreenlet::g_initialstub",
               "*spin *spun *inner *green3 ... greenlet::UserGreenlet::g_initialstub"],
}
IN_CHUNKS = ["do_mmap ... *even|*odd *even|*odd", "asm_exc_page_fault ... *even|*odd *even|*odd"]  # not on 3.8


def orders(python, workload):
    return IN_CHUNKS if workload == "chunks" and python.version > (3, 10) else ORDERS.get(workload, [])


# threads and greenlets that start or end run no Python yet, or no more
HZ = 199 if "ASAN_OPTIONS" in os.environ else 999  # a slowed sonde does not drain more deep stacks than that
STARTING = {"deep": 0.15, "no_gil": 0.15, "gevent": 0.15}


def with_debians_modules(python):
    if python.name != "3.11-shared":
        return python
    return dataclasses.replace(python, env={**python.env, "PYTHONPATH": "/usr/lib/python3/dist-packages"})


@functools.cache
def recorded(build, name, folder):
    """{workload: (its samples, its legal stacks)}, all recorded at once."""
    python, workloads = with_debians_modules(pythons.find(build, name)), CASES[name]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        legal = list(pool.map(lambda w: python_profile.legal_stacks(build, python, w), workloads))
    programs = {w: (python, w) for w in workloads}
    samples = python_profile.record_together(build, programs, folder / f"{name}.pb.gz", HZ, 4)
    return {w: (samples[w], one) for w, one in zip(workloads, legal)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("stacks")


@pytest.mark.parametrize("python,workload", [(p, w) for p, workloads in CASES.items() for w in workloads],
                         indirect=["python"])
def test_stacks_are_possible_whole_and_in_order(build, root, python, workload, folder):
    samples, legal = recorded(build, python.name, folder)[workload]
    checked = python_profile.check(samples, legal)
    # one: the collector may call back from any line, and no profiler in Python is told; the proof shows each
    assert sum(checked.impossible.values()) <= 1, checked.impossible.most_common(3)
    lacking = checked.cut + checked.native_only
    assert checked.whole > 20 and lacking <= STARTING.get(workload, 0.06) * checked.total() + 2, checked.summary()
    assert python_profile.not_shown(samples, orders(python, workload)) == []


# on 3.8 a deep recursion has more native frames than a record
@pytest.mark.parametrize("python", ["3.13-shared", "3.11-debian"], indirect=True)
def test_native_frames_reach_the_root_of_their_thread(build, root, python, folder):
    for workload, (samples, _) in recorded(build, python.name, folder).items():
        if workload == "gevent":
            continue  # a greenlet's stack ends where the greenlet began: test_python_shapes.py
        inside = [(stack[-1].name, count) for stack, count, _ in samples if python_profile.python_frames(stack)]
        away = sum(count for name, count in inside if not thread_roots.begins_a_thread(name))
        assert away <= 0.01 * sum(count for _, count in inside) + 1, workload
