// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Self and total of every node. A stack counts once for a node that stands in it several times. */
#include "collector/report/stacks.h"
#include "collector/report/units.h"

struct weight {
	int64_t self; /* of stacks that end in the node */
	int64_t total; /* of stacks that hold it */
};

/* By node id; the caller frees. NULL: no memory. */
struct weight *weigh(const struct stacks *stacks);

/* The unit in which all weights are printed. */
struct unit weights_unit(const struct stacks *stacks, const struct weight *weights);

/* A node that has weight, for views that print nodes one by one. */
struct row {
	uint32_t node;
	char *name; /* owned */
	struct weight weight;
};

struct rows {
	struct row *at; /* owned */
	size_t cnt;
};

/* By magnitude of self, then of total, then by name. 0 or -ENOMEM. */
int rows__init(struct rows *rows, const struct stacks *stacks, const struct weight *weights);
void rows__fini(struct rows *rows);
