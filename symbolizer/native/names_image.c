// SPDX-License-Identifier: Apache-2.0
/*
 * A cache file, in the byte order of the host:
 *
 *	| head | addresses, sorted | chains | frames | strings, each with its NUL |
 *
 * The strings of frames are offsets into the last part. A checksum guards against what a full disk
 * or a crash leaves behind; every index is checked all the same.
 */
#include "symbolizer/native/names_image.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define MAGIC 0x32656d616e646e73ULL /* "sndname2": count up with every change of what is kept */

struct head {
	uint64_t magic;
	struct build_id build_id;
	uint8_t pad[3];
	uint32_t crc; /* of all that follows the head */
	uint32_t addr_cnt;
	uint32_t frame_cnt;
	uint32_t string_bytes;
	uint64_t debug_size;
};

struct kept_chain {
	uint64_t start;
	uint32_t first;
	uint32_t cnt;
};

struct names_image {
	uint8_t *data; /* owned */
	const uint64_t *addrs;
	const struct kept_chain *chains;
	const struct source_frame *frames;
	const char *strings;
	uint32_t addr_cnt;
	uint32_t frame_cnt;
	uint32_t string_bytes;
};

static bool same_key(const struct head *h, const struct names_key *key)
{
	return h->magic == MAGIC && h->build_id.size == key->build_id.size &&
	       !memcmp(h->build_id.bytes, key->build_id.bytes, sizeof(h->build_id.bytes)) &&
	       h->debug_size == key->debug_size;
}

static bool frame_is_good(const struct names_image *x, const struct source_frame *f)
{
	return f->name < x->string_bytes && f->linkage < x->string_bytes &&
	       f->file < x->string_bytes;
}

static bool is_good(const struct names_image *x)
{
	for (uint32_t i = 0; i < x->addr_cnt; i++)
		if ((i && x->addrs[i - 1] >= x->addrs[i]) || x->chains[i].first > x->frame_cnt ||
		    x->chains[i].cnt > x->frame_cnt - x->chains[i].first)
			return false;
	for (uint32_t i = 0; i < x->frame_cnt; i++)
		if (!frame_is_good(x, &x->frames[i]))
			return false;
	return x->string_bytes && !x->strings[0] && !x->strings[x->string_bytes - 1];
}

static bool split_parts(struct names_image *x, const struct head *h, size_t size)
{
	uint64_t addrs = 8ULL * h->addr_cnt,
		 chains = sizeof(struct kept_chain) * (uint64_t)h->addr_cnt;
	uint64_t frames = sizeof(struct source_frame) * (uint64_t)h->frame_cnt;
	const uint8_t *at = x->data + sizeof(*h);

	if (sizeof(*h) + addrs + chains + frames + h->string_bytes != size)
		return false;
	x->addrs = (const void *)at;
	x->chains = (const void *)(at + addrs);
	x->frames = (const void *)(at + addrs + chains);
	x->strings = (const void *)(at + addrs + chains + frames);
	x->addr_cnt = h->addr_cnt;
	x->frame_cnt = h->frame_cnt;
	x->string_bytes = h->string_bytes;
	return crc32(0, at, (uInt)(size - sizeof(*h))) == h->crc;
}

struct names_image *names_image__take(uint8_t *data, size_t size, const struct names_key *key)
{
	scope_free(names_image) struct names_image *x = calloc(1, sizeof(*x));
	struct head h;

	if (!x) {
		free(data);
		return NULL;
	}
	x->data = data;
	if (size < sizeof(h) || size > NAMES_IMAGE_MAX)
		return NULL;
	memcpy(&h, data, sizeof(h));
	if (!same_key(&h, key) || !split_parts(x, &h, size) || !is_good(x))
		return NULL;
	return take_ptr(x);
}

void names_image__free(struct names_image *x)
{
	if (!x)
		return;
	free(x->data);
	free(x);
}

static bool find(const struct names_image *x, uint64_t addr, uint32_t *ret_at)
{
	uint32_t low = 0, high = x->addr_cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (x->addrs[mid] < addr)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_at = low;
	return low < x->addr_cnt && x->addrs[low] == addr;
}

bool names_image__copy(const struct names_image *x, uint64_t elf_vaddr, struct source_table *to,
		       uint32_t chain)
{
	uint32_t at;

	if (!find(x, elf_vaddr, &at))
		return false;
	source_table__begin(to, chain);
	to->chains[chain].start = x->chains[at].start;
	for (uint32_t i = 0; i < x->chains[at].cnt; i++) {
		struct source_frame f = x->frames[x->chains[at].first + i];

		f.name = strtab__id(to->strings, x->strings + f.name);
		f.linkage = strtab__id(to->strings, x->strings + f.linkage);
		f.file = strtab__id(to->strings, x->strings + f.file);
		if (!source_table__add(to, chain, &f))
			return false;
	}
	return true;
}

