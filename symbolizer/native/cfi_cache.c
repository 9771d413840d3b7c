// SPDX-License-Identifier: Apache-2.0
/*
 * A kept file, in the byte order of the host:
 *
 *	| head | infos | pages | rows |
 *
 * A checksum guards against what a full disk or a crash leaves behind; every index is checked all the
 * same.
 */
#include "symbolizer/native/cfi_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#include "common/io.h"
#include "symbolizer/native/kept_file.h"

#define KIND ".rows"
#define MAGIC 0x32776f72646e73ULL /* "sndrow2" */
#define MAX_BYTES (256UL << 20)
#define MIN_ROWS 8192 /* fewer are made as fast as they are read */

struct head {
	struct kept_key key;
	uint64_t base_vaddr;
	uint32_t info_cnt;
	uint32_t page_cnt;
	uint32_t row_cnt;
	uint32_t fde_cnt;
	uint32_t bad_fdes;
	uint32_t bad_pages;
	uint32_t crc; /* of all that follows the head */
	uint32_t pad;
};

static void parts_of(const struct cfi_table *t, struct iovec parts[3])
{
	parts[0] = (struct iovec){ t->infos, t->info_cnt * sizeof(*t->infos) };
	parts[1] = (struct iovec){ t->pages, t->page_cnt * sizeof(*t->pages) };
	parts[2] = (struct iovec){ t->rows, t->row_cnt * sizeof(*t->rows) };
}

static uint32_t checksum(const struct cfi_table *t)
{
	struct iovec parts[3];
	uint32_t crc = 0;

	parts_of(t, parts);
	for (int i = 0; i < 3; i++)
		crc = libdeflate_crc32(crc, parts[i].iov_base, parts[i].iov_len);
	return crc;
}

static bool indexes_are_good(const struct cfi_table *t)
{
	for (uint32_t i = 0; i < t->page_cnt; i++)
		if (t->pages[i].first_row > t->row_cnt ||
		    t->pages[i].row_cnt > t->row_cnt - t->pages[i].first_row ||
		    t->pages[i].row_cnt > UNWIND_VALUE_ROWS)
			return false;
	for (uint32_t i = 0; i < t->row_cnt; i++)
		if (unwind_row_info(t->rows[i]) >= t->info_cnt)
			return false;
	return true;
}

/* Where the parts go, and then from there. */
static int read_parts(int fd, struct cfi_table *t)
{
	unsigned long long off = sizeof(struct head);
	struct iovec parts[3];
	int err = 0;

	t->infos = calloc(t->info_cnt + 1UL, sizeof(*t->infos));
	t->pages = calloc(t->page_cnt + 1UL, sizeof(*t->pages));
	t->rows = malloc((t->row_cnt + 1UL) * sizeof(*t->rows));
	if (!t->infos || !t->pages || !t->rows)
		return -ENOMEM;
	parts_of(t, parts);
	for (int i = 0; !err && i < 3; i++) {
		err = io_pread_full(fd, parts[i].iov_base, parts[i].iov_len, off);
		off += parts[i].iov_len;
	}
	return err;
}

static uint64_t bytes_of(const struct head *h)
{
	return sizeof(*h) + h->info_cnt * sizeof(struct unwind_info) +
	       h->page_cnt * sizeof(struct unwind_page) + h->row_cnt * sizeof(uint32_t);
}

static int get(const struct kept_folder *cache, const struct kept_key *key,
	       struct cfi_table **ret_table)
{
	uint64_t size;
	scope_fd int fd = kept_file_open(cache->dir_fd, &key->build_id, KIND, MAX_BYTES, &size);
	scope_free(cfi_table) struct cfi_table *table = calloc(1, sizeof(*table));
	struct head h;
	int err;

	if (fd < 0 || !table)
		return fd < 0 ? fd : -ENOMEM;
	err = io_pread_full(fd, &h, sizeof(h), 0);
	if (err || memcmp(&h.key, key, sizeof(*key)) || bytes_of(&h) != size)
		return -ENOENT;
	table->base_vaddr = h.base_vaddr;
	table->info_cnt = h.info_cnt;
	table->page_cnt = h.page_cnt;
	table->row_cnt = h.row_cnt;
	table->fde_cnt = h.fde_cnt;
	table->bad_fdes = h.bad_fdes;
	table->bad_pages = h.bad_pages;
	err = read_parts(fd, table);
	if (err || checksum(table) != h.crc || !indexes_are_good(table))
		return -ENOENT;
	*ret_table = take_ptr(table);
	return 0;
}

static void put(const struct kept_folder *cache, const struct kept_key *key,
		const struct cfi_table *t)
{
	struct head h = {
		.key = *key,
		.base_vaddr = t->base_vaddr,
		.info_cnt = t->info_cnt,
		.page_cnt = t->page_cnt,
		.row_cnt = t->row_cnt,
		.fde_cnt = t->fde_cnt,
		.bad_fdes = t->bad_fdes,
		.bad_pages = t->bad_pages,
		.crc = checksum(t),
	};
	struct iovec parts[4] = { { &h, sizeof(h) } };

	parts_of(t, parts + 1);
	kept_file_write(cache->dir_fd, &key->build_id, KIND, parts, 4);
}

int cfi_cache__load(const struct kept_folder *cache, int fd, struct elf_file *file,
		    struct cfi_table **ret_table)
{
	struct kept_key key;
	bool may_keep = kept_key__of(cache, MAGIC, fd, file, &key);
	int err;

	if (may_keep && !get(cache, &key, ret_table))
		return 0;
	err = cfi_table__load(file, ret_table);
	if (!err && may_keep && (*ret_table)->row_cnt >= MIN_ROWS)
		put(cache, &key, *ret_table);
	return err;
}
