# SPDX-License-Identifier: Apache-2.0
# Sourced: the whole-program tests (tests/programs), two files at a time, as most tests wait for what they
# watch; then, alone, those that change the whole host or judge how threads share its CPUs.
# shellcheck shell=bash

run_programs() { # BUILD PYTEST ARGS...: reports in BUILD/pytest*.xml; fails if one of the two runs does
	local build=$1 status=0
	shift
	rm -f "$build"/pytest*.xml
	run_some_programs "$build/pytest.xml" -m "not alone" -n 2 --dist loadfile "$@" || status=$?
	# 5: of those that ARGS name, none is such a one
	run_some_programs "$build/pytest-alone.xml" -m alone "$@" || [ $? = 5 ] || status=1
	return $status
}

run_some_programs() { # REPORT PYTEST ARGS...
	local report=$1
	shift
	SONDE_BUILD=$(dirname "$report") /usr/bin/python3 -m pytest -q -p no:cacheprovider --timeout 300 \
		--junitxml="$report" "$@" tests/programs
}
