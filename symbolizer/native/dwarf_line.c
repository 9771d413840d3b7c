// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/dwarf_line.h"

#include <dwarf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/leb128.h"

#define MAX_PROGRAM (256U << 20)
#define MAX_NAMES (1U << 20)

struct line_name { /* a directory or a file */
	struct dwarf_value name; /* DWARF_CLASS_STRING: num is an offset into .debug_line */
	uint64_t dir;
};

struct name_list {
	struct line_name *rows; /* owned */
	uint32_t cnt;
	uint32_t room;
};

struct dwarf_lines {
	const struct dwarf_unit *unit;
	struct dwarf_shape shape; /* the program's own version and offsets */
	uint64_t program; /* offset of the first instruction in .debug_line */
	uint64_t end;
	uint8_t min_step;
	int8_t line_base;
	uint8_t line_range;
	uint8_t opcode_base;
	uint8_t operands[256]; /* of the standard opcodes */
	struct name_list dirs;
	struct name_list files;
};

static bool add_name(struct name_list *list, struct line_name name)
{
	if (list->cnt == list->room) {
		uint32_t room = list->room ? list->room * 2 : 32;
		struct line_name *more = list->cnt < MAX_NAMES ?
						 realloc(list->rows, room * sizeof(*more)) :
						 NULL;

		if (!more)
			return false;
		list->rows = more;
		list->room = room;
	}
	list->rows[list->cnt++] = name;
	return true;
}

/* Up to DWARF 4: strings one after the other, an empty one ends the list. */
static bool old_names(struct view *v, uint64_t section_off, bool files, struct name_list *to)
{
	for (;;) {
		struct line_name name = { { DWARF_CLASS_STRING, section_off + v->pos }, 0 };
		const char *text = view_cstr(v);

		if (!text || !*text)
			return text;
		if (files) {
			name.dir = view_uleb(v);
			view_uleb(v); /* time */
			view_uleb(v); /* size */
		}
		if (v->bad || !add_name(to, name))
			return false;
	}
}

struct column {
	uint64_t content;
	uint16_t form;
};

/* DWARF 5: the columns are described first. */
static bool new_names(struct view *v, uint64_t section_off, const struct dwarf_shape *shape,
		      struct name_list *to)
{
	struct column columns[256];
	uint32_t column_cnt = view_u8(v);
	uint64_t cnt;

	for (uint32_t i = 0; i < column_cnt; i++) {
		columns[i].content = view_uleb(v);
		columns[i].form = (uint16_t)view_uleb(v);
	}
	cnt = view_uleb(v);
	if (v->bad || cnt > view_left(v))
		return false; /* every name takes at least a byte */
	for (uint64_t i = 0; i < cnt; i++) {
		struct line_name name = { 0 };

		for (uint32_t c = 0; c < column_cnt; c++) {
			struct dwarf_value value = dwarf_form_read(v, columns[c].form, 0, shape);

			if (columns[c].content == DW_LNCT_path)
				name.name = value;
			else if (columns[c].content == DW_LNCT_directory_index)
				name.dir = value.num;
		}
		if (name.name.class == DWARF_CLASS_STRING)
			name.name.num += section_off;
		if (v->bad || !add_name(to, name))
			return false;
	}
	return true;
}

static bool read_names(struct dwarf_lines *l, struct view *v, uint64_t section_off)
{
	if (l->shape.version >= 5)
		return new_names(v, section_off, &l->shape, &l->dirs) &&
		       new_names(v, section_off, &l->shape, &l->files);
	return old_names(v, section_off, false, &l->dirs) &&
	       old_names(v, section_off, true, &l->files);
}

/* Version and what follows it up to the names; the view begins at section_off. */
static bool read_fields(struct dwarf_lines *l, struct view *v, uint64_t section_off)
{
	uint64_t length;

	l->shape.version = view_u16(v);
	l->shape.addr_sz = 8;
	if (l->shape.version < 2 || l->shape.version > 5)
		return false;
	if (l->shape.version >= 5)
		view_take(v, 2); /* sizes of addresses and segment selectors */
	length = l->shape.off_sz == 8 ? view_u64(v) : view_u32(v);
	if (v->bad || length > view_left(v))
		return false;
	l->program = section_off + v->pos + length;
	l->min_step = view_u8(v);
	if (l->shape.version >= 4)
		view_u8(v); /* operations per instruction: 1 but on VLIW machines */
	view_u8(v); /* is_stmt at the start */
	l->line_base = view_s8(v);
	l->line_range = view_u8(v);
	l->opcode_base = view_u8(v);
	for (int i = 1; i < l->opcode_base; i++)
		l->operands[i] = view_u8(v);
	return !v->bad && l->line_range && l->opcode_base;
}

