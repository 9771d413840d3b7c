/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* The enums made from errors.def. */
#include "types.h"

enum stop_reason {
#define STOP(name, complete, text) STOP_##name,
#include "errors.def"
	STOP_CNT,
};

enum python_end {
#define PYTHON(name, whole, text) PYTHON_##name,
#include "errors.def"
	PYTHON_END_CNT,
};

enum counter {
#define COUNTER(name, text) COUNTER_##name,
#include "errors.def"
	COUNTER_CNT,
};

#define STOP_SLOTS 32 /* a power of two: the verifier understands a mask on the index */
_Static_assert(STOP_CNT <= STOP_SLOTS, "room for every reason");

#define PYTHON_END_SLOTS 16
_Static_assert(PYTHON_END_CNT <= PYTHON_END_SLOTS, "room for every reason");

/* What each CPU counts. */
struct counts {
	__u64 stops[STOP_SLOTS];
	__u64 python_ends[PYTHON_END_SLOTS];
	__u64 counters[COUNTER_CNT];
};
