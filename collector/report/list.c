// SPDX-License-Identifier: Apache-2.0
#include "collector/report/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/report/answers.h"

#define MARGIN 5 /* lines around those that have weight */

struct found {
	struct node node;
	struct weight weight;
};

static int compare(const void *a, const void *b, void *ctx)
{
	const struct found *x = a, *y = b;
	const struct strtab *strings = ctx;
	int order = 0;

	if (x->node.name != y->node.name)
		order = strcmp(strtab__text(strings, x->node.name),
			       strtab__text(strings, y->node.name));
	if (!order && x->node.file != y->node.file)
		order = strcmp(strtab__text(strings, x->node.file),
			       strtab__text(strings, y->node.file));
	return order ? order : x->node.line < y->node.line ? -1 : x->node.line > y->node.line;
}

static bool matches(void *ctx, const char *text)
{
	return pattern__matches(ctx, text);
}

static size_t find(const struct stacks *s, const struct weight *weights, struct answers *chosen,
		   struct found *found)
{
	size_t cnt = 0;

	for (uint32_t i = 1; i <= stacks__nodes(s); i++) {
		struct node node = stacks__node(s, i);

		if (node.name && (weights[i].self || weights[i].total) &&
		    answers__get(chosen, node.name))
			found[cnt++] = (struct found){ node, weights[i] };
	}
	qsort_r(found, cnt, sizeof(*found), compare, s->strings);
	return cnt;
}

static struct weight add(struct weight a, struct weight b)
{
	return (struct weight){ add_wrapping(a.self, b.self), add_wrapping(a.total, b.total) };
}

static void add_line(struct routine *r, const struct found *found)
{
	struct listed_line *line = r->lines_cnt ? &r->lines[r->lines_cnt - 1] : NULL;
	int64_t number = found->node.line, start = found->node.start_line, end;

	if (!line || line->number != number) {
		line = &r->lines[r->lines_cnt++];
		*line = (struct listed_line){ .number = number };
	}
	line->weight = add(line->weight, found->weight);
	r->weight = add(r->weight, found->weight);
	if (!start && __builtin_sub_overflow(number, MARGIN, &start))
		start = number;
	if (__builtin_add_overflow(number, MARGIN, &end))
		end = number;
	if (start < r->first)
		r->first = start;
	if (end > r->last)
		r->last = end;
}

static bool same_routine(const struct node *a, const struct node *b)
{
	return a->name == b->name && a->file == b->file;
}

/* From the first of cnt found lines on: one routine; how many lines it took. */
static size_t make_routine(struct routine *r, const struct stacks *s, const struct found *found,
			   size_t cnt)
{
	size_t i = 0;

	r->name = strtab__text(s->strings, found->node.name);
	r->file = strtab__text(s->strings, found->node.file);
	r->first = INT64_MAX;
	r->last = INT64_MIN;
	for (; i < cnt && same_routine(&found->node, &found[i].node); i++)
		add_line(r, &found[i]);
	if (r->first < 1)
		r->first = 1;
	return i;
}

static void make_routines(struct list *list, const struct stacks *s, const struct found *found,
			  size_t cnt)
{
	struct listed_line *lines = list->lines;

	for (size_t i = 0; i < cnt;) {
		struct routine *r = &list->routines[list->cnt++];

		r->lines = lines;
		i += make_routine(r, s, found + i, cnt - i);
		lines += r->lines_cnt;
	}
}

int list__init(struct list *list, const struct stacks *s, const struct weight *weights,
	       struct pattern *pattern)
{
	scope_memory struct found *found = calloc(stacks__nodes(s) + 1, sizeof(*found));
	struct answers chosen;
	size_t cnt;

	*list = (struct list){ 0 };
	if (!found || answers__init(&chosen, s->strings, matches, pattern))
		return -ENOMEM;
	cnt = find(s, weights, &chosen, found);
	answers__fini(&chosen);
	list->lines = calloc(cnt + 1, sizeof(*list->lines));
	list->routines = calloc(cnt + 1, sizeof(*list->routines));
	if (!list->lines || !list->routines)
		return -ENOMEM;
	make_routines(list, s, found, cnt);
	return 0;
}

void list__fini(struct list *list)
{
	free(list->lines);
	free(list->routines);
}
