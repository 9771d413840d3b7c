#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Python programs of other people's: share of their samples whose Python frames reach the thread's root.

python_programs.py [NAME ...]

A sample counts where an eval loop is on its stack. It is whole where the native frames reach the thread's root
(tests/oracles/thread_roots.py), or the place where a greenlet began, and, of all its eval loops, none but its
own lies outside the outermost Python frame. Whatever falls short is told by its reason. VERBOSE=1 shows a stack
of each. Counted apart are recursions that are deeper than sonde promises to show, which CPython's own tests
have: their stack does show MAX_PYTHON Python frames, or MAX_NATIVE native ones."""
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SONDE = pathlib.Path(os.environ["SONDE_BUILD"]) / "collector/sonde"
sys.path.insert(0, str(ROOT / "tests/oracles"))
import python_profile  # noqa: E402
import pythons  # noqa: E402
import thread_roots  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

HZ = 499
GOAL = 0.999
PYTHON = "/usr/bin/python3"
TESTS = ["test_json", "test_re", "test_dict", "test_generators", "test_asyncio.test_tasks", "test_threading",
         "test_unicode", "test_pickle"]
MAX_PYTHON, MAX_NATIVE = 4096, 1024  # bpf/shared/python.h, --max-depth
DEEPER = "deeper than what is promised"
EVAL = {"_PyEval_EvalFrameDefault", "PyEval_EvalFrameEx"}

FLASK = """
from flask import Flask, render_template_string
app = Flask(__name__)

@app.route("/")
def index():
    return render_template_string("{% for i in items %}<b>{{ i }}</b>{% endfor %}", items=range(200))
"""
DJANGO = """
import os
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.template import Context, Engine
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", MIDDLEWARE=[
    "django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"])
template = Engine().from_string("{% for i in items %}<b>{{ i|add:1 }}</b>{% endfor %}")

def index(request):
    return HttpResponse(template.render(Context({"items": range(200)})))

