// SPDX-License-Identifier: Apache-2.0
/* Names of threads: a byte that chooses the version, and memory that begins with three words: the first
 * interpreter, the list of threads, an object with attributes. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "common/view.h"
#include "symbolizer/python/dict_object.h"
#include "symbolizer/python/layouts.h"
#include "symbolizer/python/text.h"
#include "symbolizer/python/thread_names.h"

#define BASE 0x10000
#define MAX_READS 50000 /* the caller bounds the work so */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t versions[][2] = { { 2, 7 },  { 3, 6 },  { 3, 7 },	{ 3, 8 },
				       { 3, 9 },  { 3, 10 }, { 3, 11 }, { 3, 12 },
				       { 3, 13 }, { 3, 14 }, { 3, 15 } };

struct memory {
	struct view view;
	unsigned long reads;
};

static int read_view(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	struct memory *memory = ctx;
	struct view part;

	if (++memory->reads > MAX_READS || vaddr < BASE)
		return -EFAULT;
	part = view_sub(&memory->view, vaddr - BASE, size);
	if (part.bad)
		return -EFAULT;
	memcpy(to, part.data, size);
	return 0;
}

static void check_name(void *ctx, uint32_t tid, const char *name)
{
	(void)ctx;
	(void)tid;
	assert(strlen(name) < PYTHON_TEXT_MAX);
	while (*name) {
		uint32_t rune;
		size_t len = text_rune(name, &rune);

		assert(len);
		name += len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view bytes = view_of(data, size);
	size_t i = view_u8(&bytes) % (sizeof(versions) / sizeof(*versions));
	struct memory seen = { .view = view_sub(&bytes, bytes.pos, view_left(&bytes)) };
	struct python_memory memory = { read_view, &seen };
	struct python_thread_place place = { .interp_head = BASE, .runtime = BASE };
	struct python_layout layout;
	uint64_t words[3], active, value;

	assert(!python_layout__find(PYTHON_HEX(versions[i][0], versions[i][1], 0), false, &layout));
	if (memory.read(&seen, words, sizeof(words), BASE))
		return 0;
	if (!python_threads__find(&memory, &layout, &place, &active))
		python_threads__read(&memory, &layout, &place, active, check_name, NULL);
	python_threads__read(&memory, &layout, &place, words[1], check_name, NULL);
	python_attribute__find(&memory, &layout, words[2], "_name", &value);
	return 0;
}
