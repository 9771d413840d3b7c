// SPDX-License-Identifier: Apache-2.0
#pragma once

/* How the frames of one profile become nodes of the stacks: asked once for each line of a location. */
#include "collector/report/stacks.h"

enum intake_use { INTAKE_TEXT, INTAKE_FILE, INTAKE_MODULE, INTAKE_USES };

struct intake {
	struct stacks *stacks; /* borrowed, as are the next two */
	const struct profile *profile;
	const struct stacks_options *options;
	/* Owned; by string of the profile: string id of the stacks + 1. Many functions may share one
	 * text of megabytes, which is hashed and trimmed once for each use. */
	uint32_t *known[INTAKE_USES];
	uint32_t *line_nodes; /* owned; by line of the profile: node id */
	uint32_t *bare_nodes; /* owned; by location: node id of those without a line */
};

int intake__init(struct intake *in, struct stacks *stacks, const struct profile *profile,
		 const struct stacks_options *options);
void intake__fini(struct intake *in);

/* The node of a process or thread: the sample's labels. */
uint32_t intake__label_node(struct intake *in, const struct profile_sample *sample);
