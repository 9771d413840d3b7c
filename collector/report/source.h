// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A source file that a profile names, where this host has it. The name is foreign: only regular files
 * of a sane size are opened. */
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct source {
	char *path; /* owned; where it was found */
	char *text; /* owned; NULs where the lines end */
	const char **lines; /* owned; into text */
	uint32_t cnt;
};

/*
 * Looks as pprof does: file behind trim (see path_trim()), when that is relative in each folder of
 * search and all folders above it; search is NULL for the current folder. Then at file as it is.
 * -ENOENT: nowhere; *ret_looked then tells where it looked, and the caller frees it.
 */
int source__find(const char *file, const char *trim, const char *search, struct source **ret_source,
		 char **ret_looked);
void source__free(struct source *source);
DEFINE_FREEP(source)

/* Lines count from 1. NULL: there is none of that number. */
const char *source__line(const struct source *source, int64_t number);
