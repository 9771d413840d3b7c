# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import signal
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/oracles"))
import pythons  # noqa: E402
import suites  # noqa: E402

BUILD = pathlib.Path(os.environ.get("SONDE_BUILD", ROOT / "build-test"))

# Below nohup or in the background of a script they are ignored, and so by all that is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: changes the whole host, or judges how threads share its CPUs: no other test runs meanwhile (tools/test.sh)")


@pytest.fixture
def root():
    if os.geteuid():
        pytest.skip("needs root")


@pytest.fixture(scope="session")
def build():
    return BUILD


@pytest.fixture
def sonde(root, tmp_path_factory):
    """Runs sonde with the arguments given; names kept by a run are for that run alone."""

    def run(*args, **more):
        more.setdefault("env", {**os.environ, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))})
        return subprocess.run([BUILD / "collector/sonde", *map(str, args)],
                              capture_output=True, timeout=60, **more)
    return run


@pytest.fixture
def chain():
    return BUILD / "tests/targets/chain"


@pytest.fixture
def print_rows():
    return BUILD / "tests/tools/print_rows"


@pytest.fixture
def print_lines():
    return BUILD / "tests/tools/print_lines"


@pytest.fixture
def python(request, build):
    """An interpreter by its name in pythons.NAMES (indirect). Debian's and sid's have to be there."""
    try:
        return pythons.find(build, request.param)
    except pythons.Missing as e:
        if request.param in pythons.DEBIAN:
            pytest.fail(f"{request.param}: {e}")
        pytest.skip(f"no Python {request.param}: {e}")


@pytest.fixture(scope="session")
def pprof():
    """Go's, with the new flame graph."""
    if "SONDE_PPROF" in os.environ:
        return os.environ["SONDE_PPROF"]
    try:
        return suites.pprof()
    except RuntimeError as e:
        pytest.skip(f"no pprof (SONDE_PPROF): {e}")
