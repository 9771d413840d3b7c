// SPDX-License-Identifier: Apache-2.0
/*
 * .eh_frame to rows.
 *
 * A CIE holds what many functions share: alignment factors, augmentation, first instructions. An FDE
 * holds a function's range and instructions that change the rules of CFA, frame pointer and return
 * address as the address advances. The instructions run on a small state; each address at which the
 * state that we keep changes becomes a row. The FDEs of a file are not always sorted, so they are
 * collected first. Format: Linux Standard Base 5.0, 10.6, and DWARF 5, 6.4.
 */
#include "symbolizer/native/cfi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/leb128.h"
#include "symbolizer/native/cfi_rules.h"
#include "symbolizer/native/go_functions.h"

#define MAX_FDES (4U << 20)
#define MAX_INFOS 4096 /* distinct rules of one file; the most seen in a whole system is 4,564 */
#define MAX_SPAN (1ULL << 32)
#define MAX_BRIDGE 32 /* bytes of code: system call, test, branch, ret */
#define INFO_SLOTS 16384 /* hash of infos; a power of two above MAX_INFOS */

struct cie {
	uint64_t off; /* in the section; CIEs are cached by it */
	uint64_t code_align;
	int64_t data_align;
	struct view first; /* initial instructions */
	uint8_t pointer_enc;
	bool augmented; /* FDEs have an augmentation length */
	bool signal;
	bool valid;
};

struct fde {
	uint64_t start;
	uint64_t size;
	struct view code;
	struct cie cie;
};

struct section {
	struct view bytes;
	uint64_t elf_vaddr;
};

/* One FDE's place, before its instructions are run; or a Go function's. */
struct fde_place {
	uint64_t start;
	uint64_t size;
	uint32_t off; /* go: index */
	bool go;
};

struct place_list {
	struct fde_place *places;
	uint32_t cnt;
	uint32_t room;
	bool unsorted;
};

struct maker {
	struct section section;
	struct go_functions *go; /* owned; NULL: no Go program */
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

/* DW_EH_PE_*: how a pointer is written. */
static uint64_t read_encoded(const struct section *section, struct view *v, uint8_t enc)
{
	uint64_t at = section->elf_vaddr + (uint64_t)(v->data + v->pos - section->bytes.data);
	uint64_t value;

	switch (enc & 0x0f) {
	case 0x00:
	case 0x04:
		value = view_u64(v);
		break;
	case 0x01:
		value = view_uleb(v);
		break;
	case 0x02:
		value = view_u16(v);
		break;
	case 0x03:
		value = view_u32(v);
		break;
	case 0x09:
		value = (uint64_t)view_sleb(v);
		break;
	case 0x0a:
		value = (uint64_t)(int64_t)view_s16(v);
		break;
	case 0x0b:
		value = (uint64_t)(int64_t)view_s32(v);
		break;
	case 0x0c:
		value = (uint64_t)view_s64(v);
		break;
	default:
		v->bad = true;
		return 0;
	}
	switch (enc & 0x70) {
	case 0x00:
		return value;
	case 0x10: /* relative to its own place */
		return value + at;
	default:
		v->bad = true;
		return 0;
	}
}

/* The next entry's body; its offset of the id field. False: end of the section. */
static bool next_entry(struct view *v, struct view *ret_body, uint64_t *ret_off)
{
	uint64_t size;

	if (view_left(v) < 4)
		return false;
	size = view_u32(v);
	if (!size)
		return false; /* terminator */
	if (size == 0xffffffff)
		size = view_u64(v);
	*ret_off = v->pos;
	*ret_body = view_cut(v, size);
	return !ret_body->bad;
}

static void parse_augmentation(const struct section *section, struct view *v, struct cie *cie,
			       const char *text)
{
	struct view data = view_cut(v, view_uleb(v));

	cie->augmented = true;
	for (text++; *text && !data.bad; text++) {
		switch (*text) {
		case 'R':
			cie->pointer_enc = view_u8(&data);
			break;
		case 'P': {
			uint8_t enc = view_u8(&data);

			read_encoded(section, &data, enc & 0x7f);
			break;
		}
		case 'L':
			view_u8(&data);
			break;
		case 'S':
			cie->signal = true;
			break;
		case 'B':
			break;
		default:
			return; /* the length steps over the rest */
		}
	}
	v->bad = v->bad || data.bad;
}

static bool parse_cie(const struct section *section, uint64_t off, struct cie *cie)
{
	struct view v = view_sub(&section->bytes, off, section->bytes.size - off), body;
	uint64_t id_off;
	const char *augmentation;
	uint8_t version;

	*cie = (struct cie){ .off = off };
	if (off > section->bytes.size || !next_entry(&v, &body, &id_off) || view_u32(&body))
		return false;
	version = view_u8(&body);
	augmentation = view_cstr(&body);
	if ((version != 1 && version != 3 && version != 4) || !augmentation)
		return false;
	if (version == 4)
		view_u16(&body); /* address and segment sizes */
	cie->code_align = view_uleb(&body);
	cie->data_align = view_sleb(&body);
	if (version == 1)
		view_u8(&body); /* return address column: 16 on x86-64 */
	else
		view_uleb(&body);
	if (*augmentation == 'z')
		parse_augmentation(section, &body, cie, augmentation);
	else if (*augmentation)
		return false;
	cie->first = view_cut(&body, view_left(&body));
	cie->valid = !body.bad && !cie->first.bad;
	return cie->valid;
}

/* An FDE at its length field. last: the CIE of the one before, which mostly is the same. */
static bool parse_fde(const struct section *section, uint64_t off, const struct cie *last,
		      struct fde *fde)
{
	struct view v = view_sub(&section->bytes, off, section->bytes.size - off), body;
	uint64_t id_off, cie_off;
	uint32_t id;

