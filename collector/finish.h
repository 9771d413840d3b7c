// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What recording and replay end with: names, the file, the words to the user. */
#include "collector/cli/options.h"
#include "collector/profile/ingest.h"

struct call_counts;
struct profile;

/* Of all records so far, with names. A negative errno. */
int make_profile(struct ingest *ingest, const struct options *options, struct profile **ret_profile,
		 struct call_counts *ret_calls);
/* map_bytes: memory of BPF maps and rings; 0 for a replay. A negative errno, logged: the profile is not
 * where it was wanted. */
int write_profile(struct ingest *ingest, const struct options *options, uint64_t map_bytes);
