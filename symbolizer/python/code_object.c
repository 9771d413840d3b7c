// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/code_object.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbolizer/python/string_object.h"

/* PyObject without the GIL, 3.13 to 3.15 */
#define OWNER_COUNT 12 /* u32 ob_ref_local */
#define SHARED_COUNT 16 /* ob_ref_shared */

/* The object's own bytes, zeros behind them. */
struct image {
	__u64 words[PYTHON_CODE_WORDS];
};

static bool holds(const struct python_layout *l, uint16_t off, size_t size)
{
	return off + size <= l->code_size;
}

static bool is_layout(const struct python_layout *l)
{
	return l->code_size <= sizeof(struct image) && holds(l, l->ob_type, 8) &&
	       holds(l, l->code_first_line, 4) && holds(l, l->code_flags, 4) &&
	       holds(l, l->code_name, 8) && holds(l, l->code_filename, 8) &&
	       holds(l, l->code_line_table, 8) &&
	       (l->code_qualname == PYTHON_NO_FIELD || holds(l, l->code_qualname, 8)) &&
	       (l->code_version == PYTHON_NO_FIELD || holds(l, l->code_version, 4));
}

static uint32_t u32_at(const struct image *image, uint16_t off)
{
	uint32_t value;

	memcpy(&value, (const uint8_t *)image->words + off, sizeof(value));
	return value;
}

static uint64_t u64_at(const struct image *image, uint16_t off)
{
	uint64_t value;

	memcpy(&value, (const uint8_t *)image->words + off, sizeof(value));
	return value;
}

/*
 * A freed object keeps all its words but the first, where the allocator links it to the next
 * free one, while its strings become others'. Counts stay far below addresses, with what
 * extensions of older versions add to an immortal object's; above bit 48 stand flags. Builds
 * without the GIL have two counts, of the owner thread's references and, above two flags, of all
 * others', which may be below zero; a freed object keeps zeros.
 */
static bool is_alive(const struct image *image, const struct python_layout *l)
{
	uint64_t count = image->words[0] & ((1ULL << 48) - 1);

	if (l->free_threaded)
		return u32_at(image, OWNER_COUNT) || u64_at(image, SHARED_COUNT) >> 2;
	return count && count < 1ULL << 40;
}

static int read_image(const struct python_memory *m, const struct python_layout *l, uint64_t vaddr,
		      struct image *ret_image)
{
	memset(ret_image, 0, sizeof(*ret_image));
	return m->read(m->ctx, ret_image->words, l->code_size, vaddr);
}

static int read_strings(const struct python_memory *m, const struct python_layout *l,
			const struct image *image, struct python_code *code)
{
	int err = python_string__read(m, l, u64_at(image, l->code_name), &code->name);

	if (!err)
		err = python_string__read(m, l, u64_at(image, l->code_filename), &code->filename);
	if (!err && l->code_qualname != PYTHON_NO_FIELD)
		err = python_string__read(m, l, u64_at(image, l->code_qualname), &code->qualname);
	return err;
}

/* A function without its lines is still that function. */
static void read_lines(const struct python_memory *m, const struct python_layout *l,
		       const struct image *image, struct python_code *code)
{
	python_bytes__read(m, l, u64_at(image, l->code_line_table), PYTHON_LINE_TABLE_MAX,
			   &code->line_table, &code->line_table_size);
}

static int check_unchanged(const struct python_memory *m, const struct python_layout *l,
			   uint64_t vaddr, const struct python_code *code)
{
	struct image again;
	int err = read_image(m, l, vaddr, &again);

	if (err)
		return err;
	return is_alive(&again, l) && u64_at(&again, l->ob_type) == code->type &&
			       python_code_key(again.words, l) == code->key ?
		       0 :
		       -EAGAIN;
}

static void scope_fini_code(struct python_code *code)
{
	python_code__fini(code);
}

int python_code__read(const struct python_memory *memory, const struct python_layout *layout,
		      uint64_t vaddr, struct python_code *ret_code)
{
	__attribute__((cleanup(scope_fini_code))) struct python_code code = {
		.version = layout->version,
	};
	struct image image;
	int err;

	if (!is_layout(layout))
		return -EINVAL;
	err = read_image(memory, layout, vaddr, &image);
	if (err)
		return err;
	if (!is_alive(&image, layout))
		return -ESTALE;
	code.type = u64_at(&image, layout->ob_type);
	code.key = python_code_key(image.words, layout);
	code.first_line = (int32_t)u32_at(&image, layout->code_first_line);
	code.flags = u32_at(&image, layout->code_flags);
	err = read_strings(memory, layout, &image, &code);
	if (err)
		return err;
	read_lines(memory, layout, &image, &code);
	err = check_unchanged(memory, layout, vaddr, &code);
	if (err)
		return err;
	*ret_code = code;
	code = (struct python_code){ 0 };
	return 0;
}

void python_code__fini(struct python_code *code)
{
	free(code->name);
	free(code->qualname);
	free(code->filename);
	free(code->line_table);
	*code = (struct python_code){ 0 };
}

struct python_line_table python_code__lines(const struct python_code *code)
{
	return (struct python_line_table){
		.version = code->version,
		.first_line = code->first_line,
		.bytes = code->line_table,
		.size = code->line_table_size,
	};
}
