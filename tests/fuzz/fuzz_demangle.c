// SPDX-License-Identifier: Apache-2.0
/* Names as symbol tables hold them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/symbolizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_memory char *linkage = calloc(1, size + 1);
	scope_memory char *name = NULL;

	if (!linkage)
		return 0;
	if (size)
		memcpy(linkage, data, size);
	name = demangle(linkage);
	assert(!name || (*name && strlen(name) <= 65536));
	return 0;
}
