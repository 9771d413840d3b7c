// SPDX-License-Identifier: Apache-2.0
#include "collector/report/pairs.h"

#include <stdbool.h>
#include <stdlib.h>

void pairs__fini(struct pairs *pairs)
{
	free(pairs->rows);
	free(pairs->slots);
}

/* The slot of a pair, or the free one where it belongs. */
static uint32_t *slot_of(const struct pairs *p, uint32_t a, uint32_t b)
{
	uint64_t hash = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15; /* 2^64 / golden ratio */
	size_t mask = p->slots_cnt - 1;

	for (size_t i = (size_t)(hash ^ hash >> 32) & mask;; i = (i + 1) & mask) {
		const struct pair *row = p->slots[i] ? &p->rows[p->slots[i] - 1] : NULL;

		if (!row || (row->a == a && row->b == b))
			return &p->slots[i];
	}
}

static bool grow(struct pairs *p)
{
	uint32_t room = p->room ? 2 * p->room : 1024;
	struct pair *rows = room > PAIRS_MAX ? NULL : realloc(p->rows, room * sizeof(*rows));
	uint32_t *slots;

	if (!rows)
		return false;
	p->rows = rows;
	slots = calloc(2 * (size_t)room, sizeof(*slots));
	if (!slots)
		return false;
	free(p->slots);
	p->room = room;
	p->slots = slots;
	p->slots_cnt = 2 * (size_t)room;
	for (uint32_t id = 0; id < p->cnt; id++)
		*slot_of(p, rows[id].a, rows[id].b) = id + 1;
	return true;
}

uint32_t pairs__id(struct pairs *p, uint32_t a, uint32_t b)
{
	uint32_t *slot;

	if (p->cnt == p->room && !grow(p))
		return PAIR_NONE;
	slot = slot_of(p, a, b);
	if (!*slot) {
		p->rows[p->cnt] = (struct pair){ a, b };
		*slot = ++p->cnt;
	}
	return *slot - 1;
}
