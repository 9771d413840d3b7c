// SPDX-License-Identifier: Apache-2.0
/* Code objects: a byte that chooses the version, and memory that begins with the object. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "common/view.h"
#include "symbolizer/python/code_object.h"
#include "symbolizer/python/layouts.h"
#include "symbolizer/python/text.h"
#include "tests/fuzz/python_versions.h"

#define BASE 0x10000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_view(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	struct view *memory = ctx, part;

	assert(size && size <= PYTHON_LINE_TABLE_MAX);
	if (vaddr < BASE)
		return -EFAULT;
	part = view_sub(memory, vaddr - BASE, size);
	if (part.bad)
		return -EFAULT;
	memcpy(to, part.data, size);
	return 0;
}

static void check_text(const char *text)
{
	assert(strlen(text) < PYTHON_TEXT_MAX);
	while (*text) {
		uint32_t rune;
		size_t len = text_rune(text, &rune);

		assert(len);
		text += len;
	}
}

static void check(const struct python_code *code)
{
	struct python_line_table lines = python_code__lines(code);

	check_text(code->name);
	check_text(code->filename);
	if (code->qualname)
		check_text(code->qualname);
	assert(code->line_table || !code->line_table_size);
	python_line_table__shown(&lines, 100);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view memory = view_of(data, size);
	size_t i = view_u8(&memory) % (sizeof(versions) / sizeof(*versions));
	struct python_layout layout;
	struct python_code code;

	assert(!python_layout__find(PYTHON_HEX(versions[i].major, versions[i].minor, 0),
				    versions[i].free_threaded, &layout));
	memory = view_sub(&memory, memory.pos, view_left(&memory));
	if (python_code__read(&(struct python_memory){ read_view, &memory }, &layout, BASE, &code))
		return 0;
	check(&code);
	python_code__fini(&code);
	return 0;
}
