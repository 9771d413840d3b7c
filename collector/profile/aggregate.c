// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/aggregate.h"

#include <stdlib.h>
#include <string.h>

#define BUDGET_BYTES (256UL << 20)
#define MAX_STRING_BYTES (64UL << 20)

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

/*
 * Rows in an array, found by open addressing: a slot holds an index + 1. Both are most of what a long
 * run holds: the array grows by a quarter, the slots are up to three quarters full.
 */
struct rows {
	void *at; /* owned */
	uint32_t *slots; /* owned */
	uint32_t row_sz;
	uint32_t cnt;
	uint32_t room;
	uint32_t slot_cnt; /* a power of two */
	uint32_t (*hash)(const void *row);
	bool (*equal)(const void *a, const void *b);
};

struct aggregate {
	struct strtab *strings; /* owned, as the rest */
	struct rows locations; /* struct location */
	struct rows labels; /* struct label_set */
	struct rows nodes; /* struct node; [0]: the root, above all outermost frames */
	struct rows sums; /* struct sum */
	uint64_t samples;
};

static uint32_t mix(uint64_t a, uint64_t b)
{
	return (uint32_t)(((a * 0xff51afd7ed558ccdULL ^ b) * 0x9e3779b97f4a7c15ULL) >> 32);
}

static uint32_t location_hash(const void *row)
{
	const struct location *l = row;

	return mix(l->off, (uint64_t)l->binary << 32 | l->column);
}

static bool location_equal(const void *a, const void *b)
{
	const struct location *x = a, *y = b;

	return x->off == y->off && x->binary == y->binary && x->column == y->column;
}

static uint32_t labels_hash(const void *row)
{
	const struct label_set *l = row;

	return mix(mix(l->timestamp_ns, (uint64_t)l->pid << 32 | l->tid),
		   mix((uint64_t)l->comm << 32 | l->thread_comm,
		       (uint64_t)l->cpu << 32 | l->stop << 8 | l->gil));
}

static bool labels_equal(const void *a, const void *b)
{
	return !memcmp(a, b, sizeof(struct label_set));
}

static uint32_t node_hash(const void *row)
{
	const struct node *n = row;

	return mix(n->parent, n->location);
}

static bool node_equal(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return x->parent == y->parent && x->location == y->location;
}

static uint32_t sum_hash(const void *row)
{
	const struct sum *s = row;

	return mix(s->node, s->labels);
}

static bool sum_equal(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	return x->node == y->node && x->labels == y->labels;
}

static void *row_at(const struct rows *rows, uint32_t idx)
{
	return (char *)rows->at + (size_t)idx * rows->row_sz;
}

/* Room that was never touched takes no memory. */
static uint64_t rows_bytes(const struct rows *rows)
{
	return (uint64_t)rows->cnt * rows->row_sz + (uint64_t)rows->slot_cnt * sizeof(*rows->slots);
}

uint64_t aggregate__bytes(const struct aggregate *a)
{
	return sizeof(*a) + rows_bytes(&a->locations) + rows_bytes(&a->labels) +
	       rows_bytes(&a->nodes) + rows_bytes(&a->sums) + strtab__bytes(a->strings);
}

static uint32_t *slot_of(const struct rows *rows, const void *row)
{
	uint32_t mask = rows->slot_cnt - 1, at = rows->hash(row) & mask;

	while (rows->slots[at] && !rows->equal(row_at(rows, rows->slots[at] - 1), row))
		at = (at + 1) & mask;
	return &rows->slots[at];
}

static bool grow_slots(struct rows *rows)
{
	uint32_t cnt = 1024;

	if (rows->cnt < rows->slot_cnt / 4 * 3)
		return true;
	while (rows->cnt >= cnt / 4 * 3)
		cnt *= 2;
	free(take_ptr(rows->slots));
	rows->slots = calloc(cnt, sizeof(*rows->slots));
	rows->slot_cnt = rows->slots ? cnt : 0;
	for (uint32_t i = 0; rows->slots && i < rows->cnt; i++)
		*slot_of(rows, row_at(rows, i)) = i + 1;
	return rows->slots;
}

static bool grow_rows(struct rows *rows)
{
	uint32_t room = rows->room + rows->room / 4 + 512;
	void *more;

	if (rows->cnt < rows->room)
		return true;
	more = realloc(rows->at, (size_t)room * rows->row_sz);
	if (!more)
		return false;
	rows->at = more;
	rows->room = room;
	return true;
}

/* Index of the row that is equal, of a new one where there is none; UINT32_MAX: no memory. */
static uint32_t intern(struct aggregate *a, struct rows *rows, const void *row)
{
	uint32_t *slot = rows->slots ? slot_of(rows, row) : NULL;

	if (slot && *slot)
		return *slot - 1;
	if (aggregate__bytes(a) > BUDGET_BYTES || !grow_rows(rows) || !grow_slots(rows))
		return UINT32_MAX;
	memcpy(row_at(rows, rows->cnt), row, rows->row_sz);
	*slot_of(rows, row) = rows->cnt + 1;
	return rows->cnt++;
}

