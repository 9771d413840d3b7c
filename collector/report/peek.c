// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "collector/report/edges.h"
#include "collector/report/json.h"
#include "collector/report/view.h"
#include "common/log.h"
#include "common/text.h"

#define SEPARATOR "----------------------------------------------------------+-------------\n"

struct peek {
	const struct view_context *view;
	struct rows rows; /* owned */
	bool *wanted; /* owned; by node: its name matches */
	char **names; /* owned; by node, also of those that weigh nothing */
	struct edges edges; /* owned */
	size_t wanted_cnt;
};

static int name_nodes(struct peek *p)
{
	uint32_t cnt = stacks__nodes(p->view->stacks) + 1;

	p->names = calloc(cnt, sizeof(*p->names));
	for (uint32_t i = 1; p->names && i < cnt; i++) {
		p->names[i] = stacks__name(p->view->stacks, i);
		if (!p->names[i])
			return -ENOMEM;
	}
	return p->names ? 0 : -ENOMEM;
}

static int select_nodes(struct peek *p)
{
	p->wanted = calloc(stacks__nodes(p->view->stacks) + 1, sizeof(*p->wanted));
	if (!p->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < p->rows.cnt; i++) {
		const struct row *row = &p->rows.at[i];

		p->wanted[row->node] = pattern__matches(p->view->pattern, row->name);
		p->wanted_cnt += p->wanted[row->node];
	}
	if (p->wanted_cnt)
		return 0;
	log_error("--peek: no function matches '%s'", p->view->options->pattern);
	return -ENOENT;
}

static void print_edge(const struct peek *p, const struct edge *edge, int64_t total)
{
	char value[VALUE_TEXT], part[VALUE_TEXT];

	fprintf(p->view->out, "%50s %s |   ", view_value(p->view, edge->value, value),
		percent_format(edge->value, total, part));
	text_print(p->view->out, p->names[edge->other]);
	fputs(edge->inlined ? " (inline)\n" : "\n", p->view->out);
}

static void print_node(const struct peek *p, const struct row *row, int64_t sum)
{
	const struct view_context *v = p->view;
	char self[VALUE_TEXT], self_part[VALUE_TEXT], sum_part[VALUE_TEXT];
	char total[VALUE_TEXT], total_part[VALUE_TEXT];

	fprintf(v->out, "%10s %s %s %10s %s                | ",
		view_value(v, row->weight.self, self), view_percent(v, row->weight.self, self_part),
		view_percent(v, sum, sum_part), view_value(v, row->weight.total, total),
		view_percent(v, row->weight.total, total_part));
	text_print(v->out, row->name);
	fputc('\n', v->out);
}

static void print_around(const struct peek *p, const struct row *row, int64_t sum)
{
	size_t cnt, i = 0;
	const struct edge *edges = edges__of(&p->edges, row->node, &cnt);

	for (; i < cnt && edges[i].calls_node; i++)
		print_edge(p, &edges[i], row->weight.total);
	print_node(p, row, sum);
	for (; i < cnt; i++)
		print_edge(p, &edges[i], row->weight.total);
	fputs(SEPARATOR, p->view->out);
}

static json_t *edges_json(const struct peek *p, uint32_t node, bool callers)
{
	json_t *array = json_array();
	size_t cnt;
	const struct edge *edges = edges__of(&p->edges, node, &cnt);

	for (size_t i = 0; i < cnt; i++) {
		json_t *one;

		if (edges[i].calls_node != callers)
			continue;
		one = json_node(p->view->stacks, edges[i].other);
		json_object_set_new(one, "value", json_integer(edges[i].value));
		json_object_set_new(one, "inlined", json_boolean(edges[i].inlined));
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *node_json(const struct peek *p, const struct row *row)
{
	json_t *out = json_row(p->view->stacks, row->node, &row->weight);

	json_object_set_new(out, "callers", edges_json(p, row->node, true));
	json_object_set_new(out, "callees", edges_json(p, row->node, false));
	return out;
}

static int show(const struct peek *p)
{
	const struct view_context *v = p->view;
	size_t left = view_limit(v, SIZE_MAX);
	int64_t sum = 0;

	if (!v->json)
		fprintf(v->out, SEPARATOR "%10s %6s %6s %10s %6s %7s %6s + context\n" SEPARATOR,
			"self", "self%", "sum%", "total", "total%", "calls", "calls%");
	for (size_t i = 0; i < p->rows.cnt && left; i++) {
		const struct row *row = &p->rows.at[i];

		if (!p->wanted[row->node])
			continue;
		left--;
		sum = add_wrapping(sum, row->weight.self);
		if (v->json)
			json_report__add(v->json, node_json(p, row));
		else
			print_around(p, row, sum);
	}
	return v->json ? json_report__end(v->json, p->wanted_cnt) : 0;
}

int view_peek(const struct view_context *v)
{
	struct peek p = { .view = v };
	int err = rows__init(&p.rows, v->stacks, v->weights);

	if (!err)
		err = select_nodes(&p);
	if (!err)
		err = name_nodes(&p);
	if (!err)
		err = edges__init(&p.edges, v->stacks, p.wanted, p.names);
	if (!err)
		err = show(&p);
	edges__fini(&p.edges);
	for (uint32_t i = 0; p.names && i <= stacks__nodes(v->stacks); i++)
		free(p.names[i]);
	free(p.names);
	free(p.wanted);
	rows__fini(&p.rows);
	return err;
}