	if (!next_entry(&v, &body, &id_off))
		return false;
	id_off += off;
	id = view_u32(&body);
	if (!id || id > id_off)
		return false;
	cie_off = id_off - id;
	if (last->valid && last->off == cie_off)
		fde->cie = *last;
	else if (!parse_cie(section, cie_off, &fde->cie))
		return false;
	fde->start = read_encoded(section, &body, fde->cie.pointer_enc);
	fde->size = read_encoded(section, &body, fde->cie.pointer_enc & 0x0f);
	if (fde->cie.augmented)
		view_cut(&body, view_uleb(&body));
	fde->code = view_cut(&body, view_left(&body));
	return !body.bad && !fde->code.bad;
}

/* Empty where the file has none. */
static struct section find_section(struct elf_file *file)
{
	const struct elf_section *s = elf_file__section(file, ".eh_frame");
	struct section section = { .bytes = view_of(NULL, 0) };

	if (s && !elf_file__section_data(file, s, &section.bytes))
		section.elf_vaddr = s->elf_vaddr;
	return section;
}

static int compare_places(const void *a, const void *b)
{
	const struct fde_place *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->off < y->off ? -1 : x->off > y->off;
}

static int add_place(struct place_list *list, struct fde_place place)
{
	if (list->cnt == MAX_FDES)
		return 0;
	if (list->cnt == list->room) {
		uint32_t room = list->room ? list->room * 2 : 1024;
		struct fde_place *more = realloc(list->places, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->places = more;
		list->room = room;
	}
	if (list->cnt && list->places[list->cnt - 1].start > place.start)
		list->unsorted = true;
	list->places[list->cnt++] = place;
	return 0;
}

static int add_fdes(struct place_list *list, const struct section *section, uint32_t *bad)
{
	struct view v = section->bytes, body;
	struct fde fde = { 0 };
	uint64_t id_off;
	int err = 0;

	while (!err) {
		size_t off = v.pos;

		if (!next_entry(&v, &body, &id_off))
			break;
		if (!view_u32(&body))
			continue; /* a CIE */
		if (!parse_fde(section, off, &fde.cie, &fde))
			++*bad;
		else if (fde.size && fde.start) /* start 0: the linker dropped the function */
			err = add_place(list, (struct fde_place){ fde.start, fde.size,
								  (uint32_t)off, false });
	}
	return err;
}

static int add_go_functions(struct place_list *list, const struct go_functions *go)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < go_functions__cnt(go); i++) {
		struct go_function f = go_functions__at(go, i);

		if (f.size)
			err = add_place(list, (struct fde_place){ f.start, f.size, i, true });
	}
	return err;
}

/* All functions that the file has unwind information of, sorted by address. go: NULL where there is no
 * table of Go's. */
static int collect(const struct section *section, const struct go_functions *go,
		   struct fde_place **ret_places, uint32_t *ret_cnt, uint32_t *ret_bad)
{
	struct place_list list = { 0 };
	uint32_t bad = 0;
	int err = add_fdes(&list, section, &bad);

