// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A dump as people read it: processes, their threads, innermost frame first. */
#include <stdio.h>

#include "collector/dump/roll.h"
#include "collector/profile/ingest.h"
#include "collector/profile/profile.h"

struct dump_view {
	FILE *to;
	struct ingest *ingest; /* borrowed, as the rest: what the stacks were named with */
	const struct profile *profile; /* a sample with labels pid and tid per thread */
	bool with_locals;
	bool with_kernel;
};

void dump_print(const struct dump_view *view, struct attendee *first,
		const struct subject *subjects, uint32_t subject_cnt);
