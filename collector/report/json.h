// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Foreign text and nodes as JSON. Every function gives a new reference; jansson takes NULL for no
 * memory, and dumping an object with a member that could not be set is what json_dump refuses. */
#include <jansson.h>

#include "collector/report/stacks.h"
#include "collector/report/weights.h"

/*
 * A report as it is written: an object of the head's members and "rows", an array. Rows go out one by
 * one: those of a hundred megabytes of profile would take gigabytes.
 */
struct json_report {
	FILE *out; /* borrowed */
	json_t *head; /* owned */
	size_t cnt;
	int err; /* the first; -EIO, -ENOMEM */
};

void json_report__fini(struct json_report *report);
/* Takes the reference to row. */
void json_report__add(struct json_report *report, json_t *row);
/* Behind the last row, also when there is none. in_all: how many rows there are without -n. */
int json_report__end(struct json_report *report, size_t in_all);

json_t *json_text(const char *text); /* any bytes */

/* {"name", "function", "file", "line", "module"}: name is what the text views print, the others stand
 * where the node has them. */
json_t *json_node(const struct stacks *stacks, uint32_t node);
/* The same with "self" and "total". */
json_t *json_row(const struct stacks *stacks, uint32_t node, const struct weight *weight);
