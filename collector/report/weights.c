// SPDX-License-Identifier: Apache-2.0
#include "collector/report/weights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct weight *weigh(const struct stacks *s)
{
	uint32_t cnt = stacks__nodes(s) + 1;
	struct weight *weights = calloc(cnt, sizeof(*weights));
	scope_memory size_t *seen = calloc(cnt,
					   sizeof(*seen)); /* the last stack that counted, + 1 */

	if (!weights || !seen) {
		free(weights);
		return NULL;
	}
	for (size_t i = 0; i < s->rows_cnt; i++) {
		const struct stack *row = &s->rows[i];

		for (uint32_t f = 0; f < row->cnt; f++) {
			uint32_t node = s->frames[row->first + f] >> 1;
			struct weight *w = &weights[node];

			if (!f)
				w->self = add_wrapping(w->self, row->value);
			if (seen[node] == i + 1)
				continue;
			seen[node] = i + 1;
			w->total = add_wrapping(w->total, row->value);
		}
	}
	return weights;
}

struct unit weights_unit(const struct stacks *s, const struct weight *weights)
{
	uint64_t smallest = 0;

	for (uint32_t i = 1; i <= stacks__nodes(s); i++) {
		uint64_t value = magnitude(weights[i].self ? weights[i].self : weights[i].total);

		if (value && (!smallest || value < smallest))
			smallest = value;
	}
	return unit_choose(s->unit, (int64_t)smallest, s->total);
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	uint64_t xs = magnitude(x->weight.self), ys = magnitude(y->weight.self);
	uint64_t xt = magnitude(x->weight.total), yt = magnitude(y->weight.total);

	if (xs != ys)
		return xs > ys ? -1 : 1;
	if (xt != yt)
		return xt > yt ? -1 : 1;
	return strcmp(x->name, y->name);
}

int rows__init(struct rows *rows, const struct stacks *s, const struct weight *weights)
{
	*rows = (struct rows){ .at = calloc(stacks__nodes(s) + 1, sizeof(*rows->at)) };
	if (!rows->at)
		return -ENOMEM;
	for (uint32_t i = 1; i <= stacks__nodes(s); i++) {
		struct row row = { .node = i, .weight = weights[i] };

		if (!row.weight.self && !row.weight.total)
			continue;
		row.name = stacks__name(s, i);
		if (!row.name)
			return -ENOMEM;
		rows->at[rows->cnt++] = row;
	}
	qsort(rows->at, rows->cnt, sizeof(*rows->at), compare_rows);
	return 0;
}

void rows__fini(struct rows *rows)
{
	for (size_t i = 0; i < rows->cnt; i++)
		free(rows->at[i].name);
	free(rows->at);
}
