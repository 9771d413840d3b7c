// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The lines of functions that match, by pprof's rules: one routine for each pair of function and file;
 * its weight is the sum of its lines' (so recursion over several lines counts more than once in its
 * total), and a line of one function in two binaries is two.
 */
#include "collector/report/pattern.h"
#include "collector/report/source.h"
#include "collector/report/weights.h"

struct listed_line {
	int64_t number; /* 0: the profile does not tell */
	struct weight weight;
};

struct routine {
	const char *name, *file; /* borrowed from the stacks; file is "" where it is not known */
	struct listed_line *lines; /* into the list's lines; by number, each number once */
	size_t lines_cnt;
	struct weight weight;
	int64_t first,
		last; /* what to show of the source: from the function's start to 5 lines behind */
};

struct list {
	struct listed_line *lines; /* owned */
	struct routine *routines; /* owned; by name and file */
	size_t cnt;
};

/* 0 or -ENOMEM. */
int list__init(struct list *list, const struct stacks *stacks, const struct weight *weights,
	       struct pattern *pattern);
void list__fini(struct list *list);
