// SPDX-License-Identifier: Apache-2.0
/* Whole ELF files: is it a CPython, is it a C library? */
#include <assert.h>
#include <string.h>

#include "symbolizer/python/interpreter.h"
#include "symbolizer/python/layouts.h"
#include "symbolizer/python/thread_specific.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct python_interpreter *p)
{
	struct python_layout layout;

	assert(p->refusal < PYTHON_REFUSAL_CNT);
	assert(!p->refusal == !*python_refusal_text(p->refusal));
	if (p->refusal)
		return;
	assert(!python_layout__find(p->hexversion, p->free_threaded, &layout));
	assert(p->layout.version == p->hexversion >> 16);
	assert(p->layout.code_size <= 8 * PYTHON_CODE_WORDS);
	assert(p->interp_head_rel);
	assert(p->eval_cnt <= PYTHON_EVAL_RANGES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_free(elf_file) struct elf_file *file = NULL;
	struct python_interpreter interpreter;
	struct thread_specific specific;

	if (elf_file__open_memory(data, size, &file))
		return 0;
	if (!python_interpreter__inspect(file, &interpreter))
		check(&interpreter);
	if (!thread_specific__inspect(file, &specific))
		assert(specific.offset);
	return 0;
}
