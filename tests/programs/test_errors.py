# SPDX-License-Identifier: Apache-2.0
"""What stands in the way, provoked for real: missing rights, kernels and containers that refuse, limits
that are too small, targets that are not there. One clear line that says what to do, exit status 1,
and no file."""
import contextlib
import gzip
import pathlib
import random
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

TESTS = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "oracles"))
from pprof_wire import Profile, violations  # noqa: E402

FORBID = TESTS / "tools/forbid.py"


def profile(path):
    p = Profile(path)
    assert violations(p) == []
    return p


def complaint(run, code=1):
    """The one line of a run that could not be done."""
    text = run.stderr.decode()
    assert run.returncode == code, text
    assert text.startswith("sonde: ") and text.count("\n") == 1, text
    return text


@pytest.fixture
def wrapped(build, root, tmp_path):
    """Runs sonde behind the words of another command."""

    def run(*before, args=("record", "-a", "-d", "300ms", "-o", "p.pb.gz")):
        return subprocess.run([*map(str, before), build / "collector/sonde", *map(str, args)],
                              capture_output=True, timeout=60, cwd=tmp_path)
    return run


@pytest.fixture
def mounted(build, root, tmp_path):
    """Runs sonde in mounts of its own, after a shell's preparations."""
    if subprocess.run(["/usr/bin/unshare", "-m", "/bin/true"], capture_output=True).returncode:
        pytest.skip("unshare -m cannot be used here (a chroot, a container)")

    def run(preparations, *args, after="true"):
        words = shlex.join([str(build / "collector/sonde"), *map(str, args)])
        return subprocess.run(["/usr/bin/unshare", "-m", "/bin/sh", "-c",
                               f"{preparations} || exit 99; {words}; code=$?; {after}; exit $code"],
                              capture_output=True, timeout=60, cwd=tmp_path)
    return run


@contextlib.contextmanager
def sysctl(name, value):
    path = pathlib.Path("/proc/sys/kernel") / name
    before = path.read_text()
    try:
        path.write_text(str(value))
    except OSError as err:
        pytest.skip(f"cannot set kernel.{name}: {err}")
    try:
        yield
    finally:
        path.write_text(before)


def rights(*names, user=65534):
    """Words of setpriv(1) for a user that has these capabilities alone."""
    caps = ",".join(["-all", *(f"+{name}" for name in names)])
    return ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
            f"--inh-caps={caps}", f"--ambient-caps={caps}", f"--bounding-set={caps}"]


def without(*names):
    """Words of setpriv(1) for a root that lacks these capabilities."""
    caps = ",".join(f"-{name}" for name in names)
    return ["/usr/bin/setpriv", f"--inh-caps={caps}", f"--bounding-set={caps}"]


@pytest.fixture
def public(build, root):
    """A folder that every user may enter and write to, with sonde and the chain target in it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-test-", dir="/var/tmp"))
    folder.chmod(0o777)
    shutil.copy(build / "collector/sonde", folder)
    shutil.copy(build / "tests/targets/chain", folder)
    yield folder
    shutil.rmtree(folder)


# rights

def test_an_ordinary_user(public):
    run = subprocess.run([*rights(), public / "sonde", "record", "-d", "1"], capture_output=True,
                         cwd=public)
    line = complaint(run)
    assert "CAP_BPF and CAP_PERFMON" in line and "sudo" in line


@pytest.mark.parametrize("lacking,named,other", [
    (["bpf", "sys_admin"], "CAP_BPF", "CAP_PERFMON"),
    (["perfmon", "sys_admin"], "CAP_PERFMON", "CAP_BPF"),
])
def test_root_without_a_right(wrapped, tmp_path, lacking, named, other):
    line = complaint(wrapped(*without(*lacking)))
    assert named in line and other not in line and "container" in line
    assert not list(tmp_path.iterdir())


def test_sys_admin_stands_for_both(wrapped, tmp_path):
    assert wrapped(*without("bpf", "perfmon")).returncode == 0
    profile(tmp_path / "p.pb.gz")


def test_four_capabilities_are_enough(public, chain):
    """Root's process is sampled, unwound and named by a user who has them."""
    target = subprocess.Popen([chain, "20"])
    try:
        run = subprocess.run([*rights("bpf", "perfmon", "sys_ptrace", "syslog"), public / "sonde",
                              "record", "-F", "499", "-p", str(target.pid), "-d", "1", "-o",
                              public / "p.pb.gz"], capture_output=True)
    finally:
        target.kill()
        target.wait()
    assert run.returncode == 0 and b"CAP_" not in run.stderr, run.stderr
    stacks = [names for names, _, _ in profile(public / "p.pb.gz").stacks() if names[0] == "chain_leaf"]
    assert any(names[-1] == "_start" and "main" in names for names in stacks), run.stderr