static bool read_length(struct view *v, struct dwarf_lines *l, uint64_t section_off)
{
	uint64_t length = view_u32(v);

	l->shape.off_sz = 4;
	if (length == UINT32_MAX) {
		length = view_u64(v);
		l->shape.off_sz = 8;
	}
	if (v->bad || length > MAX_PROGRAM)
		return false;
	l->end = section_off + v->pos + length;
	return true;
}

static struct view view_program(const struct dwarf_lines *l, struct dwarf_reader *reader,
				uint64_t from)
{
	return dwarf_section__view(&l->unit->file->sections[DWARF_LINE],
				   &reader->windows[DWARF_LINE], from, l->end - from);
}

int dwarf_lines__open(const struct dwarf_unit *unit, struct dwarf_reader *reader,
		      struct dwarf_lines **ret_lines)
{
	scope_free(dwarf_lines) struct dwarf_lines *l = NULL;
	struct view v;

	if (unit->line_off == DWARF_NO_OFFSET)
		return -ENOENT;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->unit = unit;
	v = dwarf_section__view(&unit->file->sections[DWARF_LINE], &reader->windows[DWARF_LINE],
				unit->line_off, 12);
	if (!read_length(&v, l, unit->line_off))
		return -ENODATA;
	v = view_program(l, reader, unit->line_off);
	view_seek(&v, l->shape.off_sz == 8 ? 12 : 4);
	if (v.size != l->end - unit->line_off || !read_fields(l, &v, unit->line_off) ||
	    !read_names(l, &v, unit->line_off))
		return -ENODATA;
	*ret_lines = take_ptr(l);
	return 0;
}

void dwarf_lines__free(struct dwarf_lines *l)
{
	if (!l)
		return;
	free(l->dirs.rows);
	free(l->files.rows);
	free(l);
}

static const char *text_of(const struct dwarf_lines *l, struct dwarf_reader *reader,
			   struct dwarf_value value)
{
	if (value.class != DWARF_CLASS_STRING)
		return dwarf_unit__string(l->unit, reader, value);
	return dwarf_section__string(&l->unit->file->sections[DWARF_LINE],
				     &reader->windows[DWARF_LINE], value.num);
}

/* Numbers count from 0 in DWARF 5, from 1 before. */
static const struct line_name *name_at(const struct dwarf_lines *l, const struct name_list *list,
				       uint64_t number)
{
	uint64_t i = l->shape.version >= 5 ? number : number - 1;

	return i < list->cnt ? &list->rows[i] : NULL;
}

uint64_t dwarf_lines__file_cnt(const struct dwarf_lines *l)
{
	return l->files.cnt + 1ULL;
}

/* Puts one more part in front of the path so far, unless that is absolute. */
static bool prepend(char to[DWARF_MAX_PATH], const char *part)
{
	size_t len, have = strlen(to);

	if (*to == '/' || !part || !*part)
		return true;
	len = strlen(part);
	if (len + have + 2 > DWARF_MAX_PATH)
		return false;
	if (!have) {
		memcpy(to, part, len + 1);
		return true;
	}
	memmove(to + len + 1, to, have + 1);
	memcpy(to, part, len);
	to[len] = '/';
	return true;
}

bool dwarf_lines__path(const struct dwarf_lines *l, struct dwarf_reader *reader, uint64_t file,
		       char to[DWARF_MAX_PATH])
{
	const struct line_name *name = name_at(l, &l->files, file), *dir;
	const char *text = name ? text_of(l, reader, name->name) : NULL;

	*to = 0;
	if (!text || !*text || !prepend(to, text))
		return false;
	dir = name_at(l, &l->dirs, name->dir);
	return (!dir || prepend(to, text_of(l, reader, dir->name))) &&
	       prepend(to, dwarf_unit__string(l->unit, reader, l->unit->comp_dir));
}

struct line_run { /* the machine's registers, and the question */
	const uint64_t *addrs;
	size_t cnt;
	struct dwarf_line *found;
	size_t next; /* the first address that the sequence has not passed yet */
	uint64_t addr;
	uint64_t file;
	uint32_t line;
	bool alive; /* the sequence's code was not thrown away by the linker (address 0) */
	bool started; /* the sequence has a row: */
	uint64_t row_addr;
	uint64_t row_file;
	uint32_t row_line;
};

