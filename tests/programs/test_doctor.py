# SPDX-License-Identifier: Apache-2.0
"""What doctor says of a host and of a process. The host is changed where it can be; whether record works
there is asked of record itself, what a file holds of readelf."""
import ctypes
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import suites  # noqa: E402

LINE = re.compile(r"(ok|warn|bad) +(.+?): (.*)")
LAST = re.compile(r"sonde record (works|does not work) here.*")
SYS_BPF = 321


def parse(text):
    """{name: (level, words)}; every line but the last is a fact."""
    lines = text.splitlines()
    assert LAST.fullmatch(lines[-1]), lines[-1]
    facts = {}
    for line in lines[:-1]:
        found = LINE.fullmatch(line)
        assert found, line
        facts[re.sub(r" +", " ", found[2])] = (found[1], found[3])
    return facts


@pytest.fixture
def doctor(root, build):
    def run(*args, wrap=(), **more):
        done = subprocess.run([*wrap, build / "collector/sonde", "doctor", *map(str, args)],
                              capture_output=True, text=True, timeout=60, **more)
        assert done.stderr == ""
        return done.returncode, parse(done.stdout)
    return run


@pytest.fixture
def record_works(build, tmp_path):
    def ask(wrap=(), **more):
        return subprocess.run([*wrap, build / "collector/sonde", "record", "-a", "-d", "100ms", "-o",
                               tmp_path / "p.pb.gz"], capture_output=True, timeout=60, **more).returncode == 0
    return ask


@pytest.fixture
def targets():
    """Starts programs, and ends them with the test."""
    running = []

    def start(*command, wait=0.3, **more):
        running.append(subprocess.Popen(list(map(str, command)), **more))
        time.sleep(wait)
        assert running[-1].poll() is None
        return running[-1].pid
    yield start
    for process in running:
        process.kill()
        process.wait()


def mounted(script):
    """A command behind changes to a mount namespace of its own; $T is a folder for files."""
    return ["unshare", "--mount", "sh", "-ec",
            f'T=$(mktemp -d); {script}; rm -rf "$T"; exec "$@"', "sh"]


def over(path, text):
    return mounted(f'printf "%s" "{text}" >"$T/f"; mount --bind "$T/f" {path}')


def without(*caps):
    return ["setpriv", "--bounding-set", ",".join("-" + cap for cap in caps)]


def test_this_host(doctor, record_works):
    code, facts = doctor()
    assert (code == 0) == record_works() == all(level != "bad" for level, _ in facts.values())
    assert facts["kernel"][1].startswith(os.uname().release)
    assert str(os.cpu_count()) in facts["perf events"][1]


@pytest.mark.parametrize("name,level,words,wrap", [
    ("BTF", "bad", "CONFIG_DEBUG_INFO_BTF=y", over("/sys/kernel/btf/vmlinux", "")),
    ("CAP_BPF", "bad", "sudo", without("bpf", "sys_admin")),
    ("CAP_PERFMON", "bad", "sudo", without("perfmon", "sys_admin")),
    ("CAP_BPF", "ok", "held", without("bpf")),
    ("CAP_SYS_PTRACE", "warn", "other users' processes", without("sys_ptrace")),
    ("CAP_CHECKPOINT_RESTORE", "warn", "deleted", without("checkpoint_restore", "sys_admin")),
    ("CAP_DAC_READ_SEARCH", "warn", "files", without("dac_read_search", "dac_override")),
    ("RLIMIT_NOFILE", "bad", "ulimit -Hn", ["prlimit", "--nofile=20:20"]),
    ("RLIMIT_NOFILE", "warn", "ulimit -Hn", ["prlimit", "--nofile=300:300"]),
    ("kernel.perf_event_max_sample_rate", "bad", "sysctl -w",
     over("/proc/sys/kernel/perf_event_max_sample_rate", "50")),
    ("kernel.perf_event_max_sample_rate", "warn", "sysctl -w",
     over("/proc/sys/kernel/perf_event_max_sample_rate", "500")),
    ("BPF JIT", "warn", "sysctl -w", over("/proc/sys/net/core/bpf_jit_enable", "0")),
    ("PID namespace", "bad", "--pid=host", ["unshare", "--pid", "--fork", "--mount-proc"]),
    ("user namespace", "bad", "host's root", ["unshare", "--user", "--map-root-user"]),
    ("cgroup v2", "warn", "--cgroup cannot work",
     mounted('grep " - cgroup2 " /proc/self/mountinfo | cut -d " " -f 5 | sort -r | xargs -r -n 1 umount -l')),
])
def test_a_host_with_a_fault(doctor, record_works, name, level, words, wrap):
    code, facts = doctor(wrap=wrap)
    assert facts[name][0] == level and words in facts[name][1]
    assert (code == 0) == record_works(wrap=wrap)


