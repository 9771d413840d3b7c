// SPDX-License-Identifier: Apache-2.0
/*
 * Layout, from Go's runtime/symtab.go and internal/abi/symtab.go:
 *
 *   header    magic, 0 0 1 8, functions, files, text start, then the places of
 *             [names] [units] [files] [pc tables] [functions]
 *   functions {start - text start, place of the record} per function, one start more: the end
 *   record    start, name, args, deferreturn, place of the sp table, ... function id, flags
 *   sp table  pairs of varints: change of the value (zigzag), bytes of code that it holds for; the
 *             value begins at -1 and is the distance from the stack pointer to the return address
 *
 * The caller's frame pointer is saved next to the return address by each function that has a frame.
 * The record's flags tell the functions in which a stack ends, and those that change the stack pointer
 * to another stack: while such a one calls, only the frame pointer leads on.
 */
#include "symbolizer/native/go_functions.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/leb128.h"

#define MAGIC_118 0xfffffff0U
#define MAGIC_120 0xfffffff1U
#define HEADER_SIZE 72
#define TEXT_START_AT 24 /* in the header; 0 from 1.26 on */
#define MODULE_TEXT_AT 176 /* in struct moduledata, which then has a section of its own */
#define ENTRY_SIZE 8
#define MAX_FUNCTIONS (4U << 20)
#define FLAG_TOP_FRAME 1
#define FLAG_WRITES_SP 2

struct go_functions {
	struct view names;
	struct view pc_tables;
	struct view functions;
	uint64_t text_start;
	uint32_t cnt;
	uint32_t flag_at; /* in a function's record */
};

/* The value of a pointer in the file; in a position-independent one it may be in its relocation. */
static uint64_t read_pointer(struct elf_file *file, const struct elf_section *section, uint64_t off)
{
	const struct elf_section *rela = elf_file__section(file, ".rela.dyn");
	struct view bytes, relocations;
	uint64_t value = 0;
	Elf64_Rela r;

	if (!elf_file__section_data(file, section, &bytes)) {
		view_seek(&bytes, off);
		value = view_u64(&bytes);
	}
	if (value || !rela || elf_file__section_data(file, rela, &relocations))
		return value;
	while (view_left(&relocations) >= sizeof(r)) {
		memcpy(&r, view_take(&relocations, sizeof(r)), sizeof(r));
		if (r.r_offset == section->elf_vaddr + off &&
		    ELF64_R_TYPE(r.r_info) == R_X86_64_RELATIVE)
			return (uint64_t)r.r_addend;
	}
	return 0;
}

static uint64_t text_start(struct elf_file *file, const struct elf_section *table)
{
	const struct elf_section *module = elf_file__section(file, ".go.module");
	uint64_t start = read_pointer(file, table, TEXT_START_AT);

	if (!start && module)
		start = read_pointer(file, module, MODULE_TEXT_AT);
	return start;
}

static struct view from_place(const struct view *table, uint64_t place)
{
	return view_sub(table, place, place < table->size ? table->size - place : 0);
}

static int parse_header(struct go_functions *f, struct view table)
{
	struct view v = table;
	uint32_t magic = view_u32(&v);
	uint64_t cnt;

	if ((magic != MAGIC_118 && magic != MAGIC_120) || view_u16(&v) || view_u8(&v) != 1 ||
	    view_u8(&v) != 8)
		return -ENODATA;
	f->flag_at = magic == MAGIC_118 ? 37 : 41;
	cnt = view_u64(&v);
	view_u64(&v); /* files */
	view_u64(&v); /* text start */
	f->names = from_place(&table, view_u64(&v));
	view_u64(&v); /* units */
	view_u64(&v); /* file names */
	f->pc_tables = from_place(&table, view_u64(&v));
	f->functions = from_place(&table, view_u64(&v));
	if (v.bad || f->names.bad || f->pc_tables.bad || f->functions.bad || cnt > MAX_FUNCTIONS ||
	    cnt * ENTRY_SIZE + 4 > f->functions.size)
		return -ENODATA;
	f->cnt = (uint32_t)cnt;
	return 0;
}

static const struct elf_section *find_table(struct elf_file *file)
{
	const struct elf_section *s = elf_file__section(file, ".gopclntab");

	return s ? s : elf_file__section(file, ".data.rel.ro.gopclntab");
}

int go_functions__load(struct elf_file *file, struct go_functions **ret_functions)
{
	scope_free(go_functions) struct go_functions *f = NULL;
	const struct elf_section *section = find_table(file);
	struct view table;
	int err;

	if (!section || section->size < HEADER_SIZE || elf_file__machine(file) != EM_X86_64 ||
	    elf_file__section_data(file, section, &table))
		return -ENODATA;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	err = parse_header(f, table);
	if (err)
		return err;
	f->text_start = text_start(file, section);
	if (!f->text_start)
		return -ENODATA;
	*ret_functions = take_ptr(f);
	return 0;
}

