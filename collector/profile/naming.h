// SPDX-License-Identifier: Apache-2.0
#pragma once

/* From summed samples to the profile that writers see: every location named, or placed. */
#include "collector/capture/event_table.h"
#include "collector/profile/ingest.h"
#include "collector/profile/profile.h"

struct naming_options {
	const struct event_choice *event;
	uint32_t frequency;
	/* opens a binary that has no descriptor: fd or negative errno */
	int (*open_binary)(const struct binary *binary);
};

int profile_from(struct ingest *ingest, const struct naming_options *options,
		 struct profile **ret_profile);
