// SPDX-License-Identifier: Apache-2.0
/*
 * Tables in small made files, with the fields where CPython's headers have them. Each case is tried three
 * times: pointers in place as in a program that does not move, by relative relocations of x86-64, and of aarch64.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "symbolizer/python/c_functions.h"

#define WORDS 128
#define CODE 0x10000ULL /* functions of 64 bytes */
#define TEXTS 0x20000ULL
#define DATA 0x30000ULL
#define FUNCTIONS 16

enum cell_kind { NUMBER, POINTER, TEXT, IMPORT };

struct cell { /* a word of .data */
	enum cell_kind kind;
	uint64_t value;
	const char *text;
};

#define N(number)                                \
	{                                        \
		NUMBER, (uint64_t)(number), NULL \
	}
#define F(idx)                                   \
	{                                        \
		POINTER, CODE + 64 * (idx), NULL \
	} /* a function */
#define D(idx)                                  \
	{                                       \
		POINTER, DATA + 8 * (idx), NULL \
	} /* a word of the same data */
#define T(string)               \
	{                       \
		TEXT, 0, string \
	}
#define IMPORTED                \
	{                       \
		IMPORT, 0, NULL \
	}

/* PyMethodDef and PyGetSetDef, from one word on */
#define METHOD(at, name, function, flags) \
	[at] = T(name), [(at) + 1] = function, [(at) + 2] = N(flags)
#define GETSET(at, name, get, set) [at] = T(name), [(at) + 1] = get, [(at) + 2] = set
#define NONE N(0)

/* The head of a PyTypeObject: refcount, tp_name, tp_basicsize; tp_methods, tp_getset and slots by their place */
#define ANY_TYPE(at, refcount, name, size) \
	[at] = N(refcount), [(at) + 3] = T(name), [(at) + 4] = N(size)
#define TYPE(at, name) ANY_TYPE(at, 1, name, 40)
#define TYPE_AT(at, place) [(at) + (place) / 8]

#define MODULE(at, name, methods) \
	[at] = N(1), [(at) + 5] = T(name), [(at) + 7] = N(-1), [(at) + 8] = methods
#define SPEC(at, name, basic, item, slots)                                                       \
	[at] = T(name), [(at) + 1] = N((uint64_t)(item) << 32 | (basic)), [(at) + 2] = N(0x400), \
	[(at) + 3] = slots

