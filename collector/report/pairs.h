// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Interned pairs of numbers: equal pairs have equal ids, ids count from 0. For edges and tree nodes,
 * of which a profile has millions. */
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct pair {
	uint32_t a, b;
};

struct pairs {
	struct pair *rows; /* owned; by id */
	uint32_t cnt, room;
	uint32_t *
		slots; /* owned; id + 1, 0: free. A power of two of them, at most half of them taken */
	size_t slots_cnt;
};

#define PAIR_NONE UINT32_MAX
#define PAIRS_MAX (1u << 24) /* a stack of a hundred million frames is a small file */

void pairs__fini(struct pairs *pairs);
/* The id of a pair, which is added when it is new (then it is the old cnt); PAIR_NONE: no
 * memory, or PAIRS_MAX are there. */
uint32_t pairs__id(struct pairs *pairs, uint32_t a, uint32_t b);