def test_the_smallest_limit_of_files_is_enough(doctor, record_works):
    for limit in range(20, 200, 2):
        wrap = ["prlimit", f"--nofile={limit}:{limit}"]
        if doctor(wrap=wrap)[0] == 0:
            assert record_works(wrap=wrap)
            return
    assert False, "no limit is enough"


def test_a_kernel_too_old(doctor):
    code, facts = doctor(wrap=["setarch", "x86_64", "--uname-2.6"])
    assert code == 1 and facts["kernel"][0] == "bad" and facts["kernel"][1].startswith("2.6.")


@pytest.mark.parametrize("chosen,level,code", [("none [integrity] confidentiality", "ok", 0),
                                               ("none integrity [confidentiality]", "bad", 1)])
def test_lockdown(doctor, chosen, level, code):
    """No kernel of ours has it: what the file would say."""
    wrap = mounted(f'mount -t tmpfs none /sys/kernel/security; echo "{chosen}" >/sys/kernel/security/lockdown')
    assert doctor(wrap=wrap)[1]["lockdown"][0] == level
    assert doctor(wrap=wrap)[0] == code


class Sysctl:
    def __init__(self, path, value):
        self.path, self.value = pathlib.Path(path), value

    def __enter__(self):
        self.before = self.path.read_text()
        self.path.write_text(self.value)

    def __exit__(self, *_):
        self.path.write_text(self.before)


def shows_addresses(wrap):
    text = subprocess.run([*wrap, "head", "-n", "50", "/proc/kallsyms"], capture_output=True, text=True).stdout
    return any(int(line.split()[0], 16) for line in text.splitlines())


@pytest.mark.alone
def test_kernel_addresses(doctor):
    path = "/proc/sys/kernel/kptr_restrict"
    for value, caps in (("1", []), ("2", []), ("1", ["syslog"])):
        wrap = without(*caps) if caps else []
        with Sysctl(path, value):
            code, facts = doctor(wrap=wrap)
            shown = shows_addresses(wrap)
        assert code == 0
        assert (facts["/proc/kallsyms"][0] == "ok") == shown
        assert facts["kernel.kptr_restrict"][0] == ("warn" if value == "2" else "ok")
        words = facts["/proc/kallsyms"][1]
        assert shown or ("CAP_SYSLOG" if caps else "sysctl -w kernel.kptr_restrict=1") in words


@pytest.mark.alone
def test_memory_for_rings(doctor, record_works):
    wrap = ["prlimit", "--memlock=0:0", *without("ipc_lock")]
    with Sysctl("/proc/sys/kernel/perf_event_mlock_kb", "4"):
        code, facts = doctor(wrap=wrap)
        works = record_works(wrap=wrap)
        allowed = doctor()[1]
    assert code == 1 and not works
    assert facts["kernel.perf_event_mlock_kb"][0] == facts["process events"][0] == "bad"
    assert allowed["kernel.perf_event_mlock_kb"][0] == allowed["process events"][0] == "ok"


def refuse_bpf():
    """What a container's seccomp filter does: bpf(2) fails with EPERM."""
    program = b"".join(struct.pack("HBBI", *line) for line in (
        (0x20, 0, 0, 0), (0x15, 0, 1, SYS_BPF), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)))
    code = ctypes.create_string_buffer(program)
    filters = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filters, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def test_seccomp(doctor, record_works):
    code, facts = doctor(preexec_fn=refuse_bpf)
    assert code == 1 and facts["seccomp"][0] == "bad" and "seccomp=unconfined" in facts["seccomp"][1]
    assert not record_works(preexec_fn=refuse_bpf)


