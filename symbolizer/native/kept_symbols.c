// SPDX-License-Identifier: Apache-2.0
/*
 * A kept file, in the byte order of the host:
 *
 *	| head | places of the blocks, sorted by address | blocks |
 *	block: | pieces, sorted | names, each with its NUL; "" is first |
 *
 * A piece is a stretch of addresses that has one answer, up to where the next begins. A block has
 * pieces, and all of their names, so that a question reads one of them. The checksums guard
 * against what a full disk or a crash leaves behind; every index is checked all the same.
 */
#include "symbolizer/native/kept_symbols.h"

#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#include "common/io.h"
#include "symbolizer/native/kept_file.h"
#include "symbolizer/native/kept_symbols_format.h"

#define NO_BLOCK UINT32_MAX

struct kept_symbols {
	int fd; /* owned, as all below */
	struct kept_place *places;
	uint32_t place_cnt;
	uint64_t blocks_off; /* in the file */
	uint32_t current; /* the block that was read last */
	uint8_t *block;
	size_t block_room;
};

bool kept_symbols_key__of(const struct kept_folder *folder, int fd, struct elf_file *file,
			  int debug_fd, struct elf_file *debug, struct kept_symbols_key *ret_key)
{
	struct kept_symbols_key key = { 0 };

	if (!kept_key__of(folder, KEPT_SYMBOLS_MAGIC, fd, file, &key.file) ||
	    (debug && !kept_key__of(folder, KEPT_SYMBOLS_MAGIC, debug_fd, debug, &key.debug)))
		return false;
	memcpy(ret_key, &key, sizeof(key)); /* it is compared, with its padding */
	return true;
}

static uint64_t block_bytes(const struct kept_place *p)
{
	return p->piece_cnt * sizeof(struct kept_piece) + p->text_sz;
}

static bool places_are_good(const struct kept_symbols *k, uint64_t size)
{
	for (uint32_t i = 0; i < k->place_cnt; i++) {
		const struct kept_place *p = &k->places[i];

		if ((i && p[-1].start >= p->start) || !p->piece_cnt ||
		    p->piece_cnt > KEPT_BLOCK_PIECES || !p->text_sz ||
		    p->text_sz > KEPT_BLOCK_TEXT || p->off > size || block_bytes(p) > size - p->off)
			return false;
	}
	return true;
}

static bool read_places(struct kept_symbols *k, uint64_t size, const struct kept_symbols_key *key)
{
	struct kept_symbols_head h;
	size_t bytes;

	if (size < sizeof(h) || io_pread_full(k->fd, &h, sizeof(h), 0) ||
	    memcmp(&h.key, key, sizeof(*key)) ||
	    h.place_cnt > (size - sizeof(h)) / sizeof(*k->places))
		return false;
	bytes = h.place_cnt * sizeof(*k->places);
	k->places = malloc(bytes + 1);
	k->place_cnt = h.place_cnt;
	k->blocks_off = sizeof(h) + bytes;
	return k->places && !io_pread_full(k->fd, k->places, bytes, sizeof(h)) &&
	       libdeflate_crc32(0, k->places, bytes) == h.crc &&
	       places_are_good(k, size - k->blocks_off);
}

struct kept_symbols *kept_symbols__take(int fd, uint64_t size, const struct kept_symbols_key *key)
{
	scope_fd int owned = fd;
	scope_free(kept_symbols) struct kept_symbols *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->fd = take_fd(&owned);
	k->current = NO_BLOCK;
	return size <= KEPT_SYMBOLS_MAX && read_places(k, size, key) ? take_ptr(k) : NULL;
}

struct kept_symbols *kept_symbols__open(const struct kept_folder *folder,
					const struct kept_symbols_key *key)
{
	uint64_t size;
	int fd = kept_file_open(folder->dir_fd, &key->file.build_id, KEPT_SYMBOLS_KIND,
				KEPT_SYMBOLS_MAX, &size);

	return fd < 0 ? NULL : kept_symbols__take(fd, size, key);
}

void kept_symbols__free(struct kept_symbols *k)
{
	if (!k)
		return;
	close(k->fd);
	free(k->places);
	free(k->block);
	free(k);
}

static bool block_is_good(const struct kept_place *p, const uint8_t *block)
{
	const struct kept_piece *pieces = (const void *)block;
	const uint8_t *text = block + p->piece_cnt * sizeof(*pieces);

	for (uint32_t i = 0; i < p->piece_cnt; i++)
		if (i ? pieces[i].at <= pieces[i - 1].at : pieces[i].at)
			return false;
	for (uint32_t i = 0; i < p->piece_cnt; i++)
		if (kept_piece_name(&pieces[i]) >= p->text_sz ||
		    kept_piece_source(&pieces[i]) > NAME_NONE ||
		    pieces[i].back > p->start + pieces[i].at)
			return false;
	return !text[0] && !text[p->text_sz - 1];
}

static bool read_block(struct kept_symbols *k, uint32_t idx)
{
	const struct kept_place *p = &k->places[idx];
	size_t bytes = block_bytes(p);

	if (k->current == idx)
		return true;
	k->current = NO_BLOCK;
	if (bytes > k->block_room) {
		free(k->block);
		k->block = malloc(bytes);
		k->block_room = k->block ? bytes : 0;
	}
	if (!k->block || io_pread_full(k->fd, k->block, bytes, k->blocks_off + p->off) ||
	    libdeflate_crc32(0, k->block, bytes) != p->crc || !block_is_good(p, k->block))
		return false;
	k->current = idx;
	return true;
}

/* How many blocks begin at an address or below. */
static uint32_t blocks_below(const struct kept_symbols *k, uint64_t elf_vaddr)
{
	uint32_t low = 0, high = k->place_cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (k->places[mid].start <= elf_vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The last piece that begins at an offset in its block or below: the first begins at 0. */
static const struct kept_piece *piece_at(const struct kept_piece *pieces, uint32_t cnt,
					 uint64_t off)
{
	uint32_t low = 1, high = cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (pieces[mid].at <= off)
			low = mid + 1;
		else
			high = mid;
	}
	return &pieces[low - 1];
}

bool kept_symbols__find(struct kept_symbols *k, uint64_t elf_vaddr, struct symbol_name *ret_name)
{
	uint32_t below = blocks_below(k, elf_vaddr);
	const struct kept_place *p = &k->places[below - 1];
	const struct kept_piece *piece;
	enum name_source source = NAME_NONE;

	*ret_name = (struct symbol_name){ .source = NAME_NONE };
	if (!below)
		return true;
	if (!read_block(k, below - 1))
		return false;
	piece = piece_at((const void *)k->block, p->piece_cnt, elf_vaddr - p->start);
	source = kept_piece_source(piece);
	if (source == NAME_NONE)
		return true;
	ret_name->source = source;
	ret_name->start = p->start + piece->at - piece->back;
	ret_name->size = piece->size;
	if (source != NAME_FDE)
		ret_name->linkage = (const char *)k->block + p->piece_cnt * sizeof(*piece) +
				    kept_piece_name(piece);
	return true;
}
