// SPDX-License-Identifier: Apache-2.0
#pragma once

/* /proc/PID/stat: "PID (NAME) STATE ...". The name may hold anything, brackets and newlines too. */
#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/config.h"

struct stat_line {
	uint64_t start_ticks; /* field 22: since boot, in ticks of _SC_CLK_TCK */
	char comm[COMM_LEN];
};

/* False: not such a text. */
bool stat_line__parse(const char *text, struct stat_line *ret_line);
