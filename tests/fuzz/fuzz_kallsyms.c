// SPDX-License-Identifier: Apache-2.0
/* The text of /proc/kallsyms, as a raw file of somebody else may hold it. */
#include <assert.h>

#include "symbolizer/kernel/kallsyms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct kallsyms *kallsyms, uint64_t addr)
{
	struct kernel_symbol symbol = kallsyms__find(kallsyms, addr);
	uint64_t start, end;

	if (!symbol.name)
		return;
	assert(symbol.start <= addr);
	if (!kallsyms__module_range(kallsyms, symbol.module, &start, &end))
		assert(start <= symbol.start);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_free(kallsyms) struct kallsyms *kallsyms = NULL;

	if (kallsyms__parse((const char *)data, size, &kallsyms))
		return 0;
	ask(kallsyms, 0);
	ask(kallsyms, UINT64_MAX);
	ask(kallsyms, kallsyms__text_start(kallsyms));
	ask(kallsyms, kallsyms__text_end(kallsyms));
	for (uint64_t i = 0; i < 64; i++)
		ask(kallsyms, 0xffffffff81000000 + i * 16);
	return 0;
}
