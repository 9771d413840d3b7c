// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Steps from caller to callee around chosen nodes. A stack counts once for a step that stands in it
 * several times; a node that calls itself is no step.
 */
#include "collector/report/stacks.h"

struct edge { /* seen from the node */
	uint32_t node;
	uint32_t other; /* its caller or its callee */
	bool calls_node; /* other is the caller */
	bool inlined; /* the callee is inlined into the caller, in all stacks */
	int64_t value;
};

struct edges {
	struct edge
		*at; /* owned; by node, callers first, then by magnitude, then by name of other */
	size_t cnt;
};

/* wanted, names: by node id. 0, -ENOMEM; -EFBIG: more than PAIRS_MAX steps. */
int edges__init(struct edges *edges, const struct stacks *stacks, const bool *wanted,
		char *const *names);
void edges__fini(struct edges *edges);

/* The edges of one node: *ret_cnt of them from the pointer on. */
const struct edge *edges__of(const struct edges *edges, uint32_t node, size_t *ret_cnt);