static const struct {
	const char *what;
	const char *symbol; /* of .dynsym; NULL: "PyType_Ready" */
	bool defined; /* the symbol is */
	const char *names; /* "FUNCTION NAME;" in order of functions */
	struct cell words[WORDS];
} cases[] = {
	{ .what = "an array of methods",
	  .names = "1 sort;2 _sort2;",
	  .words = { METHOD(0, "sort", F(1), 1), METHOD(4, "_sort2", F(2), 0x282) } },
	{ .what = "all ways to be called",
	  .names = "1 a;2 b;3 c;4 d;5 e;6 f;7 g;",
	  .words = { METHOD(0, "a", F(1), 0x11), METHOD(4, "b", F(2), 0x23),
		     METHOD(8, "c", F(3), 4), METHOD(12, "d", F(4), 0x48),
		     METHOD(16, "e", F(5), 0x80), METHOD(20, "f", F(6), 0x82),
		     METHOD(24, "g", F(7), 0x292) } },
	{ .what = "no end",
	  .names = "",
	  .words = { METHOD(0, "a", F(1), 1), METHOD(4, "b", F(2), 1), [8] = N(7) } },
	{ .what = "one that something points to",
	  .names = "1 alone;",
	  .words = { METHOD(0, "alone", F(1), 1), [4] = N(7), [6] = D(0) } },
	{ .what = "one that nothing points to",
	  .names = "",
	  .words = { METHOD(0, "alone", F(1), 1), [4] = N(7), [6] = D(1) } },
	{ .what = "not quite methods: flags, a name, a place inside a function, a doc in code",
	  .names = "",
	  .words = { METHOD(0, "a", F(1), 2), METHOD(5, "a", F(2), 0x401),
		     METHOD(10, "not a name", F(3), 1), METHOD(15, "a.b", F(4), 1),
		     METHOD(20, "3a", F(5), 1), METHOD(25, "", F(6), 1), [30] = T("a"),
		     [31] = { POINTER, CODE + 4, NULL }, [32] = N(1),
		     METHOD(35, "a", F(7), 1), [38] = F(1), METHOD(40, "a", F(8), 1LL << 32 | 1),
		     METHOD(45, "a", N(0), 1) } },
	{ .what = "imported ones among them",
	  .names = "1 a;2 b;",
	  .words = { METHOD(0, "a", F(1), 1), METHOD(4, "__class_getitem__", IMPORTED, 0x18),
		     METHOD(8, "b", F(2), 1) } },
	{ .what = "builtins have no prefix",
	  .names = "1 sorted;",
	  .words = { METHOD(0, "sorted", F(1), 0x82), MODULE(20, "builtins", D(0)) } },
	{ .what = "a module",
	  .names = "1 os.path.cut;",
	  .words = { METHOD(0, "cut", F(1), 8), MODULE(20, "os.path", D(0)) } },
	{ .what = "not quite a module: it has an index",
	  .names = "1 cut;",
	  .words = { METHOD(0, "cut", F(1), 8), MODULE(20, "os", D(0)), [23] = N(3) } },
	{ .what = "a type with methods, attributes and slots",
	  .names =
		  "1 list.sort;2 list.real;3 list.real.setter;4 list.nb_xor;5 list.tp_repr;6 list.mp_subscript;",
	  .words = { METHOD(0, "sort", F(1), 1), GETSET(10, "real", F(2), F(3)), TYPE(20, "list"),
		     TYPE_AT(20, 232) = D(0), TYPE_AT(20, 248) = D(10), TYPE_AT(20, 88) = F(5),
		     TYPE_AT(20, 96) = D(80), [80 + 14] = F(4),
		     TYPE_AT(20, 112) = D(120), [121] = F(6) } },
	{ .what = "a type of bytes has an odd size",
	  .names = "5 bytes.tp_repr;",
	  .words = { ANY_TYPE(20, 1, "bytes", 33), TYPE_AT(20, 40) = N(1),
		     TYPE_AT(20, 88) = F(5) } },
	{ .what = "not quite a type: ob_size",
	  .names = "1 sort;",
	  .words = { METHOD(0, "sort", F(1), 1), TYPE(20, "list"), TYPE_AT(20, 16) = N(1),
		     TYPE_AT(20, 232) = D(0), TYPE_AT(20, 88) = F(5) } },
	{ .what = "not quite a type: no refcount",
	  .names = "1 sort;",
	  .words = { METHOD(0, "sort", F(1), 1), ANY_TYPE(20, 0, "list", 40),
		     TYPE_AT(20, 232) = D(0), TYPE_AT(20, 88) = F(5) } },
	{ .what = "not quite a type: an odd size",
	  .names = "1 sort;",
	  .words = { METHOD(0, "sort", F(1), 1), ANY_TYPE(20, 1, "list", 42),
		     TYPE_AT(20, 232) = D(0), TYPE_AT(20, 88) = F(5) } },
	{ .what = "not quite a type: a number where a function should be",
	  .names = "1 sort;",
	  .words = { METHOD(0, "sort", F(1), 1), TYPE(20, "list"), TYPE_AT(20, 120) = N(42),
		     TYPE_AT(20, 232) = D(0), TYPE_AT(20, 88) = F(5) } },
	{ .what = "not quite a type: its name is a sentence",
	  .names = "1 sort;",
	  .words = { METHOD(0, "sort", F(1), 1), TYPE(20, "a list"), TYPE_AT(20, 232) = D(0),
		     TYPE_AT(20, 88) = F(5) } },
	{ .what = "a type that is shared by two: the base has it",
	  .names = "1 a.longer.tp_repr;",
	  .words = { TYPE(0, "b"), TYPE_AT(0, 88) = F(1), TYPE_AT(0, 256) = D(60),
		     TYPE(60, "a.longer"), TYPE_AT(60, 88) = F(1) } },
	{ .what = "two without a base: the shorter name",
	  .names = "1 b.tp_repr;",
	  .words = { TYPE(0, "aa"), TYPE_AT(0, 88) = F(1), TYPE(60, "b"),
		     TYPE_AT(60, 88) = F(1) } },
	{ .what = "a base in another file",
	  .names = "1 longer.tp_repr;",
	  .words = { TYPE(0, "b"), TYPE_AT(0, 88) = F(1), TYPE_AT(0, 256) = IMPORTED,
		     TYPE(60, "longer"), TYPE_AT(60, 88) = F(1) } },
	{ .what = "a method before a slot",
	  .names = "1 dict.__getitem__;",
	  .words = { METHOD(0, "__getitem__", F(1), 0x48), TYPE(20, "dict"),
		     TYPE_AT(20, 232) = D(0), TYPE_AT(20, 112) = D(100), [101] = F(1) } },
	{ .what = "a spec",
	  .names =
		  "1 re.Pattern.match;2 re.Pattern.tp_dealloc;3 re.Pattern.flags;4 re.Pattern.am_send;",
	  .words = { METHOD(0, "match", F(1), 0x282), GETSET(10, "flags", F(3), NONE),
		     SPEC(20, "re.Pattern", 88, 1, D(30)), [30] = N(52), [31] = F(2), [32] = N(64),
		     [33] = D(0), [34] = N(73), [35] = D(10), [36] = N(81), [37] = F(4),
		     [38] = N(56), [39] = T("doc") } },
	{ .what = "not quite a spec: a slot that there is not",
	  .names = "1 match;",
	  .words = { METHOD(0, "match", F(1), 0x282),
		     SPEC(20, "re.Pattern", 88, 1, D(30)), [30] = N(52), [31] = F(2), [32] = N(64),
		     [33] = D(0), [34] = N(99), [35] = D(10) } },
	{ .what = "attributes of nobody, each with its own getter",
	  .names = "1 a;2 b;",
	  .words = { GETSET(0, "a", F(1), NONE), GETSET(5, "b", F(2), NONE) } },
	{ .what = "attributes of nobody with one getter, a single one: a table of something else",
	  .names = "",
	  .words = { GETSET(0, "a", F(1), F(2)), GETSET(5, "b", F(1), F(3)),
		     GETSET(20, "c", F(4), NONE) } },
	{ .what = "a type of Python 2",
	  .symbol = "PyString_FromString",
	  .names = "1 str.sq_slice;2 str.bf_getbuffer;3 str.nb_coerce;",
	  .words = { TYPE(0, "str"), TYPE_AT(0, 104) = D(60), [64] = F(1),
		     TYPE_AT(0, 160) = D(70), [74] = F(2), TYPE_AT(0, 96) = D(80), [97] = F(3),
		     TYPE_AT(0, 392) = F(4) } },
	{ .what = "an extension for Python 3: what came later may be the next object's",
	  .names = "1 str.tp_finalize;",
	  .words = { TYPE(0, "str"), TYPE_AT(0, 392) = F(1), TYPE_AT(0, 400) = F(2) } },
	{ .what = "an interpreter of 3.8",
	  .symbol = "PyVectorcall_Call",
	  .defined = true,
	  .names = "1 str.tp_finalize;2 str.tp_vectorcall;",
	  .words = { TYPE(0, "str"), TYPE_AT(0, 392) = F(1), TYPE_AT(0, 400) = F(2) } },
	{ .what = "a file that does not speak Python",
	  .symbol = "Pythagoras",
	  .names = "",
	  .words = { METHOD(0, "sort", F(1), 1) } },
};

