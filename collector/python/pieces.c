// SPDX-License-Identifier: Apache-2.0
#include "collector/python/pieces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct python_piece *next_piece(const struct python_piece *piece)
{
	return (const void *)((const uint8_t *)(piece + 1) + ((piece->size + 7ULL) & ~7ULL));
}

const char *python_pieces__path(const struct python_code_record *rec)
{
	const struct python_piece *piece = (const void *)(rec + 1);

	for (uint32_t i = 0; i < rec->piece_cnt; i++, piece = next_piece(piece)) {
		const char *path = (const char *)(piece + 1);

		if (!piece->vaddr && piece->size && *path == '/' && memchr(path, 0, piece->size))
			return path;
	}
	return NULL;
}

struct python_code_record *python_pieces__with_path(const struct python_code_record *rec,
						    const char *path)
{
	struct python_piece piece = { .size = (uint32_t)strlen(path) + 1 };
	uint32_t room = (uint32_t)sizeof(piece) + ((piece.size + 7) & ~7U);
	struct python_code_record *copy;

	if (rec->piece_cnt == PYTHON_MAX_PIECES)
		return NULL;
	copy = calloc(1, rec->h.size + room);
	if (!copy)
		return NULL;
	memcpy(copy, rec, rec->h.size);
	memcpy((char *)copy + rec->h.size, &piece, sizeof(piece));
	memcpy((char *)copy + rec->h.size + sizeof(piece), path, piece.size);
	copy->h.size += room;
	copy->piece_cnt++;
	return copy;
}

int python_pieces__read(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	const struct python_code_record *rec = ctx;
	const struct python_piece *piece = (const void *)(rec + 1);

	for (uint32_t i = 0; i < rec->piece_cnt; i++, piece = next_piece(piece)) {
		if (piece->vaddr && vaddr >= piece->vaddr && vaddr - piece->vaddr <= piece->size &&
		    size <= piece->size - (vaddr - piece->vaddr)) {
			memcpy(to, (const uint8_t *)(piece + 1) + (vaddr - piece->vaddr), size);
			return 0;
		}
	}
	return -EFAULT;
}
