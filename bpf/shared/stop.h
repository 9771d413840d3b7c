/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* The enums made from errors.def. */

enum stop_reason {
#define STOP(name, complete, text) STOP_##name,
#include "errors.def"
	STOP_CNT,
};

enum counter {
#define COUNTER(name, text) COUNTER_##name,
#include "errors.def"
	COUNTER_CNT,
};
