// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <zlib.h>

#include "collector/output/gzip_out.h"

/* What zlib itself makes of the file again. */
static uint8_t *unpacked(const uint8_t *data, size_t size, size_t room)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)size };
	uint8_t *to = malloc(room + 1);

	assert_non_null(to);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_out = to;
	z.avail_out = (uInt)room + 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, room);
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
	return to;
}

/* Bytes that do not pack, in portions of so many, come back whole. */
static void check(size_t portion, uint32_t cnt)
{
	scope_free(gzip_out) struct gzip_out *out = gzip_out__new();
	scope_memory uint8_t *plain = malloc(portion * cnt + 1), *packed = NULL, *again = NULL;
	unsigned int seed = 1;
	size_t size;

	assert_non_null(out);
	assert_non_null(plain);
	for (size_t i = 0; i < portion * cnt; i++)
		plain[i] = (uint8_t)rand_r(&seed);
	for (uint32_t i = 0; i < cnt; i++) {
		uint8_t *to = gzip_out__reserve(out, portion);

		assert_non_null(to);
		memcpy(to, plain + i * portion, portion);
	}
	assert_int_equal(gzip_out__finish(out, &packed, &size), 0);
	again = unpacked(packed, size, portion * cnt);
	assert_memory_equal(again, plain, portion * cnt);
}

static void bytes_come_back(void **state)
{
	static const struct {
		size_t portion;
		uint32_t cnt;
	} rows[] = {
		{ 1, 0 },     { 1, 1 },	    { 3, 100000 },  { 65535, 3 },
		{ 65536, 3 }, { 65537, 3 }, { 1000000, 2 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		check(rows[i].portion, rows[i].cnt);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
