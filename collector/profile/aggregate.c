// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/aggregate.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#define BUDGET_BYTES (256UL << 20)

struct location_entry {
	UT_hash_handle hh;
	struct location key;
	uint32_t idx;
};

struct labels_entry {
	UT_hash_handle hh;
	struct label_set key;
	uint32_t idx;
};

struct stack_entry {
	UT_hash_handle hh;
	uint64_t samples;
	uint64_t weight;
	uint32_t cnt; /* of key[], with the label index in front */
	uint32_t key[];
};

struct aggregate {
	struct strtab *strings; /* owned */
	struct location_entry *locations_by_key; /* owned, as the rest */
	struct labels_entry *labels_by_key;
	struct stack_entry *stacks;
	struct location *locations;
	struct label_set *labels;
	uint32_t location_cnt;
	uint32_t location_room;
	uint32_t label_cnt;
	uint32_t label_room;
	uint64_t samples;
	uint64_t bytes;
};

struct aggregate *aggregate__new(void)
{
	struct aggregate *a = calloc(1, sizeof(*a));

	if (a)
		a->strings = strtab__new();
	if (a && !a->strings) {
		free(a);
		return NULL;
	}
	return a;
}

#define FREE_TABLE(head, type)                 \
	do {                                   \
		struct type *e_, *next_;       \
		HASH_ITER(hh, head, e_, next_) \
		{                              \
			HASH_DEL(head, e_);    \
			free(e_);              \
		}                              \
	} while (0)

void aggregate__free(struct aggregate *a)
{
	if (!a)
		return;
	FREE_TABLE(a->locations_by_key, location_entry);
	FREE_TABLE(a->labels_by_key, labels_entry);
	FREE_TABLE(a->stacks, stack_entry);
	free(a->locations);
	free(a->labels);
	strtab__free(a->strings);
	free(a);
}

struct strtab *aggregate__strings(struct aggregate *a)
{
	return a->strings;
}

static bool grow(void **rows, uint32_t cnt, uint32_t *room, size_t item)
{
	uint32_t bigger = *room ? *room * 2 : 1024;
	void *more;

	if (cnt < *room)
		return true;
	more = realloc(*rows, bigger * item);
	if (!more)
		return false;
	*rows = more;
	*room = bigger;
	return true;
}

uint32_t aggregate__location(struct aggregate *a, uint32_t binary, uint64_t off)
{
	struct location key = { .off = off, .binary = binary };
	struct location_entry *e;

	HASH_FIND(hh, a->locations_by_key, &key, sizeof(key), e);
	if (e)
		return e->idx;
	if (a->bytes > BUDGET_BYTES ||
	    !grow((void **)&a->locations, a->location_cnt, &a->location_room, sizeof(key)))
		return UINT32_MAX;
	e = calloc(1, sizeof(*e));
	if (!e)
		return UINT32_MAX;
	e->key = key;
	e->idx = a->location_cnt++;
	a->locations[e->idx] = key;
	a->bytes += sizeof(*e) + sizeof(key);
	HASH_ADD(hh, a->locations_by_key, key, sizeof(e->key), e);
	return e->idx;
}

static uint32_t labels_index(struct aggregate *a, const struct label_set *labels)
{
	struct labels_entry *e;

	HASH_FIND(hh, a->labels_by_key, labels, sizeof(*labels), e);
	if (e)
		return e->idx;
	if (!grow((void **)&a->labels, a->label_cnt, &a->label_room, sizeof(*labels)))
		return UINT32_MAX;
	e = calloc(1, sizeof(*e));
	if (!e)
		return UINT32_MAX;
	e->key = *labels;
	e->idx = a->label_cnt++;
	a->labels[e->idx] = *labels;
	a->bytes += sizeof(*e) + sizeof(*labels);
	HASH_ADD(hh, a->labels_by_key, key, sizeof(e->key), e);
	return e->idx;
}

bool aggregate__add(struct aggregate *a, const struct label_set *labels, const uint32_t *locations,
		    uint32_t cnt, uint64_t samples, uint64_t weight)
{
	uint32_t key[MAX_USER_FRAMES + MAX_KERNEL_FRAMES + 4];
	struct stack_entry *e;
	size_t key_size;

	if (cnt + 1 > sizeof(key) / sizeof(*key))
		return false;
	key[0] = labels_index(a, labels);
	if (key[0] == UINT32_MAX)
		return false;
	memcpy(key + 1, locations, cnt * sizeof(*key));
	key_size = (cnt + 1) * sizeof(*key);
	HASH_FIND(hh, a->stacks, key, key_size, e);
	if (!e) {
		if (a->bytes > BUDGET_BYTES)
			return false;
		e = calloc(1, sizeof(*e) + key_size);
		if (!e)
			return false;
		e->cnt = cnt + 1;
		memcpy(e->key, key, key_size);
		a->bytes += sizeof(*e) + key_size;
		HASH_ADD_KEYPTR(hh, a->stacks, e->key, key_size, e);
	}
	e->samples += samples;
	e->weight += weight;
	a->samples += samples;
	return true;
}

const struct location *aggregate__locations(const struct aggregate *a, uint32_t *ret_cnt)
{
	*ret_cnt = a->location_cnt;
	return a->locations;
}

const struct label_set *aggregate__labels(const struct aggregate *a, uint32_t idx)
{
	return &a->labels[idx];
}

void aggregate__for_each(const struct aggregate *a,
			 void (*fn)(void *ctx, const struct stack *stack), void *ctx)
{
	for (const struct stack_entry *e = a->stacks; e; e = e->hh.next) {
		struct stack stack = { e->key[0], e->cnt - 1, e->samples, e->weight, e->key + 1 };

		fn(ctx, &stack);
	}
}

uint64_t aggregate__samples(const struct aggregate *a)
{
	return a->samples;
}
