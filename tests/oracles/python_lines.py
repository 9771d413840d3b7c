# SPDX-License-Identifier: Apache-2.0
"""Line tables: what print_python_lines makes of them against what the interpreter itself says of every
instruction (tests/targets/python/lines.py)."""
import collections
import itertools
import subprocess
import tempfile

OPTIONS = {"addr2line": [], "co_lines": [], "co_positions": ["-c"], "shown": ["-s"]}


class Verdict:
    def __init__(self):
        self.codes = self.offsets = self.without_line = 0
        self.compared = collections.Counter()  # offsets, by way of asking
        self.wrong = []  # (way, question, theirs, ours)


def shown(first_line, lines):
    """The nearest earlier line that is one, or the first."""
    last = first_line
    for line in lines:
        last = line if int(line) > 0 else last
        yield last


def read_truth(stream, folder, verdict):
    """Sorts the interpreter's answers by way of asking: files of questions and of answers."""
    files = {}

    def put(way, question, answers):
        if way not in files:
            files[way] = [open(f"{folder}/{way}.{part}", "w+") for part in ("questions", "answers")]
        files[way][0].write(question + "\n")
        files[way][1].write(answers + "\n")
        verdict.compared[way] += len(answers.split())

    for line in stream:
        way, question, answers = line.decode().rstrip("\n").split("\t")
        put(way, question, answers)
        if way == "addr2line":
            lines = answers.split()
            verdict.codes += 1
            verdict.offsets += len(lines)
            verdict.without_line += lines.count("-1")
            put("shown", question, " ".join(shown(question.split()[1], lines)))
    return files


def ask_ours(print_python_lines, way, questions):
    with subprocess.Popen([print_python_lines, *OPTIONS[way]], stdin=questions, stdout=subprocess.PIPE) as ours:
        for line in ours.stdout:
            yield line.decode().strip()


def judge(print_python_lines, python):
    """python: a running lines.py whose output is a pipe."""
    verdict = Verdict()
    with tempfile.TemporaryDirectory() as folder:
        for way, (questions, answers) in read_truth(python.stdout, folder, verdict).items():
            for file in (questions, answers):
                file.seek(0)
            rows = itertools.zip_longest(ask_ours(print_python_lines, way, questions), answers)
            for number, (ours, theirs) in enumerate(rows):
                if theirs is None or ours != theirs.strip():
                    verdict.wrong.append((way, number, theirs, ours))
    if python.wait():
        raise RuntimeError(f"the interpreter ended with {python.returncode}")
    return verdict
