// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "collector/profile/profile.h"

/*
 * Any pprof file, gzip'd or raw, ours or another tool's; checked by the rules of pprof's own reader,
 * and bounded: PPROF_MAX_BYTES unpacked, PPROF_MAX_MODEL in memory.
 * A negative errno, and *ret_why says in words what is wrong (static).
 */
#define PPROF_MAX_BYTES (512UL << 20)
#define PPROF_MAX_MODEL (1UL << 30)

int pprof_read(const char *path, struct profile **ret_profile, const char **ret_why);
int pprof_decode(const uint8_t *data, size_t size, struct profile **ret_profile,
		 const char **ret_why);