void go_functions__free(struct go_functions *f)
{
	free(f);
}

uint32_t go_functions__cnt(const struct go_functions *f)
{
	return f->cnt;
}

static uint64_t start_of(const struct go_functions *f, uint32_t idx)
{
	struct view v = f->functions;

	view_seek(&v, (size_t)idx * ENTRY_SIZE);
	return f->text_start + view_u32(&v);
}

/* From a field of the function's record on. */
static struct view record_of(const struct go_functions *f, uint32_t idx, uint32_t field)
{
	struct view v = f->functions;

	view_seek(&v, (size_t)idx * ENTRY_SIZE + 4);
	view_seek(&v, (size_t)view_u32(&v) + field);
	return v;
}

struct go_function go_functions__at(const struct go_functions *f, uint32_t idx)
{
	struct go_function function = { .start = start_of(f, idx), .name = "" };
	uint64_t end = start_of(f, idx + 1);
	struct view record = record_of(f, idx, 4), names = f->names;
	const char *name;

	if (end > function.start)
		function.size = end - function.start;
	view_seek(&names, view_u32(&record));
	name = view_cstr(&names);
	if (name && !record.bad)
		function.name = name;
	return function;
}

/* What the flags do not tell. UNWIND_NONE: nothing special. */
static enum unwind_kind kind_by_name(const char *name)
{
	static const struct {
		const char *name;
		enum unwind_kind kind;
	} known[] = {
		{ "runtime.sigtramp",
		  UNWIND_SP }, /* Go's own walk ends there, the stack does not */
		/* leave the stack that called them for good */
		{ "runtime.mcall", UNWIND_SP_OR_END },
		{ "runtime.morestack", UNWIND_SP_OR_END },
		{ "runtime.clone", UNWIND_SP_OR_END }, /* what it calls runs in the new thread */
		{ "runtime.sigreturn", UNWIND_SIGRET },
		{ "runtime.sigreturn__sigaction", UNWIND_SIGRET },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(name, known[i].name))
			return known[i].kind;
	return UNWIND_NONE;
}

static enum unwind_kind kind_of(const struct go_functions *f, uint32_t idx)
{
	enum unwind_kind kind = kind_by_name(go_functions__at(f, idx).name);
	struct view record = record_of(f, idx, f->flag_at);
	uint8_t flags = view_u8(&record);

	if (kind != UNWIND_NONE)
		return kind;
	if (flags & FLAG_TOP_FRAME)
		return UNWIND_END;
	return flags & FLAG_WRITES_SP ? UNWIND_SP_OR_FP : UNWIND_SP;
}

/* kind's rule where the stack pointer stands that far below the return address. */
static struct unwind_info rule_at(enum unwind_kind kind, int64_t distance)
{
	struct unwind_info info = { .kind = (uint8_t)kind };

	if (kind == UNWIND_END || kind == UNWIND_SIGRET)
		return info;
	if (distance < 0 || distance > INT32_MAX - 8)
		return (struct unwind_info){ .kind = UNWIND_UNSUPPORTED };
	if (kind == UNWIND_SP_OR_FP && distance)
		return info; /* it has a frame of its own: the frame pointer leads on from all of it */
	info.cfa_off = (int32_t)distance + 8;
	if (distance) {
		info.fp_rule = UNWIND_FP_AT_CFA;
		info.fp_word = -2;
	}
	return info;
}

static uint64_t unzigzag(uint64_t v)
{
	return (v >> 1) ^ (0 - (v & 1));
}

void go_functions__rules(const struct go_functions *f, uint32_t idx, cfi_rule_fn fn, void *ctx)
{
	uint64_t pc = start_of(f, idx), end = start_of(f, idx + 1);
	enum unwind_kind kind = kind_of(f, idx);
	struct view record = record_of(f, idx, 16), table = f->pc_tables;
	int64_t distance = -1;

	view_seek(&table, view_u32(&record));
	for (bool first = true; pc < end && !record.bad; first = false) {
		uint64_t change = view_uleb(&table), bytes = view_uleb(&table);

		if (table.bad || (!change && !first) || bytes > end - pc)
			break;
		distance = (int64_t)((uint64_t)distance + unzigzag(change));
		fn(ctx, pc, rule_at(kind, distance));
		pc += bytes;
	}
	if (pc < end)
		fn(ctx, pc, (struct unwind_info){ .kind = UNWIND_NONE });
}
