// SPDX-License-Identifier: Apache-2.0
/* What libelf says the running C library and this program define. */
#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#include "symbolizer/native/elf_exports.h"

struct subject {
	int fd;
	struct elf_file *file;
	Elf *elf;
	Elf_Data *symbols;
	size_t names; /* section of the names */
	size_t cnt;
};

static void find_symbols(struct subject *s)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(s->elf, scn))) {
		assert_non_null(gelf_getshdr(scn, &header));
		if (header.sh_type != SHT_DYNSYM)
			continue;
		s->symbols = elf_getdata(scn, NULL);
		s->names = header.sh_link;
		s->cnt = header.sh_size / header.sh_entsize;
	}
	assert_non_null(s->symbols);
}

static struct subject open_libc(void)
{
	struct subject s = { 0 };
	Dl_info libc;

	assert_int_not_equal(dladdr((void *)(uintptr_t)strlen, &libc), 0);
	s.fd = open(libc.dli_fname, O_RDONLY);
	assert_int_equal(elf_file__open(s.fd, &s.file), 0);
	s.elf = elf_begin(s.fd, ELF_C_READ, NULL);
	find_symbols(&s);
	return s;
}

static void close_subject(struct subject *s)
{
	elf_end(s->elf);
	elf_file__free(s->file);
	close(s->fd);
}

static bool may_have(const struct subject *s, const char *name)
{
	const char *const names[] = { "no such name", name, NULL };

	return elf_exports__may_have(s->file, names);
}

static void test_each_symbol_is_found(void **state)
{
	struct subject s = open_libc();

	(void)state;
	assert_true(s.cnt > 1000);
	for (size_t i = 1; i < s.cnt; i++) {
		GElf_Sym sym;

		assert_non_null(gelf_getsym(s.symbols, (int)i, &sym));
		if (sym.st_shndx != SHN_UNDEF)
			assert_true(may_have(&s, elf_strptr(s.elf, s.names, sym.st_name)));
	}
	close_subject(&s);
}

static bool is_defined(const struct subject *s, const char *name)
{
	for (size_t i = 1; i < s->cnt; i++) {
		GElf_Sym sym;

		gelf_getsym(s->symbols, (int)i, &sym);
		if (sym.st_shndx != SHN_UNDEF &&
		    !strcmp(elf_strptr(s->elf, s->names, sym.st_name), name))
			return true;
	}
	return false;
}

/* Names one letter away from those that are there. */
static void test_others_are_not_found(void **state)
{
	struct subject s = open_libc();
	uint32_t asked = 0;

	(void)state;
	for (size_t i = 1; i < s.cnt; i += 7) {
		char name[256];
		GElf_Sym sym;

		gelf_getsym(s.symbols, (int)i, &sym);
		snprintf(name, sizeof(name), "%s", elf_strptr(s.elf, s.names, sym.st_name));
		if (!*name)
			continue;
		name[strlen(name) - 1] ^= 1;
		if (is_defined(&s, name))
			continue;
		assert_false(may_have(&s, name));
		asked++;
	}
	assert_true(asked > 100);
	close_subject(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_symbol_is_found),
		cmocka_unit_test(test_others_are_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
