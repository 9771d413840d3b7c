// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Where records come from: the live rings (collector/capture/live_source.h), or a file of recorded
 * ones (raw_file.h). Everything behind this seam is the same for both.
 */
#include "collector/source/record.h"

struct record_source {
	/* Hands out, oldest first, the records that are there; waits at most timeout_ms for the
	 * first. 1: more may come, 0: that was all, or a negative errno. */
	int (*read)(struct record_source *source, int timeout_ms, record_fn fn, void *ctx);
	void (*free)(struct record_source *source);
};

static inline void record_source__free(struct record_source *source)
{
	if (source)
		source->free(source);
}

static inline void record_source__freep(struct record_source **source)
{
	record_source__free(*source);
}
