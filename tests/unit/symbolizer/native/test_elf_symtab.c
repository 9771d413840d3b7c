// SPDX-License-Identifier: Apache-2.0
/* What tests/fixtures/elf/symbols.S says of its addresses. */
#include "tests/unit/unit.h"

#include <fcntl.h>

#include "symbolizer/symbolizer.h"

static char **files; /* of the command line: whole, stripped, with .gnu_debugdata, with versions */
enum { WHOLE, STRIPPED, MINIDEBUG, VERSIONS };

struct subject {
	int fd;
	struct elf_file *file;
	struct symbol_table *table;
};

static struct subject load(const char *path, const char *debug_path)
{
	scope_fd int debug_fd = debug_path ? open(debug_path, O_RDONLY) : -1;
	scope_free(elf_file) struct elf_file *debug = NULL;
	struct subject s = { .fd = open(path, O_RDONLY) };

	assert_int_equal(elf_file__open(s.fd, &s.file), 0);
	if (debug_path)
		assert_int_equal(elf_file__open(debug_fd, &debug), 0);
	assert_int_equal(symbol_table__load(s.file, debug, &s.table), 0);
	return s;
}

static void unload(struct subject *s)
{
	symbol_table__free(s->table);
	elf_file__free(s->file);
	close(s->fd);
}

#define FDE(start) "", start, 0x10
#define NOTHING NULL, 0, 0

static const struct {
	uint64_t addr;
	const char *name; /* "": .eh_frame knows the function; NULL: nothing known */
	uint64_t start, size;
	const char *exported; /* the name by .dynsym alone, which has no local ones */
} rows[] = {
	{ 0xffff, NOTHING, NULL },
	{ 0x10000, "alpha", 0x10000, 0x10, "alpha" },
	{ 0x1000f, "alpha", 0x10000, 0x10, "alpha" },
	/* outside a sized symbol: not given to a neighbour */
	{ 0x10010, NOTHING, NULL },
	{ 0x1001f, NOTHING, NULL },
	{ 0x10025, "beta", 0x10020, 0x10, "beta" },
	{ 0x10035, "ac_global", 0x10030, 0x10, "ac_global" },
	{ 0x10045, "bb_local", 0x10040, 0x10, "ba_weak" },
	{ 0x10055, "cb_sized", 0x10050, 0x10, "ca_unsized" },
	{ 0x10060, "short", 0x10060, 4, "short" },
	{ 0x10063, "short", 0x10060, 4, "short" },
	{ 0x10064, "longer", 0x10060, 0x10, NULL },
	{ 0x1006f, "longer", 0x10060, 0x10, NULL },
	{ 0x1007f, "outer", 0x10070, 0x30, "outer" },
	{ 0x10080, "inner", 0x10080, 8, "outer" },
	{ 0x10087, "inner", 0x10080, 8, "outer" },
	{ 0x10088, "outer", 0x10070, 0x30, "outer" },
	{ 0x10090, "outer", 0x10070, 0x30, "outer" }, /* a label is no function */
	{ 0x1009f, "outer", 0x10070, 0x30, "outer" },
	/* without a size */
	{ 0x100a0, "asm_one", 0x100a0, 0, "asm_one" },
	{ 0x100af, "asm_one", 0x100a0, 0, "asm_one" },
	{ 0x100bf, "asm_two", 0x100b0, 0, "asm_two" },
	{ 0x100c7, "after", 0x100c0, 8, "after" },
	{ 0x100c8, NOTHING, NULL },
	{ 0x100df, "framed", 0x100d0, 0, "framed" },
	{ 0x100e0, NOTHING, NULL },
	{ 0x100ef, NOTHING, NULL },
	{ 0x100f0, FDE(0x100f0), "" },
	{ 0x100ff, FDE(0x100f0), "" },
	{ 0x10100, NOTHING, NULL },
	{ 0x10115, NOTHING, NULL }, /* an object */
	{ 0x10127, FDE(0x10120), "" },
	{ 0x10128, "entry", 0x10128, 0, "entry" },
	{ 0x1012f, "entry", 0x10128, 0, "entry" },
	{ 0x10130, NOTHING, NULL },
	{ 0x10145, "resolver", 0x10140, 0x10, "resolver" },
	{ 0x10155, NOTHING, NULL },
	{ 0x10160, "tail", 0x10160, 0, "tail" },
	{ 0x10167, "tail", 0x10160, 0, "tail" },
	/* behind the section's end */
	{ 0x10168, NOTHING, NULL },
	{ 0x20000, NOTHING, NULL },
	{ 0x2001f, "last", 0x20010, 0x10, "last" },
	{ 0x2002f, "wraps", 0x20020, 0x10, "wraps" },
	{ 0x20030, NOTHING, NULL },
	{ UINT64_MAX, NOTHING, NULL },
};

static void check(struct symbol_table *table, enum name_source source)
{
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct symbol_name name = symbol_table__find(table, rows[i].addr);
		const char *text = rows[i].name;

		if (!text || !*text) {
			expect(!name.linkage, i);
			expect(name.source == (text ? NAME_FDE : NAME_NONE), i);
		} else {
			expect(name.linkage && !strcmp(name.linkage, text), i);
			expect(name.source == source, i);
		}
		expect(name.start == rows[i].start && name.size == rows[i].size, i);
	}
}

static void names_by_symtab(void **state)
{
	struct subject s = load(files[WHOLE], NULL);

	(void)state;
	check(s.table, NAME_SYMTAB);
	unload(&s);
}

static void names_by_debug_file(void **state)
{
	struct subject s = load(files[STRIPPED], files[WHOLE]);

	(void)state;
	check(s.table, NAME_SYMTAB);
	unload(&s);
}

static void names_by_debugdata(void **state)
{
	struct subject s = load(files[MINIDEBUG], NULL);

	(void)state;
	check(s.table, NAME_DEBUGDATA);
	unload(&s);
}

static void names_by_dynsym(void **state)
{
	struct subject s = load(files[STRIPPED], NULL);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct symbol_name name = symbol_table__find(s.table, rows[i].addr);
		const char *text = rows[i].exported;

		if (!text || !*text)
			expect(name.source == (text ? NAME_FDE : NAME_NONE), i);
		else
			expect(name.source == NAME_DYNSYM && !strcmp(name.linkage, text), i);
	}
	unload(&s);
}

static void names_have_no_versions(void **state)
{
	struct subject s = load(files[VERSIONS], NULL);

	(void)state;
	for (uint64_t addr = 0x10000; addr < 0x10020; addr += 8)
		assert_string_equal(symbol_table__find(s.table, addr).linkage, "entry");
	unload(&s);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_by_symtab),	  cmocka_unit_test(names_by_debug_file),
		cmocka_unit_test(names_by_debugdata),	  cmocka_unit_test(names_by_dynsym),
		cmocka_unit_test(names_have_no_versions),
	};

	if (argc != 5)
		return 1;
	files = argv + 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
