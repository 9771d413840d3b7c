// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <errno.h>

#include "symbolizer/kernel/kallsyms.h"

/* Not sorted, as modules come; the kernel prints so (kernel/kallsyms.c, s_show()). */
static const char text[] = "ffffffff81000000 T _stext\n"
			   "ffffffff81000000 T _text\n"
			   "ffffffff81000040 t local_one\n"
			   "ffffffff81000100 W weak_one\n"
			   "ffffffff81200000 D data_one\n"
			   "ffffffff82000000 T _etext\n"
			   "ffffffffc0002000 t bpf_prog_6deef7357e7b4530_enter\t[bpf]\n"
			   "ffffffffc0002100 t _etext\t[bpf]\n"
			   "ffffffffc0001100 t ext4_write\t[ext4]\n"
			   "ffffffffc0001000 t ext4_read\t[ext4]\n";

static void finds_the_symbol_below(void **state)
{
	static const struct {
		uint64_t addr;
		const char *name; /* NULL: none */
		const char *module;
		uint64_t start;
	} rows[] = {
		{ 0, NULL, NULL, 0 },
		{ 0xffffffff80ffffff, NULL, NULL, 0 },
		{ 0xffffffff8100003f, "_stext", "", 0xffffffff81000000 },
		{ 0xffffffff81000040, "local_one", "", 0xffffffff81000040 },
		{ 0xffffffff810000ff, "local_one", "", 0xffffffff81000040 },
		{ 0xffffffff81000100, "weak_one", "", 0xffffffff81000100 },
		{ 0xffffffffc0001000, "ext4_read", "ext4", 0xffffffffc0001000 },
		{ 0xffffffffc0001101, "ext4_write", "ext4", 0xffffffffc0001100 },
		{ 0xffffffffc0002010, "bpf_prog_6deef7357e7b4530_enter", "bpf",
		  0xffffffffc0002000 },
	};
	scope_free(kallsyms) struct kallsyms *kallsyms = NULL;

	(void)state;
	assert_int_equal(kallsyms__parse(text, sizeof(text) - 1, &kallsyms), 0);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct kernel_symbol symbol = kallsyms__find(kallsyms, rows[i].addr);

		expect(!symbol.name == !rows[i].name, i);
		if (!symbol.name)
			continue;
		expect(symbol.start == rows[i].start, i);
		expect(!strcmp(symbol.module, rows[i].module), i);
		/* of two at one address the first, as the kernel itself (get_symbol_pos()) */
		expect(!strcmp(symbol.name, rows[i].name), i);
	}
	assert_int_equal(kallsyms__text_start(kallsyms), 0xffffffff81000000);
	assert_int_equal(kallsyms__text_end(kallsyms), 0xffffffff82000000);
}

static void modules_have_ranges(void **state)
{
	scope_free(kallsyms) struct kallsyms *kallsyms = NULL;
	uint64_t start, end;

	(void)state;
	assert_int_equal(kallsyms__parse(text, sizeof(text) - 1, &kallsyms), 0);
	assert_int_equal(kallsyms__module_range(kallsyms, "ext4", &start, &end), 0);
	assert_int_equal(start, 0xffffffffc0001000);
	assert_int_equal(end, 0xffffffffc0002000);
	assert_int_not_equal(kallsyms__module_range(kallsyms, "xfs", &start, &end), 0);
}

/* What the kernel printed of some addresses, and what is known of these and of others then. */
static void of_single_addresses(void **state)
{
	static const struct kernel_bounds bounds = { 0xffffffff81000000, 0xffffffff82000000,
						     0xffffffff83000000 };
	static const struct {
		uint64_t addr;
		const char *text;
		int err;
	} said[] = {
		{ 0xffffffff81001010, "vfs_read+0x10/0x3000", 0 },
		{ 0xffffffff81001000, "vfs_read+0x0/0x3000", 0 },
		{ 0xffffffff82800004, "bpf_ksym_iter_register+0x4/0x10", 0 },
		{ 0xffffffffc0001108, "ext4_write+0x8/0x20 [ext4]", 0 },
		{ 0xffffffffc0002010, "bpf_prog_6deef7357e7b4530_enter+0x10/0x100", 0 },
		{ 0xffffffffc0009000, "0xffffffffc0009000", -ENOENT },
		{ 0x10, "before_zero+0x20/0x40", -ENOENT },
	};
	static const struct {
		uint64_t addr;
		const char *name; /* NULL: none */
		const char *module;
	} rows[] = {
		{ 0xffffffff81000fff, NULL, NULL },
		{ 0xffffffff81001000, "vfs_read", "" },
		{ 0xffffffff81003fff, "vfs_read", "" }, /* in its third page */
		{ 0xffffffff81004000, NULL, NULL },
		{ 0xffffffff82800004, "bpf_ksym_iter_register", "" },
		{ 0xffffffffc0001108, "ext4_write", "ext4" },
		{ 0xffffffffc0001120, NULL, NULL },
		{ 0xffffffffc0002010, "bpf_prog_6deef7357e7b4530_enter", "bpf" },
	};
	scope_free(kallsyms) struct kallsyms *kallsyms = NULL;
	uint64_t start, end;

	(void)state;
	assert_int_equal(kallsyms__new(&bounds, &kallsyms), 0);
	for (size_t i = 0; i < ROWS(said); i++)
		expect(kallsyms__add_address(kallsyms, said[i].addr, said[i].text) == said[i].err,
		       i);
	kallsyms__settle(kallsyms);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct kernel_symbol symbol = kallsyms__find(kallsyms, rows[i].addr);

		expect(!symbol.name == !rows[i].name, i);
		if (!symbol.name)
			continue;
		expect(!strcmp(symbol.name, rows[i].name), i);
		expect(!strcmp(symbol.module, rows[i].module), i);
	}
	assert_int_equal(kallsyms__text_start(kallsyms), bounds.text_start);
	assert_int_equal(kallsyms__text_end(kallsyms), bounds.text_end);
	assert_int_equal(kallsyms__module_range(kallsyms, "ext4", &start, &end), 0);
	assert_int_equal(start, 0xffffffffc0001000);
	assert_int_equal(end, 0xffffffffc0002000);
}

static void what_cannot_be_used(void **state)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{ "", -ENODATA },
		{ "\n\n", -ENODATA },
		{ "ffffffff81000000", -ENODATA },
		{ "ffffffff81000000 T", -ENODATA },
		{ "ffffffff81000000 T ", -ENODATA },
		{ "no address T x\n", -ENODATA },
		{ "ffffffff81000000 D data\n", -ENODATA },
		{ "0000000000000000 T _text\n0000000000000000 t x\t[m]\n", -EACCES },
		{ "ffffffff81000000 T last_line_without_end", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		scope_free(kallsyms) struct kallsyms *kallsyms = NULL;

		expect(kallsyms__parse(rows[i].text, strlen(rows[i].text), &kallsyms) ==
			       rows[i].err,
		       i);
		expect(!kallsyms == !!rows[i].err, i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_symbol_below),
		cmocka_unit_test(modules_have_ranges),
		cmocka_unit_test(of_single_addresses),
		cmocka_unit_test(what_cannot_be_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
