// SPDX-License-Identifier: Apache-2.0
/*
 * Names of one file. Symbols of all sources go into one array, sorted by address; where two stand at
 * one address the better one stays: global over local over weak, sized over unsized, then the one
 * without leading underscores, the shorter, the first of the alphabet; and in front of it the longest,
 * for what the better one does not cover. A search takes the symbol with the greatest start that
 * covers the address. What symbols with a size do not cover is looked up in the rest, which is read when it
 * is needed first: PLT slots; extents of functions from .eh_frame, which bound symbols without size and
 * answer where there is no name; the tables of Python, for what has no symbol.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "common/radix_sort.h"
#include "symbolizer/native/cfi.h"
#include "symbolizer/native/debugdata.h"
#include "symbolizer/native/go_functions.h"
#include "symbolizer/native/plt.h"
#include "symbolizer/python/c_functions.h"
#include "symbolizer/symbolizer.h"

#define MAX_SYMBOLS (16U << 20)
#define MAX_BACK 64 /* nested symbols looked through */
#define UNSIZED_REACH 4096 /* where nothing tells a function's extent */

struct symbol {
	uint64_t start; /* first: they are sorted by it */
	uint64_t size; /* unsized: to the end of its section */
	uint32_t name; /* offset in the pool */
	uint8_t rank; /* smaller is better */
	uint8_t source; /* enum name_source */
	bool unsized;
	uint8_t pad;
};

struct symbol_table {
	struct elf_file *file; /* borrowed */
	bool complete; /* the rest is read ... */
	int rest_err; /* ... as far as memory allowed */
	struct symbol *symbols; /* owned, as all below */
	char *pool;
	struct cfi_range *ranges;
	size_t range_cnt;
	uint32_t cnt;
	uint32_t room;
	uint32_t pool_size;
	uint32_t pool_room;
};

/* "fclose@@GLIBC_2.2.5" of a .symtab is fclose. */
static size_t length_without_version(const char *name)
{
	return *name == '@' || strstr(name, "@plt") ? strlen(name) : strcspn(name, "@");
}

static bool pool_add(struct symbol_table *t, const char *name, uint32_t *ret_off)
{
	size_t len = length_without_version(name) + 1;

	if (len > t->pool_room - t->pool_size) {
		size_t room = t->pool_room ? t->pool_room * 2UL : 65536;
		char *more;

		while (room - t->pool_size < len)
			room *= 2;
		if (room > UINT32_MAX)
			return false;
		more = realloc(t->pool, room);
		if (!more)
			return false;
		t->pool = more;
		t->pool_room = (uint32_t)room;
	}
	memcpy(t->pool + t->pool_size, name, len - 1);
	t->pool[t->pool_size + len - 1] = 0;
	*ret_off = t->pool_size;
	t->pool_size += (uint32_t)len;
	return true;
}

