// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Debug files from the servers in DEBUGINFOD_URLS, by way of the client program debuginfod-find:
 * its cache and its rules are the host's own, and no network code runs in our process. Used when
 * the user asks for it alone, and after sampling.
 */
#include <stdbool.h>

#define DEBUGINFOD_MAX_NS 60000000000ULL /* for one file */

struct debuginfod {
	bool given_up; /* no client, no server, or too slow: said once */
	unsigned int fetched;
};

/* A descriptor that the caller owns, or a negative errno; blocks for a minute at most, with a line
 * of progress on a terminal. ctx: a struct debuginfod. */
int debuginfod_fetch(void *ctx, const char *build_id_hex);