def test_unprivileged(doctor, targets, build, chain):
    """Says what it cannot see; its own processes it can see."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for program in (build / "collector/sonde", chain):
            shutil.copy(program, folder)
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        ours, theirs = targets(*user, f"{folder}/chain", 20), targets(chain, 20)
        said = {}
        for pid in (ours, theirs):
            done = subprocess.run([*user, f"{folder}/sonde", "doctor", str(pid)], capture_output=True, text=True)
            assert done.returncode == 1 and done.stderr == ""
            said[pid] = parse(done.stdout)
    assert said[ours]["user"][1] == "id 65534" and said[ours]["CAP_BPF"][0] == said[ours]["perf events"][0] == "bad"
    assert "not to be seen" in said[ours]["BPF ring buffer"][1]
    assert said[ours]["BTF"][0] == "ok"
    assert said[ours][f"names {folder}/chain"][0] == "ok"
    assert "not to be seen" in said[theirs][f"process {theirs}"][1]


def readelf(*args):
    return subprocess.run(["readelf", *map(str, args)], capture_output=True, text=True, check=True).stdout


def about(doctor, pid, path):
    code, facts = doctor(pid)
    assert code == 0
    return facts[f"unwind {path}"], facts[f"names {path}"]


def fdes(path):
    return len(re.findall(r"FDE cie=", readelf("--debug-dump=frames", path)))


def whole(cnt):
    """The FDEs, and .init and .fini."""
    return [("ok", f"rows of {cnt + more} functions, 100% of its code") for more in (0, 1, 2)]


def test_a_whole_program(doctor, targets, chain):
    unwind, names = about(doctor, targets(chain, 20), chain)
    assert unwind in whole(fdes(chain))
    assert names[0] == "ok"
    assert names[1].startswith(".symtab")
    assert re.search(r"Build ID: (\w+)", readelf("-n", chain))[1] in names[1]


def compile_chain(tmp_path, name, *flags, strip=()):
    path = tmp_path / name
    source = pathlib.Path(__file__).parents[1] / "targets/chain.c"
    subprocess.run(["gcc", "-O2", "-fomit-frame-pointer", "-o", path, source, *flags], check=True)
    subprocess.run(["objcopy", *strip, path], check=True)
    return path


def test_a_stripped_program(doctor, targets, tmp_path):
    path = compile_chain(tmp_path, "stripped", strip=["-S"])
    unwind, names = about(doctor, targets(path, 20), path)
    assert unwind[0] == "ok"
    assert names[0] == "bad" and names[1].startswith("none") and "do not strip it" in names[1]
    path = compile_chain(tmp_path, "lines", strip=["-g"])
    assert about(doctor, targets(path, 20), path)[1][0] == "ok"


def test_exported_names_alone(doctor, targets, tmp_path):
    path = compile_chain(tmp_path, "exporting", "-rdynamic", strip=["-S"])
    names = about(doctor, targets(path, 20), path)[1]
    assert names[0] == "warn" and names[1].startswith(".dynsym alone")
    share = int(re.search(r"(\d+)% of its code", names[1])[1])
    assert 0 < share < 95


NO_TABLES = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"]
NO_FRAMES = ["-S", "-R", ".eh_frame", "-R", ".eh_frame_hdr"]


def test_without_unwind_information(doctor, targets, tmp_path):
    path = compile_chain(tmp_path, "bare", *NO_TABLES, strip=["-S"])
    unwind, _ = about(doctor, targets(path, 20), path)
    assert unwind[0] == "bad" and "ends there" in unwind[1] and "-fasynchronous-unwind-tables" in unwind[1]
    path = compile_chain(tmp_path, "none", *NO_TABLES, strip=NO_FRAMES)
    unwind, _ = about(doctor, targets(path, 20), path)
    assert unwind[0] == "bad" and "ends there" in unwind[1]  # what is left: _start, .init and .fini


def test_frame_pointers_alone(doctor, targets, tmp_path):
    path = compile_chain(tmp_path, "fp", *NO_TABLES, "-fno-omit-frame-pointer", strip=NO_FRAMES)
    unwind, _ = about(doctor, targets(path, 20), path)
    assert unwind[0] == "warn" and "by frame pointers" in unwind[1]


def test_a_go_program(doctor, targets, tmp_path):
    try:
        program = suites.pprof()
    except RuntimeError as e:
        pytest.skip(f"no program written in Go: {e}")
    os.mkfifo(tmp_path / "fifo")  # it waits for a profile that never comes
    pid = targets(program, "-top", tmp_path / "fifo", env=dict(os.environ, HOME=str(tmp_path)))
    unwind, _ = about(doctor, pid, program)
    assert ".gopclntab" in readelf("-SW", program)
    assert unwind[0] == "ok" and "functions by Go's own table" in unwind[1]


def test_a_jit_compiler(doctor, targets):
    """A page of code that comes from no file."""
    script = ("import mmap, time; "
              "m = mmap.mmap(-1, 65536, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC); time.sleep(20)")
    _, facts = doctor(targets("/usr/bin/python3", "-c", script))
    assert facts["unwind [jit]"][0] == facts["names [jit]"][0] == "warn"
    assert "66 KB of code in no file" in facts["names [jit]"][1]


def test_a_deleted_program(doctor, targets, tmp_path):
    path = compile_chain(tmp_path, "gone", strip=["-S"])
    pid, cnt = targets(path, 20), fdes(path)
    path.unlink()
    unwind, names = about(doctor, pid, path)
    assert unwind in whole(cnt)
    assert "deleted since it was mapped" in names[1] and "start the process again" in names[1]


def test_debug_files(doctor, targets, tmp_path):
    """Found by .gnu_debuglink and in --debug-dir; refused where the CRC differs."""
    path = compile_chain(tmp_path, "linked", "-g", "-Wl,--build-id=none")
    debug = tmp_path / "linked.debug"
    subprocess.run(["objcopy", "--only-keep-debug", path, debug], check=True)
    subprocess.run(["objcopy", "-S", f"--add-gnu-debuglink={debug}", path], check=True)
    pid = targets(path, 20)
    names = about(doctor, pid, path)[1]
    assert names[0] == "ok" and names[1].startswith(".symtab of its debug file") and str(debug) in names[1]
    (tmp_path / "elsewhere").mkdir()
    debug.rename(tmp_path / "elsewhere/linked.debug")
    assert about(doctor, pid, path)[1][0] == "bad"
    facts = doctor("--debug-dir", tmp_path / "elsewhere", pid)[1]
    assert facts[f"names {path}"][0] == "ok"
    debug.write_bytes(b"another")
    names = about(doctor, pid, path)[1]
    assert names[0] == "bad" and f"{debug} is not its debug file" in names[1]


def test_a_root_of_its_own(doctor, targets, tmp_path):
    """Paths are those that the process sees, packages those of its root."""
    compile_chain(tmp_path, "inside", "-static", strip=["-S"])
    info = tmp_path / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (info / "chains:amd64.list").write_text("/.\n/inside\n")
    _, names = about(doctor, targets("chroot", tmp_path, "/inside", 20), "/inside")
    assert "apt-get install chains-dbgsym" in names[1]


def test_packages_by_dpkgs_lists(doctor, targets):
    """The package that dpkg names, the debug package that Debian has for it."""
    _, facts = doctor(targets("/bin/sleep", 20))
    libc = next(name[len("names "):] for name in facts if re.match(r"names .*/libc\.so\.6$", name))
    owner = subprocess.run(["dpkg", "-S", "/bin/sleep"], capture_output=True, text=True, check=True).stdout
    assert f"apt-get install {owner.split(':')[0]}-dbgsym" in facts["names /usr/bin/sleep"][1]
    if "no debug file" in facts[f"names {libc}"][1]:
        assert "apt-get install libc6-dbg" in facts[f"names {libc}"][1]


def test_hostile_names(doctor, targets, tmp_path):
    path = compile_chain(tmp_path, "esc\x1b[31m\n;bad  x: y")
    _, facts = doctor(targets(path, 20))
    assert not any("\x1b" in name + words for name, (_, words) in facts.items())
    assert "x" not in facts


@pytest.mark.parametrize("args,code,words", [
    (["doctor", "1", "2"], 2, "too much"), (["doctor", "x"], 2, "not a list"), (["doctor", "1,2"], 2, "one process"),
    (["doctor", "--frequency", "3"], 2, "no option"),
])
def test_usage(sonde, args, code, words):
    run = sonde(*args)
    assert run.returncode == code and words in run.stderr.decode() and run.stderr.count(b"\n") == 1


def test_a_process_that_is_not_there(doctor):
    code, facts = doctor(4194301)
    assert code == 1 and facts["process 4194301"][0] == "bad"


def test_a_kernel_thread(doctor):
    code, facts = doctor(2)
    assert code == 0 and "kernel thread" in facts["process 2"][1]


def test_what_record_says_of_unnamed_frames(sonde, targets, tmp_path, chain):
    path = compile_chain(tmp_path, "stripped", strip=["-S"])
    said = sonde("record", "-F", 499, "-d", 1, "-p", targets(path, 20), "-o", tmp_path / "p.pb.gz").stderr.decode()
    after = said[said.index("unnamed: "):].splitlines()
    assert f"names  {path}: none (stripped)" in after[1] and "do not strip it" in after[1]
    assert sum("names  " in line for line in after) <= 2
    whole = compile_chain(tmp_path, "whole", "-static")
    said = sonde("record", "-F", 499, "-d", 1, "-p", targets(whole, 20), "-o", tmp_path / "p.pb.gz").stderr.decode()
    assert "unnamed" not in said
