// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/aggregate.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash_free.h"

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

/* A stack is a path in a tree of calls: stacks share what they have in common from the root on. */
struct node {
	uint32_t parent; /* index; the root's own */
	uint32_t location;
};

/* Samples of one stack with one set of labels. */
struct sum {
	uint32_t node; /* the leaf */
	uint32_t labels;
	uint64_t samples;
	uint64_t weight;
};

/* Open addressing over the rows of an array: a slot holds an index + 1. */
struct index {
	uint32_t *slots; /* owned */
	uint32_t slot_cnt; /* a power of two */
};

struct aggregate {
	struct strtab *strings; /* owned */
	struct location_entry *locations_by_key; /* owned, as the rest */
	struct labels_entry *labels_by_key;
	struct location *locations;
	struct label_set *labels;
	uint32_t location_cnt;
	uint32_t location_room;
	uint32_t label_cnt;
	uint32_t label_room;
	struct node *nodes; /* [0]: the root, above all outermost frames */
	uint32_t node_cnt;
	uint32_t node_room;
	struct index node_index;
	struct sum *sums;
	uint32_t sum_cnt;
	uint32_t sum_room;
	struct index sum_index;
	uint64_t samples;
	uint64_t bytes;
};

void aggregate__free(struct aggregate *a)
{
	if (!a)
		return;
	HASH_FREE_ALL(a->locations_by_key, location_entry);
	HASH_FREE_ALL(a->labels_by_key, labels_entry);
	free(a->locations);
	free(a->labels);
	free(a->nodes);
	free(a->node_index.slots);
	free(a->sums);
	free(a->sum_index.slots);
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

static uint32_t intern_location(struct aggregate *a, struct location key)
{
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

uint32_t aggregate__location(struct aggregate *a, uint32_t binary, uint64_t off)
{
	return intern_location(a, (struct location){ .off = off, .binary = binary });
}

uint32_t aggregate__python_location(struct aggregate *a, uint32_t function, uint32_t line,
				    uint32_t column)
{
	return intern_location(a, (struct location){ .off = (uint64_t)function << 32 | line,
						     .binary = LOCATION_PYTHON_BINARY,
						     .column = column });
}

void aggregate__mark(struct aggregate *a, uint32_t location, uint32_t flags)
{
	if (location < a->location_cnt)
		a->locations[location].flags |= flags;
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

static uint32_t mix(uint32_t a, uint32_t b)
{
	return (uint32_t)(((((uint64_t)a << 32) | b) * 0x9e3779b97f4a7c15ULL) >> 32);
}

static uint32_t node_hash(const struct node *n)
{
	return mix(n->parent, n->location);
}

static uint32_t sum_hash(const struct sum *s)
{
	return mix(s->node, s->labels);
}

/* Room for one more of cnt rows. Where it grows, the caller puts them all in again. */
static bool index_grows(const struct index *index, uint32_t cnt)
{
	return cnt + 1 > index->slot_cnt / 2;
}

static bool index_grow(struct aggregate *a, struct index *index)
{
	uint32_t cnt = index->slot_cnt ? index->slot_cnt * 2 : 4096;
	uint32_t *slots = calloc(cnt, sizeof(*slots));

	if (!slots)
		return false;
	free(index->slots);
	a->bytes += (cnt - index->slot_cnt) * sizeof(*slots);
	index->slots = slots;
	index->slot_cnt = cnt;
	return true;
}

static void index_put(struct index *index, uint32_t hash, uint32_t row)
{
	uint32_t at = hash & (index->slot_cnt - 1);

	while (index->slots[at])
		at = (at + 1) & (index->slot_cnt - 1);
	index->slots[at] = row + 1;
}

static bool reserve_node(struct aggregate *a)
{
	if (!grow((void **)&a->nodes, a->node_cnt, &a->node_room, sizeof(*a->nodes)))
		return false;
	if (!index_grows(&a->node_index, a->node_cnt))
		return true;
	if (!index_grow(a, &a->node_index))
		return false;
	for (uint32_t i = 0; i < a->node_cnt; i++)
		index_put(&a->node_index, node_hash(&a->nodes[i]), i);
	return true;
}

static bool reserve_sum(struct aggregate *a)
{
	if (!grow((void **)&a->sums, a->sum_cnt, &a->sum_room, sizeof(*a->sums)))
		return false;
	if (!index_grows(&a->sum_index, a->sum_cnt))
		return true;
	if (!index_grow(a, &a->sum_index))
		return false;
	for (uint32_t i = 0; i < a->sum_cnt; i++)
		index_put(&a->sum_index, sum_hash(&a->sums[i]), i);
	return true;
}

struct aggregate *aggregate__new(void)
{
	struct aggregate *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->strings = strtab__new();
	if (!a->strings || !reserve_node(a)) {
		aggregate__free(a);
		return NULL;
	}
	a->nodes[a->node_cnt++] = (struct node){ 0, UINT32_MAX };
	return a;
}

/* The node's child of that location, made when it is new; UINT32_MAX: no memory. */
static uint32_t child(struct aggregate *a, uint32_t parent, uint32_t location)
{
	struct node node = { parent, location };
	uint32_t at, hash = node_hash(&node);

	if (!reserve_node(a))
		return UINT32_MAX;
	for (at = hash & (a->node_index.slot_cnt - 1); a->node_index.slots[at];
	     at = (at + 1) & (a->node_index.slot_cnt - 1)) {
		const struct node *n = &a->nodes[a->node_index.slots[at] - 1];

		if (n->parent == parent && n->location == location)
			return a->node_index.slots[at] - 1;
	}
	if (a->bytes > BUDGET_BYTES)
		return UINT32_MAX;
	a->bytes += sizeof(node);
	a->nodes[a->node_cnt] = node;
	a->node_index.slots[at] = a->node_cnt + 1;
	return a->node_cnt++;
}

static struct sum *sum_of(struct aggregate *a, uint32_t node, uint32_t labels)
{
	struct sum sum = { .node = node, .labels = labels };
	uint32_t at, hash = sum_hash(&sum);

	if (!reserve_sum(a))
		return NULL;
	for (at = hash & (a->sum_index.slot_cnt - 1); a->sum_index.slots[at];
	     at = (at + 1) & (a->sum_index.slot_cnt - 1)) {
		struct sum *s = &a->sums[a->sum_index.slots[at] - 1];

		if (s->node == node && s->labels == labels)
			return s;
	}
	if (a->bytes > BUDGET_BYTES)
		return NULL;
	a->bytes += sizeof(sum);
	a->sums[a->sum_cnt] = sum;
	a->sum_index.slots[at] = ++a->sum_cnt;
	return &a->sums[a->sum_cnt - 1];
}

bool aggregate__add(struct aggregate *a, const struct label_set *labels, const uint32_t *locations,
		    uint32_t cnt, uint64_t samples, uint64_t weight)
{
	uint32_t label = labels_index(a, labels), node = 0;
	struct sum *sum;

	if (label == UINT32_MAX || cnt > MAX_STACK_LOCATIONS)
		return false;
	while (cnt && node != UINT32_MAX)
		node = child(a, node, locations[--cnt]);
	if (node == UINT32_MAX)
		return false;
	sum = sum_of(a, node, label);
	if (!sum)
		return false;
	sum->samples += samples;
	sum->weight += weight;
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
	uint32_t locations[MAX_STACK_LOCATIONS];

	for (const struct sum *s = a->sums; s && s < a->sums + a->sum_cnt; s++) {
		struct stack stack = { s->labels, 0, s->samples, s->weight, locations };

		for (uint32_t n = s->node; n; n = a->nodes[n].parent)
			locations[stack.cnt++] = a->nodes[n].location;
		fn(ctx, &stack);
	}
}

uint64_t aggregate__samples(const struct aggregate *a)
{
	return a->samples;
}
