// SPDX-License-Identifier: Apache-2.0
/*
 * The walk goes over entries in the order of the file. At each depth it knows the scope that
 * encloses what comes next:
 *
 *	compile_unit                      none
 *	  subprogram main                 main: holds an address asked for
 *	    lexical_block                 main (its ranges are not asked: gcc's may be empty)
 *	      inlined_subroutine f        f in main
 *	        inlined_subroutine g      g in f
 *	  subprogram other                dead: holds none; its children are stepped over
 *
 * A function may lie inside of another one's entry without lying in its code (nested functions of
 * C, methods of local classes). So where an address has found no function, the unit is walked once
 * more without stepping over anything.
 */
#include "symbolizer/native/dwarf_scope.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "common/leb128.h"

#define MAX_DEPTH 1024
#define DEAD (UINT32_MAX - 1)

struct entry { /* what the walk wants of one */
	uint64_t off;
	uint16_t tag;
	struct dwarf_value low_pc;
	struct dwarf_value high_pc;
	struct dwarf_value ranges;
	struct dwarf_value origin;
	uint64_t call_file;
	uint32_t call_line;
	uint64_t sibling; /* position in the view; 0: not known */
};

struct walk {
	const struct dwarf_unit *unit;
	struct dwarf_reader *reader;
	const struct dwarf_abbrevs *abbrevs;
	const uint64_t *addrs;
	size_t cnt;
	struct dwarf_scopes *to;
	struct view v; /* the unit, from its header on */
	bool all; /* step over nothing */
	uint32_t enclosing[MAX_DEPTH];
	int depth;
	/* while the ranges of an entry stream by */
	const struct entry *entry;
	uint32_t scope; /* made for it, at its first hit */
	int err;
};

static bool is_function(uint16_t tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine ||
	       tag == DW_TAG_entry_point;
}

/* Types hold no code, or hardly ever. */
static bool is_type(uint16_t tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_array_type:
	case DW_TAG_subroutine_type:
	case DW_TAG_interface_type:
	case DW_TAG_call_site:
	case DW_TAG_GNU_call_site:
		return true;
	default:
		return false;
	}
}

static void take_attr(struct entry *e, uint16_t name, struct dwarf_value value)
{
	switch (name) {
	case DW_AT_low_pc:
		e->low_pc = value;
		break;
	case DW_AT_high_pc:
		e->high_pc = value;
		break;
	case DW_AT_ranges:
		e->ranges = value;
		break;
	case DW_AT_abstract_origin:
		e->origin = value;
		break;
	case DW_AT_call_file:
		e->call_file = value.num;
		break;
	case DW_AT_call_line:
		e->call_line = (uint32_t)value.num;
		break;
	case DW_AT_sibling:
		if (value.class == DWARF_CLASS_UNIT_REF)
			e->sibling = value.num;
		break;
	default:
		break;
	}
}

static void read_attrs(struct walk *w, const struct dwarf_abbrev *abbrev, struct entry *e)
{
	const struct dwarf_abbrev_attr *a = &w->abbrevs->attrs[abbrev->first_attr];

	for (uint32_t i = 0; i < abbrev->attr_cnt && !w->v.bad; i++, a++)
		take_attr(e, a->name,
			  dwarf_form_read(&w->v, a->form, a->implicit, &w->unit->shape));
}

static void skip_attrs(struct walk *w, const struct dwarf_abbrev *abbrev)
{
	const struct dwarf_abbrev_attr *a = &w->abbrevs->attrs[abbrev->first_attr];

	if (w->unit->plain && abbrev->fixed_size >= 0) {
		view_take(&w->v, (size_t)abbrev->fixed_size);
		return;
	}
	for (uint32_t i = 0; i < abbrev->attr_cnt && !w->v.bad; i++, a++)
		dwarf_form_skip(&w->v, a->form, &w->unit->shape);
}

static uint64_t function_of(const struct walk *w, const struct entry *e, bool *ret_in_alt)
{
	*ret_in_alt = e->origin.class == DWARF_CLASS_ALT_REF;
	if (e->tag != DW_TAG_inlined_subroutine)
		*ret_in_alt = false;
	else if (e->origin.class == DWARF_CLASS_UNIT_REF)
		return w->unit->off + e->origin.num;
	else if (e->origin.class == DWARF_CLASS_INFO_REF || *ret_in_alt)
		return e->origin.num;
	return e->off;
}

