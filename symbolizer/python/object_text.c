// SPDX-License-Identifier: Apache-2.0
/*
 * Offsets in objects, by version; those of heads and strings of 3.x were read out of the DWARF of each
 * (layouts.c says which ones), and all are asked of the running interpreter by the tests. With the GIL
 * removed, an object's head is 16 bytes longer.
 */
#include "symbolizer/python/object_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "symbolizer/python/number_text.h"
#include "symbolizer/python/string_text.h"

#define VERSION_2_7 0x0207
#define TYPE_NAME 24 /* PyTypeObject, behind a head that may be longer */
#define TYPE_FLAGS 168
#define TYPE_FLAG_HEAP (1ULL << 9)
#define MAX_DEPTH 3
#define MAX_ITEMS 5
#define MAX_ENTRIES 64 /* of a dict that are looked at: deleted ones leave holes */
#define PAGE 4096

struct reading {
	const struct python_memory *memory;
	const struct python_layout *layout;
	struct object_text *text;
	unsigned int depth;
};

static void read_object(struct reading *r, uint64_t vaddr);

static uint64_t more_head(const struct python_layout *l)
{
	return l->free_threaded ? 16 : 0;
}

static bool read_at(const struct reading *r, void *to, size_t size, uint64_t vaddr)
{
	return vaddr >= PAGE && !r->memory->read(r->memory->ctx, to, size, vaddr);
}

/* A field behind the head. */
static bool read_field(const struct reading *r, void *to, size_t size, uint64_t object,
		       uint32_t off)
{
	return read_at(r, to, size, object + off + more_head(r->layout));
}

/* Up to room bytes without their end; what lies in the next page may not be there. */
static void read_c_string(const struct python_memory *m, uint64_t vaddr, char *to, size_t room)
{
	size_t part = PAGE - vaddr % PAGE;

	memset(to, 0, room);
	if (part > room - 1)
		part = room - 1;
	if (m->read(m->ctx, to, part, vaddr)) {
		to[0] = 0;
		return;
	}
	if (part < room - 1 && !memchr(to, 0, part) &&
	    m->read(m->ctx, to + part, room - 1 - part, vaddr + part))
		to[part] = 0;
}