struct made_file {
	uint8_t bytes[16384] __attribute__((aligned(8)));
	size_t size;
	Elf64_Shdr sections[8];
	uint16_t section_cnt;
};

static const char section_names[] =
	"\0.text\0.rodata\0.data\0.dynsym\0.dynstr\0.rela.dyn\0.shstrtab";

static size_t put(struct made_file *file, const void *from, size_t size)
{
	size_t at = file->size;

	assert_true(at + size + 8 <= sizeof(file->bytes));
	memcpy(file->bytes + at, from, size);
	file->size = (at + size + 7) & ~7UL;
	return at;
}

static void add_section(struct made_file *file, const char *name, Elf64_Shdr section,
			const void *from)
{
	section.sh_name = (uint32_t)((const char *)memmem(section_names, sizeof(section_names),
							  name, strlen(name) + 1) -
				     section_names);
	section.sh_offset = from ? put(file, from, section.sh_size) : file->size;
	file->sections[file->section_cnt++] = section;
}

static uint32_t relocation_type(uint16_t machine, enum cell_kind kind)
{
	if (machine == EM_AARCH64)
		return kind == IMPORT ? R_AARCH64_ABS64 : R_AARCH64_RELATIVE;
	return kind == IMPORT ? R_X86_64_64 : R_X86_64_RELATIVE;
}

