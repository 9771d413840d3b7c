// SPDX-License-Identifier: Apache-2.0
#pragma once

/* From summed samples to the profile that writers see: every location named, or placed. */
#include "collector/capture/event_table.h"
#include "collector/profile/ingest.h"
#include "collector/profile/profile.h"
#include "symbolizer/native/kept_key.h"

struct debuginfod;

struct naming_options {
	const struct event_choice *event;
	uint32_t frequency;
	uint64_t period; /* as event_period() */
	/* opens a binary that has no descriptor: fd or negative errno */
	int (*open_binary)(const struct binary *binary);
	const char *const *debug_dirs; /* --debug-dir */
	uint32_t debug_dir_cnt;
	uint64_t symbol_timeout_ns; /* for the debug information of one file */
	struct debuginfod *debuginfod; /* borrowed; NULL: not to be asked */
	struct kept_folder kept;
};

/* Return addresses, each once, by what stands before them (symbolizer/native/call_site.h). */
struct call_counts {
	uint64_t judged;
	uint64_t refuted; /* of these: no call */
	uint64_t starts; /* of these: no call, but a function's start */
	uint64_t not_judged; /* in no file, or in one that cannot be read */
	uint64_t refuted_samples; /* with a refuted one in their stack */
};

int profile_from(struct ingest *ingest, const struct naming_options *options,
		 struct profile **ret_profile, struct call_counts *ret_calls);
