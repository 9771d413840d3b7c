#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Python programs of other people's: share of their samples whose Python frames reach the thread's root.

python_programs.py [NAME ...]

A sample counts as whole where its outermost Python frame is one that a thread begins with: a module's or a
frozen start-up function, or threading's _bootstrap. A sample without Python frames is told by its reason: the
interpreter starts or ends (no eval loop on its stack), or frames are missing."""
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
from pprof_wire import Profile, violations  # noqa: E402

HZ = 499
GOAL = 0.999
PYTHON = "/usr/bin/python3"
TESTS = ["test_json", "test_re", "test_dict", "test_generators", "test_asyncio.test_tasks", "test_threading",
         "test_unicode", "test_pickle"]
BEGINNINGS = {"<module>", "_bootstrap", "Thread._bootstrap", "_run_module_as_main", "_shutdown", "_find_and_load",
              "_handle_fromlist", "_install_external_importers", "_install", "_get_module_attributes"}

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
    shutil.copytree("/usr/lib/python3.11", folder / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.so"), symlinks=True)
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
    (folder / "index.rst").write_text("All\n===\n\n" + "".join(f".. automodule:: {n}\n   :members:\n   :undoc-members:\n\n"
                                                              for n in names))
    return ["/usr/bin/sphinx-build", "-q", "-E", folder, folder / "out"], {}


def mercurial(folder):
    shutil.copytree("/usr/lib/python3.11", folder / "repo", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    script = ("hg init . && hg add -q . && hg commit -q -m one && for i in 1 2 3 4 5 6; do echo $i >>os.py && "
              "hg status >/dev/null && hg diff >/dev/null && hg commit -q -m $i; done; hg log -p >/dev/null; hg verify -q")
    return ["/bin/sh", "-c", f"cd {folder}/repo && {script}"], {"HGUSER": "x", "HOME": str(folder)}


def under_load(text, worker):
    """A server with two workers, and as many clients as keep it busy."""
    def make(folder):
        (folder / "served.py").write_text(text)
        serve = f"/usr/bin/gunicorn -k {worker} -w 2 --threads 2 -b unix:{folder}/s --chdir {folder} --pid {folder}/pid served:app"
        tcp = serve.replace(f"unix:{folder}/s", "127.0.0.1:54391")
        load = "for i in 1 2 3 4 5 6 7 8 9 10; do wrk -t1 -c4 -d1 http://127.0.0.1:54391/ && break; sleep 0.3; done"
        return ["/bin/sh", "-c", f"{tcp} & {load}; wrk -t1 -c4 -d8 http://127.0.0.1:54391/; "
                f"kill $(cat {folder}/pid); wait"], {}
    return make


PROGRAMS = {"compileall": compileall, **{f"test-{v}": own_tests(v) for v in ("3.8", "3.11", "3.12", "3.13")},
            "black": black, "sphinx-build": sphinx, "mercurial": mercurial, "flask": under_load(FLASK, "gthread"),
            "django": under_load(DJANGO, "gthread"), "flask-gevent": under_load(FLASK, "gevent")}


def record(name, folder):
    command, env = PROGRAMS[name](folder)
    out = folder / "p.pb.gz"
    done = subprocess.run([SONDE, "record", "-F", str(HZ), "--labels", "stop", "-o", out, "--", *map(str, command)], cwd=folder,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **env}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=600)
    profile = Profile(out)
    if violations(profile):
        sys.exit(f"{name}: {violations(profile)[:3]}")
    return profile


def pids_with_python(samples):
    return {labels.get("pid") for stack, _, labels in samples if python_profile.python_frames(stack)}


def why_not_whole(stack, labels):
    """None: whole."""
    frames = python_profile.python_frames(stack)
    names = [frame.name for frame in stack]
    if frames:
        if python_profile.bare(frames[-1]) in BEGINNINGS:
            return None
        return f"ends at {frames[-1].name}"
    if labels.get("stop") == "NO_USER":
        return "no user stack: exec, exit"
    if any("EvalFrame" in name for name in names):
        return "eval loop without Python frames"
    if not any("ython" in frame.mapping for frame in stack):
        return "not in the interpreter yet, or no more"
    return "interpreter starts or ends"


def judge(name, profile):
    samples = list(python_profile.all_frames(profile))
    pids, why, total = pids_with_python(samples), collections.Counter(), 0
    examples = {}
    for stack, count, labels in samples:
        if labels.get("pid") not in pids:
            continue
        total += count
        reason = why_not_whole(stack, labels)
        if reason:
            why[reason] += count
            examples.setdefault(reason, stack)
    return total, why, examples


OUTSIDE = {"no user stack: exec, exit", "not in the interpreter yet, or no more", "interpreter starts or ends"}


def prove(name):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        try:
            profile = record(name, pathlib.Path(folder))
        except pythons.Missing as e:
            print(f"{name:14} missing: {e}")
            return True
        total, why, examples = judge(name, profile)
    inside = total - sum(n for reason, n in why.items() if reason in OUTSIDE)
    short = sum(n for reason, n in why.items() if reason not in OUTSIDE)
    share = 1 - short / inside if inside else 0.0
    print(f"{name:14} {total:6} samples, {inside:6} in Python code, {100 * share:7.3f} % to the root"
          f"{'' if share >= GOAL else '  BELOW ' + str(100 * GOAL) + ' %'}", flush=True)
    for reason, n in why.most_common():
        print(f"  {n:6} {reason}")
        if reason not in OUTSIDE and os.environ.get("VERBOSE"):
            print("        ", python_profile.told(examples[reason])[:600])
    return share >= GOAL


def main():
    results = [prove(name) for name in sys.argv[1:] or PROGRAMS]
    return 0 if all(results) else 1


sys.exit(main())
