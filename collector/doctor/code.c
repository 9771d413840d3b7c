// SPDX-License-Identifier: Apache-2.0
#include "collector/doctor/code.h"

#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "symbolizer/native/cfi.h"

#define MAX_PLACES 65536
#define MIN_STEP 16
#define MAX_PADDING 64 /* functions begin at cache lines at most */
#define CRT_BYTES 256 /* code of crtbegin.o that no FDE covers; it runs once */
#define MAX_SCANNED (256UL << 20) /* bytes of code that are searched for prologues */
#define MAX_BYTES_PER_PROLOGUE 1024 /* functions of 100 to 400 bytes are usual */

struct look {
	struct code_view view;
	struct cfi_range *ranges; /* owned; sorted */
	size_t range_cnt;
	struct symbol_table *symbols; /* owned */
	uint64_t step;
};

enum place {
	PLACE_ROWS,
	PLACE_PADDING, /* a small gap between two functions */
	PLACE_BARE,
};

static enum place place_of(const struct look *l, uint64_t elf_vaddr)
{
	size_t low = 0, high = l->range_cnt;
	uint64_t prev_end;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->ranges[mid].elf_vaddr <= elf_vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return PLACE_BARE;
	prev_end = l->ranges[low - 1].elf_vaddr + l->ranges[low - 1].size;
	if (elf_vaddr < prev_end)
		return PLACE_ROWS;
	return low < l->range_cnt && l->ranges[low].elf_vaddr - prev_end <= MAX_PADDING ?
		       PLACE_PADDING :
		       PLACE_BARE;
}

static void ask_place(struct look *l, uint64_t elf_vaddr)
{
	enum place place = place_of(l, elf_vaddr);
	enum name_source source;

	if (place == PLACE_PADDING)
		return;
	l->view.places++;
	l->view.with_rows += place == PLACE_ROWS;
	if (place == PLACE_BARE && l->range_cnt)
		return;
	source = symbol_table__find(l->symbols, elf_vaddr).source;
	l->view.functions++;
	l->view.by_source[source == NAME_FDE ? NAME_NONE : source]++;
}

static void ask_range(struct look *l, uint64_t elf_vaddr, uint64_t size)
{
	for (uint64_t off = 0; off < size && l->view.places < MAX_PLACES; off += l->step)
		ask_place(l, elf_vaddr + off);
}

/* Slots of the PLT and the few instructions of .init and .fini are nobody's functions. */
static bool is_code(const struct elf_section *s)
{
	static const char *const others[] = { ".plt", ".init", ".fini" };

	if (s->type != SHT_PROGBITS || !(s->flags & SHF_ALLOC) || !(s->flags & SHF_EXECINSTR))
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strncmp(s->name, others[i], strlen(others[i])))
			return false;
	return true;
}

/* Sections where there are any, else segments, which hold what is no code too. */
static void for_each_code(struct look *l, struct elf_file *file,
			  void (*fn)(struct look *l, uint64_t elf_vaddr, uint64_t size))
{
	size_t section_cnt, segment_cnt;
	const struct elf_section *sections = elf_file__sections(file, &section_cnt);
	const struct elf_segment *segments = elf_file__segments(file, &segment_cnt);
	bool any = false;

	for (size_t i = 1; i < section_cnt; i++)
		if (is_code(&sections[i])) {
			fn(l, sections[i].elf_vaddr, sections[i].size);
			any = true;
		}
	for (size_t i = 0; !any && i < segment_cnt; i++)
		if (segments[i].executable)
			fn(l, segments[i].elf_vaddr, segments[i].file_sz);
}

static void add_bytes(struct look *l, uint64_t elf_vaddr, uint64_t size)
{
	(void)elf_vaddr;
	l->view.bytes += size;
}

