// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Regular expressions of the kind that pprof's users type (Perl's; pprof has Go's), by PCRE2. What an
 * expression may cost is bounded, for it may come from a profile (drop_frames).
 */
#include <stdbool.h>

#include "common/cleanup.h"

struct pattern;

/* what: its name in messages ("--focus"), kept by reference. -EINVAL, logged: it is none. */
int pattern__new(const char *text, const char *what, struct pattern **ret_pattern);
void pattern__free(struct pattern *pattern);
DEFINE_FREEP(pattern)

/* Is there a match anywhere in text? A match that costs too much is none, with one log line; after
 * many of them the expression matches nothing more. */
bool pattern__matches(struct pattern *pattern, const char *text);
