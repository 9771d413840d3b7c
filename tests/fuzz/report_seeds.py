#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds of profiles for the views: report_seeds.py CORPUS. The cases that tests/programs/test_report.py compares
with pprof, and one whose values are as large as they can be."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracles"))
import pprof_encode  # noqa: E402
import report_cases  # noqa: E402

NAMES = ["inlines", "recursion_inlined", "labels", "lineless", "drop_frames", "unclean_paths", "negative", "sparse_ids",
         "unpacked", "shuffled_0"]
LEAST, MOST = -1 << 63, (1 << 63) - 1


def extremes():
    p = report_cases.plain("a b c".split(), [("a b".split(), [LEAST, MOST]), ("c b a".split(), [LEAST, MOST]),
                                             (["b"], [MOST, LEAST]), (["c"], [1, LEAST])], time=LEAST, duration=LEAST)
    return dict(p, functions={i: (*f[:3], LEAST) for i, f in p["functions"].items()},
                locations={i: (m, MOST, [(i, line, MOST) for line in (LEAST, MOST, -1)]) for i, (m, _, _) in p["locations"].items()})


def main():
    corpus = pathlib.Path(sys.argv[1]) / "report"
    corpus.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (corpus / name).write_bytes(pprof_encode.encode(**report_cases.CASES[name]("/nonexistent")))
    (corpus / "extremes").write_bytes(pprof_encode.encode(**extremes()))


main()
