# SPDX-License-Identifier: Apache-2.0
"""The same object on Debian's kernels, in QEMU: what this machine's kernel cannot show (5.10's
fall-backs, kernel modules, CPU hotplug). The guest's profiles are judged here."""
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "oracles"), str(TESTS / "kernels")]
import dumps  # noqa: E402
import guest  # noqa: E402
import kallsyms  # noqa: E402
import python_profile  # noqa: E402
import python_stacks  # noqa: E402
import suites  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

pytestmark = pytest.mark.alone

PROGRAM = (TESTS / "kernels/program.py").read_text().splitlines()
INNER = range(1 + PROGRAM.index("def inner(n):"), 1 + PROGRAM.index("def generated(n):"))


@pytest.fixture(scope="module", params=guest.KERNELS)
def files(request, build, tmp_path_factory):
    """Folder of the files that the guest sent."""
    if guest.missing():
        pytest.skip(f"not installed: {guest.missing()}")
    folder = tmp_path_factory.mktemp("guest")
    try:
        kernel = suites.kernel(guest.KERNELS[request.param])
    except RuntimeError as e:
        pytest.skip(str(e))
    console, sent = guest.boot(build, kernel, folder)
    assert f"kernel {request.param}." in console, console[-2000:]
    (folder / "console").write_text(console)
    for name, data in sent.items():
        (folder / name).write_bytes(data)
    assert len(sent) == 18, console[-3000:]
    return folder


def stacks(files, name):
    profile = Profile(files / f"{name}.pb.gz")
    assert violations(profile) == []
    return list(profile.stacks())


def weigh(rows, accepts):
    return sum(values[0] for names, values, labels in rows if accepts(names, labels))


def test_whole_stacks_without_frame_pointers(files):
    rows = [row for row in stacks(files, "command") if row[0][0] == "chain_leaf"]
    total = weigh(rows, lambda names, _: True)
    whole = weigh(rows, lambda names, _: names[1:10] == ["chain_mid"] * 9 and "main" in names and
                  names[-1] == "_start")
    assert total > 200 and whole > 0.9 * total, (whole, total)


def test_user_stacks_of_samples_in_the_kernel(files):
    rows = [row for row in stacks(files, "syscalls") if "reader_leaf" in row[0]]
    inside = [row for row in rows if row[0][0] != "reader_leaf" and row[0].index("reader_leaf") > 3]
    total = weigh(inside, lambda names, _: True)
    whole = weigh(inside, lambda names, _: names.count("reader_mid") == 4 and "main" in names and
                  names[-1] == "_start")
    assert total > 50 and whole > 0.95 * total, (whole, total)


def test_an_event_by_frequency(files):
    """The weight is read from the event's counter."""
    profile = Profile(files / "faults.pb.gz")
    assert violations(profile) == [] and profile.types[1] == ("page_faults", "count")
    assert "exit status 0" in (files / "faults.txt").read_text()
    assert weigh(profile.stacks(), lambda names, labels: True) > 0


def test_names_that_the_kernel_gives(files):
    """5.10 cannot be asked: there all names are read."""
    listed = (files / "symbols").read_text()
    named = (files / "named").read_text()
    symbols = kallsyms.symbols(listed)
    assert len(symbols) > 3000 and any(s.module == "raid6_pq" for s in symbols.values())
    if named.startswith("not by the kernel"):
        assert "kernel 5.10" in (files / "console").read_text()
    else:
        assert kallsyms.answers(named) == [symbols[int(line.split()[0], 16)] for line in listed.splitlines()]


def test_modules_have_names(files):
    rows = stacks(files, "module")
    profile = Profile(files / "module.pb.gz")
    assert weigh(rows, lambda names, _: names[0].startswith("raid6_")) > 10
    assert "[raid6_pq]" in profile.mapping_files()


def is_shown_as(theirs, frames):
    """The leaf works in other lines than the one that asked faulthandler."""
    ours = [(python_profile.bare(frame), frame.file, frame.line) for frame in frames]
    return ours[0][:2] == ("inner", "/program.py") and ours[0][2] in INNER and ours[1:] in [dump[1:] for dump in theirs]


@pytest.mark.parametrize("version", guest.PYTHONS)
def test_python_frames_are_faulthandlers(files, version):
    """Of each stack below inner(); faulthandler wrote each way that leads there."""
    dumps = (files / version).read_text().split("Current thread ")[1:]
    theirs = [python_stacks.read_faulthandler("Current thread " + dump)[0] for dump in dumps]
    assert len(theirs) == 9 and all(len(frames) >= 4 for frames in theirs), dumps
    profile = Profile(files / "python.pb.gz")
    stacks = [(python_profile.python_frames(frames), samples) for frames, samples, _ in
              python_profile.all_frames(profile) if any(f.mapping == f"[cpython {version}]" for f in frames)]
    inside = [(frames, samples) for frames, samples in stacks if python_profile.bare(frames[0]) == "inner"]
    assert sum(samples for _, samples in inside) > 50
    assert [frames for frames, _ in inside if not is_shown_as(theirs, frames)] == []


def test_a_cpu_that_comes_back_is_sampled(files):
    rows = stacks(files, "hotplug")
    assert weigh(rows, lambda names, labels: labels["comm"] == "chain" and labels["cpu"] == 1) > 100


ENDS = {"wait_for_condition": "futex", "sleep_long": "nanosleep", "read_nothing": "read", "poll_nothing": "poll",
        "take_semaphore": "futex"}


@pytest.mark.parametrize("how", ["live", "stop"])
def test_dump(files, how):
    """Registers and kernel stacks by the task iterator, of threads whose stacks are known by construction."""
    text = (files / f"dump-{how}.txt").read_text()
    assert text.endswith("exit status 0\n"), text
    _, threads = dumps.read(text.removesuffix("exit status 0\n"))
    assert len(threads) == 7
    seen = set()
    for thread in threads.values():
        names = [frame.name for frame in thread.frames]
        end = next(name for name in names if name in ENDS or name == "spin")
        seen.add(end)
        below = names[names.index(end) + 1:]
        assert below[:7] in (["descend"] * 6 + ["begin"], ["descend"] * 4 + ["main"] + below[5:7]), below
        if end in ENDS:
            assert thread.state.startswith("sleeping in ") and ENDS[end] in thread.state, thread.state
            assert any(frame.kernel and "sys_" in frame.name for frame in thread.frames), names
        assert not thread.notes
    assert seen == {*ENDS, "spin"}
