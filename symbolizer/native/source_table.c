// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/source_table.h"

#include <stdlib.h>

struct source_table *source_table__new(uint32_t chain_cnt)
{
	scope_free(source_table) struct source_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->strings = strtab__new();
	t->chains = calloc(chain_cnt + 1UL, sizeof(*t->chains));
	t->chain_cnt = chain_cnt;
	return t->strings && t->chains ? take_ptr(t) : NULL;
}

void source_table__free(struct source_table *t)
{
	if (!t)
		return;
	strtab__free(t->strings);
	free(t->chains);
	free(t->frames);
	free(t);
}

void source_table__begin(struct source_table *t, uint32_t chain)
{
	t->chains[chain] = (struct source_chain){ .first = t->frame_cnt };
}

bool source_table__add(struct source_table *t, uint32_t chain, const struct source_frame *frame)
{
	if (t->frame_cnt == t->frame_room) {
		uint32_t room = t->frame_room ? t->frame_room * 2 : 256;
		struct source_frame *more = realloc(t->frames, room * sizeof(*more));

		if (!more)
			return false;
		t->frames = more;
		t->frame_room = room;
	}
	t->frames[t->frame_cnt++] = *frame;
	t->chains[chain].cnt++;
	return true;
}

static uint32_t copied(struct source_table *t, const struct source_table *from, uint32_t id)
{
	return strtab__id(t->strings, strtab__text(from->strings, id));
}

bool source_table__copy(struct source_table *t, uint32_t chain, const struct source_table *from,
			uint32_t from_chain)
{
	const struct source_chain *c = &from->chains[from_chain];

	source_table__begin(t, chain);
	t->chains[chain].start = c->start;
	for (uint32_t i = 0; i < c->cnt; i++) {
		struct source_frame frame = from->frames[c->first + i];

		frame.name = copied(t, from, frame.name);
		frame.linkage = copied(t, from, frame.linkage);
		frame.file = copied(t, from, frame.file);
		if (!source_table__add(t, chain, &frame))
			return false;
	}
	return true;
}

bool source_table__merge(struct source_table *t, const struct source_table *from)
{
	for (uint32_t i = 0; i < t->chain_cnt; i++)
		if (!t->chains[i].cnt && from->chains[i].cnt && !source_table__copy(t, i, from, i))
			return false;
	return true;
}
