// SPDX-License-Identifier: Apache-2.0
#include "collector/python/pieces.h"

#include <errno.h>
#include <string.h>

int python_pieces__read(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	const struct python_code_record *rec = ctx;
	const uint8_t *at = (const uint8_t *)(rec + 1);

	for (uint32_t i = 0; i < rec->piece_cnt; i++) {
		const struct python_piece *piece = (const void *)at;

		if (vaddr >= piece->vaddr && vaddr - piece->vaddr <= piece->size &&
		    size <= piece->size - (vaddr - piece->vaddr)) {
			memcpy(to, at + sizeof(*piece) + (vaddr - piece->vaddr), size);
			return 0;
		}
		at += sizeof(*piece) + ((piece->size + 7ULL) & ~7ULL);
	}
	return -EFAULT;
}
