// SPDX-License-Identifier: Apache-2.0
/* The file of kept_symbols.c, made of all answers of a table: one block after the other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#include "symbolizer/native/kept_file.h"
#include "symbolizer/native/kept_symbols_format.h"

struct growing {
	uint8_t *data; /* owned */
	size_t size;
	size_t room;
};

struct maker {
	struct growing places;
	struct growing blocks;
	struct growing text; /* of the block under way */
	struct kept_piece pieces[KEPT_BLOCK_PIECES];
	uint32_t piece_cnt;
	uint64_t start; /* of the block under way */
	struct symbol_name last;
	bool any; /* last is set */
	const char *named; /* the name that was put last into the text ... */
	uint32_t named_at; /* ... and where */
};

static int append(struct growing *g, const void *from, size_t size)
{
	if (size > g->room - g->size) {
		size_t room = g->room * 2 + size + 4096;
		uint8_t *more = realloc(g->data, room);

		if (!more)
			return -ENOMEM;
		g->data = more;
		g->room = room;
	}
	memcpy(g->data + g->size, from, size);
	g->size += size;
	return 0;
}

static int end_block(struct maker *m)
{
	struct kept_place place = { .start = m->start,
				    .off = m->blocks.size,
				    .piece_cnt = m->piece_cnt,
				    .text_sz = (uint32_t)m->text.size };
	int err;

	if (!m->piece_cnt)
		return 0;
	err = append(&m->blocks, m->pieces, m->piece_cnt * sizeof(*m->pieces));
	if (!err)
		err = append(&m->blocks, m->text.data, m->text.size);
	if (err)
		return err;
	place.crc = libdeflate_crc32(0, m->blocks.data + place.off, m->blocks.size - place.off);
	m->piece_cnt = 0;
	return m->blocks.size > KEPT_SYMBOLS_MAX ? -EFBIG :
						   append(&m->places, &place, sizeof(place));
}

static int begin_block(struct maker *m, uint64_t start)
{
	m->start = start;
	m->text.size = 0;
	m->named = NULL;
	return append(&m->text, "", 1);
}

/* Does a piece no longer go into the block under way? */
static bool is_full(const struct maker *m, uint64_t start, size_t name_sz)
{
	return !m->piece_cnt || m->piece_cnt == KEPT_BLOCK_PIECES ||
	       start - m->start > UINT32_MAX || name_sz > KEPT_BLOCK_TEXT - m->text.size;
}

static int put_name(struct maker *m, const char *name)
{
	if (name == m->named)
		return 0;
	m->named = name;
	m->named_at = (uint32_t)m->text.size;
	return append(&m->text, name, strlen(name) + 1);
}

static bool is_same(const struct symbol_name *x, const struct symbol_name *y)
{
	return x->linkage == y->linkage && x->start == y->start && x->size == y->size &&
	       x->source == y->source;
}

static int take_piece(void *ctx, uint64_t start, const struct symbol_name *name)
{
	struct maker *m = ctx;
	size_t name_sz = name->linkage ? strlen(name->linkage) + 1 : 0;
	uint64_t back = name->source == NAME_NONE ? 0 : start - name->start;
	int err = 0;

	if (m->any && is_same(&m->last, name))
		return 0;
	if (back > UINT32_MAX || name->size > UINT32_MAX || name_sz >= KEPT_BLOCK_TEXT)
		return -EFBIG;
	if (is_full(m, start, name_sz)) {
		err = end_block(m);
		err = err ? err : begin_block(m, start);
	}
	if (!err && name->linkage)
		err = put_name(m, name->linkage);
	m->pieces[m->piece_cnt++] = (struct kept_piece){
		.at = (uint32_t)(start - m->start),
		.back = (uint32_t)back,
		.size = (uint32_t)name->size,
		.name_source = (name->linkage ? m->named_at << 8 : 0) | name->source,
	};
	m->last = *name;
	m->any = true;
	return err;
}

static void write_out(const struct kept_folder *folder, const struct kept_symbols_key *key,
		      const struct maker *m)
{
	struct kept_symbols_head head = {
		.key = *key,
		.place_cnt = (uint32_t)(m->places.size / sizeof(struct kept_place)),
		.crc = libdeflate_crc32(0, m->places.data, m->places.size),
	};
	struct iovec parts[] = { { &head, sizeof(head) },
				 { m->places.data, m->places.size },
				 { m->blocks.data, m->blocks.size } };

	kept_file_write(folder->dir_fd, &key->file.build_id, KEPT_SYMBOLS_KIND, parts, 3);
}

bool kept_symbols_write(const struct kept_folder *folder, const struct kept_symbols_key *key,
			struct symbol_table *table)
{
	struct maker *m = calloc(1, sizeof(*m));
	int err = m ? symbol_table__each_piece(table, take_piece, m) : -ENOMEM;

	if (!err)
		err = end_block(m);
	if (!err)
		write_out(folder, key, m);
	if (m) {
		free(m->places.data);
		free(m->blocks.data);
		free(m->text.data);
	}
	free(m);
	return !err;
}