static void reset(struct line_run *r)
{
	r->addr = 0;
	r->file = 1;
	r->line = 1;
	r->alive = false;
	r->started = false;
}

static size_t first_from(const struct line_run *r, uint64_t addr)
{
	size_t low = 0, high = r->cnt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->addrs[mid] < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The row before reaches up to here. */
static void answer(struct line_run *r)
{
	for (; r->next < r->cnt && r->addrs[r->next] < r->addr; r->next++)
		if (!r->found[r->next].found)
			r->found[r->next] = (struct dwarf_line){ r->row_file, r->row_line, true };
}

static inline void emit_row(struct line_run *r)
{
	if (!r->alive)
		return;
	if (!r->started || r->addr < r->row_addr)
		r->next = first_from(r, r->addr);
	else if (r->next < r->cnt && r->addrs[r->next] < r->addr)
		answer(r);
	r->started = true;
	r->row_addr = r->addr;
	r->row_file = r->file;
	r->row_line = r->line;
}

static void run_extended(struct line_run *r, struct view *v)
{
	uint64_t size = view_uleb(v);
	struct view body = view_cut(v, size);
	uint8_t opcode = size ? view_u8(&body) : 0;

	if (opcode == DW_LNE_end_sequence) {
		if (r->started)
			emit_row(r);
		reset(r);
	} else if (opcode == DW_LNE_set_address) {
		r->addr = size == 9 ? view_u64(&body) : size == 5 ? view_u32(&body) : 0;
		r->alive = r->addr;
	}
}

static void run_standard(const struct dwarf_lines *l, struct line_run *r, struct view *v,
			 uint8_t opcode)
{
	switch (opcode) {
	case DW_LNS_copy:
		emit_row(r);
		break;
	case DW_LNS_advance_pc:
		r->addr += view_uleb(v) * l->min_step;
		break;
	case DW_LNS_advance_line:
		r->line += (uint32_t)view_sleb(v);
		break;
	case DW_LNS_set_file:
		r->file = view_uleb(v);
		break;
	case DW_LNS_const_add_pc:
		r->addr += (uint64_t)((255U - l->opcode_base) / l->line_range) * l->min_step;
		break;
	case DW_LNS_fixed_advance_pc:
		r->addr += view_u16(v);
		break;
	default: /* of no use to us, or unknown: operands are skipped */
		for (int i = 0; i < l->operands[opcode]; i++)
			view_uleb(v);
	}
}

struct special { /* what a special opcode adds */
	uint16_t addr;
	int16_t line;
};

static void fill_specials(const struct dwarf_lines *l, struct special specials[256])
{
	for (unsigned int opcode = l->opcode_base; opcode < 256; opcode++) {
		unsigned int step = opcode - l->opcode_base;

		specials[opcode] = (struct special){
			.addr = (uint16_t)(step / l->line_range * l->min_step),
			.line = (int16_t)(l->line_base + (int)(step % l->line_range)),
		};
	}
}

#define LONGEST_RUN 65536 /* between two looks at the clock */

/* Nine of ten instructions are special opcodes, most of them come in runs. */
static void run_specials(const struct dwarf_lines *l, const struct special specials[256],
			 struct line_run *r, struct view *v)
{
	size_t end = v->size - v->pos > LONGEST_RUN ? v->pos + LONGEST_RUN : v->size;

	while (v->pos < end && v->data[v->pos] >= l->opcode_base) {
		const struct special *s = &specials[v->data[v->pos++]];

		r->addr += s->addr;
		r->line += (uint32_t)s->line;
		emit_row(r);
	}
}

void dwarf_lines__find(const struct dwarf_lines *l, struct dwarf_reader *reader,
		       const uint64_t *addrs, size_t cnt, struct dwarf_line *found)
{
	struct view v = view_program(l, reader, l->program);
	struct line_run r = { .addrs = addrs, .cnt = cnt, .found = found };
	struct special specials[256];

	fill_specials(l, specials);
	reset(&r);
	while (view_left(&v) && !dwarf_reader__tick(reader)) {
		uint8_t opcode = v.data[v.pos];

		if (opcode >= l->opcode_base) {
			run_specials(l, specials, &r, &v);
			continue;
		}
		v.pos++;
		if (opcode)
			run_standard(l, &r, &v, opcode);
		else
			run_extended(&r, &v);
	}
}