/* What is kept and what is new, in one table with one list of addresses. */
struct merged {
	struct source_table *table; /* owned, as the rest */
	uint64_t *addrs;
	uint32_t cnt;
};

static bool merge(struct merged *m, const struct names_image *old, const uint64_t *addrs,
		  const struct source_table *new)
{
	uint32_t i = 0, k = 0, old_cnt = old ? old->addr_cnt : 0;

	m->addrs = malloc((old_cnt + new->chain_cnt + 1UL) * sizeof(*m->addrs));
	m->table = source_table__new(old_cnt + new->chain_cnt);
	if (!m->addrs || !m->table)
		return false;
	while (i < old_cnt || k < new->chain_cnt) {
		bool take_new = i == old_cnt || (k < new->chain_cnt &&addrs[k] <= old->addrs[i]);
		uint64_t addr = take_new ? addrs[k] : old->addrs[i];

		if (take_new ? !source_table__copy(m->table, m->cnt, new, k) :
			       !names_image__copy(old, addr, m->table, m->cnt))
			return false;
		i += i < old_cnt && old->addrs[i] == addr;
		k += take_new;
		m->addrs[m->cnt++] = addr;
	}
	return true;
}

struct image_writer {
	uint8_t *data; /* owned */
	uint64_t size;
	uint64_t pos;
};

static void append(struct image_writer *w, const void *from, size_t size)
{
	memcpy(w->data + w->pos, from, size);
	w->pos += size;
}

/* Ids of strings become offsets: each string once, in the order of ids; "" is first. */
static uint32_t *string_offsets(const struct strtab *strings, uint32_t *ret_bytes)
{
	uint32_t cnt = strtab__cnt(strings), *offsets = malloc((cnt + 1UL) * sizeof(*offsets));
	uint64_t bytes = 0;

	for (uint32_t i = 0; offsets && i < cnt; i++) {
		offsets[i] = (uint32_t)bytes;
		bytes += strlen(strtab__text(strings, i)) + 1;
		if (bytes > NAMES_IMAGE_MAX) {
			free(offsets);
			return NULL;
		}
	}
	*ret_bytes = (uint32_t)bytes;
	return offsets;
}

static void append_parts(struct image_writer *w, const struct merged *m, const uint32_t *offsets)
{
	const struct source_table *t = m->table;

	append(w, m->addrs, m->cnt * sizeof(*m->addrs));
	for (uint32_t i = 0; i < m->cnt; i++)
		append(w,
		       &(struct kept_chain){ t->chains[i].start, t->chains[i].first,
					     t->chains[i].cnt },
		       sizeof(struct kept_chain));
	for (uint32_t i = 0; i < t->frame_cnt; i++) {
		struct source_frame f = t->frames[i];

		f.name = offsets[f.name];
		f.linkage = offsets[f.linkage];
		f.file = offsets[f.file];
		append(w, &f, sizeof(f));
	}
	for (uint32_t i = 0; i < strtab__cnt(t->strings); i++)
		append(w, strtab__text(t->strings, i), strlen(strtab__text(t->strings, i)) + 1);
}

static bool make_image(struct image_writer *w, const struct merged *m, const struct names_key *key)
{
	struct head h = { .magic = MAGIC,
			  .build_id = key->build_id,
			  .addr_cnt = m->cnt,
			  .frame_cnt = m->table->frame_cnt,
			  .debug_size = key->debug_size };
	scope_memory uint32_t *offsets = string_offsets(m->table->strings, &h.string_bytes);

	w->size = sizeof(h) + (8 + sizeof(struct kept_chain)) * (uint64_t)m->cnt +
		  sizeof(struct source_frame) * (uint64_t)h.frame_cnt + h.string_bytes;
	if (!offsets || w->size > NAMES_IMAGE_MAX)
		return false;
	w->data = malloc(w->size);
	if (!w->data)
		return false;
	w->pos = sizeof(h);
	append_parts(w, m, offsets);
	h.crc = (uint32_t)crc32(0, w->data + sizeof(h), (uInt)(w->size - sizeof(h)));
	memcpy(w->data, &h, sizeof(h));
	return true;
}

bool names_image_make(const struct names_key *key, const struct names_image *old,
		      const uint64_t *elf_vaddrs, const struct source_table *table,
		      uint8_t **ret_data, size_t *ret_size)
{
	struct merged m = { 0 };
	struct image_writer w = { 0 };
	bool made = merge(&m, old, elf_vaddrs, table) && make_image(&w, &m, key);

	source_table__free(m.table);
	free(m.addrs);
	if (!made)
		return false;
	*ret_data = w.data;
	*ret_size = w.size;
	return true;
}
