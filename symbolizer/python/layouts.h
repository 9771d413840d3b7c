// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Where CPython's structs have their fields, by version: for what an interpreter's file does not
 * tell itself. interpreter.h takes the file's word where it has one, and checks these against
 * it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/python.h"

/* sys.hexversion without its last byte's meaning: 0x030b07f0 is 3.11.7. */
#define PYTHON_HEX(major, minor, micro) \
	((uint32_t)(major) << 24 | (uint32_t)(minor) << 16 | (uint32_t)(micro) << 8)

/* Fields of _PyRuntime, in bytes from its start; 0: this version has none. */
struct python_runtime_layout {
	uint32_t interpreters_head;
	uint32_t key; /* of the thread-specific PyThreadState */
	uint32_t tstate_current; /* the thread state that holds the GIL */
	uint32_t gil; /* struct _gil_runtime_state */
	uint32_t interp_gil; /* pointer to it, in the interpreter: 3.12 and newer */
};

/* -ENOENT: a version whose structs are not known. */
int python_layout__find(uint32_t hexversion, bool free_threaded, struct python_layout *ret_layout);
int python_runtime_layout__find(uint32_t hexversion, struct python_runtime_layout *ret_layout);
