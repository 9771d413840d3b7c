// SPDX-License-Identifier: Apache-2.0
#include "collector/report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/report/header.h"
#include "collector/report/json.h"
#include "collector/report/view.h"
#include "common/log.h"

static const struct {
	const char *name; /* in JSON */
	int (*show)(const struct view_context *view);
} views[] = {
	[REPORT_TABLE] = { "table", view_table }, [REPORT_LIST] = { "list", view_list },
	[REPORT_TREE] = { "tree", view_tree },	  [REPORT_CALLERS] = { "callers", view_tree },
	[REPORT_PEEK] = { "peek", view_peek },
};

size_t view_limit(const struct view_context *v, size_t screen)
{
	if (v->options->top)
		return v->options->top;
	return v->json ? SIZE_MAX : screen;
}

const char *view_value(const struct view_context *v, int64_t value, char to[VALUE_TEXT])
{
	return unit_format(&v->unit, value, to);
}

const char *view_percent(const struct view_context *v, int64_t value, char to[VALUE_TEXT])
{
	return percent_format(value, v->stacks->total, to);
}

struct patterns {
	struct pattern *focus, *ignore, *view; /* owned; NULL where not given */
};

static int patterns__init(struct patterns *p, const struct options *options)
{
	const char *view = options->view == REPORT_LIST ? "--list" : "--peek";
	int err = 0;

	if (options->focus)
		err = pattern__new(options->focus, "--focus", &p->focus);
	if (!err && options->ignore)
		err = pattern__new(options->ignore, "--ignore", &p->ignore);
	if (!err && options->pattern)
		err = pattern__new(options->pattern, view, &p->view);
	return err;
}

static void patterns__fini(struct patterns *p)
{
	pattern__free(p->focus);
	pattern__free(p->ignore);
	pattern__free(p->view);
}

static void say_if_nothing(const struct stacks *s, const struct options *options)
{
	if (s->samples && !s->kept)
		log_warn("--%s leaves none of %llu samples", options->focus ? "focus" : "ignore",
			 (unsigned long long)s->samples);
}

static int show(struct view_context *v, const struct profile *profile)
{
	scope_memory struct weight *weights = weigh(v->stacks);

	if (!weights)
		return -ENOMEM;
	v->weights = weights;
	v->unit = weights_unit(v->stacks, weights);
	if (v->json)
		header_json(v, profile, views[v->options->view].name);
	else if (v->options->input) /* not at the end of a recording */
		header_print(v, profile);
	return views[v->options->view].show(v);
}

static int show_profile(FILE *out, const struct profile *profile, const struct profile *old,
			const struct options *options, struct patterns *patterns)
{
	scope_free(stacks) struct stacks *stacks = NULL;
	struct stacks_options choice = {
		.by = options->view == REPORT_LIST ? REPORT_BY_LINE : options->by,
		.by_object = options->view == REPORT_LIST,
		.focus = patterns->focus,
		.ignore = patterns->ignore,
		.trim_path = options->trim_path,
		.source_path = options->source_path,
	};
	struct view_context view = { .out = out, .options = options, .pattern = patterns->view };
	struct json_report json = { .out = out, .head = options->json ? json_object() : NULL };
	struct column column;
	int err = column_choose(profile, old, options->sample_type, &column);

	if (!err)
		err = stacks__new(profile, old, &column, &choice, &stacks);
	if (!err) {
		say_if_nothing(stacks, options);
		view.stacks = stacks;
		view.json = options->json ? &json : NULL;
		err = show(&view, profile);
	}
	if (err && err != -ENOENT && err != -EINVAL) /* those are logged */
		log_error("cannot make the report: %s",
			  err == -EFBIG ? "too many frames, or names that are too long" :
					  strerror(-err));
	json_report__fini(&json);
	return err;
}

int report(FILE *out, const struct profile *profile, const struct profile *old,
	   const struct options *options)
{
	struct patterns patterns = { 0 };
	int err = patterns__init(&patterns, options);

	if (!err)
		err = show_profile(out, profile, old, options, &patterns);
	if (!err && (fflush(out) || ferror(out))) {
		err = -EIO;
		log_error("cannot write the report");
	}
	patterns__fini(&patterns);
	return err;
}

int report_top(FILE *out, const struct profile *profile, unsigned int n)
{
	const struct options options = { .top = n };

	return report(out, profile, NULL, &options);
}
