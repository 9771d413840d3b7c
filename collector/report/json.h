// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Foreign text and nodes as JSON. Every function gives a new reference; jansson takes NULL for no
 * memory, and dumping an object with a member that could not be set is what json_dump refuses. */
#include <jansson.h>

#include "collector/report/stacks.h"
#include "collector/report/weights.h"

json_t *json_text(const char *text); /* any bytes */

/* {"name", "function", "file", "line", "module"}: name is what the text views print, the others stand
 * where the node has them. */
json_t *json_node(const struct stacks *stacks, uint32_t node);
/* The same with "self" and "total". */
json_t *json_row(const struct stacks *stacks, uint32_t node, const struct weight *weight);
