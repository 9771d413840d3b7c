// SPDX-License-Identifier: Apache-2.0
#include "collector/report/header.h"

#include "collector/report/json.h"
#include "collector/report/path.h"
#include "common/text.h"

static void print_text(FILE *out, const char *key, const char *text)
{
	if (!*text)
		return;
	fputs(key, out);
	text_print(out, text);
	fputc('\n', out);
}

static const char *main_file(const struct profile *p)
{
	return p->mappings_cnt ? path_base(strtab__text(p->strings, p->mappings[0].filename)) : "";
}

/* Comments that start with '#' are for programs. */
void header_print(const struct view_context *v, const struct profile *p)
{
	struct unit unit = unit_choose("nanoseconds", p->duration_ns, p->duration_ns);
	char duration[VALUE_TEXT], total[VALUE_TEXT];

	print_text(v->out, "File: ", main_file(p));
	for (uint32_t i = 0; i < p->comments_cnt; i++) {
		const char *comment = strtab__text(p->strings, p->comments[i]);

		if (*comment != '#')
			print_text(v->out, "", comment);
	}
	print_text(v->out, "Type: ", v->stacks->type);
	print_text(v->out, "Less: ", v->options->old ? v->options->old : "");
	fprintf(v->out, "Duration: %s, 100%% is %s\n", unit_format(&unit, p->duration_ns, duration),
		view_value(v, v->stacks->total, total));
}

static const char *by_name(const struct view_context *v)
{
	static const char *const names[] = {
		[REPORT_BY_FUNCTION] = "function", [REPORT_BY_LINE] = "line",
		[REPORT_BY_FILE] = "file",	   [REPORT_BY_MODULE] = "module",
		[REPORT_BY_PROCESS] = "process",   [REPORT_BY_THREAD] = "thread",
	};

	return v->options->view == REPORT_LIST ? "line" : names[v->options->by];
}

void header_json(const struct view_context *v, const struct profile *p, const char *view_name)
{
	json_object_set_new(v->json->head, "view", json_string(view_name));
	json_object_set_new(v->json->head, "by", json_string(by_name(v)));
	json_object_set_new(v->json->head, "sample_type", json_text(v->stacks->type));
	json_object_set_new(v->json->head, "unit", json_text(v->stacks->unit));
	json_object_set_new(v->json->head, "total", json_integer(v->stacks->total));
	json_object_set_new(v->json->head, "difference", json_boolean(v->options->old));
	json_object_set_new(v->json->head, "time_ns", json_integer(p->time_ns));
	json_object_set_new(v->json->head, "duration_ns", json_integer(p->duration_ns));
}