def test_without_ptrace_and_syslog_it_says_what_stays_unnamed(public, chain):
    target = subprocess.Popen([chain, "20"])
    try:
        run = subprocess.run([*rights("bpf", "perfmon"), public / "sonde", "record", "-F", "499", "-a",
                              "-d", "1", "-o", public / "p.pb.gz"], capture_output=True)
    finally:
        target.kill()
        target.wait()
    assert run.returncode == 0 and b"CAP_SYS_PTRACE is missing" in run.stderr, run.stderr
    rows = [row for row in profile(public / "p.pb.gz").stacks() if row[2]["pid"] == target.pid]
    assert sum(values[0] for _, values, _ in rows) > 1
    kernel = [names for names, _, _ in profile(public / "p.pb.gz").stacks()
              if any("[kernel+" in name for name in names)]
    assert not kernel or b"needs CAP_SYSLOG" in run.stderr, run.stderr


def test_ones_own_command_needs_no_ptrace(public):
    run = subprocess.run([*rights("bpf", "perfmon", "syslog"), public / "sonde", "record", "-F", "499",
                          "-o", public / "p.pb.gz", "--", public / "chain", "1"], capture_output=True)
    assert run.returncode == 7 and b"CAP_" not in run.stderr, run.stderr
    assert any(names[0] == "chain_leaf" and names[-1] == "_start"
               for names, _, _ in profile(public / "p.pb.gz").stacks())


# kernels and containers

@pytest.mark.parametrize("call,error,words", [
    ("bpf", "EPERM", "seccomp"), ("bpf", "ENOSYS", "CONFIG_BPF_SYSCALL"),
    ("perf_event_open", "EPERM", "seccomp"), ("perf_event_open", "ENOSYS", "CONFIG_PERF_EVENTS"),
])
def test_a_system_call_is_forbidden(wrapped, tmp_path, call, error, words):
    line = complaint(wrapped("/usr/bin/python3", FORBID, call, error))
    assert f"{call}(2)" in line and words in line
    assert not list(tmp_path.iterdir())


def test_a_kernel_without_btf(mounted, tmp_path):
    line = complaint(mounted("mount --bind /dev/null /sys/kernel/btf/vmlinux", "record", "-d", 1))
    assert "CONFIG_DEBUG_INFO_BTF" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words,named", [
    (["--pid", "--fork", "--mount-proc"], "PID namespace"), (["--map-root-user"], "user namespace"),
])
def test_foreign_namespaces(wrapped, tmp_path, words, named):
    if subprocess.run(["/usr/bin/unshare", *words, "/bin/true"], capture_output=True).returncode:
        pytest.skip(f"unshare {' '.join(words)} cannot be used here")
    assert named in complaint(wrapped("/usr/bin/unshare", *words))
    assert not list(tmp_path.iterdir())


@pytest.mark.alone
def test_the_sample_rate_is_limited(wrapped, tmp_path):
    with sysctl("perf_event_max_sample_rate", 9000):
        line = complaint(wrapped(args=("record", "-d", 1, "-F", 9500)))
        assert "perf_event_max_sample_rate is 9000" in line and "-F 9000" in line
        assert wrapped(args=("record", "-d", "100ms", "-F", 9000)).returncode == 0


@pytest.mark.alone
def test_memory_for_rings_is_limited(wrapped, tmp_path):
    with sysctl("perf_event_mlock_kb", 4):
        line = complaint(wrapped(*without("ipc_lock"), "/bin/sh", "-c", 'ulimit -l 0; exec "$@"', "sh"))
    assert "perf_event_mlock_kb" in line and "CAP_IPC_LOCK" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.alone
def test_the_kernel_hides_its_symbols(sonde, build, tmp_path):
    out = tmp_path / "p.pb.gz"
    with sysctl("kptr_restrict", 2):
        run = sonde("record", "-F", 499, "-o", out, "--", build / "tests/targets/reader", 1)
    assert b"kernel.kptr_restrict" in run.stderr, run.stderr
    kernel = {name for names, _, _ in profile(out).stacks() for name in names if "[kernel+0x" in name}
    assert kernel, "kernel frames are placed"


# limits of ours

