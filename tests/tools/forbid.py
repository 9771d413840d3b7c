#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""forbid.py SYSCALL ERRNO COMMAND ARG...: runs a command in which a system call fails, by a seccomp filter
as containers have them."""
import ctypes
import errno
import os
import struct
import sys

NUMBERS = {"bpf": 321, "perf_event_open": 298}  # x86-64
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD_NUMBER, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 0x00050000, 0x7FFF0000


class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


number, error, command = NUMBERS[sys.argv[1]], getattr(errno, sys.argv[2]), sys.argv[3:]
steps = [(LOAD_NUMBER, 0, 0, 0), (JUMP_EQUAL, 0, 1, number),
         (RETURN, 0, 0, SECCOMP_RET_ERRNO | error), (RETURN, 0, 0, SECCOMP_RET_ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
libc = ctypes.CDLL(None, use_errno=True)
for args in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
             (PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
              ctypes.byref(Program(len(steps), ctypes.addressof(code))), 0, 0)):
    if libc.prctl(*args):
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
os.execv(command[0], command)