static bool is_name(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

struct python_type_name python_type_of(const struct python_memory *memory,
				       const struct python_layout *layout, uint64_t vaddr)
{
	struct python_type_name name = { .built_in = false };
	uint64_t type, name_at, flags, head = more_head(layout);

	if (vaddr < PAGE ||
	    memory->read(memory->ctx, &type, sizeof(type), vaddr + layout->ob_type) ||
	    type < PAGE ||
	    memory->read(memory->ctx, &name_at, sizeof(name_at), type + head + TYPE_NAME) ||
	    memory->read(memory->ctx, &flags, sizeof(flags), type + head + TYPE_FLAGS))
		return name;
	read_c_string(memory, name_at, name.text, sizeof(name.text));
	if (!is_name(name.text))
		name.text[0] = 0;
	name.built_in = *name.text && !(flags & TYPE_FLAG_HEAP);
	return name;
}

static void put(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct reading *r, const char *format, ...)
{
	char piece[OBJECT_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	object_text__put(r->text, piece);
}

static bool put_none(struct reading *r, uint64_t vaddr)
{
	(void)vaddr;
	put(r, "None");
	return true;
}

/* The digits of a number, lowest first, 30 bits each. */
static bool read_digits(struct reading *r, uint64_t vaddr, struct python_number *ret)
{
	bool tagged = r->layout->version >= 0x030c; /* digits << 3 | sign: 0 positive, 2 negative */
	int64_t size;
	uint64_t cnt;

	if (!read_field(r, &size, sizeof(size), vaddr, 16))
		return false;
	ret->negative = tagged ? (size & 3) == 2 : size < 0;
	cnt = tagged ? (uint64_t)size >> 3 : (uint64_t)(size < 0 ? -size : size);
	if (tagged && (size & 3) == 1)
		cnt = 0;
	ret->cnt = cnt;
	return cnt > NUMBER_DIGITS ||
	       read_field(r, ret->digits, cnt * sizeof(*ret->digits), vaddr, 24);
}

static bool put_long(struct reading *r, uint64_t vaddr)
{
	struct python_number number;
	char text[NUMBER_TEXT_MAX];

	if (!read_digits(r, vaddr, &number))
		return false;
	if (number.cnt > NUMBER_DIGITS) {
		put(r, "<int of %" PRIu64 " bits or so>", number.cnt * 30);
		return true;
	}
	python_number_text(&number, text);
	put(r, "%s%s", text, r->layout->version == VERSION_2_7 ? "L" : "");
	return true;
}

static bool put_int(struct reading *r, uint64_t vaddr)
{
	int64_t value;

	if (r->layout->version != VERSION_2_7)
		return put_long(r, vaddr);
	if (!read_at(r, &value, sizeof(value), vaddr + 16))
		return false;
	put(r, "%" PRId64, value);
	return true;
}

static bool put_bool(struct reading *r, uint64_t vaddr)
{
	struct python_number number = { .cnt = 0 };
	int64_t value = 0;

	if (r->layout->version == VERSION_2_7) {
		if (!read_at(r, &value, sizeof(value), vaddr + 16))
			return false;
	} else if (!read_digits(r, vaddr, &number)) {
		return false;
	}
	put(r, "%s", value || number.cnt ? "True" : "False");
	return true;
}

static bool put_float(struct reading *r, uint64_t vaddr)
{
	char text[NUMBER_TEXT_MAX];
	double value;

	if (!read_field(r, &value, sizeof(value), vaddr, 16))
		return false;
	python_float_text(value, text);
	put(r, "%s", text);
	return true;
}

static bool put_str(struct reading *r, uint64_t vaddr)
{
	return !string_text__put_str(r->memory, r->layout, vaddr, r->text);
}

static bool put_bytes(struct reading *r, uint64_t vaddr)
{
	return !string_text__put_bytes(r->memory, r->layout, vaddr, r->text);
}

static bool put_unicode(struct reading *r, uint64_t vaddr)
{
	return !string_text__put_unicode(r->memory, vaddr, r->text);
}

/* What a row of items begins with: false where its depth is shown as a count alone. */
static bool enter(struct reading *r, const char *open, uint64_t cnt, const char *close)
{
	put(r, "%s", open);
	if (cnt && r->depth == MAX_DEPTH) {
		put(r, "... %" PRIu64 " item%s%s", cnt, cnt == 1 ? "" : "s", close);
		return false;
	}
	r->depth++;
	return true;
}

static void leave(struct reading *r, uint64_t shown, uint64_t cnt, const char *close)
{
	r->depth--;
	if (shown < cnt)
		put(r, "%s... %" PRIu64 " items", shown ? ", " : "", cnt);
	put(r, "%s", close);
}

static bool put_row(struct reading *r, uint64_t items, uint64_t cnt, const char *open,
		    const char *close)
{
	uint64_t shown = cnt < MAX_ITEMS ? cnt : MAX_ITEMS, item;

	if (!enter(r, open, cnt, *close == ',' ? close + 1 : close))
		return true;
	for (uint64_t i = 0; i < shown; i++) {
		object_text__put(r->text, i ? ", " : "");
		if (!read_at(r, &item, sizeof(item), items + 8 * i))
			put(r, "<unreadable>");
		else
			read_object(r, item);
	}
	leave(r, shown, cnt, close);
	return true;
}

static bool read_size(const struct reading *r, uint64_t vaddr, uint32_t off, uint64_t *ret)
{
	return read_field(r, ret, sizeof(*ret), vaddr, off) && *ret < 1ULL << 48;
}

static bool put_tuple(struct reading *r, uint64_t vaddr)
{
	uint32_t items = r->layout->version >= 0x030e ? 32 : 24; /* a hash before them */
	uint64_t cnt;

	return read_size(r, vaddr, 16, &cnt) &&
	       put_row(r, vaddr + items + more_head(r->layout), cnt, "(", cnt == 1 ? ",)" : ")");
}

static bool put_list(struct reading *r, uint64_t vaddr)
{
	uint64_t cnt, items = 0;

	return read_size(r, vaddr, 16, &cnt) &&
	       (!cnt || read_field(r, &items, sizeof(items), vaddr, 24)) &&
	       put_row(r, items, cnt, "[", "]");
}

/* Where a dict's entries lie. */
struct entries {
	uint64_t vaddr;
	uint64_t cnt;
	uint32_t size;
	uint32_t key; /* offset; the value follows it */
};

static bool entries_2_7(const struct reading *r, uint64_t dict, struct entries *ret)
{
	uint64_t mask;

	*ret = (struct entries){ .size = 24, .key = 8 };
	if (!read_at(r, &mask, sizeof(mask), dict + 32) ||
	    !read_at(r, &ret->vaddr, sizeof(ret->vaddr), dict + 40))
		return false;
	ret->cnt = mask + 1;
	return true;
}

/* Up to 3.10 the size of the index goes by the number of its slots. */
static bool entries_3_6(const struct reading *r, uint64_t keys, struct entries *ret)
{
	uint64_t slots, index;

	if (!read_at(r, &slots, sizeof(slots), keys + 8) ||
	    !read_at(r, &ret->cnt, sizeof(ret->cnt), keys + 32) || slots > 1ULL << 48)
		return false;
	index = slots <= 0xff ? 1 : slots <= 0xffff ? 2 : slots <= 0xffffffff ? 4 : 8;
	*ret = (struct entries){ keys + 40 + slots * index, ret->cnt, 24, 8 };
	return true;
}

/* Free-threaded builds have a mutex in the keys' head, behind its three bytes: no field moves but
 * the first entries. */
static bool entries_3_11(const struct reading *r, uint64_t keys, struct entries *ret)
{
	uint8_t head[3]; /* log2 of slots, log2 of the index's bytes, kind: 0 has hashes */

	if (!read_at(r, head, sizeof(head), keys + 8) ||
	    !read_at(r, &ret->cnt, sizeof(ret->cnt), keys + 24) || head[1] > 48)
		return false;
	*ret = (struct entries){ keys + 32 + (1ULL << head[1]), ret->cnt, head[2] ? 16 : 24,
				 head[2] ? 0 : 8 };
	return true;
}

static bool find_entries(const struct reading *r, uint64_t dict, struct entries *ret)
{
	uint64_t keys, values;

	if (r->layout->version == VERSION_2_7)
		return entries_2_7(r, dict, ret);
	if (!read_field(r, &keys, sizeof(keys), dict, 32) ||
	    !read_field(r, &values, sizeof(values), dict, 40) ||
	    values) /* an instance's own: its values lie elsewhere */
		return false;
	return r->layout->version < 0x030b ? entries_3_6(r, keys, ret) : entries_3_11(r, keys, ret);
}

/* The items that are there of the entries looked at. */
static uint64_t put_entries(struct reading *r, const struct entries *e)
{
	uint64_t shown = 0, pair[2];

	for (uint64_t i = 0; i < e->cnt && i < MAX_ENTRIES && shown < MAX_ITEMS; i++) {
		if (!read_at(r, pair, sizeof(pair), e->vaddr + i * e->size + e->key))
			return shown;
		if (!pair[0] || !pair[1])
			continue;
		object_text__put(r->text, shown++ ? ", " : "");
		read_object(r, pair[0]);
		object_text__put(r->text, ": ");
		read_object(r, pair[1]);
	}
	return shown;
}

static bool put_dict(struct reading *r, uint64_t vaddr)
{
	uint32_t used = r->layout->version == VERSION_2_7 ? 24 : 16;
	struct entries entries;
	uint64_t cnt, shown = 0;

	if (!read_size(r, vaddr, used, &cnt))
		return false;
	if (!enter(r, "{", cnt, "}"))
		return true;
	if (cnt && find_entries(r, vaddr, &entries))
		shown = put_entries(r, &entries);
	leave(r, shown, cnt, "}");
	return true;
}

static const struct {
	const char *type;
	bool (*put)(struct reading *r, uint64_t vaddr);
	bool (*put_2_7)(struct reading *r, uint64_t vaddr);
} printers[] = {
	{ "NoneType", put_none, put_none }, { "bool", put_bool, put_bool },
	{ "int", put_int, put_int },	    { "long", NULL, put_long },
	{ "float", put_float, put_float },  { "str", put_str, put_bytes },
	{ "bytes", put_bytes, NULL },	    { "unicode", NULL, put_unicode },
	{ "tuple", put_tuple, put_tuple },  { "list", put_list, put_list },
	{ "dict", put_dict, put_dict },
};

/* True: it was written by one of them. */
static bool read_known(struct reading *r, const char *type, uint64_t vaddr)
{
	bool old = r->layout->version == VERSION_2_7;

	for (size_t i = 0; i < sizeof(printers) / sizeof(*printers); i++) {
		bool (*print)(struct reading *, uint64_t) = old ? printers[i].put_2_7 :
								  printers[i].put;

		if (print && !strcmp(printers[i].type, type))
			return print(r, vaddr);
	}
	return false;
}

static void read_object(struct reading *r, uint64_t vaddr)
{
	struct python_type_name type;

	if (r->text->cut)
		return;
	type = python_type_of(r->memory, r->layout, vaddr);
	if (type.built_in && read_known(r, type.text, vaddr))
		return;
	put(r, "<%s at 0x%" PRIx64 ">", *type.text ? type.text : "unreadable", vaddr);
}

void object_text__read(const struct python_memory *memory, const struct python_layout *layout,
		       uint64_t vaddr, struct object_text *ret_text)
{
	struct reading r = { .memory = memory, .layout = layout, .text = ret_text };

	ret_text->len = 0;
	ret_text->cut = false;
	ret_text->bytes[0] = 0;
	read_object(&r, vaddr);
}
