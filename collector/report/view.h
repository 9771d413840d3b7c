// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What a view is given, and the views. Each prints text, or adds its own to a JSON object. */
#include "collector/report/json.h"
#include "collector/report/stacks.h"
#include "collector/report/weights.h"

struct view_context {
	FILE *out;
	const struct options *options;
	const struct stacks *stacks; /* borrowed, as is the next */
	const struct weight *weights;
	struct unit unit;
	struct pattern *pattern; /* of list and peek; borrowed */
	struct json_report *json; /* borrowed; NULL: text to out */
};

/* 0 or a negative errno; -ENOENT, logged: nothing matches. */
int view_table(const struct view_context *view);
int view_list(const struct view_context *view);
int view_tree(const struct view_context
		      *view); /* from the root; with options->view CALLERS from the leaf */
int view_peek(const struct view_context *view);

/* How many rows: -n, or what fits a screen; in JSON all. */
size_t view_limit(const struct view_context *view, size_t screen);

const char *view_value(const struct view_context *view, int64_t value, char to[VALUE_TEXT]);
const char *view_percent(const struct view_context *view, int64_t value, char to[VALUE_TEXT]);