	if (!err && go)
		err = add_go_functions(&list, go);
	if (!err && !list.cnt)
		err = -ENODATA;
	if (err) {
		free(list.places);
		return err;
	}
	if (list.unsorted)
		qsort(list.places, list.cnt, sizeof(*list.places), compare_places);
	*ret_places = list.places;
	*ret_cnt = list.cnt;
	*ret_bad = bad;
	return 0;
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
	m->bx_needed = m->bx_needed || info.kind == UNWIND_BX;
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

static void run_fde(const struct maker *m, const struct fde *fde, struct row_sink *sink)
{
	struct cfi_program program = {
		.start = fde->start,
		.end = fde->start + fde->size,
		.first = fde->cie.first,
		.code = fde->code,
		.code_align = fde->cie.code_align,
		.data_align = fde->cie.data_align,
		.signal = fde->cie.signal,
		.with_bx = m->with_bx,
	};

	cfi_program_run(&program, take_row, sink);
}

static int make_rows(struct maker *m, const struct fde_place *places, uint32_t cnt)
{
	struct fde fde = { 0 };
	uint64_t end = 0;
	uint32_t none;

	info_index(m, (struct unwind_info){ .kind = UNWIND_NO_ROOM });
	none = info_index(m, (struct unwind_info){ .kind = UNWIND_NONE });
	if (!push_row(m, unwind_row(0, none)))
		return -ENOMEM;
	m->any = true;
	m->last_info = none;
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t start = places[i].start - m->table->base_vaddr;
		struct row_sink sink = { .maker = m, .end = start + places[i].size };

		if (start < end)
			continue; /* inside the one before */
		if (start > end && end && !begin_gap(m, end, none))
			return -ENOMEM;
		if (places[i].go)
			go_functions__rules(m->go, places[i].off, take_row, &sink);
		else if (parse_fde(&m->section, places[i].off, &fde.cie, &fde))
			run_fde(m, &fde, &sink);
		else
			continue;
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

static int load(struct maker *m, struct elf_file *file)
{
	scope_memory struct fde_place *places = NULL;
	struct cfi_table *t = m->table;
	uint64_t end = 0;
	uint32_t cnt;
	int err = go_functions__load(file, &m->go);

	if (err && err != -ENODATA)
		return err;
	m->section = find_section(file);
	err = collect(&m->section, m->go, &places, &cnt, &t->bad_fdes);
	if (err)
		return err;
	t->fde_cnt = cnt;
	t->base_vaddr = elf_file__base_vaddr(file);
	for (uint32_t i = 0; i < cnt; i++) {
		if (places[i].start < t->base_vaddr || places[i].size > MAX_SPAN ||
		    places[i].start - t->base_vaddr >= MAX_SPAN - places[i].size)
			return -EFBIG;
		if (places[i].start + places[i].size > end)
			end = places[i].start + places[i].size;
	}
	t->page_cnt = (uint32_t)((end - t->base_vaddr) >> UNWIND_PAGE_SHIFT) + 1;
	t->pages = calloc(t->page_cnt, sizeof(*t->pages));
	t->infos = calloc(MAX_INFOS, sizeof(*t->infos));
	if (!t->pages || !t->infos)
		return -ENOMEM;
	err = make_rows(m, places, cnt);
	if (!err && m->bx_needed) {
		forget_rows(m);
		m->with_bx = true;
		err = make_rows(m, places, cnt);
	}
	if (!err)
		drop_full_pages(t);
	return err;
}

int cfi_table__load(struct elf_file *file, struct cfi_table **ret_table)
{
	scope_memory struct maker *maker = calloc(1, sizeof(*maker));
	scope_free(cfi_table) struct cfi_table *table = calloc(1, sizeof(*table));
	int err;

	if (!maker || !table)
		return -ENOMEM;
	maker->table = table;
	err = load(maker, file);
	if (!err)
		*ret_table = take_ptr(table);
	go_functions__free(maker->go);
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
	scope_free(go_functions) struct go_functions *go = NULL;
	scope_memory struct fde_place *places = NULL;
	struct section section = find_section(file);
	uint32_t cnt, bad;
	int err = go_functions__load(file, &go);

	if (!err || err == -ENODATA)
		err = collect(&section, go, &places, &cnt, &bad);
	if (err)
		return err;
	*ret_ranges = calloc(cnt, sizeof(**ret_ranges));
	if (!*ret_ranges)
		return -ENOMEM;
	for (uint32_t i = 0; i < cnt; i++)
		(*ret_ranges)[i] = (struct cfi_range){ places[i].start, places[i].size };
	*ret_cnt = cnt;
	return 0;
}
