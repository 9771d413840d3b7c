// SPDX-License-Identifier: Apache-2.0
/* Kept files of symbols that a crash, a full disk or somebody else left behind. The checksums are made
 * right and the key is that of the file, or nothing would ever come past them. */
#include <string.h>
#include <sys/mman.h>

#include <libdeflate.h>

#include "common/io.h"
#include "symbolizer/native/kept_symbols_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend_place(uint8_t *at, const uint8_t *blocks, size_t size)
{
	struct kept_place place;
	uint64_t bytes;

	memcpy(&place, at, sizeof(place));
	bytes = place.piece_cnt * sizeof(struct kept_piece) + place.text_sz;
	if (place.off > size || bytes > size - place.off)
		return;
	place.crc = libdeflate_crc32(0, blocks + place.off, bytes);
	memcpy(at, &place, sizeof(place));
}

static void mend(uint8_t *data, size_t size, struct kept_symbols_key *ret_key)
{
	struct kept_symbols_head head;
	uint8_t *places = data + sizeof(head), *blocks;

	memcpy(&head, data, sizeof(head));
	*ret_key = head.key;
	if (head.place_cnt > (size - sizeof(head)) / sizeof(struct kept_place))
		return;
	blocks = places + head.place_cnt * sizeof(struct kept_place);
	for (uint32_t i = 0; i < head.place_cnt; i++)
		mend_place(places + i * sizeof(struct kept_place), blocks,
			   (size_t)(data + size - blocks));
	head.crc = libdeflate_crc32(0, places, (size_t)(blocks - places));
	memcpy(data, &head, sizeof(head));
}

static void ask(struct kept_symbols *kept)
{
	struct symbol_name name;
	size_t total = 0;

	for (uint64_t i = 0; i < 64; i++) {
		if (kept_symbols__find(kept, 0x10000 + i * 4, &name) && name.linkage)
			total += strlen(name.linkage);
		if (kept_symbols__find(kept, i << 58 | i, &name) && name.linkage)
			total += strlen(name.linkage);
	}
	if (total == SIZE_MAX)
		abort(); /* the names are read indeed */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_memory uint8_t *copy = malloc(size + 1);
	scope_free(kept_symbols) struct kept_symbols *kept = NULL;
	struct kept_symbols_key key = { 0 };
	scope_fd int fd = memfd_create("kept", 0);

	if (!copy || fd < 0)
		return 0;
	memcpy(copy, data, size);
	if (size >= sizeof(struct kept_symbols_head))
		mend(copy, size, &key);
	if (io_write_full(fd, copy, size))
		return 0;
	kept = kept_symbols__take(take_fd(&fd), size, &key);
	if (kept)
		ask(kept);
	return 0;
}