static uint32_t add_scope(struct walk *w, uint32_t outer)
{
	const struct entry *e = w->entry;
	struct dwarf_scopes *s = w->to;
	struct dwarf_scope *scope;

	if (s->cnt == s->room) {
		uint32_t room = s->room ? s->room * 2 : 64;
		struct dwarf_scope *more = realloc(s->rows, room * sizeof(*more));

		if (!more) {
			w->err = -ENOMEM;
			return DEAD;
		}
		s->rows = more;
		s->room = room;
	}
	scope = &s->rows[s->cnt];
	*scope = (struct dwarf_scope){ .outer = outer,
				       .call_file = e->call_file,
				       .call_line = e->call_line };
	scope->function = function_of(w, e, &scope->in_alt);
	if (outer != DWARF_NO_SCOPE)
		scope->depth = (uint16_t)(s->rows[outer].depth + 1);
	return s->cnt++;
}

static size_t first_from(const struct walk *w, uint64_t addr)
{
	size_t low = 0, high = w->cnt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (w->addrs[mid] < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* What a function's code lies in; a called function begins a chain of its own. */
static uint32_t outer_of(const struct walk *w, const struct entry *e)
{
	uint32_t enclosing = w->enclosing[w->depth];

	return e->tag == DW_TAG_inlined_subroutine && enclosing != DEAD ? enclosing :
									  DWARF_NO_SCOPE;
}

/* A scope, or one that it lies in. */
static bool lies_in(const struct walk *w, uint32_t scope, uint32_t outer)
{
	while (scope != DEAD && scope != DWARF_NO_SCOPE) {
		if (scope == outer)
			return true;
		scope = w->to->rows[scope].outer;
	}
	return false;
}

static void hit_function(void *ctx, uint64_t low, uint64_t high)
{
	struct walk *w = ctx;
	uint32_t outer = outer_of(w, w->entry), around = w->enclosing[w->depth];

	for (size_t i = first_from(w, low); i < w->cnt && w->addrs[i] < high; i++) {
		uint32_t leaf = w->to->leaf[i];

		/* of two that lie beside each other and both claim it, the first */
		if (leaf != DWARF_NO_SCOPE && !lies_in(w, around, leaf))
			continue;
		if (w->scope == DEAD)
			w->scope = add_scope(w, outer);
		if (w->scope != DEAD)
			w->to->leaf[i] = w->scope;
	}
}

static bool has_code(const struct entry *e)
{
	return e->low_pc.class != DWARF_CLASS_NONE || e->ranges.class != DWARF_CLASS_NONE;
}

static bool too_deep(const struct walk *w, const struct entry *e)
{
	uint32_t outer = outer_of(w, e);

	return outer != DWARF_NO_SCOPE && w->to->rows[outer].depth >= DWARF_MAX_INLINED;
}

/* The scope that encloses a function's children: DEAD where none of them can matter. */
static uint32_t judge(struct walk *w, const struct entry *e)
{
	if (!has_code(e) || too_deep(w, e) ||
	    (e->tag == DW_TAG_inlined_subroutine && w->enclosing[w->depth] == DWARF_NO_SCOPE))
		return DEAD;
	w->entry = e;
	w->scope = DEAD;
	dwarf_unit__ranges(w->unit, w->reader, e->low_pc, e->high_pc, e->ranges, hit_function, w);
	/* DWARF 2 can say one range of several: others may show in the functions inlined further */
	if (w->scope == DEAD && w->unit->shape.version == 2 &&
	    e->tag == DW_TAG_inlined_subroutine && w->enclosing[w->depth] != DEAD)
		return add_scope(w, outer_of(w, e));
	return w->scope;
}

static bool is_judged(const struct walk *w, uint16_t tag)
{
	return is_function(tag) &&
	       (w->enclosing[w->depth] != DEAD || (tag == DW_TAG_subprogram && w->all));
}

static void enter_children(struct walk *w, uint32_t enclosing)
{
	if (w->depth + 1 == MAX_DEPTH) {
		w->v.bad = true;
		return;
	}
	w->enclosing[++w->depth] = enclosing;
}

/* Past an entry whose children are of no interest, when its sibling is known to lie ahead. */
static bool step_over(struct walk *w, uint64_t sibling)
{
	if (w->all || sibling <= w->v.pos || sibling > w->v.size)
		return false;
	w->v.pos = sibling;
	return true;
}

static uint64_t plain_sibling(const struct walk *w, const struct dwarf_abbrev *abbrev)
{
	uint32_t sibling;

	if (!w->unit->plain || abbrev->sibling_at < 0 ||
	    view_left(&w->v) < (size_t)abbrev->sibling_at + 4)
		return 0;
	memcpy(&sibling, w->v.data + w->v.pos + abbrev->sibling_at, sizeof(sibling));
	return sibling;
}

static void walk_plain(struct walk *w, const struct dwarf_abbrev *abbrev)
{
	uint32_t enclosing = w->enclosing[w->depth];
	bool of_interest = enclosing != DEAD && !is_type(abbrev->tag);

	if (abbrev->children && !of_interest && step_over(w, plain_sibling(w, abbrev)))
		return;
	skip_attrs(w, abbrev);
	if (abbrev->children)
		enter_children(w, is_type(abbrev->tag) && !w->all ? DEAD : enclosing);
}

static void walk_judged(struct walk *w, const struct dwarf_abbrev *abbrev, uint64_t off)
{
	struct entry e = { .off = off, .tag = abbrev->tag };
	uint32_t enclosing;

	read_attrs(w, abbrev, &e);
	if (w->v.bad)
		return;
	enclosing = judge(w, &e);
	if (abbrev->children && !(enclosing == DEAD && step_over(w, e.sibling)))
		enter_children(w, enclosing);
}

static void walk_entries(struct walk *w)
{
	w->depth = 0;
	w->enclosing[0] = DWARF_NO_SCOPE;
	while (view_left(&w->v) && !w->err && !dwarf_reader__tick(w->reader)) {
		uint64_t off = w->unit->off + w->v.pos, code = view_uleb(&w->v);
		const struct dwarf_abbrev *abbrev;

		if (!code) {
			if (w->depth <= 1)
				return;
			w->depth--;
			continue;
		}
		abbrev = dwarf_abbrevs__find(w->abbrevs, code);
		if (!abbrev) {
			w->v.bad = true;
			return;
		}
		if (is_judged(w, abbrev->tag))
			walk_judged(w, abbrev, off);
		else
			walk_plain(w, abbrev);
		if (!w->depth)
			return; /* a unit's entry without children */
	}
}

static bool all_found(const struct walk *w)
{
	for (size_t i = 0; i < w->cnt; i++)
		if (w->to->leaf[i] == DWARF_NO_SCOPE)
			return false;
	return true;
}

static int walk_unit(struct walk *w)
{
	const struct dwarf_unit *u = w->unit;

	w->v = dwarf_section__view(&u->file->sections[DWARF_INFO], &w->reader->unit, u->off,
				   u->end - u->off);
	w->abbrevs = dwarf_reader__abbrevs(w->reader, &u->file->sections[DWARF_ABBREV],
					   u->abbrev_off);
	if (!w->abbrevs) {
		w->reader->damaged = true;
		return 0;
	}
	for (int round = 0; round < 2 && !w->err && !all_found(w); round++) {
		w->all = round;
		w->v.bad = w->v.size != u->end - u->off;
		w->v.pos = 0;
		view_seek(&w->v, u->first_die - u->off);
		walk_entries(w);
		w->reader->damaged |= w->v.bad;
	}
	return w->err;
}

int dwarf_scopes__load(const struct dwarf_unit *unit, struct dwarf_reader *reader,
		       const uint64_t *addrs, size_t cnt, struct dwarf_scopes *ret_scopes)
{
	struct dwarf_scopes scopes = { .leaf = malloc((cnt + 1) * sizeof(uint32_t)) };
	struct walk w = {
		.unit = unit, .reader = reader, .addrs = addrs, .cnt = cnt, .to = &scopes
	};
	int err;

	if (!scopes.leaf)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		scopes.leaf[i] = DWARF_NO_SCOPE;
	err = walk_unit(&w);
	if (err)
		dwarf_scopes__fini(&scopes);
	else
		*ret_scopes = scopes;
	return err;
}

void dwarf_scopes__fini(struct dwarf_scopes *s)
{
	free(s->rows);
	free(s->leaf);
	*s = (struct dwarf_scopes){ 0 };
}