static void rows_fini(struct rows *rows)
{
	free(rows->at);
	free(rows->slots);
}

void aggregate__free(struct aggregate *a)
{
	if (!a)
		return;
	rows_fini(&a->locations);
	rows_fini(&a->labels);
	rows_fini(&a->nodes);
	rows_fini(&a->sums);
	strtab__free(a->strings);
	free(a);
}

#define ROWS_OF(type, noun) \
	((struct rows){ .row_sz = sizeof(type), .hash = noun##_hash, .equal = noun##_equal })

struct aggregate *aggregate__new(void)
{
	struct aggregate *a = calloc(1, sizeof(*a));
	struct node root = { 0, UINT32_MAX };

	if (!a)
		return NULL;
	a->strings = strtab__new();
	a->locations = ROWS_OF(struct location, location);
	a->labels = ROWS_OF(struct label_set, labels);
	a->nodes = ROWS_OF(struct node, node);
	a->sums = ROWS_OF(struct sum, sum);
	if (!a->strings || intern(a, &a->nodes, &root)) {
		aggregate__free(a);
		return NULL;
	}
	strtab__limit(a->strings, MAX_STRING_BYTES);
	return a;
}

struct strtab *aggregate__strings(struct aggregate *a)
{
	return a->strings;
}

uint32_t aggregate__location(struct aggregate *a, uint32_t binary, uint64_t off)
{
	struct location l = { .off = off, .binary = binary };

	return intern(a, &a->locations, &l);
}

uint32_t aggregate__python_location(struct aggregate *a, uint32_t function, uint32_t line,
				    uint32_t column)
{
	struct location l = { .off = (uint64_t)function << 32 | line,
			      .binary = LOCATION_PYTHON_BINARY,
			      .column = column };

	return intern(a, &a->locations, &l);
}

void aggregate__mark(struct aggregate *a, uint32_t location, uint32_t flags)
{
	struct location *l;

	if (location >= a->locations.cnt)
		return;
	l = row_at(&a->locations, location);
	l->flags |= flags;
}

static struct sum *sum_of(struct aggregate *a, uint32_t node, uint32_t labels)
{
	struct sum sum = { .node = node, .labels = labels };
	uint32_t idx = intern(a, &a->sums, &sum);

	return idx == UINT32_MAX ? NULL : row_at(&a->sums, idx);
}

bool aggregate__add(struct aggregate *a, const struct label_set *labels, const uint32_t *locations,
		    uint32_t cnt, uint64_t samples, uint64_t weight)
{
	uint32_t label = intern(a, &a->labels, labels), node = 0;
	struct sum *sum;

	if (label == UINT32_MAX || cnt > MAX_STACK_LOCATIONS)
		return false;
	while (cnt && node != UINT32_MAX) {
		struct node child = { node, locations[--cnt] };

		node = intern(a, &a->nodes, &child);
	}
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
	*ret_cnt = a->locations.cnt;
	return a->locations.at;
}

const struct label_set *aggregate__labels(const struct aggregate *a, uint32_t idx)
{
	return row_at(&a->labels, idx);
}

uint32_t aggregate__labels_cnt(const struct aggregate *a)
{
	return a->labels.cnt;
}

static int order_sums(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->labels < y->labels ? -1 : x->labels > y->labels;
}

/* Nothing is looked up any more. */
static void settle(struct aggregate *a)
{
	free(take_ptr(a->nodes.slots));
	free(take_ptr(a->sums.slots));
	a->nodes.slot_cnt = a->sums.slot_cnt = 0;
	if (a->sums.cnt)
		qsort(a->sums.at, a->sums.cnt, sizeof(struct sum), order_sums);
}

void aggregate__drop_stacks(struct aggregate *a)
{
	rows_fini(&a->nodes);
	rows_fini(&a->sums);
	a->nodes = (struct rows){ 0 };
	a->sums = (struct rows){ 0 };
}

void aggregate__for_each(struct aggregate *a, void (*fn)(void *ctx, const struct stack *stack),
			 void *ctx)
{
	uint32_t locations[MAX_STACK_LOCATIONS];
	const struct node *nodes = a->nodes.at;
	const struct sum *sums = a->sums.at;

	settle(a);
	for (uint32_t i = 0; i < a->sums.cnt; i++) {
		const struct sum *s = &sums[i];
		struct stack stack = { s->node, s->labels, 0, s->samples, s->weight, locations };

		for (uint32_t n = s->node; n; n = nodes[n].parent)
			locations[stack.cnt++] = nodes[n].location;
		fn(ctx, &stack);
	}
}

uint64_t aggregate__samples(const struct aggregate *a)
{
	return a->samples;
}

uint32_t aggregate__sums(const struct aggregate *a)
{
	return a->sums.cnt;
}
