// SPDX-License-Identifier: Apache-2.0
/* What the kernel prints of an address: names of modules' symbols are whatever their makers chose. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbolizer/kernel/symbol_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_memory char *text = malloc(size + 1);
	struct symbol_text symbol;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	if (symbol_text__parse(text, &symbol))
		return 0;
	assert(symbol.name == text && symbol.name_len > 0);
	assert(symbol.name_len < strlen(text));
	assert(symbol.module > text && symbol.module + symbol.module_len <= text + size);
	return 0;
}
