// SPDX-License-Identifier: Apache-2.0
#include "collector/report/edges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/report/pairs.h"

struct step {
	int64_t value;
	size_t seen; /* the last stack that counted, + 1 */
	bool inlined;
};

struct steps {
	struct pairs pairs; /* owned; caller, callee */
	struct step *at; /* owned; by id of the pair */
	uint32_t room;
};

static struct step *step_of(struct steps *steps, uint32_t caller, uint32_t callee)
{
	uint32_t before = steps->pairs.cnt, id = pairs__id(&steps->pairs, caller, callee);

	if (id == PAIR_NONE)
		return NULL;
	if (id >= steps->room) {
		uint32_t room = steps->room ? 2 * steps->room : 1024;
		struct step *more = realloc(steps->at, room * sizeof(*more));

		if (!more)
			return NULL;
		steps->at = more;
		steps->room = room;
	}
	if (id == before)
		steps->at[id] = (struct step){ .inlined = true };
	return &steps->at[id];
}

static int count_stack(struct steps *steps, const struct stacks *s, size_t i, const bool *wanted)
{
	const struct stack *row = &s->rows[i];
	const uint32_t *frames = s->frames + row->first;

	for (uint32_t f = row->cnt; f-- > 1;) {
		uint32_t caller = frames[f] >> 1, callee = frames[f - 1] >> 1;
		struct step *step;

		if (caller == callee || !(wanted[caller] || wanted[callee]))
			continue;
		step = step_of(steps, caller, callee);
		if (!step)
			return steps->pairs.cnt == PAIRS_MAX ? -EFBIG : -ENOMEM;
		if (step->seen == i + 1)
			continue;
		step->seen = i + 1;
		step->value = add_wrapping(step->value, row->value);
		step->inlined = step->inlined && (frames[f - 1] & FRAME_INLINED);
	}
	return 0;
}

static void add_edges(struct edges *edges, const struct steps *steps, const bool *wanted)
{
	for (uint32_t i = 0; i < steps->pairs.cnt; i++) {
		struct pair pair = steps->pairs.rows[i];
		const struct step *step = &steps->at[i];

		if (wanted[pair.b])
			edges->at[edges->cnt++] = (struct edge){ pair.b, pair.a, true,
								 step->inlined, step->value };
		if (wanted[pair.a])
			edges->at[edges->cnt++] = (struct edge){ pair.a, pair.b, false,
								 step->inlined, step->value };
	}
}

static int compare_edges(const void *a, const void *b, void *ctx)
{
	const struct edge *x = a, *y = b;
	char *const *names = ctx;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	if (x->calls_node != y->calls_node)
		return x->calls_node ? -1 : 1;
	if (magnitude(x->value) != magnitude(y->value))
		return magnitude(x->value) > magnitude(y->value) ? -1 : 1;
	return strcmp(names[x->other], names[y->other]);
}

int edges__init(struct edges *edges, const struct stacks *s, const bool *wanted, char *const *names)
{
	struct steps steps = { 0 };
	int err = 0;

	*edges = (struct edges){ 0 };
	for (size_t i = 0; !err && i < s->rows_cnt; i++)
		err = count_stack(&steps, s, i, wanted);
	if (!err) {
		edges->at = calloc(2 * (size_t)steps.pairs.cnt + 1, sizeof(*edges->at));
		err = edges->at ? 0 : -ENOMEM;
	}
	if (!err) {
		add_edges(edges, &steps, wanted);
		qsort_r(edges->at, edges->cnt, sizeof(*edges->at), compare_edges,
			(void *)(uintptr_t)names);
	}
	pairs__fini(&steps.pairs);
	free(steps.at);
	return err;
}

void edges__fini(struct edges *edges)
{
	free(edges->at);
}

const struct edge *edges__of(const struct edges *edges, uint32_t node, size_t *ret_cnt)
{
	size_t low = 0, high = edges->cnt, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (edges->at[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < edges->cnt && edges->at[end].node == node; end++)
		;
	*ret_cnt = end - low;
	return edges->at + low;
}
