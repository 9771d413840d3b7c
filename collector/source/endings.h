// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Names and words of the ways in which stacks end and samples are dropped: bpf/shared/errors.def. */
#include <stdbool.h>

#include "bpf/shared/stop.h"

struct ending {
	const char *name; /* as in errors.def */
	const char *text;
	bool complete;
};

extern const struct ending stop_endings[STOP_CNT];
extern const struct ending python_endings[PYTHON_END_CNT];
extern const struct ending counter_endings[COUNTER_CNT]; /* complete: means nothing */