/* Words of .data, and the relocations that make them whole. */
static size_t link_words(const struct cell *cells, bool moves, uint16_t machine, uint64_t *words,
			 Elf64_Rela *relas, char *texts)
{
	size_t cnt = 0, text_sz = 1;

	for (size_t i = 0; i < WORDS; i++) {
		uint64_t value = cells[i].value;
		bool is_pointer = cells[i].kind != NUMBER;

		if (cells[i].kind == TEXT) {
			value = TEXTS + text_sz;
			text_sz += (size_t)sprintf(texts + text_sz, "%s", cells[i].text) + 1;
		}
		words[i] = value;
		if (cells[i].kind != IMPORT && (!moves || !is_pointer))
			continue;
		words[i] = 0;
		relas[cnt++] = (Elf64_Rela){ DATA + 8 * i,
					     ELF64_R_INFO((uint64_t)(cells[i].kind == IMPORT),
							  relocation_type(machine, cells[i].kind)),
					     (int64_t)value };
	}
	return cnt;
}

static void make_file(struct made_file *file, size_t idx, bool moves, uint16_t machine)
{
	const char *symbol = cases[idx].symbol ? cases[idx].symbol : "PyType_Ready";
	Elf64_Sym symbols[2] = { [1] = { .st_name = 1,
					 .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
					 .st_shndx = cases[idx].defined,
					 .st_value = CODE } };
	Elf64_Ehdr head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = moves ? ET_DYN : ET_EXEC,
			    .e_machine = machine,
			    .e_version = EV_CURRENT,
			    .e_ehsize = sizeof(head),
			    .e_shentsize = sizeof(Elf64_Shdr),
			    .e_shstrndx = 7 };
	char names[64] = "", texts[1024] = "";
	uint64_t words[WORDS];
	Elf64_Rela relas[WORDS];
	size_t rela_cnt = link_words(cases[idx].words, moves, machine, words, relas, texts);

	snprintf(names + 1, sizeof(names) - 1, "%s", symbol);
	*file = (struct made_file){ .size = sizeof(head), .section_cnt = 1 };
	add_section(file, ".text",
		    (Elf64_Shdr){ .sh_type = SHT_PROGBITS,
				  .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				  .sh_addr = CODE,
				  .sh_size = 64 * FUNCTIONS },
		    NULL);
	add_section(file, ".rodata",
		    (Elf64_Shdr){ .sh_type = SHT_PROGBITS,
				  .sh_flags = SHF_ALLOC,
				  .sh_addr = TEXTS,
				  .sh_size = sizeof(texts) },
		    texts);
	add_section(file, ".data",
		    (Elf64_Shdr){ .sh_type = SHT_PROGBITS,
				  .sh_flags = SHF_ALLOC | SHF_WRITE,
				  .sh_addr = DATA,
				  .sh_size = sizeof(words) },
		    words);
	add_section(file, ".dynsym",
		    (Elf64_Shdr){ .sh_type = SHT_DYNSYM,
				  .sh_flags = SHF_ALLOC,
				  .sh_link = 5,
				  .sh_addr = 0x1000,
				  .sh_size = sizeof(symbols) },
		    symbols);
	add_section(file, ".dynstr",
		    (Elf64_Shdr){ .sh_type = SHT_STRTAB,
				  .sh_flags = SHF_ALLOC,
				  .sh_addr = 0x2000,
				  .sh_size = sizeof(names) },
		    names);
	add_section(file, ".rela.dyn",
		    (Elf64_Shdr){ .sh_type = SHT_RELA,
				  .sh_flags = SHF_ALLOC,
				  .sh_link = 4,
				  .sh_addr = 0x3000,
				  .sh_size = rela_cnt * sizeof(*relas) },
		    relas);
	add_section(file, ".shstrtab",
		    (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_size = sizeof(section_names) },
		    section_names);
	head.e_shoff = put(file, file->sections, sizeof(file->sections));
	head.e_shnum = file->section_cnt;
	memcpy(file->bytes, &head, sizeof(head));
}

