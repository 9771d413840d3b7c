// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * What all views are made of: the samples of one profile, or of two where one is subtracted, as stacks
 * of nodes. A node is what frames are counted under: a function, a line, a file, a module, or for
 * processes and threads the label of the whole sample. Frames and samples that filters took out are
 * gone already; frames inlined into others are frames of their own.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "collector/cli/options.h"
#include "collector/profile/profile.h"
#include "collector/report/column.h"
#include "collector/report/pattern.h"

struct node { /* texts are string ids of the stacks; 0 where the kind of node has none */
	uint32_t name; /* of the function; of the label */
	uint32_t file; /* clean, trimmed; of a module: its file's last component */
	uint32_t object; /* the mapping's file: where there is no name, and in lists */
	uint32_t pad;
	int64_t line;
	int64_t start_line; /* where object is */
};

struct stack {
	size_t first; /* into frames */
	uint32_t cnt;
	int64_t value; /* never 0 */
};

#define FRAME_INLINED 1u /* into the next frame of the stack */

struct stacks {
	struct strtab *strings; /* owned */
	struct strtab
		*nodes; /* owned; the bytes of a struct node are its text, so node ids are dense */
	struct stack *rows; /* owned */
	size_t rows_cnt, rows_room;
	uint32_t *frames; /* owned; node id << 1 | FRAME_INLINED, leaf first */
	size_t frames_cnt, frames_room;
	int64_t total; /* what 100 % is: all samples before focus; in a difference OLD's */
	const char *type, *unit; /* borrowed, of the values */
	uint64_t samples, kept; /* before and after focus and ignore */
};

struct stacks_options {
	enum report_by by;
	bool by_object; /* the same line in two binaries makes two nodes, as in pprof -list */
	struct pattern *focus, *ignore; /* or NULL; borrowed */
	const char *trim_path, *source_path; /* or NULL; see path.h */
};

/* old: NULL or the profile to subtract. All are borrowed while the stacks live. -ENOMEM; -EFBIG: more
 * frames, or longer names, than a profile that is no trick has. */
int stacks__new(const struct profile *profile, const struct profile *old,
		const struct column *column, const struct stacks_options *options,
		struct stacks **ret_stacks);
void stacks__free(struct stacks *stacks);
DEFINE_FREEP(stacks)

uint32_t stacks__nodes(const struct stacks *stacks); /* ids are 1 to this */
struct node stacks__node(const struct stacks *stacks, uint32_t id);

/* As pprof prints it: "function file:line", "[module]", "<unknown>". The caller frees. */
char *stacks__name(const struct stacks *stacks, uint32_t id);

/* Sums of foreign numbers: they wrap, as pprof's do. */
static inline int64_t add_wrapping(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline uint64_t magnitude(int64_t value)
{
	return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}
