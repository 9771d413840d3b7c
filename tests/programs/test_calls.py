# SPDX-License-Identifier: Apache-2.0
"""Return addresses follow calls: the rule against objdump, and what profiles say of their own frames."""
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import objdump_calls  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

FILES = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/usr/bin/python3", "/usr/bin/perl",
         "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"]
COMMENT = re.compile(r"refuted frames: (\d+) of (\d+) distinct return addresses, (\d+) samples "
                     r"\(not judged: (\d+), starts of functions: (\d+)\)")
PERL = "my %h; $h{$_ % 977} .= $_ for 1..400000; print scalar(map { sort split //, $_ } values %h)"
PYTHON = "import json, re; [re.sub('[a-f]', str, json.dumps(list(range(500)))) for _ in range(2000)]"
PROGRAMS = {
    "perl": ["/usr/bin/perl", "-e", PERL],
    "python": ["/usr/bin/python3", "-c", PYTHON],
    "shell": ["/bin/bash", "-c", "for i in {1..200000}; do x=${i//1/2}; done; sort -R /etc/services | xz -9 | md5sum"],
    "compiler": ["/usr/bin/clang-14", "-O2", "-x", "c", "-include", "stdio.h", "-include", "linux/elf.h", "-c",
                 "/dev/null", "-o", "/dev/null"],
}
OWN = ["oracle_signals", "oracle_plt", "oracle_realign", "oracle_frame_pointer"]


@pytest.fixture
def counts(sonde, tmp_path):
    """Records a command; (refuted, judged, samples, not judged, starts), the stacks, what was said."""

    def run(*command):
        out = tmp_path / "p.pb.gz"
        said = sonde("record", "-F", 499, "-v", "-d", 3, "-o", out, "--", *command).stderr.decode()
        profile = Profile(out)
        assert violations(profile) == []
        found = [m for m in map(COMMENT.fullmatch, profile.comments) if m]
        assert len(found) == 1, profile.comments
        return [int(n) for n in found[0].groups()], list(profile.stacks()), said
    return run


@pytest.mark.parametrize("path", FILES)
def test_all_calls_are_known_and_little_else(build, path):
    verdict = objdump_calls.judge(build / "tests/tools/print_calls", path)
    assert verdict.behind_calls > 1000 and verdict.missed == []
    assert verdict.nowhere < 0.01 * verdict.behind_calls
    # seen: 0.02 to 0.06 % of both
    assert verdict.passed < 0.002 * verdict.others
    assert verdict.passed_inside < 0.002 * verdict.inside


@pytest.mark.parametrize("name", PROGRAMS)
def test_frames_of_real_programs_follow_calls(counts, name):
    (refuted, judged, samples, _, _), _, said = counts(*PROGRAMS[name])
    assert (refuted, samples) == (0, 0), said
    assert judged > 10, said


@pytest.mark.parametrize("name", OWN)
def test_frames_of_odd_stacks_follow_calls(counts, build, name):
    (refuted, judged, samples, _, _), _, said = counts(build / "tests/targets" / name)
    assert (refuted, samples) == (0, 0), said
    assert judged > 3, said


def test_a_throw_is_refuted_only_where_it_lands(counts, build):
    """libgcc writes the landing frame's registers over its own caller's, and its last pop leads to a landing
    pad: stacks of these few instructions are not true, and 12 of 6,000 samples of nothing but throws were seen
    there."""
    (_, judged, samples, _, _), stacks, said = counts(build / "tests/targets/oracle_exceptions")
    assert judged > 5 and samples <= 2 + 0.01 * sum(values[0] for _, values, _ in stacks), said


def test_wrong_unwind_information_is_seen(counts, build):
    (refuted, judged, samples, _, starts), stacks, said = counts(build / "tests/targets/calls_lying", 2)
    pushed = ["lying_start_spin", "lying_spin", "main"], ["lying_spin", "lying_spin", "main"]
    wrong = [sum(values[0] for names, values, _ in stacks if names[-6:-3] == frames) for frames in pushed]
    assert min(wrong) > 0 and any("true_spin" in names for names, _, _ in stacks), said
    assert (refuted, samples, starts) == (2, sum(wrong), 0) and judged > 3, said
    assert f"refuted: 2 of {judged} return addresses" in said


def test_a_context_made_by_hand_refutes_nothing(counts, build):
    (refuted, _, _, _, starts), stacks, said = counts(build / "tests/targets/calls_starts", 1)
    assert any(names[0] == "in_context" for names, _, _ in stacks), said
    assert any(names[-1] == "__start_context" for names, _, _ in stacks), said
    assert (refuted, starts) == (0, 0), said  # the stack ends there: nothing has called it


def test_files_that_are_gone_are_not_judged(sonde, chain, tmp_path):
    own, raw, out = tmp_path / "chain-gone", tmp_path / "raw", tmp_path / "p.pb.gz"
    own.write_bytes(chain.read_bytes())
    own.chmod(0o755)
    sonde("record", "-F", 199, "--raw", raw, "-o", out, "--", own, 1)
    before = next(m for m in map(COMMENT.fullmatch, Profile(out).comments) if m)
    own.unlink()
    assert sonde("replay", raw, "-o", out).returncode == 0
    after = next(m for m in map(COMMENT.fullmatch, Profile(out).comments) if m)
    assert int(after[4]) > int(before[4]) and int(after[2]) < int(before[2])
    assert int(after[4]) + int(after[2]) == int(before[4]) + int(before[2])
