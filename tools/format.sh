#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lays out all C by .clang-format; with --check only says what would change.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[ "${1:-}" != --check ] || mode=(--dry-run -Werror)
# errors.def is no C: a list of macros with the includer's meaning; targets keep their lines, and the order of their
# includes
git ls-files -z '*.c' '*.h' '*.cc' ':!tests/targets' | xargs -0 clang-format-14 "${mode[@]}"
