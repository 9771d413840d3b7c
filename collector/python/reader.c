// SPDX-License-Identifier: Apache-2.0
#include "collector/python/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "collector/python/pieces.h"
#include "common/cleanup.h"
#include "symbolizer/python/code_object.h"

struct reader {
	const struct python_code_record *from; /* borrowed */
	struct python_code_record *to; /* owned; grows by what is read */
};

int python_reader__live(uint32_t pid, void *to, size_t size, uint64_t vaddr)
{
	struct iovec ours = { to, size }, theirs = { (void *)(uintptr_t)vaddr, size };
	ssize_t got = process_vm_readv((pid_t)pid, &ours, 1, &theirs, 1, 0);

	return got < 0 ? -errno : (size_t)got == size ? 0 : -EFAULT;
}

static int add_piece(struct reader *r, const void *bytes, size_t size, uint64_t vaddr)
{
	struct python_piece piece = { .vaddr = vaddr, .size = (uint32_t)size };
	size_t old = r->to->h.size, room = sizeof(piece) + ((size + 7) & ~(size_t)7);
	struct python_code_record *more;

	if (r->to->piece_cnt == PYTHON_MAX_PIECES || size > PYTHON_LINE_TABLE_MAX)
		return -ENOSPC;
	more = realloc(r->to, old + room);
	if (!more)
		return -ENOMEM;
	r->to = more;
	memset((char *)more + old, 0, room);
	memcpy((char *)more + old, &piece, sizeof(piece));
	memcpy((char *)more + old + sizeof(piece), bytes, size);
	more->h.size = (uint32_t)(old + room);
	more->piece_cnt++;
	return 0;
}

/* The object itself, too: what it says now tells whether its strings are still its own. */
static int read_live(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	struct reader *r = ctx;
	int err = python_reader__live(r->from->pid, to, size, vaddr);

	return err ? err : add_piece(r, to, size, vaddr);
}

/* That memory has the whole of the object that the record is of. */
static bool is_whole(const struct python_code_record *rec, const struct python_memory *memory,
		     uint64_t type)
{
	struct python_code code = { 0 };
	bool whole;

	if (python_code__read(memory, &rec->layout, rec->code, &code))
		return false;
	whole = code.line_table && code.type == type && code.key == rec->key;
	python_code__fini(&code);
	return whole;
}

struct python_code_record *python_reader__read(const struct python_code_record *rec,
					       uint64_t code_type)
{
	struct reader r = { .from = rec };
	struct python_memory live = { read_live, &r };

	r.to = malloc(sizeof(*r.to));
	if (!r.to)
		return NULL;
	*r.to = *rec;
	r.to->piece_cnt = 0;
	r.to->h.size = sizeof(*r.to);
	if (is_whole(rec, &live, code_type))
		return r.to;
	free(r.to);
	return NULL;
}

struct python_code_record *python_reader__complete(const struct python_code_record *rec)
{
	struct python_memory pieces = { python_pieces__read, (void *)rec };
	uint64_t type = 0;

	python_pieces__read((void *)rec, &type, sizeof(type), rec->code + rec->layout.ob_type);
	return is_whole(rec, &pieces, type) ? NULL : python_reader__read(rec, type);
}
