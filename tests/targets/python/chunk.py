# SPDX-License-Identifier: Apache-2.0
"""Calls at each depth of a recursion. Where a call needs more room for its frame than the interpreter's piece of
memory has left, it maps another piece, touches it, and gives it back when it returns (3.11 to 3.13). Says
"ready" and works until it is killed."""
import sys


def leaf():
    pass


def descend(n):
    for _ in range(4000):
        leaf()  # enters
    if n:
        descend(n - 1)  # goes deeper


print("ready")
sys.stdout.flush()
while True:
    descend(300)