/* Functions without rows that begin as those do which keep a frame pointer. */
static void count_prologues_of(struct look *l, const struct view *code, uint64_t elf_vaddr)
{
	static const uint8_t prologue[] = { 0x55, 0x48, 0x89, 0xe5 }; /* push %rbp; mov %rsp,%rbp */
	size_t off = 0;
	const uint8_t *at;

	while ((at = memmem(code->data + off, code->size - off, prologue, sizeof(prologue)))) {
		off = (size_t)(at - code->data);
		l->view.prologues += place_of(l, elf_vaddr + off) == PLACE_BARE;
		off += sizeof(prologue);
	}
}

static void count_prologues(struct look *l, struct elf_file *file)
{
	uint64_t left = MAX_SCANNED;
	size_t cnt;
	const struct elf_section *sections = elf_file__sections(file, &cnt);

	for (size_t i = 1; i < cnt; i++) {
		struct view code;

		if (!is_code(&sections[i]) || sections[i].size > left)
			continue;
		left -= sections[i].size;
		if (!elf_file__section_data(file, &sections[i], &code))
			count_prologues_of(l, &code, sections[i].elf_vaddr);
	}
}

static bool is_go(const struct elf_file *file)
{
	return elf_file__section(file, ".gopclntab") || elf_file__section(file, ".go.buildinfo");
}

uint64_t code_bare_bytes(const struct code_view *view)
{
	uint64_t bare = view->places - view->with_rows;

	if (view->places)
		bare = bare * view->bytes / view->places;
	if (!view->function_cnt)
		return bare;
	return bare > CRT_BYTES ? bare - CRT_BYTES : 0;
}

double code_unwind_share(const struct code_view *view)
{
	return view->bytes ? 1 - (double)code_bare_bytes(view) / (double)view->bytes : 0;
}

double code_named_share(const struct code_view *view)
{
	return view->functions ? 1 - (double)view->by_source[NAME_NONE] / view->functions : 0;
}

bool code_keeps_frame_pointers(const struct code_view *view)
{
	return view->go || (view->prologues &&
			    code_bare_bytes(view) / view->prologues < MAX_BYTES_PER_PROLOGUE);
}

static void look_at_file(struct elf_file *file, struct code_view *view)
{
	view->has_symtab = elf_file__section(file, ".symtab");
	view->go = is_go(file);
	view->build_id = elf_file__build_id(file);
}

int code_look(struct elf_file *file, struct elf_file *debug, struct code_view *ret_view)
{
	struct look l = { .step = MIN_STEP };
	int err = symbol_table__load(file, debug, &l.symbols);

	if (err)
		return err;
	if (cfi_ranges__load(file, &l.ranges, &l.range_cnt))
		l.range_cnt = 0;
	l.view.function_cnt = (uint32_t)l.range_cnt;
	for_each_code(&l, file, add_bytes);
	if (l.view.bytes / MAX_PLACES > l.step)
		l.step = l.view.bytes / MAX_PLACES + 1;
	for_each_code(&l, file, ask_range);
	if (code_bare_bytes(&l.view))
		count_prologues(&l, file);
	look_at_file(file, &l.view);
	symbol_table__free(l.symbols);
	free(l.ranges);
	*ret_view = l.view;
	return 0;
}

static enum name_source best_source(struct elf_file *file, struct elf_file *debug)
{
	if (elf_file__section(file, ".symtab") || debug)
		return NAME_SYMTAB;
	return elf_file__section(file, ".gnu_debugdata") ? NAME_DEBUGDATA : NAME_DYNSYM;
}

void code_of_frames(struct elf_file *file, struct elf_file *debug, uint64_t named, uint64_t placed,
		    struct code_view *ret_view)
{
	struct code_view view = { .functions = 1000 };
	uint64_t all = named + placed ? named + placed : 1;

	view.by_source[NAME_NONE] = (uint32_t)(1000.0 * (double)placed / (double)all);
	view.by_source[best_source(file, debug)] = view.functions - view.by_source[NAME_NONE];
	look_at_file(file, &view);
	*ret_view = view;
}
