// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "collector/report/json.h"
#include "collector/report/list.h"
#include "collector/report/view.h"
#include "common/log.h"
#include "common/text.h"

/* Each in the unit that fits it, as pprof does here alone: lines differ by more than functions do. */
static const char *own_value(const struct view_context *v, int64_t value, char to[VALUE_TEXT])
{
	struct unit unit = unit_choose(v->stacks->unit, value, value);

	return unit_format(&unit, value, to);
}

static const char *value_or_dot(const struct view_context *v, int64_t value, char to[VALUE_TEXT])
{
	return value ? own_value(v, value, to) : ".";
}

static void print_line(const struct view_context *v, const struct listed_line *line,
		       const char *source)
{
	char self[VALUE_TEXT], total[VALUE_TEXT];

	fprintf(v->out, "%10s %10s ", value_or_dot(v, line->weight.self, self),
		value_or_dot(v, line->weight.total, total));
	if (line->number)
		fprintf(v->out, "%6" PRId64 ":", line->number);
	else
		fprintf(v->out, "%6s:", "?");
	if (source)
		text_print_source(v->out, source);
	fputc('\n', v->out);
}

/* A line of a routine: where to put it, and its text where there is one. */
typedef void (*take_line)(const struct view_context *v, const struct listed_line *line,
			  const char *source, json_t *array);

static void take_text(const struct view_context *v, const struct listed_line *line,
		      const char *source, json_t *array)
{
	(void)array;
	print_line(v, line, source);
}

static void take_json(const struct view_context *v, const struct listed_line *line,
		      const char *source, json_t *array)
{
	json_t *one = json_object();

	(void)v;
	json_object_set_new(one, "line", json_integer(line->number));
	json_object_set_new(one, "self", json_integer(line->weight.self));
	json_object_set_new(one, "total", json_integer(line->weight.total));
	if (source)
		json_object_set_new(one, "text", json_text(source));
	json_array_append_new(array, one);
}

/* The lines that have weight, and with a source those between and around them. */
static void each_line(const struct view_context *v, const struct routine *r,
		      const struct source *source, take_line take, json_t *array)
{
	int64_t end = !source ? 0 : r->last < source->cnt ? r->last : source->cnt;
	size_t i = 0;

	while (i < r->lines_cnt && r->lines[i].number < r->first)
		take(v, &r->lines[i++], NULL, array);
	for (int64_t number = r->first; number <= end; number++) {
		struct listed_line line = { .number = number };

		if (i < r->lines_cnt && r->lines[i].number == number)
			line = r->lines[i++];
		take(v, &line, source__line(source, number), array);
	}
	while (i < r->lines_cnt)
		take(v, &r->lines[i++], NULL, array);
}

static void print_head(const struct view_context *v, const struct routine *r)
{
	char self[VALUE_TEXT], total[VALUE_TEXT], part[VALUE_TEXT];

	fputs("ROUTINE ======================== ", v->out);
	text_print(v->out, r->name);
	fputs(" in ", v->out);
	text_print(v->out, *r->file ? r->file : "a file that the profile does not name");
	fprintf(v->out, "\n%10s %10s (self, total) %s of all\n", own_value(v, r->weight.self, self),
		own_value(v, r->weight.total, total), view_percent(v, r->weight.total, part));
}

static void print_routine(const struct view_context *v, const struct routine *r,
			  const struct source *source, const char *looked)
{
	print_head(v, r);
	each_line(v, r, source, take_text, NULL);
	if (looked) {
		fputs("source not found: looked for ", v->out);
		text_print(v->out, looked);
		fputs("; see --source-path, --trim-path\n", v->out);
	} else if (source && r->lines[r->lines_cnt - 1].number > source->cnt) {
		fprintf(v->out, "only %" PRIu32 " lines in ", source->cnt);
		text_print(v->out, source->path);
		fputs(": not the file that was compiled\n", v->out);
	}
}

static json_t *routine_json(const struct view_context *v, const struct routine *r,
			    const struct source *source)
{
	json_t *out = json_object(), *lines = json_array();

	json_object_set_new(out, "function", json_text(r->name));
	json_object_set_new(out, "file", json_text(r->file));
	json_object_set_new(out, "source", source ? json_text(source->path) : json_null());
	json_object_set_new(out, "self", json_integer(r->weight.self));
	json_object_set_new(out, "total", json_integer(r->weight.total));
	each_line(v, r, source, take_json, lines);
	json_object_set_new(out, "lines", lines);
	return out;
}

static int show_routine(const struct view_context *v, const struct routine *r)
{
	scope_free(source) struct source *source = NULL;
	scope_memory char *looked = NULL;
	int err = 0;

	if (*r->file)
		err = source__find(r->file, v->options->trim_path, v->options->source_path, &source,
				   &looked);
	if (err && err != -ENOENT)
		return err;
	if (v->json)
		json_report__add(v->json, routine_json(v, r, source));
	else
		print_routine(v, r, source, looked);
	return 0;
}

int view_list(const struct view_context *v)
{
	char total[VALUE_TEXT];
	struct list list;
	int err = list__init(&list, v->stacks, v->weights, v->pattern);

	if (!err && !list.cnt) {
		log_error("--list: no function matches '%s'", v->options->pattern);
		err = -ENOENT;
	}
	if (!err && !v->json)
		fprintf(v->out, "All: %s\n", own_value(v, v->stacks->total, total));
	for (size_t i = 0; !err && i < list.cnt; i++)
		err = show_routine(v, &list.routines[i]);
	if (!err && v->json)
		err = json_report__end(v->json, list.cnt);
	list__fini(&list);
	return err;
}
