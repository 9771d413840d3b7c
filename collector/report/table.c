// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "collector/report/json.h"
#include "collector/report/view.h"
#include "common/text.h"

static void print_row(const struct view_context *v, const struct row *row, int64_t sum)
{
	char self[VALUE_TEXT], self_part[VALUE_TEXT], sum_part[VALUE_TEXT];
	char total[VALUE_TEXT], total_part[VALUE_TEXT];

	fprintf(v->out, "%10s %s %s %10s %s  ", view_value(v, row->weight.self, self),
		view_percent(v, row->weight.self, self_part), view_percent(v, sum, sum_part),
		view_value(v, row->weight.total, total),
		view_percent(v, row->weight.total, total_part));
	text_print(v->out, row->name);
	fputc('\n', v->out);
}

static void print_text(const struct view_context *v, const struct rows *rows, size_t limit)
{
	int64_t sum = 0;

	fprintf(v->out, "%10s %6s %6s %10s %6s\n", "self", "self%", "sum%", "total", "total%");
	for (size_t i = 0; i < rows->cnt && i < limit; i++) {
		sum = add_wrapping(sum, rows->at[i].weight.self);
		print_row(v, &rows->at[i], sum);
	}
}

static int print_json(const struct view_context *v, const struct rows *rows, size_t limit)
{
	for (size_t i = 0; i < rows->cnt && i < limit; i++)
		json_report__add(v->json,
				 json_row(v->stacks, rows->at[i].node, &rows->at[i].weight));
	return json_report__end(v->json, rows->cnt);
}

int view_table(const struct view_context *v)
{
	size_t limit = view_limit(v, 30);
	struct rows rows;
	int err = rows__init(&rows, v->stacks, v->weights);

	if (!err && v->json)
		err = print_json(v, &rows, limit);
	else if (!err)
		print_text(v, &rows, limit);
	rows__fini(&rows);
	return err;
}
