#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds with warnings as errors, runs all tests. The last line counts
# them: "N passed, N failed, N skipped".
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh
. tools/programs.sh

# shellcheck disable=SC2086
install_packages $PKGS_BUILD $PKGS_TEST
build=build-test
[ -f $build/build.ninja ] || meson setup $build -Dwerror=true
ninja -C $build

status=0
meson test -C $build --no-rebuild --print-errorlogs || status=$?
count() { # LOG XML...
	/usr/bin/python3 - "$@" <<'PY'
import json, os, sys, xml.etree.ElementTree as tree
passed = failed = skipped = 0
for line in open(sys.argv[1]):
    result = json.loads(line)["result"]
    if result in ("OK", "EXPECTEDFAIL"):
        passed += 1
    elif result == "SKIP":
        skipped += 1
        print("skipped:", json.loads(line)["name"])
    else:
        failed += 1
for report in filter(os.path.exists, sys.argv[2:]):
    for case in tree.parse(report).iter("testcase"):
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif skip is not None:
            skipped += 1
            print("skipped:", case.get("name"), skip.get("message"))
        else:
            passed += 1
print(f"{passed} passed, {failed} failed, {skipped} skipped")
PY
}
run_programs "$PWD/$build" || status=$?
count $build/meson-logs/testlog.json $build/pytest*.xml
exit $status
