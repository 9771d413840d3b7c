// SPDX-License-Identifier: Apache-2.0
/* Whole ELF files: the C functions that tables of Python in them name. */
#include <assert.h>
#include <ctype.h>

#include "symbolizer/python/c_functions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *ctx, const struct cfi_range *function, const char *name)
{
	const struct cfi_range **last = ctx;

	assert(!*last || *last < function);
	*last = function;
	assert(*name);
	for (; *name; name++)
		assert(isalnum((unsigned char)*name) || *name == '_' || *name == '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_free(elf_file) struct elf_file *file = NULL;
	scope_memory struct cfi_range *ranges = NULL;
	const struct cfi_range *last = NULL;
	size_t cnt;

	if (!elf_file__open_memory(data, size, &file) && !cfi_ranges__load(file, &ranges, &cnt))
		python_c_functions_each(file, ranges, cnt, take, &last);
	return 0;
}
