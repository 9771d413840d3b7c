// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdbool.h>

#include "symbolizer/kernel/symbol_text.h"

static bool is(const char *at, size_t len, const char *wanted)
{
	return len == strlen(wanted) && !memcmp(at, wanted, len);
}

/* lib/vsprintf.c, symbol_string(); kernel/kallsyms.c, __sprint_symbol(). */
static void what_the_kernel_prints(void **state)
{
	static const struct {
		const char *text;
		const char *name;
		const char *module;
		uint64_t offset;
		uint64_t size;
	} rows[] = {
		{ "vfs_read+0x0/0x370", "vfs_read", "", 0, 0x370 },
		{ "do_one.constprop.0+0x1f/0x20", "do_one.constprop.0", "", 0x1f, 0x20 },
		{ "ext4_read+0xa/0x10 [ext4]", "ext4_read", "ext4", 0xa, 0x10 },
		{ "ext4_read+0xa/0x10 [ext4 9df0d9e0a2c7]", "ext4_read", "ext4", 0xa, 0x10 },
		{ "zero_size+0x0/0x0", "zero_size", "", 0, 0 },
	};
	struct symbol_text symbol;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		expect(!symbol_text__parse(rows[i].text, &symbol), i);
		expect(is(symbol.name, symbol.name_len, rows[i].name), i);
		expect(is(symbol.module, symbol.module_len, rows[i].module), i);
		expect(symbol.offset == rows[i].offset && symbol.size == rows[i].size, i);
	}
}

static void no_name(void **state)
{
	static const char *const texts[] = {
		"",
		"0xffffffffc0009000",
		"vfs_read",
		"+0x0/0x10",
		"a+0x/0x1",
		"a+0x1",
		"a+0x1/",
		"a+0x1/16",
		"a+0x-1/0x2",
		"a+0x1/0x2 ",
		"a+0x1/0x2 [",
		"a+0x1/0x2 [m",
		"a+0x1/0x2 []",
		"a+0x1/0x2[m]",
	};

	(void)state;
	for (size_t i = 0; i < ROWS(texts); i++) {
		struct symbol_text symbol = { .size = 77 };

		expect(symbol_text__parse(texts[i], &symbol) == -ENOENT, i);
		expect(symbol.size == 77, i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_kernel_prints),
		cmocka_unit_test(no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
