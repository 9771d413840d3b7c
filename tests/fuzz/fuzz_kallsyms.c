// SPDX-License-Identifier: Apache-2.0
/* The text of /proc/kallsyms, as a raw file of somebody else may hold it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

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

/* Printed and read again it says the same. */
static void print_again(const struct kallsyms *kallsyms)
{
	scope_free(kallsyms) struct kallsyms *again = NULL;
	scope_memory char *text = NULL, *text_again = NULL;
	size_t size, size_again;

	if (kallsyms__print(kallsyms, &text, &size) || kallsyms__parse(text, size, &again))
		return;
	assert(!kallsyms__print(again, &text_again, &size_again));
	assert(size == size_again && !memcmp(text, text_again, size));
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
	print_again(kallsyms);
	return 0;
}
