// SPDX-License-Identifier: Apache-2.0
#include "collector/report/tree.h"

#include <errno.h>
#include <stdlib.h>

#include "collector/report/pairs.h"

static uint32_t child_of(struct tree *t, struct pairs *pairs, uint32_t parent, uint32_t node)
{
	uint32_t before = pairs->cnt, id = pairs__id(pairs, parent, node);

	if (id == PAIR_NONE)
		return TREE_NONE;
	if (id >= t->room) {
		uint32_t room = t->room ? 2 * t->room : 1024;
		struct tree_node *more = realloc(t->at, room * sizeof(*more));

		if (!more)
			return TREE_NONE;
		t->at = more;
		t->room = room;
	}
	if (id == before)
		t->at[id] = (struct tree_node){ .parent = parent, .node = node };
	t->cnt = pairs->cnt;
	return id;
}

static int add_stack(struct tree *t, struct pairs *pairs, const struct stacks *s,
		     const struct stack *row, bool from_leaf)
{
	const uint32_t *frames = s->frames + row->first;
	uint32_t at = TREE_NONE;

	for (uint32_t f = 0; f < row->cnt; f++) {
		uint32_t frame = frames[from_leaf ? f : row->cnt - 1 - f];
		uint64_t gross;

		at = child_of(t, pairs, at, frame >> 1);
		if (at == TREE_NONE)
			return pairs->cnt == PAIRS_MAX ? -EFBIG : -ENOMEM;
		t->at[at].total = add_wrapping(t->at[at].total, row->value);
		gross = t->at[at].gross + magnitude(row->value);
		t->at[at].gross = gross < t->at[at].gross ? UINT64_MAX : gross;
	}
	if (at != TREE_NONE)
		t->at[at].self = add_wrapping(t->at[at].self, row->value);
	return 0;
}

int tree__init(struct tree *t, const struct stacks *s, bool from_leaf)
{
	struct pairs pairs = { 0 }; /* parent, node */
	int err = 0;

	*t = (struct tree){ .first = TREE_NONE };
	for (size_t i = 0; !err && i < s->rows_cnt; i++)
		err = add_stack(t, &pairs, s, &s->rows[i], from_leaf);
	pairs__fini(&pairs);
	return err;
}

void tree__fini(struct tree *t)
{
	free(t->at);
}

/* The heaviest first; of equals the older, which is never below the other. */
static int by_gross(const void *a, const void *b, void *ctx)
{
	const struct tree_node *at = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (at[x].gross != at[y].gross)
		return at[x].gross > at[y].gross ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int by_total(const void *a, const void *b, void *ctx)
{
	const struct tree_node *at = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (magnitude(at[x].total) != magnitude(at[y].total))
		return magnitude(at[x].total) > magnitude(at[y].total) ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void link_kept(struct tree *t, const uint32_t *ids, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		t->at[ids[i]].kept = true;
		t->at[ids[i]].first_child = TREE_NONE;
	}
	for (size_t i = cnt;
	     i-- > 0;) { /* from the lightest: each goes before those linked already */
		struct tree_node *node = &t->at[ids[i]];
		uint32_t *first = node->parent == TREE_NONE ? &t->first :
							      &t->at[node->parent].first_child;

		node->next = *first;
		*first = ids[i];
	}
}

int tree__keep(struct tree *t, uint64_t least, size_t limit)
{
	scope_memory uint32_t *ids = calloc((size_t)t->cnt + 1, sizeof(*ids));
	size_t cnt = 0;

	if (!ids)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->cnt; i++)
		if (t->at[i].gross >= least)
			ids[cnt++] = i;
	qsort_r(ids, cnt, sizeof(*ids), by_gross, t->at);
	if (cnt > limit)
		cnt = limit;
	qsort_r(ids, cnt, sizeof(*ids), by_total, t->at);
	link_kept(t, ids, cnt);
	return 0;
}

uint32_t tree__next(const struct tree *t, uint32_t id)
{
	if (t->at[id].first_child != TREE_NONE)
		return t->at[id].first_child;
	while (id != TREE_NONE && t->at[id].next == TREE_NONE)
		id = t->at[id].parent;
	return id == TREE_NONE ? TREE_NONE : t->at[id].next;
}