static int add_symbol(struct symbol_table *t, struct symbol symbol, const char *name)
{
	if (t->cnt == t->room) {
		uint32_t room = t->room ? t->room * 2 : 1024;
		struct symbol *more = realloc(t->symbols, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->symbols = more;
		t->room = room;
	}
	if (t->cnt == MAX_SYMBOLS || !pool_add(t, name, &symbol.name))
		return -ENOMEM;
	t->symbols[t->cnt++] = symbol;
	return 0;
}

/* How many bytes a symbol can have: to the end of its section, which must be one of code. */
static uint64_t room_of(const struct elf_section *sections, size_t cnt, const Elf64_Sym *sym)
{
	const struct elf_section *s = sym->st_shndx < cnt ? &sections[sym->st_shndx] : NULL;

	if (!s || !(s->flags & SHF_EXECINSTR) || sym->st_value < s->elf_vaddr ||
	    sym->st_value - s->elf_vaddr >= s->size)
		return 0;
	return s->size - (sym->st_value - s->elf_vaddr);
}

static uint8_t rank_of(uint8_t info)
{
	switch (ELF64_ST_BIND(info)) {
	case STB_GLOBAL:
		return 0;
	case STB_LOCAL:
		return 1;
	default:
		return 2;
	}
}

static int add_section(struct symbol_table *t, struct elf_file *file,
		       const struct elf_section *symtab, enum name_source source)
{
	size_t section_cnt;
	const struct elf_section *sections = elf_file__sections(file, &section_cnt);
	struct view symbols, names;

	if (symtab->link >= section_cnt || elf_file__section_data(file, symtab, &symbols) ||
	    elf_file__section_data(file, &sections[symtab->link], &names))
		return 0;
	while (view_left(&symbols) >= sizeof(Elf64_Sym)) {
		struct symbol symbol = { .source = (uint8_t)source };
		struct view name = names;
		const char *text;
		Elf64_Sym sym;
		uint64_t room;
		uint8_t type;
		int err;

		memcpy(&sym, view_take(&symbols, sizeof(sym)), sizeof(sym));
		type = ELF64_ST_TYPE(sym.st_info);
		room = room_of(sections, section_cnt, &sym);
		if ((type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) || !room)
			continue;
		view_seek(&name, sym.st_name);
		text = view_cstr(&name);
		if (!text || !*text || *text == '$')
			continue;
		symbol.start = sym.st_value;
		symbol.unsized = !sym.st_size;
		symbol.size = symbol.unsized || sym.st_size > room ? room : sym.st_size;
		symbol.rank = (uint8_t)(rank_of(sym.st_info) + (sym.st_size ? 0 : 4));
		err = add_symbol(t, symbol, text);
		if (err)
			return err;
	}
	return 0;
}

static int add_type(struct symbol_table *t, struct elf_file *file, uint32_t type,
		    enum name_source source)
{
	size_t cnt;
	const struct elf_section *sections = elf_file__sections(file, &cnt);

	for (size_t i = 1; i < cnt; i++)
		if (sections[i].type == type)
			return add_section(t, file, &sections[i], source);
	return 0;
}

static int add_debugdata(struct symbol_table *t, struct elf_file *file)
{
	scope_memory uint8_t *image = NULL;
	scope_free(elf_file) struct elf_file *inner = NULL;
	size_t size;

	if (debugdata_load(file, &image, &size) || elf_file__open_memory(image, size, &inner))
		return 0;
	return add_type(t, inner, SHT_SYMTAB, NAME_DEBUGDATA);
}

static int add_go(struct symbol_table *t, struct elf_file *file)
{
	scope_free(go_functions) struct go_functions *go = NULL;
	int err = 0;

	if (go_functions__load(file, &go))
		return 0;
	for (uint32_t i = 0; !err && i < go_functions__cnt(go); i++) {
		struct go_function f = go_functions__at(go, i);

		if (*f.name)
			err = add_symbol(t,
					 (struct symbol){ .start = f.start,
							  .size = f.size,
							  .rank = 1,
							  .source = NAME_GO },
					 f.name);
	}
	return err;
}

static uint32_t underscores(const char *name)
{
	return (uint32_t)strspn(name, "_");
}

/* Which of two symbols at one address is shown. */
static bool is_better(const struct symbol *x, const struct symbol *y, const char *pool)
{
	const char *p = pool + x->name, *q = pool + y->name;
	size_t p_len, q_len;

	if (x->rank != y->rank)
		return x->rank < y->rank;
	if (underscores(p) != underscores(q))
		return underscores(p) < underscores(q);
	p_len = strlen(p);
	q_len = strlen(q);
	if (p_len != q_len)
		return p_len < q_len;
	return strcmp(p, q) < 0;
}

/* Of the symbols at one address, from first to end: the longest, if it is longer than the best, then
 * the best. Returns how many stay. */
static uint32_t choose(const struct symbol_table *t, uint32_t first, uint32_t end,
		       struct symbol ret_kept[2])
{
	const struct symbol *best = &t->symbols[first], *longest = best;

	for (uint32_t i = first + 1; i < end; i++) {
		const struct symbol *s = &t->symbols[i];

		if (is_better(s, best, t->pool))
			best = s;
		if (!s->unsized && (longest->unsized || s->size > longest->size))
			longest = s;
	}
	if (best->unsized || longest->size <= best->size) {
		ret_kept[0] = *best;
		return 1;
	}
	ret_kept[1] = *best;
	ret_kept[0] = *longest;
	return 2;
}

/* Sorted, one or two per address. */
static int settle(struct symbol_table *t)
{
	uint32_t kept = 0;

	if (radix_sort(t->symbols, t->cnt, sizeof(*t->symbols)))
		return -ENOMEM;
	for (uint32_t i = 0, end; i < t->cnt; i = end) {
		struct symbol chosen[2];
		uint32_t cnt;

		for (end = i + 1; end < t->cnt && t->symbols[end].start == t->symbols[i].start;)
			end++;
		cnt = choose(t, i, end, chosen);
		memcpy(&t->symbols[kept], chosen, cnt * sizeof(*chosen));
		kept += cnt;
	}
	t->cnt = kept;
	return 0;
}

static const struct cfi_range *find_range(const struct symbol_table *t, uint64_t elf_vaddr)
{
	size_t low = 0, high = t->range_cnt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->ranges[mid].elf_vaddr <= elf_vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || elf_vaddr - t->ranges[low - 1].elf_vaddr >= t->ranges[low - 1].size)
		return NULL;
	return &t->ranges[low - 1];
}

