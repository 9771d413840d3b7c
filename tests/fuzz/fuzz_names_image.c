// SPDX-License-Identifier: Apache-2.0
/* Cache files that a crash, a full disk or somebody else left behind. The checksum is made right,
 * or nothing would ever come past it. */
#include <string.h>

#include <zlib.h>

#include "symbolizer/native/names_image.h"

#define HEAD \
	56 /* of a cache file; its checksum is at 32, its key's build id at 8, its size at 48 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names_key key = { 0 };
	scope_free(names_image) struct names_image *image = NULL;
	scope_free(source_table) struct source_table *table = source_table__new(1);
	uint8_t *copy = malloc(size + 1);
	uint32_t crc;

	if (!copy || !table) {
		free(copy);
		return 0;
	}
	memcpy(copy, data, size);
	if (size >= HEAD) {
		memcpy(&key.build_id, copy + 8, sizeof(key.build_id));
		memcpy(&key.debug_size, copy + 48, sizeof(key.debug_size));
		crc = (uint32_t)crc32(0, copy + HEAD, (uInt)(size - HEAD));
		memcpy(copy + 32, &crc, sizeof(crc));
	}
	image = names_image__take(copy, size, &key);
	for (uint64_t addr = 0; image && addr < 64; addr++)
		names_image__copy(image, addr * 16, table, 0);
	return 0;
}
