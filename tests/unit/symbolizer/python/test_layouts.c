// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <errno.h>

#include "symbolizer/python/layouts.h"
#include "symbolizer/python/version.h"

static const struct {
	const char *text;
	uint32_t hexversion; /* sys.hexversion of that release */
} versions[] = {
	{ "2.7.18", 0x020712f0 },
	{ "3.8.18", 0x030812f0 },
	{ "3.8.18 (default, Nov 25 2026)", 0x030812f0 },
	{ "3.10.0rc2+", 0x030a00c2 },
	{ "3.9.0a6", 0x030900a6 },
	{ "3.6.0b1", 0x030600b1 },
	{ "2.7.3c1", 0x020703c1 },
	{ "3.9.2+", 0x030902f0 },
	{ "4.0.0", 0 },
	{ "3.8", 0 },
	{ "3.8.", 0 },
	{ "3.8.x", 0 },
	{ "3.8.1.2", 0 },
	{ "3.8.100", 0 },
	{ "3.8.1rc", 0 },
	{ "3.8.1/lib", 0 },
	{ "", 0 },
};

static void test_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(versions); i++)
		expect(python_version_of_text(versions[i].text) == versions[i].hexversion, i);
}

static const struct {
	uint8_t major, minor;
	bool free_threaded;
	int err;
} known[] = {
	{ 2, 6, false, -ENOENT },  { 2, 7, false, 0 },	     { 3, 0, false, -ENOENT },
	{ 3, 5, false, -ENOENT },  { 3, 6, false, 0 },	     { 3, 7, false, 0 },
	{ 3, 8, false, 0 },	   { 3, 9, false, 0 },	     { 3, 10, false, 0 },
	{ 3, 11, false, 0 },	   { 3, 12, false, 0 },	     { 3, 12, true, -ENOENT },
	{ 3, 13, false, 0 },	   { 3, 13, true, 0 },	     { 3, 14, false, 0 },
	{ 3, 14, true, 0 },	   { 3, 15, false, 0 },	     { 3, 15, true, 0 },
	{ 3, 16, false, -ENOENT }, { 4, 8, false, -ENOENT }, { 0, 0, false, -ENOENT },
};

/* What the readers of bpf/shared/python.h take for granted. */
static void check_bounds(size_t i, const struct python_layout *l)
{
	expect(l->frame_size % 8 == 0 && l->code_size % 8 == 0, i);
	expect(l->code_size <= 8 * PYTHON_CODE_WORDS, i);
	expect(l->code_line_table + 8 <= l->code_size, i);
	expect(l->frame_position + 4 <= l->frame_size, i);
	expect(l->frame_owner == PYTHON_NO_FIELD || l->frame_owner < l->frame_size, i);
	expect(l->code_tag_mask == 0 || l->version >= 0x030e, i);
	expect((l->newest == PYTHON_NEWEST_CFRAME) == (l->cframe_previous != PYTHON_NO_FIELD), i);
	expect(l->ob_type == (l->free_threaded ? 24 : 8), i);
}

static void test_layouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(known); i++) {
		struct python_layout layout = { .version = 0xaaaa };

		expect(python_layout__find(PYTHON_HEX(known[i].major, known[i].minor, 7) | 0xf0,
					   known[i].free_threaded, &layout) == known[i].err,
		       i);
		if (known[i].err) {
			expect(layout.version == 0xaaaa, i);
			continue;
		}
		expect(layout.version == (known[i].major << 8 | known[i].minor), i);
		expect(layout.free_threaded == known[i].free_threaded, i);
		check_bounds(i, &layout);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_layouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
