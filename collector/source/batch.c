// SPDX-License-Identifier: Apache-2.0
#include "collector/source/batch.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_BYTES (1UL << 20) /* room for the next records */

struct slot {
	uint64_t time_ns;
	size_t off; /* in bytes[]; grows with every record added: the tie-breaker */
};

struct pile {
	uint8_t *bytes;
	size_t size;
	size_t room;
	struct slot *slots;
	size_t cnt;
	size_t slots_room;
};

struct batch {
	struct pile now;
	struct pile next; /* swapped in by emit, so that fn may add */
	uint64_t dropped;
};

static bool reserve(void **array, size_t *room, size_t want, size_t item)
{
	size_t bigger = *room ? *room : 4096;
	void *more;

	if (want <= *room)
		return true;
	while (bigger < want)
		bigger *= 2;
	more = realloc(*array, bigger * item);
	if (!more)
		return false;
	*array = more;
	*room = bigger;
	return true;
}

static struct record_header *pile_add(struct pile *pile, uint32_t size, uint64_t time_ns)
{
	struct record_header *rec;

	if (!reserve((void **)&pile->bytes, &pile->room, pile->size + size, 1) ||
	    !reserve((void **)&pile->slots, &pile->slots_room, pile->cnt + 1, sizeof(struct slot)))
		return NULL;
	rec = (void *)(pile->bytes + pile->size);
	pile->slots[pile->cnt++] = (struct slot){ time_ns, pile->size };
	pile->size += size;
	return rec;
}

static void pile_fini(struct pile *pile)
{
	free(pile->bytes);
	free(pile->slots);
}

static int compare_slots(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->off < y->off ? -1 : x->off > y->off;
}

struct batch *batch__new(void)
{
	return calloc(1, sizeof(struct batch));
}

void batch__free(struct batch *batch)
{
	if (!batch)
		return;
	pile_fini(&batch->now);
	pile_fini(&batch->next);
	free(batch);
}

void *batch__add(struct batch *batch, uint32_t type, uint32_t size, uint64_t time_ns)
{
	struct record_header *rec = pile_add(&batch->now, size, time_ns);

	if (!rec) {
		batch->dropped++;
		return NULL;
	}
	memset(rec, 0, size);
	rec->type = type;
	rec->size = size;
	rec->time_ns = time_ns;
	return rec;
}

void batch__add_record(struct batch *batch, const struct record_header *rec)
{
	void *to = pile_add(&batch->now, rec->size, rec->time_ns);

	if (to)
		memcpy(to, rec, rec->size);
	else
		batch->dropped++;
}

void batch__emit(struct batch *batch, uint64_t horizon_ns, record_fn fn, void *ctx)
{
	struct pile pile = batch->now;

	batch->now = batch->next;
	if (pile.cnt)
		qsort(pile.slots, pile.cnt, sizeof(*pile.slots), compare_slots);
	for (size_t i = 0; i < pile.cnt; i++) {
		const struct record_header *rec = (void *)(pile.bytes + pile.slots[i].off);

		if (rec->time_ns < horizon_ns)
			fn(ctx, rec);
		else
			batch__add_record(batch, rec);
	}
	pile.size = 0;
	pile.cnt = 0;
	if (pile.room > KEPT_BYTES) { /* a storm's, and storms are rare */
		pile_fini(&pile);
		pile = (struct pile){ 0 };
	}
	batch->next = pile;
}

bool batch__empty(const struct batch *batch)
{
	return !batch->now.cnt;
}

uint64_t batch__dropped(const struct batch *batch)
{
	return batch->dropped;
}
