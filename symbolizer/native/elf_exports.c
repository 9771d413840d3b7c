// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/elf_exports.h"

#include <string.h>

#include <elf.h>

#define WORD_BITS 64
#define CHAIN_READ 64 /* hashes of a chain that are read at once */
#define MAX_CHAIN 4096

struct exports {
	struct elf_file *file;
	uint64_t symtab;
	uint64_t strtab;
	uint64_t hash;
	uint32_t bucket_cnt;
	uint32_t first; /* symbol of the first chain */
	uint32_t bloom_cnt;
	uint32_t shift;
};

static struct view bytes_at(const struct exports *e, uint64_t elf_vaddr, uint64_t size)
{
	size_t cnt;
	const struct elf_segment *s = elf_file__segments(e->file, &cnt);
	struct view v;

	for (size_t i = 0; i < cnt; i++) {
		uint64_t off = elf_vaddr - s[i].elf_vaddr;

		if (elf_vaddr < s[i].elf_vaddr || off >= s[i].file_sz)
			continue;
		if (size <= s[i].file_sz - off &&
		    !elf_file__bytes(e->file, s[i].file_off + off, size, &v))
			return v;
		break;
	}
	return (struct view){ .bad = true };
}

static uint32_t u32_at(const struct exports *e, uint64_t elf_vaddr)
{
	struct view v = bytes_at(e, elf_vaddr, 4);

	return view_u32(&v);
}

static void read_dynamic(struct exports *e, struct view v)
{
	while (view_left(&v) >= sizeof(Elf64_Dyn)) {
		int64_t tag = view_s64(&v);
		uint64_t value = view_u64(&v);

		if (tag == DT_NULL)
			return;
		if (tag == DT_SYMTAB)
			e->symtab = value;
		else if (tag == DT_STRTAB)
			e->strtab = value;
		else if (tag == DT_GNU_HASH)
			e->hash = value;
	}
}

static bool open_table(struct exports *e)
{
	struct elf_segment dynamic;
	struct view v;

	if (!elf_file__program_header(e->file, PT_DYNAMIC, &dynamic))
		return false;
	read_dynamic(e, bytes_at(e, dynamic.elf_vaddr, dynamic.file_sz));
	if (!e->symtab || !e->strtab || !e->hash)
		return false;
	v = bytes_at(e, e->hash, 16);
	e->bucket_cnt = view_u32(&v);
	e->first = view_u32(&v);
	e->bloom_cnt = view_u32(&v);
	e->shift = view_u32(&v);
	return !v.bad && e->bucket_cnt && e->bloom_cnt && e->shift < 32;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

/* The table's filter: one word, two bits of it. */
static bool filter_has(const struct exports *e, uint32_t hash)
{
	uint64_t word = hash / WORD_BITS % e->bloom_cnt;
	struct view v = bytes_at(e, e->hash + 16 + word * 8, 8);
	uint64_t bits = view_u64(&v);

	return bits >> (hash % WORD_BITS) & bits >> ((hash >> e->shift) % WORD_BITS) & 1;
}

static bool is_symbol(const struct exports *e, uint64_t idx, const char *name)
{
	size_t size = strlen(name) + 1;
	struct view v = bytes_at(e, e->strtab + u32_at(e, e->symtab + idx * sizeof(Elf64_Sym)),
				 size);
	const uint8_t *at = view_take(&v, size);

	return at && !memcmp(at, name, size);
}

/* Hashes of symbols that share a bucket, the lowest bit off; it is set in the last of them. */
static bool chain_has(const struct exports *e, uint64_t chains, uint64_t idx, const char *name,
		      uint32_t hash)
{
	struct view v = { .bad = true };

	for (uint32_t n = 0; n < MAX_CHAIN; n++, idx++) {
		uint32_t entry;

		if (!view_left(&v))
			v = bytes_at(e, chains + (idx - e->first) * 4, CHAIN_READ * 4);
		if (v.bad)
			v = bytes_at(e, chains + (idx - e->first) * 4, 4); /* near the end */
		entry = view_u32(&v);
		if ((entry | 1) == (hash | 1) && is_symbol(e, idx, name))
			return true;
		if (v.bad || entry & 1)
			return false;
	}
	return true; /* not ours to say */
}

static bool has(const struct exports *e, const char *name)
{
	uint32_t hash = hash_of(name), idx;
	uint64_t buckets = e->hash + 16 + e->bloom_cnt * 8ULL;

	if (!filter_has(e, hash))
		return false;
	idx = u32_at(e, buckets + hash % e->bucket_cnt * 4ULL);
	return idx >= e->first && idx &&
	       chain_has(e, buckets + e->bucket_cnt * 4ULL, idx, name, hash);
}

bool elf_exports__may_have(struct elf_file *file, const char *const *names)
{
	struct exports e = { .file = file };

	if (!open_table(&e))
		return true;
	for (; *names; names++)
		if (has(&e, *names))
			return true;
	return false;
}