def test_a_small_soft_limit_of_files_is_raised(build, root, tmp_path):
    """For us; the command that we run has the one it would have had."""
    run = subprocess.run([build / "collector/sonde", "record", "-o", tmp_path / "p.pb.gz", "--",
                          "/bin/sh", "-c", "ulimit -n"], capture_output=True, timeout=60,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 4096)))
    assert run.returncode == 0 and run.stdout == b"16\n", run.stderr


@pytest.mark.parametrize("limit", [8, 24, 64])
def test_a_small_hard_limit_of_files_is_told(build, root, tmp_path, limit):
    run = subprocess.run([build / "collector/sonde", "record", "-d", "1"], cwd=tmp_path,
                         capture_output=True, timeout=60,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    line = complaint(run)
    assert f"only {limit} files" in line and "ulimit -Hn" in line
    assert not list(tmp_path.iterdir())


# targets

@pytest.mark.parametrize("text", ["", ",", "1,", ",1", "1,,2", "-1", "+1", " 1", "0", "1;2", "x",
                                  "99999999999999999999", ",".join(["1"] * 1025)])
@pytest.mark.parametrize("option", ["-p", "-t"])
def test_absurd_lists_of_ids(sonde, tmp_path, option, text):
    complaint(sonde("record", option, text, "-d", 1, cwd=tmp_path), 2)
    assert not list(tmp_path.iterdir())


def test_a_zombie_has_ended(sonde, tmp_path):
    target = subprocess.Popen(["/bin/true"])
    time.sleep(0.2)  # it is not waited for
    try:
        assert f"no process or thread {target.pid}" in complaint(
            sonde("record", "-p", target.pid, "-d", 1, cwd=tmp_path))
    finally:
        target.wait()
    assert not list(tmp_path.iterdir())


def test_a_leader_that_ended_before_its_threads_has_not(sonde, tmp_path):
    program = ("import ctypes, threading, time\n"
               "threading.Thread(target=lambda: [i for i in range(10**9)]).start()\n"
               "ctypes.CDLL(None).syscall(60, 0)\n")
    target = subprocess.Popen(["/usr/bin/python3", "-c", program])
    try:
        time.sleep(0.5)
        assert ") Z" in pathlib.Path(f"/proc/{target.pid}/stat").read_text()
        run = sonde("record", "-p", target.pid, "-d", 1, "-o", tmp_path / "p.pb.gz")
    finally:
        target.kill()
        target.wait()
    assert run.returncode == 0, run.stderr
    assert {labels["pid"] for _, _, labels in profile(tmp_path / "p.pb.gz").stacks()} == {target.pid}


def test_a_thread_is_no_process(sonde, tmp_path):
    program = "import threading, time; threading.Thread(target=time.sleep, args=(30,)).start()"
    target = subprocess.Popen(["/usr/bin/python3", "-c", program])
    try:
        time.sleep(0.3)
        [thread] = {p.name for p in pathlib.Path(f"/proc/{target.pid}/task").iterdir()} - {str(target.pid)}
        line = complaint(sonde("record", "-p", thread, "-d", 1, cwd=tmp_path))
        assert f"{thread} is a thread of process {target.pid}" in line and f"-t {thread}" in line
        assert sonde("record", "-t", thread, "-d", "300ms", cwd=tmp_path).returncode == 0
    finally:
        target.kill()
        target.wait()


def test_recording_ends_with_its_targets(sonde, chain, tmp_path):
    """Without -d it would go on for ever. Children that are followed are waited for."""
    out = tmp_path / "p.pb.gz"
    target = subprocess.Popen(["/bin/sh", "-c", f"sleep 3; {chain} 1 & exit 0"])
    run = sonde("record", "-F", 499, "-p", target.pid, "-o", out)
    target.wait()
    assert run.returncode == 0, run.stderr
    assert {labels["comm"] for _, _, labels in profile(out).stacks()} >= {"chain"}, run.stderr


def test_a_thread_that_ends(sonde, chain, tmp_path):
    target = subprocess.Popen([chain, "4"])
    run = sonde("record", "-t", target.pid, "-o", tmp_path / "p.pb.gz")
    target.wait()
    assert run.returncode == 0, run.stderr
    profile(tmp_path / "p.pb.gz")


def test_a_target_that_sleeps(sonde, tmp_path):
    out = tmp_path / "p.pb.gz"
    target = subprocess.Popen(["/bin/sleep", "30"])
    time.sleep(0.2)
    try:
        run = sonde("record", "-p", target.pid, "-d", "500ms", "-o", out)
    finally:
        target.kill()
        target.wait()
    assert run.returncode == 0 and b"0 samples: it did not run" in run.stderr, run.stderr
    assert profile(out).samples == []
    assert sonde("report", out).returncode == 0


def test_a_kernel_thread(sonde, tmp_path):
    """It has a kernel stack alone. Something must wake it: RCU's does when processes come and go."""
    name = "rcu_preempt"
    pids = [p.parent.name for p in pathlib.Path("/proc").glob("[0-9]*/comm") if p.read_text().strip() == name]
    if not pids:
        pytest.skip(f"no kernel thread named {name}")
    out = tmp_path / "p.pb.gz"
    busy = subprocess.Popen(["/bin/sh", "-c", "while :; do /bin/true; done"])
    try:
        run = sonde("record", "-p", pids[0], "-e", "context-switches", "-F", 999, "-d", 2, "-o", out)
    finally:
        busy.kill()
        busy.wait()
    assert run.returncode == 0, run.stderr
    rows = list(profile(out).stacks())
    assert rows, run.stderr
    assert {labels["comm"] for _, _, labels in rows} == {name}
    assert all(names[-1].startswith("ret_from_fork") for names, _, _ in rows), rows


def test_a_name_longer_than_the_kernel_keeps(sonde, chain, tmp_path):
    named = tmp_path / "chain-with-a-long-name"
    shutil.copy(chain, named)
    target = subprocess.Popen([named, "20"])
    try:
        run = sonde("record", "--comm", named.name, "-d", "500ms", "-o", tmp_path / "p.pb.gz")
    finally:
        target.kill()
        target.wait()
    assert run.returncode == 0 and b"'chain-with-a-lo'" in run.stderr, run.stderr
    assert {labels["pid"] for _, _, labels in profile(tmp_path / "p.pb.gz").stacks()} == {target.pid}


def test_nobody_has_that_name(sonde, tmp_path):
    run = sonde("record", "--comm", "no-such-name", "-d", "300ms", "-o", tmp_path / "p.pb.gz")
    assert run.returncode == 0 and b"0 samples: no process of that name ran" in run.stderr


@pytest.mark.parametrize("path", ["/no/such/group", "../../../../etc", "cgroup.procs"])
def test_what_is_no_cgroup(sonde, tmp_path, path):
    assert "cgroup" in complaint(sonde("record", "--cgroup", path, "-d", 1, cwd=tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("args,words", [
    (["-d", "1", "--"], "no command after --"), (["-vxa"], "no option '-x'"),
    (["--nonsense"], "no option '--nonsense'"), (["--all=1"], "--all takes no value"),
    (["-F"], "-F needs a value"), (["--comm", ""], "--comm needs a value"),
    (["-o", "x", "--raw", "x"], "two names"), (["-o", "-", "--raw", "-"], "two names"),
    (["-p", "1", "--comm", "x"], "choose one of"),
])
def test_usage(sonde, tmp_path, args, words):
    assert words in complaint(sonde("record", *args, cwd=tmp_path), 2)
    assert not list(tmp_path.iterdir())


# readers

def test_damaged_profiles(sonde, build, tmp_path):
    out, bad = tmp_path / "p.pb.gz", tmp_path / "bad.pb.gz"
    sonde("record", "-F", 499, "-o", out, "--", build / "tests/targets/chain", 1)
    packed = out.read_bytes()
    plain = gzip.decompress(packed)
    for at in (0, 1, 10, len(packed) // 2, len(packed) - 9, len(packed) - 1):
        bad.write_bytes(packed[:at])
        assert re.search("not a profile|is empty|is cut short", complaint(sonde("report", bad)))
    rng = random.Random(1)
    for _ in range(30):
        damaged = bytearray(plain)
        for _ in range(rng.randrange(1, 9)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        bad.write_bytes(gzip.compress(bytes(damaged[:rng.randrange(1, len(damaged))])))
        run = sonde("report", bad)
        if run.returncode:
            complaint(run)


def test_a_damaged_raw_file_gives_what_can_be_read(sonde, build, tmp_path):
    raw, out = tmp_path / "r.raw", tmp_path / "p.pb.gz"
    sonde("record", "-F", 499, "--raw", raw, "-o", out, "--", build / "tests/targets/chain", 1)
    whole = sum(values[0] for _, values, _ in profile(out).stacks())
    data = raw.read_bytes()
    for size in (len(data) * 2 // 3, len(data) - 1):
        raw.write_bytes(data[:size])
        run = sonde("replay", raw, "-o", out)
        assert run.returncode == 1 and b"not a whole file" in run.stderr, run.stderr
        assert 0 < sum(values[0] for _, values, _ in profile(out).stacks()) <= whole
