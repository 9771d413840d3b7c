// SPDX-License-Identifier: Apache-2.0
/*
 * Rules to rows: each address at which the rule changes becomes a row of its 64 KB page, and equal rules
 * are kept once.
 */
#include "symbolizer/native/cfi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/native/cfi_source.h"

#define MAX_INFOS 4096 /* distinct rules of one file; the most seen in a whole system is 4,564 */
#define MAX_SPAN (1ULL << 32)
#define MAX_BRIDGE 32 /* bytes of code: system call, test, branch, ret */
#define INFO_SLOTS 16384 /* hash of infos; a power of two above MAX_INFOS */

struct maker {
	struct cfi_source *source;
	struct cfi_table *table;
	uint32_t row_room;
	uint32_t info_room;
	uint16_t slots[INFO_SLOTS]; /* info index + 1 */
	uint64_t last_pc; /* of the last row made */
	uint32_t last_info;
	bool any;
	bool in_gap; /* the last row begins a gap between functions */
	uint32_t before_gap; /* info */
	bool bx_needed; /* a rule needs the caller's bx, which is then to be kept by all of them */
	bool with_bx;
	uint32_t page; /* the page that rows go to */
};

static bool needs_bx(const struct unwind_info *info)
{
	return info->kind == UNWIND_REG && unwind_reg_idx(info->cfa_off) == UNWIND_BX;
}

static uint32_t info_index(struct maker *m, struct unwind_info info)
{
	struct cfi_table *t = m->table;
	uint64_t key;
	uint32_t slot;

	memcpy(&key, &info, sizeof(key));
	slot = (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 40) & (INFO_SLOTS - 1);
	for (; m->slots[slot]; slot = (slot + 1) & (INFO_SLOTS - 1))
		if (!memcmp(&t->infos[m->slots[slot] - 1], &info, sizeof(info)))
			return m->slots[slot] - 1U;
	m->bx_needed = m->bx_needed || needs_bx(&info);
	if (t->info_cnt == MAX_INFOS)
		return 0; /* NO_ROOM */
	t->infos[t->info_cnt] = info;
	m->slots[slot] = (uint16_t)++t->info_cnt;
	return t->info_cnt - 1;
}

static bool push_row(struct maker *m, uint32_t row)
{
	struct cfi_table *t = m->table;

	if (t->row_cnt == m->row_room) {
		uint32_t room = m->row_room ? m->row_room * 2 : 4096;
		uint32_t *more = realloc(t->rows, room * sizeof(*more));

		if (!more)
			return false;
		t->rows = more;
		m->row_room = room;
	}
	t->rows[t->row_cnt++] = row;
	t->pages[m->page].row_cnt++;
	return true;
}

/* Goes on to a later page; each page on the way begins with the row in force. */
static bool go_to_page(struct maker *m, uint32_t page, bool starts_there)
{
	while (m->page < page) {
		m->page++;
		m->table->pages[m->page].first_row = m->table->row_cnt;
		if (m->page == page && starts_there)
			break;
		if (!push_row(m, unwind_row(0, m->last_info)))
			return false;
	}
	return true;
}

/* From rel on, info is in force. */
static bool add_row(struct maker *m, uint64_t rel, uint32_t info)
{
	if (m->any && rel == m->last_pc && m->page == rel >> UNWIND_PAGE_SHIFT) {
		/* nothing lies between: the later rule wins */
		m->table->rows[m->table->row_cnt - 1] = unwind_row((uint32_t)rel, info);
		m->last_info = info;
		return true;
	}
	if (m->any && info == m->last_info)
		return true;
	if (!go_to_page(m, (uint32_t)(rel >> UNWIND_PAGE_SHIFT), !(rel & 0xffff)))
		return false;
	m->last_pc = rel;
	m->last_info = info;
	m->any = true;
	return push_row(m, unwind_row((uint32_t)rel, info));
}

/* clone() ends its description before the system call and begins another one, without a caller, where
 * the new thread goes on. The old thread returns through the gap. */
static void bridge_gap(struct maker *m, uint64_t end, struct unwind_info next)
{
	uint32_t *row = &m->table->rows[m->table->row_cnt - 1];

	if (next.kind != UNWIND_END || end - m->last_pc > MAX_BRIDGE ||
	    m->page != end >> UNWIND_PAGE_SHIFT)
		return;
	*row = unwind_row((uint32_t)m->last_pc, m->before_gap);
	m->last_info = m->before_gap;
}

static bool begin_gap(struct maker *m, uint64_t rel, uint32_t none)
{
	m->before_gap = m->last_info;
	m->in_gap = true;
	return add_row(m, rel, none);
}

struct row_sink {
	struct maker *maker;
	uint64_t end; /* of the FDE, relative */
	bool failed;
};

