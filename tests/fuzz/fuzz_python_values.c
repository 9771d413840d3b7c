// SPDX-License-Identifier: Apache-2.0
/*
 * Objects and frames of a Python process that lies: a byte that chooses the version, one that says what
 * stands at the start of the memory behind it, an object or a frame. Text and work are bounded, and the
 * text is UTF-8 that ends.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "common/view.h"
#include "symbolizer/python/layouts.h"
#include "symbolizer/python/locals.h"
#include "symbolizer/python/text.h"
#include "tests/fuzz/python_versions.h"

#define BASE 0x10000
#define READS_PER_OBJECT 8
#define MAX_OBJECTS 1000 /* 5 items of 5 items of 5 pairs at most, and their holes */
#define MAX_VARIABLES 4096
#define READS_PER_VARIABLE 110

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct view memory;
	uint64_t reads;
	uint32_t variables;
};

static int read_world(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	struct world *world = ctx;
	struct view part;

	assert(size && size <= PYTHON_TEXT_MAX * 4);
	world->reads++;
	if (vaddr < BASE)
		return -EFAULT;
	part = view_sub(&world->memory, vaddr - BASE, size);
	if (part.bad)
		return -EFAULT;
	memcpy(to, part.data, size);
	return 0;
}

static void check_text(const char *text, size_t room)
{
	assert(strlen(text) < room);
	while (*text) {
		uint32_t rune;
		size_t len = text_rune(text, &rune);

		/* a type's name is the bytes that stood there */
		text += len ? len : 1;
	}
}

static void take_local(void *ctx, const char *name, const char *value)
{
	struct world *world = ctx;

	check_text(name, PYTHON_TEXT_MAX);
	check_text(value, OBJECT_TEXT_MAX);
	assert(++world->variables <= PYTHON_MAX_LOCALS + 1);
}

static void try_object(struct world *world, const struct python_layout *layout)
{
	struct python_memory memory = { read_world, world };
	struct object_text text;

	object_text__read(&memory, layout, BASE, &text);
	check_text(text.bytes, sizeof(text.bytes));
	assert(text.len == strlen(text.bytes) && text.len);
	assert(world->reads <= READS_PER_OBJECT * MAX_OBJECTS);
}

static void try_frame(struct world *world, const struct python_layout *layout)
{
	struct python_memory memory = { read_world, world };
	uint64_t code;

	if (read_world(world, &code, sizeof(code), BASE + layout->frame_code))
		return;
	code &= ~(uint64_t)layout->code_tag_mask;
	if (python_locals__read(&memory, layout, BASE, code, take_local, world))
		assert(!world->variables);
	assert(world->reads <= READS_PER_OBJECT * MAX_OBJECTS * (PYTHON_MAX_LOCALS + 1ULL) +
				       3ULL * MAX_VARIABLES * 2 * READS_PER_VARIABLE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	size_t i = view_u8(&input) % (sizeof(versions) / sizeof(*versions));
	uint8_t what = view_u8(&input) % 2;
	struct world world = { .memory = view_sub(&input, input.pos, view_left(&input)) };
	struct python_layout layout;

	assert(!python_layout__find(PYTHON_HEX(versions[i].major, versions[i].minor, 0),
				    versions[i].free_threaded, &layout));
	if (what == 0)
		try_object(&world, &layout);
	else
		try_frame(&world, &layout);
	return 0;
}
