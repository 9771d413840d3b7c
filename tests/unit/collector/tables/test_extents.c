// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdbool.h>

#include "collector/tables/extents.h"

static void lowest_room_that_fits(void **state)
{
	/* free: 2-3 and 10-29; in this order */
	static const struct {
		uint32_t cnt, boundary;
		int err;
		uint32_t first;
	} rows[] = {
		{ 3, 0, 0, 10 }, /* 2-3 is too small */
		{ 2, 0, 0, 2 },	      { 4, 8, 0, 16 }, /* 13-16 would cross 16 */
		{ 3, 8, 0, 13 },      { 8, 8, -ENOSPC, 0 }, /* 20-29 has eight, but none that begin at 24 */
		{ 9, 8, -ENOSPC, 0 }, /* crosses wherever it lies */
		{ 0, 0, -ENOSPC, 0 }, { 11, 0, -ENOSPC, 0 }, { 10, 0, 0, 20 }, { 1, 0, -ENOSPC, 0 },
	};
	scope_free(extents) struct extents *e = extents__new();

	(void)state;
	assert_int_equal(extents__put(e, 10, 20), 0);
	assert_int_equal(extents__put(e, 2, 2), 0);
	for (size_t i = 0; i < ROWS(rows); i++) {
		uint32_t first = 77;

		expect(extents__take(e, rows[i].cnt, rows[i].boundary, &first) == rows[i].err, i);
		expect(first == (rows[i].err ? 77 : rows[i].first), i);
	}
}

static void neighbours_are_joined(void **state)
{
	scope_free(extents) struct extents *e = extents__new();
	uint32_t first;

	(void)state;
	extents__put(e, 0, 4);
	extents__put(e, 8, 4);
	assert_int_equal(extents__take(e, 12, 0, &first), -ENOSPC);
	extents__put(e, 4, 4); /* closes the gap */
	extents__put(e, 12, 1); /* above */
	extents__put(e, 20, 0); /* nothing */
	assert_int_equal(extents__take(e, 13, 0, &first), 0);
	assert_int_equal(first, 0);
}

/* The judge: one flag per slot. */
#define SLOTS 512
#define BOUNDARY 64

static uint32_t lowest(const bool *used, uint32_t cnt, uint32_t boundary)
{
	for (uint32_t first = 0; first + cnt <= SLOTS; first++) {
		bool fits = !boundary || first / boundary == (first + cnt - 1) / boundary;

		for (uint32_t i = 0; fits && i < cnt; i++)
			fits = !used[first + i];
		if (fits)
			return first;
	}
	return UINT32_MAX;
}

static void mark(bool *used, uint32_t first, uint32_t cnt, bool value)
{
	for (uint32_t i = 0; i < cnt; i++) {
		assert_int_equal(used[first + i], !value);
		used[first + i] = value;
	}
}

static void as_flags_say(void **state)
{
	scope_free(extents) struct extents *e = extents__new();
	struct {
		uint32_t first, cnt;
	} taken[SLOTS];
	bool used[SLOTS] = { false };
	uint32_t taken_cnt = 0, first = 0;

	(void)state;
	srand(1);
	extents__put(e, 0, SLOTS);
	for (int turn = 0; turn < 20000; turn++) {
		if (taken_cnt && rand() % 5 < 2) {
			uint32_t i = (uint32_t)rand() % taken_cnt;

			extents__put(e, taken[i].first, taken[i].cnt);
			mark(used, taken[i].first, taken[i].cnt, false);
			taken[i] = taken[--taken_cnt];
		} else {
			uint32_t cnt = 1 + (uint32_t)rand() % 40,
				 boundary = rand() % 2 ? BOUNDARY : 0;

			first = UINT32_MAX;
			extents__take(e, cnt, boundary, &first);
			expect(first == lowest(used, cnt, boundary), turn);
			if (first == UINT32_MAX)
				continue;
			mark(used, first, cnt, true);
			taken[taken_cnt].first = first;
			taken[taken_cnt++].cnt = cnt;
		}
	}
	while (!extents__take(e, 1, 0, &first)) /* what is left, slot by slot */
		mark(used, first, 1, true);
	assert_int_equal(lowest(used, 1, 0), UINT32_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lowest_room_that_fits),
		cmocka_unit_test(neighbours_are_joined),
		cmocka_unit_test(as_flags_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