static void take_row(void *ctx, uint64_t elf_vaddr, struct unwind_info info)
{
	struct row_sink *sink = ctx;
	uint64_t rel = elf_vaddr - sink->maker->table->base_vaddr;

	if (rel >= sink->end || sink->failed)
		return;
	/* an FDE that overlaps the one before: what came first stays */
	if (sink->maker->any && rel < sink->maker->last_pc)
		return;
	if (sink->maker->in_gap)
		bridge_gap(sink->maker, rel, info);
	sink->maker->in_gap = false;
	sink->failed = !add_row(sink->maker, rel, info_index(sink->maker, info));
}

static int make_rows(struct maker *m)
{
	uint32_t none, cnt;
	const struct cfi_function *functions = cfi_source__functions(m->source, &cnt);
	uint64_t end = 0;

	info_index(m, (struct unwind_info){ .kind = UNWIND_NO_ROOM });
	none = info_index(m, (struct unwind_info){ .kind = UNWIND_NONE });
	if (!push_row(m, unwind_row(0, none)))
		return -ENOMEM;
	m->any = true;
	m->last_info = none;
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t start = functions[i].start - m->table->base_vaddr;
		struct row_sink sink = { .maker = m, .end = start + functions[i].size };

		if (start < end)
			continue; /* inside the one before */
		if (start > end && end && !begin_gap(m, end, none))
			return -ENOMEM;
		cfi_source__rules(m->source, &functions[i], m->with_bx, take_row, &sink);
		if (sink.failed)
			return -ENOMEM;
		end = sink.end;
	}
	return add_row(m, end, none) ? 0 : -ENOMEM;
}

static void forget_rows(struct maker *m)
{
	struct cfi_table *t = m->table;

	memset(t->pages, 0, t->page_cnt * sizeof(*t->pages));
	memset(m->slots, 0, sizeof(m->slots));
	t->row_cnt = 0;
	t->info_cnt = 0;
	m->last_pc = 0;
	m->page = 0;
}

/* A page with more rows than a map value holds is given up: no row there, not wrong ones. */
static void drop_full_pages(struct cfi_table *t)
{
	for (uint32_t i = 0; i < t->page_cnt; i++) {
		if (t->pages[i].row_cnt <= UNWIND_VALUE_ROWS)
			continue;
		t->pages[i].row_cnt = 0;
		t->bad_pages++;
	}
}

static int size_pages(struct cfi_table *t, const struct cfi_function *functions, uint32_t cnt)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		const struct cfi_function *f = &functions[i];

		if (f->start < t->base_vaddr || f->size > MAX_SPAN ||
		    f->start - t->base_vaddr >= MAX_SPAN - f->size)
			return -EFBIG;
		if (f->start + f->size > end)
			end = f->start + f->size;
	}
	t->page_cnt = (uint32_t)((end - t->base_vaddr) >> UNWIND_PAGE_SHIFT) + 1;
	t->pages = calloc(t->page_cnt, sizeof(*t->pages));
	t->infos = calloc(MAX_INFOS, sizeof(*t->infos));
	return t->pages && t->infos ? 0 : -ENOMEM;
}

static int fill_table(struct maker *m)
{
	struct cfi_table *t = m->table;
	const struct cfi_function *functions = cfi_source__functions(m->source, &t->fde_cnt);
	int err = size_pages(t, functions, t->fde_cnt);

	if (!err)
		err = make_rows(m);
	if (!err && m->bx_needed) {
		forget_rows(m);
		m->with_bx = true;
		err = make_rows(m);
	}
	if (!err)
		drop_full_pages(t);
	return err;
}

int cfi_table__load(struct elf_file *file, struct cfi_table **ret_table)
{
	scope_free(cfi_source) struct cfi_source *source = NULL;
	scope_free(cfi_table) struct cfi_table *table = calloc(1, sizeof(*table));
	scope_memory struct maker *maker = calloc(1, sizeof(*maker));
	int err;

	if (!maker || !table)
		return -ENOMEM;
	err = cfi_source__load(file, &source);
	if (err)
		return err;
	table->base_vaddr = elf_file__base_vaddr(file);
	table->bad_fdes = cfi_source__bad(source);
	maker->source = source;
	maker->table = table;
	err = fill_table(maker);
	if (!err)
		*ret_table = take_ptr(table);
	return err;
}

void cfi_table__free(struct cfi_table *table)
{
	if (!table)
		return;
	free(table->rows);
	free(table->pages);
	free(table->infos);
	free(table);
}

int cfi_ranges__load(struct elf_file *file, struct cfi_range **ret_ranges, size_t *ret_cnt)
{
	scope_free(cfi_source) struct cfi_source *source = NULL;
	const struct cfi_function *functions;
	struct cfi_range *ranges;
	uint32_t cnt;
	int err = cfi_source__load(file, &source);

	if (err)
		return err;
	functions = cfi_source__functions(source, &cnt);
	ranges = calloc(cnt, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	for (uint32_t i = 0; i < cnt; i++)
		ranges[i] = (struct cfi_range){ functions[i].start, functions[i].size };
	*ret_ranges = ranges;
	*ret_cnt = cnt;
	return 0;
}