/* A symbol without size reaches up to the next one, but not out of its function's extent, nor beyond
 * a page where there is none. */
static bool covers_unsized(const struct symbol_table *t, const struct symbol *s,
			   const struct cfi_range *range, uint64_t elf_vaddr)
{
	const struct cfi_range *own = find_range(t, s->start);

	return elf_vaddr - s->start < s->size && own == range &&
	       (own || elf_vaddr - s->start < UNSIZED_REACH);
}

/* How many of the first cnt symbols begin at an address or below; these are sorted. */
static uint32_t cnt_below(const struct symbol_table *t, uint32_t cnt, uint64_t elf_vaddr)
{
	uint32_t low = 0, high = cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (t->symbols[mid].start <= elf_vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The nearest symbol with a size that covers the address. */
static const struct symbol *covering_sized(const struct symbol_table *t, uint32_t sorted,
					   uint64_t elf_vaddr)
{
	uint32_t cnt = cnt_below(t, sorted, elf_vaddr);

	for (uint32_t back = 1; back <= MAX_BACK && back <= cnt; back++) {
		const struct symbol *s = &t->symbols[cnt - back];

		if (!s->unsized && elf_vaddr - s->start < s->size)
			return s;
	}
	return NULL;
}

/* A symbol without size, when it is the nearest of all, stands for what no other covers: inside a
 * function it is a label. */
static const struct symbol *covering_unsized(const struct symbol_table *t, uint32_t sorted,
					     const struct cfi_range *range, uint64_t elf_vaddr)
{
	uint32_t cnt = cnt_below(t, sorted, elf_vaddr);
	const struct symbol *s = cnt ? &t->symbols[cnt - 1] : NULL;

	return s && s->unsized && covers_unsized(t, s, range, elf_vaddr) ? s : NULL;
}

struct rest_sink {
	struct symbol_table *table;
	uint32_t sorted; /* symbols of the table: all that there are without these */
	int err;
};

/* A slot inside a symbol with a size would change what was answered before the rest was read. */
static void take_plt(void *ctx, uint64_t elf_vaddr, uint64_t size, const char *name)
{
	struct rest_sink *sink = ctx;
	struct symbol symbol = { .start = elf_vaddr, .size = size, .rank = 8, .source = NAME_PLT };
	char text[512];

	snprintf(text, sizeof(text), "%s@plt", name);
	if (!sink->err && !covering_sized(sink->table, sink->sorted, elf_vaddr))
		sink->err = add_symbol(sink->table, symbol, text);
}

static void take_python(void *ctx, const struct cfi_range *function, const char *name)
{
	struct rest_sink *sink = ctx;
	struct symbol symbol = { .start = function->elf_vaddr,
				 .size = function->size,
				 .source = NAME_PYTHON };

	if (!sink->err && !covering_sized(sink->table, sink->sorted, symbol.start) &&
	    !covering_unsized(sink->table, sink->sorted, function, symbol.start))
		sink->err = add_symbol(sink->table, symbol, name);
}

/* What has no symbol yet. */
static int add_python(struct symbol_table *t)
{
	struct rest_sink sink = { .table = t, .sorted = t->cnt };
	int err = python_c_functions_each(t->file, t->ranges, t->range_cnt, take_python, &sink);

	if (err == -ENOMEM || sink.err || t->cnt == sink.sorted)
		return err == -ENOMEM ? err : sink.err;
	return settle(t);
}

static int read_rest(struct symbol_table *t)
{
	struct rest_sink sink = { .table = t, .sorted = t->cnt };
	int err = cfi_ranges__load(t->file, &t->ranges, &t->range_cnt);

	if (err)
		t->range_cnt = 0;
	plt_for_each(t->file, take_plt, &sink);
	sink.err = err == -ENOMEM ? err : sink.err;
	err = settle(t);
	if (!err)
		err = sink.err;
	return err ? err : add_python(t);
}

static void complete(struct symbol_table *t)
{
	if (!t->complete)
		t->rest_err = read_rest(t);
	t->complete = true;
}

static int load(struct symbol_table *t, struct elf_file *file, struct elf_file *debug)
{
	int err = add_type(t, file, SHT_SYMTAB, NAME_SYMTAB);

	if (!err && debug)
		err = add_type(t, debug, SHT_SYMTAB, NAME_SYMTAB);
	if (!err)
		err = add_debugdata(t, file);
	if (!err)
		err = add_type(t, file, SHT_DYNSYM, NAME_DYNSYM);
	if (!err)
		err = add_go(t, file);
	return err ? err : settle(t);
}

int symbol_table__load(struct elf_file *file, struct elf_file *debug,
		       struct symbol_table **ret_table)
{
	scope_free(symbol_table) struct symbol_table *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->file = file;
	err = load(t, file, debug);
	if (!err)
		*ret_table = take_ptr(t);
	return err;
}

void symbol_table__free(struct symbol_table *t)
{
	if (!t)
		return;
	free(t->symbols);
	free(t->pool);
	free(t->ranges);
	free(t);
}

struct symbol_name symbol_table__find(struct symbol_table *t, uint64_t elf_vaddr)
{
	const struct symbol *s = covering_sized(t, t->cnt, elf_vaddr);
	const struct cfi_range *range = NULL;

	if (!s && !t->complete) {
		complete(t);
		s = covering_sized(t, t->cnt, elf_vaddr);
	}
	if (!s) {
		range = find_range(t, elf_vaddr);
		s = covering_unsized(t, t->cnt, range, elf_vaddr);
	}
	if (s)
		return (struct symbol_name){ t->pool + s->name, s->start, s->unsized ? 0 : s->size,
					     (enum name_source)s->source };
	if (range)
		return (struct symbol_name){ NULL, range->elf_vaddr, range->size, NAME_FDE };
	return (struct symbol_name){ .source = NAME_NONE };
}

static size_t add_border(uint64_t *borders, size_t cnt, uint64_t start, uint64_t size)
{
	borders[cnt] = start;
	if (size && start + size > start) /* not beyond the last address */
		borders[++cnt] = start + size;
	return cnt + 1;
}

/* All addresses where an answer can be another than at the address before. */
static size_t add_borders(const struct symbol_table *t, uint64_t *borders)
{
	size_t cnt = 0;

	for (uint32_t i = 0; i < t->cnt; i++) {
		const struct symbol *s = &t->symbols[i];

		cnt = add_border(borders, cnt, s->start, s->size);
		if (s->unsized)
			cnt = add_border(borders, cnt, s->start, UNSIZED_REACH);
	}
	for (size_t i = 0; i < t->range_cnt; i++)
		cnt = add_border(borders, cnt, t->ranges[i].elf_vaddr, t->ranges[i].size);
	return cnt;
}

int symbol_table__each_piece(struct symbol_table *t, symbol_piece_fn fn, void *ctx)
{
	scope_memory uint64_t *borders = NULL;
	size_t cnt;
	int err;

	complete(t);
	if (t->rest_err)
		return t->rest_err;
	borders = malloc((4UL * t->cnt + 2 * t->range_cnt + 1) * sizeof(*borders));
	if (!borders)
		return -ENOMEM;
	cnt = add_borders(t, borders);
	err = radix_sort(borders, cnt, sizeof(*borders));
	for (size_t i = 0; i < cnt && !err; i++) {
		struct symbol_name name;

		if (i && borders[i] == borders[i - 1])
			continue;
		name = symbol_table__find(t, borders[i]);
		err = fn(ctx, borders[i], &name);
	}
	return err;
}
