#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian package: lintian, and its life in a bare Debian 12: installed, run by root and by README.Debian's group, purged.

apt brings what it depends on; the files that it has are the files that appeared; a busy perl is found by its
profile; after the purge nothing of it is left."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/oracles"))
import suites  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

RECORD = "sonde record -F 199 -d 3 -o {0}.pb.gz && sonde report {0}.pb.gz >/dev/null"
PERL = "my $i; $i += $_ % 7 for 1..1e9"
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root", "LC_ALL": "C.UTF-8"}
# what installing and removing anything leaves behind
KEPT_BY_APT = re.compile(r"/(var/(lib|cache|log)/(dpkg|apt|debconf)|var/log/dpkg\.log|var/cache/ldconfig|etc/ld\.so\.cache)")


def run(root, *command, check=True):
    done = subprocess.run(suites.inside(root, *command), env=ENV, capture_output=True, text=True)
    if check and done.returncode:
        sys.exit(f"{shlex.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def copy_of(base, folder):
    """With this host's mirrors, and how it reaches them."""
    root = folder / "root"
    subprocess.run(["cp", "-a", "--reflink=auto", base, root], check=True)
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for name in ("etc/apt/sources.list", "etc/apt/sources.list.d", "etc/apt/apt.conf.d"):
        if pathlib.Path("/", name).exists():
            subprocess.run(["cp", "-a", f"/{name}", (root / name).parent], check=True)
    for name in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{name}", root / "etc")
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    run(root, "apt-get", "-q", "update")
    return root


def files_of(root):
    found = set()
    for folder, folders, names in os.walk(root):
        inside = "/" + os.path.relpath(folder, root)
        folders[:] = [f for f in folders if (inside, f) not in {("/.", "proc"), ("/.", "sys"), ("/.", "tmp")}]
        found.update(os.path.normpath(os.path.join(inside, n)) for n in folders + names)
    return {path for path in found if not KEPT_BY_APT.match(path)}


def profile_of_perl(root, user):
    """Does a recording by that user show root's busy perl, by its functions?"""
    run(root, "sh", "-c", f"""perl -e '{PERL}' & su {user} -s /bin/sh -c 'cd /tmp && {RECORD.format(user)}'
        status=$?; kill $!; exit $status""")
    profile = Profile(root / f"tmp/{user}.pb.gz")
    samples = sum(values[0] for _, values, _ in profile.stacks())
    perl = sum(values[0] for _, values, labels in profile.stacks() if labels.get("comm") == "perl")
    named = {n for names, _, labels in profile.stacks() if labels.get("comm") == "perl" for n in names if n.startswith("Perl_")}
    print(f"{user}: {samples} samples, {perl} in perl, {len(named)} of its functions, {len(violations(profile))} rules broken")
    return not violations(profile) and perl > 20 and "Perl_runops_standard" in named


def lives(root, package):
    """Installed, used, purged; what is wrong."""
    shutil.copy(package, root / "tmp")
    before = files_of(root)
    run(root, "apt-get", "-q", "install", "-y", "--no-install-recommends", f"/tmp/{package.name}")
    listed = {path for path in run(root, "dpkg", "-L", "sonde").split("\n") if path and path != "/."}
    came = files_of(root) - before
    print(f"installed: {len(came)} files and folders, of them sonde's {len(came & listed)}; with it "
          + ", ".join(sorted(set(run(root, "sh", "-c", "apt-mark showauto").split()) - {"sonde"})))
    yield "files that are not its own", {p for p in came if "sonde" in p.split("/")[-1]} - listed - {"/var/lib/dpkg"}
    yield "no page, completion or licence", {p for p in ("/usr/share/man/man1/sonde.1.gz", "/usr/share/doc/sonde/copyright",
                                                        "/usr/share/bash-completion/completions/sonde") if p not in listed}
    yield "setuid files", {p for p in listed if (root / p[1:]).is_file() and (root / p[1:]).stat().st_mode & 0o6000}
    yield "root's profile", set() if profile_of_perl(root, "root") else {"see above"}

    run(root, "apt-get", "-q", "install", "-y", "--no-install-recommends", "libcap2-bin", "adduser")
    readme = (root / "usr/share/doc/sonde/README.Debian").read_text()
    for command in re.findall(r"^    ((?:addgroup|dpkg-statoverride|setcap) .*)$", readme, re.M):
        run(root, *command.split())
    for user in ("member", "stranger"):
        run(root, "useradd", "-m", user)
    run(root, "usermod", "-aG", "sonde", "member")
    yield "the group's profile", set() if profile_of_perl(root, "member") else {"see above"}
    refused = subprocess.run(suites.inside(root, "su", "stranger", "-s", "/bin/sh", "-c", "sonde --version"), env=ENV,
                             capture_output=True, text=True)
    yield "others may run it", set() if "Permission denied" in refused.stderr and not refused.stdout else {refused.stderr}

    run(root, "apt-get", "-q", "purge", "-y", "sonde")
    left = {p for p in listed if p in files_of(root) - before}
    yield "left after the purge", left | set(run(root, "sh", "-c", "dpkg-query -W sonde 2>/dev/null || true").split())


def main():
    subprocess.run([ROOT / "tools/deb.sh"], check=True)
    packages = sorted((ROOT / "build-deb").glob("sonde_*.deb"))
    changes = next((ROOT / "build-deb").glob("*.changes"))
    lintian = subprocess.run(["lintian", "--pedantic", "--display-info", "--tag-display-limit", "0",
                              "--fail-on", "error,warning,info,pedantic", changes], capture_output=True, text=True)
    print(f"lintian: {lintian.stdout.strip() or 'nothing'} (overrides: "
          f"{len(re.findall(r'^sonde: ', (ROOT / 'tools/deb/sonde.lintian-overrides').read_text(), re.M))})")
    wrong = [("lintian", {lintian.stdout})] if lintian.returncode else []
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="sonde-deb.") as folder:
        os.chmod(folder, 0o755)
        wrong += [(what, found) for what, found in lives(copy_of(suites.debian("bookworm"), pathlib.Path(folder)), packages[0])
                  if found]
    for what, found in wrong:
        print(f"  {what}: {', '.join(sorted(found))}")
    return 1 if wrong else 0


sys.exit(main())
