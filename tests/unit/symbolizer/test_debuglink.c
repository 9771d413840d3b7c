// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "symbolizer/native/debuglink.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *bytes;
	size_t size;
	const char *name; /* NULL: -ENODATA */
	uint32_t crc;
} links[] = {
	{ BYTES("a.debug\0\x01\x02\x03\x04"), "a.debug", 0x04030201 },
	{ BYTES("ab.debug\0\0\0\0\xff\0\0\x80"), "ab.debug", 0x800000ff },
	{ BYTES("abc\0\x01\0\0\0 and more"), "abc", 1 },
	{ BYTES("a.debug\0\x01\x02\x03"), NULL, 0 }, /* the CRC is cut short */
	{ BYTES("ab.debug\0\0"), NULL, 0 },
	{ BYTES("no end"), NULL, 0 },
	{ BYTES("\0\0\0\0\x01\x02\x03\x04"), NULL, 0 }, /* no name */
	{ BYTES("../a\0\0\0\0\x01\x02\x03\x04"), NULL, 0 }, /* a path */
	{ BYTES("longer than the room for it\0\x01\x02\x03\x04"), NULL, 0 },
	{ BYTES(""), NULL, 0 },
};

static void test_links(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		uint32_t crc = 7;
		char name[24] = "untouched";
		int err = debuglink_parse(view_of(links[i].bytes, links[i].size), name,
					  sizeof(name), &crc);

		assert_int_equal(err, links[i].name ? 0 : -ENODATA);
		assert_int_equal(crc, links[i].name ? links[i].crc : 7);
		if (links[i].name)
			assert_string_equal(name, links[i].name);
	}
}

static void test_alt_links(void **state)
{
	static const char whole[] = "../.dwz/x\0abcdefghij0123456789";
	struct build_id id = { .size = 0 };
	char name[24];

	(void)state;
	assert_int_equal(
		debugaltlink_parse(view_of(whole, sizeof(whole) - 1), name, sizeof(name), &id), 0);
	assert_string_equal(name, "../.dwz/x");
	assert_int_equal(id.size, 20);
	assert_memory_equal(id.bytes, "abcdefghij0123456789", 20);
	/* no build id, and one that is too long */
	assert_int_equal(debugaltlink_parse(view_of(whole, 10), name, sizeof(name), &id), -ENODATA);
	assert_int_equal(debugaltlink_parse(view_of(whole, sizeof(whole)), name, sizeof(name), &id),
			 -ENODATA);
	assert_int_equal(id.size, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_alt_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
