# SPDX-License-Identifier: Apache-2.0
"""The names that the kernel gives its addresses when it is asked, against /proc/kallsyms: all of them."""
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import kallsyms  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

LISTED = pathlib.Path("/proc/kallsyms")
NO_SYSLOG = ["/usr/bin/setpriv", "--bounding-set", "-syslog"]


def ask(build, addresses, wrap=()):
    return subprocess.run([*wrap, build / "tests/tools/print_kernel_names"], input="".join(f"{a:x}\n" for a in addresses),
                          capture_output=True, text=True)


def kernel_answers(build):
    if ask(build, [next(iter(kallsyms.symbols(LISTED.read_text())))]).returncode:
        pytest.skip("the kernel is older than 5.16: it does not name its addresses when asked")


def test_all_names_are_those_of_kallsyms(build, root):
    kernel_answers(build)
    before = kallsyms.symbols(LISTED.read_text())
    stays = {start: symbol for start, symbol in before.items() if symbol.module != "bpf"}  # others end at any time
    starts = sorted(stays)
    for within in (0, 1):
        asked = [start + within for start, behind in zip(starts, starts[1:]) if start + within < behind]
        assert len(asked) > 20000
        answer = ask(build, asked)
        assert answer.returncode == 0, answer.stdout
        found = kallsyms.answers(answer.stdout)
        wrong = [(hex(a), f, stays[a - within]) for a, f in zip(asked, found) if f != stays[a - within]]
        assert len(found) == len(asked) and wrong == []


def test_bpf_programs_have_names(build, root, tmp_path):
    """Those of a recording that runs meanwhile."""
    kernel_answers(build)
    with subprocess.Popen([build / "collector/sonde", "record", "-a", "-d", "30", "-o", tmp_path / "p"],
                          stderr=subprocess.DEVNULL) as recording:
        try:
            for _ in range(100):
                listed = [s for s in kallsyms.symbols(LISTED.read_text()).values() if s.module == "bpf"]
                alive = [s for s in listed if kallsyms.answers(ask(build, [s.start]).stdout) == [s]]
                if len(alive) > 3:
                    break
        finally:
            recording.terminate()
    assert any(re.fullmatch("bpf_prog_[0-9a-f]{16}_sample_cpu", s.name) for s in alive), listed


def test_an_address_without_a_name(build, root):
    """Then /proc/kallsyms is read: it may know more."""
    assert ask(build, [0xffffffffff000000]).returncode == 1


@pytest.mark.parametrize("wrap", [[], NO_SYSLOG], ids=["root", "no-syslog"])
def test_hidden_addresses_stay_hidden(build, root, wrap):
    """By the kernel's own rule: /proc/kallsyms shows them or not."""
    kernel_answers(build)
    start = next(iter(kallsyms.symbols(LISTED.read_text())))
    shown = subprocess.run([*wrap, "/bin/cat", LISTED], capture_output=True, text=True).stdout
    assert (ask(build, [start], wrap).returncode == 0) == (start in kallsyms.symbols(shown))


def test_recording_and_replay_have_the_same_names(sonde, tmp_path):
    """The one asks the kernel, the other has the text of /proc/kallsyms. They are two runs of one program."""
    copy = ["/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=64k", "count=40000"]
    names = {}
    for name, more in ("asked", ()), ("read", ("--raw", tmp_path / "raw")):
        assert sonde("record", "-F", "999", "-o", tmp_path / name, *more, "--", *copy).returncode == 0
    sonde("replay", tmp_path / "raw", "-o", tmp_path / "replayed")
    for name in "asked", "read", "replayed":
        profile = Profile(tmp_path / name)
        names[name] = [stack for stack, _, _ in profile.stacks() if "vfs_read" in stack]
        assert violations(profile) == []
        assert "[kernel.kallsyms]_text" in profile.mapping_files()
        assert {"ksys_read", "do_syscall_64"} <= set(names[name][0])
    assert names["read"] == names["replayed"]
