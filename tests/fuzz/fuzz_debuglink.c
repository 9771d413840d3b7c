// SPDX-License-Identifier: Apache-2.0
/* .gnu_debuglink and .gnu_debugaltlink of hostile files. */
#include <assert.h>
#include <string.h>

#include "symbolizer/native/debuglink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct build_id id;
	uint32_t crc;
	char name[64];

	if (!debuglink_parse(view_of(data, size), name, sizeof(name), &crc))
		assert(*name && strlen(name) < sizeof(name) && !strchr(name, '/'));
	if (!debugaltlink_parse(view_of(data, size), name, sizeof(name), &id))
		assert(*name && strlen(name) < sizeof(name) && id.size && id.size <= BUILD_ID_MAX);
	return 0;
}
