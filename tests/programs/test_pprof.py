# SPDX-License-Identifier: Apache-2.0
"""What go tool pprof makes of our files: its own -top, -traces, -tagfocus, -diff_base, a merge, and the
flame-graph page of its web server."""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
from pprof_wire import Profile, violations  # noqa: E402


@pytest.fixture(scope="module")
def out(build, tmp_path_factory):
    if os.geteuid():
        pytest.skip("needs root")
    path = tmp_path_factory.mktemp("pprof") / "p.pb.gz"
    subprocess.run([build / "collector/sonde", "record", "-F", "499", "-o", path, "--",
                    build / "tests/targets/chain", "1"], capture_output=True)
    assert violations(Profile(path)) == []
    return path


@pytest.fixture
def ask(pprof, tmp_path):
    def run(*args):
        return subprocess.run([pprof, *map(str, args)], capture_output=True, text=True, check=True,
                              env=dict(os.environ, HOME=str(tmp_path))).stdout
    return run


def rows(top):
    """name: (flat, cum) of a -top listing in a unit that was asked for."""
    found = re.findall(r"^\s*([\d.]+)\S*\s+\S+\s+\S+\s+([\d.]+)\S*\s+\S+\s+(\S.*)$", top, re.M)
    return {name: (float(flat), float(cum)) for flat, cum, name in found}


def test_top_has_our_numbers(ask, out):
    top = rows(ask("-top", "-sample_index=samples", "-nodecount=1000", "-nodefraction=0", out))
    stacks = list(Profile(out).stacks())
    assert sum(flat for flat, _ in top.values()) == sum(v[0] for _, v, _ in stacks)
    for name in ("chain_leaf", "chain_mid", "main"):
        assert top[name] == (sum(v[0] for n, v, _ in stacks if n[0] == name),
                             sum(v[0] for n, v, _ in stacks if name in n))


def test_traces(ask, out):
    assert "chain_compare" in ask("-traces", out)


def test_tagfocus(ask, out):
    pid = next(labels["pid"] for _, _, labels in Profile(out).stacks() if labels["comm"] == "chain")
    assert "chain_leaf" in ask("-top", f"-tagfocus=pid={pid}", out)
    assert "chain_leaf" not in ask("-top", f"-tagfocus=pid={pid + 1}", out)


def test_diff_with_itself_is_nothing(ask, out):
    assert not any(flat or cum for flat, cum in rows(ask("-top", "-diff_base", out, out)).values())


def test_merge(ask, out, tmp_path):
    merged = tmp_path / "merged.pb.gz"
    ask("-proto", f"-output={merged}", out, out)
    count = sum(v[0] for _, v, _ in Profile(out).stacks())
    assert sum(v[0] for _, v, _ in Profile(merged).stacks()) == 2 * count


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(url):
    until = time.monotonic() + 20
    while True:
        try:
            return urllib.request.urlopen(url, timeout=10).read().decode()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_flame_graph_page(pprof, out, tmp_path):
    port = free_port()
    server = subprocess.Popen([pprof, f"-http=127.0.0.1:{port}", "-no_browser", out],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=dict(os.environ, HOME=str(tmp_path)))
    try:
        page = fetch(f"http://127.0.0.1:{port}/ui/flamegraph")
    finally:
        server.kill()
        server.wait()
    stacks, _ = json.JSONDecoder().raw_decode(page[page.rindex("stackViewer(") + len("stackViewer("):])
    names = {source["FullName"] for source in stacks["Sources"]}
    assert {"chain_leaf", "chain_mid", "chain_compare", "main"} <= names
