// SPDX-License-Identifier: Apache-2.0
/* Whole ELF files: the names of their PLT slots. */
#include <assert.h>
#include <string.h>

#include "symbolizer/native/plt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *ctx, uint64_t elf_vaddr, uint64_t size, const char *name)
{
	size_t *cnt = ctx;

	(void)elf_vaddr;
	assert(size == 8 || size == 16);
	assert(*name);
	*cnt += strlen(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_free(elf_file) struct elf_file *file = NULL;
	size_t cnt = 0;

	if (!elf_file__open_memory(data, size, &file))
		plt_for_each(file, take, &cnt);
	return 0;
}
