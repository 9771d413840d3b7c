// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Stacks merged from one end: from the root (what is called) or from the leaf (who calls). */
#include "collector/report/stacks.h"

#define TREE_NONE UINT32_MAX

struct tree_node {
	uint32_t parent; /* TREE_NONE: it has none */
	uint32_t node; /* of the stacks */
	int64_t self; /* of stacks that end here */
	int64_t total; /* of stacks that come by */
	uint64_t gross; /* total without signs: at least any child's, in a difference too */
	/* among the nodes that tree__keep() kept, by magnitude of total: */
	uint32_t first_child;
	uint32_t next; /* of the same parent */
	bool kept;
	uint32_t mark; /* the view's own: how far the line is indented, or its number */
};

struct tree {
	struct tree_node *at; /* owned; parents before their children */
	uint32_t cnt, room;
	uint32_t first; /* the first of those that have no parent; after tree__keep() */
};

/* -ENOMEM; -EFBIG: more than PAIRS_MAX nodes. */
int tree__init(struct tree *tree, const struct stacks *stacks, bool from_leaf);
void tree__fini(struct tree *tree);

/* Keeps the limit heaviest nodes of those with a gross of least or more. 0 or -ENOMEM. */
int tree__keep(struct tree *tree, uint64_t least, size_t limit);

/* The kept node that comes after another, depth first; TREE_NONE at the end. */
uint32_t tree__next(const struct tree *tree, uint32_t id);