static void note(void *ctx, const struct cfi_range *function, const char *name)
{
	char *to = ctx;

	assert_int_equal(function->size, 64);
	sprintf(to + strlen(to), "%d %s;", (int)((function->elf_vaddr - CODE) / 64), name);
}

static void ask(const struct made_file *file, size_t size, char *names)
{
	struct cfi_range ranges[FUNCTIONS];
	scope_free(elf_file) struct elf_file *elf = NULL;

	for (size_t i = 0; i < FUNCTIONS; i++)
		ranges[i] = (struct cfi_range){ CODE + 64 * i, 64 };
	*names = 0;
	if (!elf_file__open_memory(file->bytes, size, &elf))
		python_c_functions_each(elf, ranges, FUNCTIONS, note, names);
}

static void test_cases(void **state)
{
	static struct made_file file;
	char names[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int mode = 0; mode < 3; mode++) {
			make_file(&file, i, mode > 0, mode == 2 ? EM_AARCH64 : EM_X86_64);
			ask(&file, file.size, names);
			if (strcmp(names, cases[i].names))
				fail_msg("%s, mode %d: expected \"%s\", got \"%s\"", cases[i].what,
					 mode, cases[i].names, names);
		}
	}
}

static void test_unknown_machine(void **state)
{
	static struct made_file file;
	char names[1024];

	(void)state;
	make_file(&file, 0, true, EM_S390);
	ask(&file, file.size, names);
	assert_string_equal(names, "");
}

/* Cut short anywhere, and with a word of each section header made huge. */
static void test_damaged(void **state)
{
	static struct made_file file;
	char names[1024];

	(void)state;
	make_file(&file, 10, true, EM_X86_64);
	for (size_t size = 0; size < file.size; size += 8)
		ask(&file, size, names);
	for (size_t at = file.size - sizeof(file.sections); at < file.size; at += 8) {
		for (uint64_t value = 1; value; value <<= 9) {
			uint64_t kept;

			memcpy(&kept, file.bytes + at, sizeof(kept));
			memcpy(file.bytes + at, &value, sizeof(value));
			ask(&file, file.size, names);
			memcpy(file.bytes + at, &kept, sizeof(kept));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_unknown_machine),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
