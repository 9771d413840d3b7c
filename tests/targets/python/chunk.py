# SPDX-License-Identifier: Apache-2.0
"""Calls at each depth of a recursion, more of them where they are slow: where a call needs more room for its frame
than the interpreter's piece of memory has left, it maps another piece, touches it, and gives it back when it
returns (3.11 to 3.13). Says "ready" and works until it is killed."""
import sys
import time


# its frame is larger than descend's: where that is the last one to fit, this one does not
def leaf(a=0, b=0, c=0, d=0, e=0, f=0, g=0, h=0, i=0, j=0, k=0, m=0, n=0, o=0, p=0, q=0, r=0, s=0, t=0, u=0):
    pass


def descend(n):
    count = 100
    while count:
        begin = time.process_time()
        for _ in range(count):
            leaf()  # enters
        took = time.process_time() - begin
        count = 40000 if count == 100 and took > 50e-6 else 0
    if n:
        descend(n - 1)  # goes deeper


print("ready")
sys.stdout.flush()
while True:
    descend(300)
