// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/extents.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct extent {
	uint32_t first;
	uint32_t cnt;
};

struct extents {
	struct extent *all; /* owned */
	uint32_t cnt;
	uint32_t room;
};

struct extents *extents__new(void)
{
	return calloc(1, sizeof(struct extents));
}

void extents__free(struct extents *e)
{
	if (!e)
		return;
	free(e->all);
	free(e);
}

static int insert(struct extents *e, uint32_t at, struct extent extent)
{
	uint32_t room = e->room ? e->room * 2 : 64;
	struct extent *more;

	if (e->cnt == e->room) {
		more = realloc(e->all, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		e->all = more;
		e->room = room;
	}
	memmove(&e->all[at + 1], &e->all[at], (e->cnt - at) * sizeof(extent));
	e->all[at] = extent;
	e->cnt++;
	return 0;
}

static void remove_at(struct extents *e, uint32_t at)
{
	e->cnt--;
	memmove(&e->all[at], &e->all[at + 1], (e->cnt - at) * sizeof(*e->all));
}

/* Index of the first extent behind a slot. */
static uint32_t behind(const struct extents *e, uint32_t slot)
{
	uint32_t low = 0, high = e->cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (e->all[mid].first <= slot)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int extents__put(struct extents *e, uint32_t first, uint32_t cnt)
{
	uint32_t at = behind(e, first);
	struct extent *below = at ? &e->all[at - 1] : NULL;
	struct extent *above = at < e->cnt ? &e->all[at] : NULL;
	bool joins_below = below && below->first + below->cnt == first;
	bool joins_above = above && first + cnt == above->first;

	if (!cnt)
		return 0;
	if (!joins_below && !joins_above && insert(e, at, (struct extent){ first, cnt }))
		return -ENOMEM;
	if (joins_below) {
		below->cnt += cnt;
		if (joins_above) {
			below->cnt += above->cnt;
			remove_at(e, at);
		}
	} else if (joins_above) {
		above->first = first;
		above->cnt += cnt;
	}
	return 0;
}

/* Where cnt slots may begin in an extent without crossing a boundary. */
static uint32_t start_in(const struct extent *extent, uint32_t cnt, uint32_t boundary)
{
	uint32_t left;

	if (!boundary)
		return extent->first;
	left = boundary - (extent->first & (boundary - 1));
	return cnt <= left ? extent->first : extent->first + left;
}

static int cut(struct extents *e, uint32_t at, uint32_t first, uint32_t cnt)
{
	struct extent old = e->all[at];
	struct extent tail = { first + cnt, old.first + old.cnt - (first + cnt) };

	if (first == old.first && !tail.cnt) {
		remove_at(e, at);
	} else if (first == old.first) {
		e->all[at] = tail;
	} else {
		if (tail.cnt && insert(e, at + 1, tail))
			return -ENOMEM;
		e->all[at].cnt = first - old.first;
	}
	return 0;
}

int extents__take(struct extents *e, uint32_t cnt, uint32_t boundary, uint32_t *ret_first)
{
	if (!cnt || (boundary && cnt > boundary))
		return -ENOSPC;
	for (uint32_t i = 0; i < e->cnt; i++) {
		uint64_t first = start_in(&e->all[i], cnt, boundary);

		if (first + cnt > (uint64_t)e->all[i].first + e->all[i].cnt)
			continue;
		*ret_first = (uint32_t)first;
		return cut(e, i, (uint32_t)first, cnt);
	}
	return -ENOSPC;
}
