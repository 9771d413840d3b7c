// SPDX-License-Identifier: Apache-2.0
/*
 * A str says in its state how wide its characters are and where they lie: behind the object
 * itself (compact; a short form when they are all ASCII), or, of a subclass, where a pointer
 * leads. The names of code objects are always in this form ("ready"), and in 2.7 always byte
 * strings.
 */
#include "symbolizer/python/string_object.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbolizer/python/text.h"

#define VERSION_2_7 0x0207
#define LONGEST (1UL << 30) /* a longer one is no string */
#define MAX_HEAD 64 /* a str's fields, its state the last */

/* Offsets in a str object of 3.x, and the bits of its state. */
struct string_layout {
	uint32_t length;
	uint32_t state;
	uint32_t ascii; /* characters of a compact ASCII string */
	uint32_t wide; /* of another compact one, or the pointer of one that is not compact */
	uint32_t kind_bit; /* of the state: kind 3 bits, compact, ascii */
};

struct string_state {
	unsigned int kind; /* bytes of a character */
	bool compact;
	bool ascii;
};

/* An object's own head is longer by this much. */
static uint32_t longer_head(const struct python_layout *l)
{
	return l->free_threaded ? 16 : 0;
}

static struct string_layout string_layout(const struct python_layout *l)
{
	uint32_t more = longer_head(l);
	bool has_wchars = l->version < 0x030c; /* two fields that 3.12 dropped */
	/* without the GIL "interned" is a byte of its own from 3.14 on */
	bool wide_interned = l->free_threaded && l->version >= 0x030e;

	return (struct string_layout){
		.length = 16 + more,
		.state = 32 + more,
		.ascii = (has_wchars ? 48 : 40) + more,
		.wide = (has_wchars ? 72 : 56) + more,
		.kind_bit = wide_interned ? 8 : 2,
	};
}

static struct string_state string_state(uint32_t state, const struct string_layout *s)
{
	return (struct string_state){
		.kind = state >> s->kind_bit & 7,
		.compact = state >> (s->kind_bit + 3) & 1,
		.ascii = state >> (s->kind_bit + 4) & 1,
	};
}

static bool is_sane(struct string_state s)
{
	return s.kind == 1 || (!s.ascii && (s.kind == 2 || s.kind == 4));
}

/* A zero stands behind it. */
static int read_row(const struct python_memory *m, uint64_t vaddr, size_t size, uint8_t **ret_bytes)
{
	scope_memory uint8_t *bytes = malloc(size + 1);
	int err;

	if (!bytes)
		return -ENOMEM;
	err = size ? m->read(m->ctx, bytes, size, vaddr) : 0;
	if (err)
		return err;
	bytes[size] = 0;
	*ret_bytes = take_ptr(bytes);
	return 0;
}

static size_t at_most(uint64_t length, size_t max)
{
	return length < max ? length : max;
}

static int finish_text(struct python_text *text, char **ret_text)
{
	char *copy = strdup(python_text__end(text));

	if (!copy)
		return -ENOMEM;
	*ret_text = copy;
	return 0;
}

static int read_chars(const struct python_memory *m, uint64_t vaddr, uint64_t length,
		      unsigned int width, char **ret_text)
{
	size_t cnt = at_most(length, PYTHON_TEXT_MAX);
	scope_memory uint8_t *chars = NULL;
	struct python_text text;
	int err = read_row(m, vaddr, cnt * width, &chars);

	if (err)
		return err;
	python_text__start(&text);
	python_text__put(&text, chars, cnt, width);
	return finish_text(&text, ret_text);
}

int python_string__place(const struct python_memory *m, const struct python_layout *l,
			 uint64_t vaddr, struct python_string_place *ret_place)
{
	struct string_layout s = string_layout(l);
	struct string_state state;
	uint8_t head[MAX_HEAD];
	uint64_t length, chars;
	uint32_t bits;
	int err = m->read(m->ctx, head, s.state + sizeof(bits), vaddr);

	if (err)
		return err;
	memcpy(&length, head + s.length, sizeof(length));
	memcpy(&bits, head + s.state, sizeof(bits));
	state = string_state(bits, &s);
	if (!is_sane(state) || length > LONGEST)
		return -EBADMSG;
	chars = vaddr + (state.ascii ? s.ascii : s.wide);
	if (!state.compact) {
		err = m->read(m->ctx, &chars, sizeof(chars), vaddr + s.wide);
		if (err)
			return err;
	}
	*ret_place = (struct python_string_place){ chars, length, state.kind };
	return 0;
}

/* Of a byte string's length and place only the latter differs in 2.7. */
static uint64_t bytes_at(const struct python_layout *l, uint64_t vaddr)
{
	return vaddr + (l->version == VERSION_2_7 ? 36 : 32 + longer_head(l));
}

static int read_length(const struct python_memory *m, const struct python_layout *l, uint64_t vaddr,
		       uint64_t *ret_length)
{
	return m->read(m->ctx, ret_length, sizeof(*ret_length), vaddr + 16 + longer_head(l));
}

static int read_byte_string(const struct python_memory *m, const struct python_layout *l,
			    uint64_t vaddr, char **ret_text)
{
	scope_memory uint8_t *bytes = NULL;
	struct python_text text;
	uint64_t length;
	size_t cnt;
	int err = read_length(m, l, vaddr, &length);

	if (err)
		return err;
	if (length > LONGEST)
		return -EBADMSG;
	cnt = at_most(length, PYTHON_TEXT_MAX);
	err = read_row(m, bytes_at(l, vaddr), cnt, &bytes);
	if (err)
		return err;
	python_text__start(&text);
	python_text__put_bytes(&text, (const char *)bytes, cnt);
	return finish_text(&text, ret_text);
}

int python_string__read(const struct python_memory *memory, const struct python_layout *layout,
			uint64_t vaddr, char **ret_text)
{
	struct python_string_place place;
	int err;

	if (layout->version == VERSION_2_7)
		return read_byte_string(memory, layout, vaddr, ret_text);
	err = python_string__place(memory, layout, vaddr, &place);
	return err ? err : read_chars(memory, place.chars, place.length, place.width, ret_text);
}

int python_bytes__read(const struct python_memory *memory, const struct python_layout *layout,
		       uint64_t vaddr, size_t max, uint8_t **ret_bytes, size_t *ret_size)
{
	uint64_t length;
	int err = read_length(memory, layout, vaddr, &length);

	if (!err && length > max)
		err = -E2BIG;
	if (!err)
		err = read_row(memory, bytes_at(layout, vaddr), length, ret_bytes);
	if (!err)
		*ret_size = length;
	return err;
}

int python_bytes__place(const struct python_memory *memory, const struct python_layout *layout,
			uint64_t vaddr, uint64_t *ret_bytes, uint64_t *ret_length)
{
	*ret_bytes = bytes_at(layout, vaddr);
	return read_length(memory, layout, vaddr, ret_length);
}