urlpatterns = [path("", index)]
app = get_wsgi_application()
"""


def compileall(folder):
    shutil.copytree("/usr/lib/python3.11", folder / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    return [PYTHON, "-m", "compileall", "-q", "-f", folder / "lib"], {}


def own_tests(version):
    def make(folder):
        found = pythons.find(SONDE.parents[1], f"{version}-shared")
        return [*found.argv, "-m", "test", *TESTS], found.env
    return make


def black(folder):
    shutil.copytree("/usr/lib/python3.11/email", folder / "email")
    shutil.copytree("/usr/lib/python3.11/asyncio", folder / "asyncio")
    return ["/usr/bin/black", "-q", "--workers=2", folder / "email", folder / "asyncio"], {"HOME": str(folder)}


def sphinx(folder):
    (folder / "conf.py").write_text('project = "x"\nextensions = ["sphinx.ext.autodoc"]\n')
    names = ["argparse", "asyncio", "collections", "email.message", "json", "logging", "unittest.mock", "tarfile"]
    parts = "".join(f".. automodule:: {name}\n   :members:\n   :undoc-members:\n\n" for name in names)
    (folder / "index.rst").write_text("All\n===\n\n" + parts)
    return ["/usr/bin/sphinx-build", "-q", "-E", folder, folder / "out"], {}


def mercurial(folder):
    shutil.copytree("/usr/lib/python3.11", folder / "repo", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    script = ("hg init . && hg add -q . && hg commit -q -m one && for i in 1 2 3 4 5 6; do echo $i >>os.py && "
              "hg status >/dev/null && hg diff >/dev/null && hg commit -q -m $i; done; "
              "hg log -p >/dev/null; hg verify -q")
    return ["/bin/sh", "-c", f"cd {folder}/repo && {script}"], {"HGUSER": "x", "HOME": str(folder)}


def under_load(text, worker):
    """A server with two workers, and as many clients as keep it busy."""
    def make(folder):
        (folder / "served.py").write_text(text)
        serve = f"gunicorn -k {worker} -w 2 --threads 2 -b 127.0.0.1:54391 --pid {folder}/pid served:app"
        load = "for i in 1 2 3 4 5 6 7 8 9 10; do wrk -t1 -c4 -d1 http://127.0.0.1:54391/ && break; sleep 0.3; done"
        stop = f"kill $(cat {folder}/pid); wait"
        return ["/bin/sh", "-c", f"{serve} & {load}; wrk -t1 -c4 -d8 http://127.0.0.1:54391/; {stop}"], {}
    return make


PROGRAMS = {"compileall": compileall, **{f"test-{v}": own_tests(v) for v in ("3.8", "3.11", "3.12", "3.13")},
            "black": black, "sphinx-build": sphinx, "mercurial": mercurial, "flask": under_load(FLASK, "gthread"),
            "django": under_load(DJANGO, "gthread"), "flask-gevent": under_load(FLASK, "gevent")}


def record(name, folder):
    command, env = PROGRAMS[name](folder)
    out = folder / "p.pb.gz"
    options = ["-F", str(HZ), "--labels", "timestamps", "--python-internals", "-o", out]
    done = subprocess.run([SONDE, "record", *options, "--", *map(str, command)], cwd=folder, timeout=600,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **env}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if not out.exists():
        sys.exit(f"{name}: {done.stderr[-2000:]}")
    profile = Profile(out)
    if violations(profile):
        sys.exit(f"{name}: {violations(profile)[:3]}")
    return profile


def why_not_whole(stack, first):
    """None: whole. first: when frames of its process's Python were seen first."""
    native = [frame.name.split(".")[0] for frame in stack]
    at = max((i for i, frame in enumerate(stack) if python_profile.is_python(frame)), default=None)
    if at is None:
        if first is None:
            return "no Python frame from its process at all"
        if first:
            return "before its process's first Python frame"
        return "caught in an eval loop's first or last instructions" if native[0] in EVAL else "no Python frames"
    if native[-1] == "[truncated]":
        python = len(python_profile.python_frames(stack))
        return DEEPER if python >= MAX_PYTHON or len(stack) - python >= MAX_NATIVE else "no room for a deep stack"
    if sum(name in EVAL for name in native[at:]) > 1:
        return f"outer frames missing: ends at {stack[at].name}"
    # the child of a posix_spawn() has a stack of its own, below which nothing is, and its parent's Python frames
    last = next((frame.name for frame in reversed(stack) if not python_profile.is_python(frame)), "")
    rooted = thread_roots.begins_a_thread(last) or "greenlet::UserGreenlet::g_initialstub" in native[at:]
    return None if rooted else f"native frames end at {native[-1]}"


def judge(profile):
    """(samples, those with an eval loop, {reason: samples}, {reason: a stack})"""
    samples = [part for part in python_profile.all_frames(profile) if "pid" in part[2]]
    firsts, why, examples = {}, collections.Counter(), {}
    for stack, _, labels in samples:
        if python_profile.python_frames(stack):
            firsts[labels["pid"]] = min(labels["timestamp_ns"], firsts.get(labels["pid"], labels["timestamp_ns"]))
    total = inside = 0
    for stack, count, labels in samples:
        total += count
        if not any(frame.name.split(".")[0] in EVAL for frame in stack) and not python_profile.python_frames(stack):
            continue
        inside += count
        first = firsts.get(labels["pid"])
        reason = why_not_whole(stack, None if first is None else labels["timestamp_ns"] < first)
        if reason:
            why[reason] += count
            examples.setdefault(reason, stack)
    return total, inside, why, examples


def prove(name):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        try:
            profile = record(name, pathlib.Path(folder))
        except pythons.Missing as e:
            print(f"{name:14} missing: {e}")
            return True
        total, inside, why, examples = judge(profile)
    deeper = why.pop(DEEPER, 0)
    inside -= deeper
    share = 1 - sum(why.values()) / inside if inside else 0.0
    print(f"{name:14} {total:6} samples, {inside:6} in eval loops (and {deeper} {DEEPER}), {100 * share:7.3f} % whole"
          f"{'' if share >= GOAL else '  BELOW ' + str(100 * GOAL) + ' %'}", flush=True)
    for reason, n in why.most_common():
        print(f"  {n:6} {reason}")
        if os.environ.get("VERBOSE"):
            print("        ", python_profile.told(examples[reason])[:1500])
    return share >= GOAL


def main():
    results = [prove(name) for name in sys.argv[1:] or PROGRAMS]
    return 0 if all(results) else 1


sys.exit(main())
