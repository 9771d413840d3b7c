// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "collector/report/json.h"
#include "collector/report/tree.h"
#include "collector/report/view.h"
#include "common/text.h"

/* Lighter nodes are left out of the text, as pprof does: one in LEAST_PART of all. */
#define LEAST_PART 200

/* Has the parent no other child to show, and no weight beside it? Then the two are one branch. */
static bool goes_on(const struct tree *t, uint32_t id)
{
	const struct tree_node *node = &t->at[id];
	const struct tree_node *parent = &t->at[node->parent];

	return parent->first_child == id && node->next == TREE_NONE && node->total == parent->total;
}

/*
 * A branch starts with a '+', one step to the right of what it hangs from; what it calls and nothing
 * else stands below it without one. So a chain of a hundred calls takes no more room than a name.
 */
static int print_node(const struct view_context *v, struct tree *t, uint32_t id)
{
	struct tree_node *node = &t->at[id];
	char total[VALUE_TEXT], part[VALUE_TEXT], self[VALUE_TEXT], self_part[VALUE_TEXT];
	bool root = node->parent == TREE_NONE, branch = root || !goes_on(t, id);
	scope_memory char *name = stacks__name(v->stacks, node->node);

	if (!name)
		return -ENOMEM;
	node->mark = root ? 0 : t->at[node->parent].mark + branch;
	fprintf(v->out, "%10s %s %10s %s  %*s%c ", view_value(v, node->total, total),
		view_percent(v, node->total, part), view_value(v, node->self, self),
		view_percent(v, node->self, self_part), (int)(2 * node->mark), "",
		branch ? '+' : ' ');
	text_print(v->out, name);
	fputc('\n', v->out);
	return 0;
}

static int print_text(const struct view_context *v, struct tree *t)
{
	size_t shown = 0;
	int err = 0;

	fprintf(v->out, "%10s %6s %10s %6s\n", "total", "total%", "self", "self%");
	for (uint32_t id = t->first; !err && id != TREE_NONE; id = tree__next(t, id), shown++)
		err = print_node(v, t, id);
	if (!err && shown < t->cnt)
		fprintf(v->out, "%zu lighter nodes not shown\n", t->cnt - shown);
	return err;
}

/* Flat, each with the number of its parent: a nested one would be as deep as the stacks. */
static int print_json(const struct view_context *v, struct tree *t)
{
	uint32_t number = 0;

	for (uint32_t id = t->first; id != TREE_NONE; id = tree__next(t, id)) {
		struct tree_node *node = &t->at[id];
		struct weight weight = { node->self, node->total };
		json_t *one = json_row(v->stacks, node->node, &weight);

		node->mark = number++;
		json_object_set_new(one, "id", json_integer(node->mark));
		json_object_set_new(one, "parent",
				    node->parent == TREE_NONE ?
					    json_null() :
					    json_integer(t->at[node->parent].mark));
		json_report__add(v->json, one);
	}
	return json_report__end(v->json, t->cnt);
}

int view_tree(const struct view_context *v)
{
	uint64_t least = v->json ? 0 : magnitude(v->stacks->total) / LEAST_PART;
	struct tree tree;
	int err = tree__init(&tree, v->stacks, v->options->view == REPORT_CALLERS);

	if (!err)
		err = tree__keep(&tree, least, view_limit(v, 100));
	if (!err && v->json)
		err = print_json(v, &tree);
	else if (!err)
		err = print_text(v, &tree);
	tree__fini(&tree);
	return err;
}
