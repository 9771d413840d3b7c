// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/residence.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <uthash.h>

#include "common/log.h"

#define CHUNK_ROWS (1U << UNWIND_CHUNK_SHIFT)
#define CHUNK_BYTES (CHUNK_ROWS * sizeof(uint32_t))
#define FIRST_CHUNKS 4
#define MAX_FILE_PAGES 8192 /* 512 MB of code */
#define MAX_FILE_INFOS 2048 /* one hostile file cannot use up the rules of all */

struct rule {
	UT_hash_handle hh;
	struct unwind_info info;
	uint32_t idx;
};

struct residence {
	struct sampler_maps maps;
	struct unwind_page *pages; /* mapped */
	struct unwind_info *infos; /* mapped */
	uint32_t *chunks[UNWIND_MAX_CHUNKS]; /* mapped */
	int chunk_fds[UNWIND_MAX_CHUNKS];
	uint32_t chunk_cnt;
	uint32_t page_cnt;
	uint32_t info_cnt;
	uint32_t row_pos; /* next free row of all chunks */
	struct rule *rules; /* owned */
	uint32_t no_room; /* index of the rule that says so */
};

static void *map_array(int fd, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int add_chunk(struct residence *r)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	uint32_t idx = r->chunk_cnt;
	int fd;

	if (idx == UNWIND_MAX_CHUNKS)
		return -ENOSPC;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_chunk", sizeof(uint32_t),
			    UNWIND_VALUE_ROWS * sizeof(uint32_t), UNWIND_CHUNK_VALUES, &opts);
	if (fd < 0)
		return fd;
	r->chunks[idx] = map_array(fd, CHUNK_BYTES);
	if (!r->chunks[idx] || bpf_map_update_elem(r->maps.chunks, &idx, &fd, BPF_ANY)) {
		int err = -errno;

		close(fd);
		return err;
	}
	r->chunk_fds[idx] = fd;
	r->chunk_cnt++;
	return 0;
}

/* The host's index of a rule. */
static uint32_t rule_index(struct residence *r, const struct unwind_info *info, uint32_t *budget)
{
	struct rule *rule;

	HASH_FIND(hh, r->rules, info, sizeof(*info), rule);
	if (rule)
		return rule->idx;
	if (r->info_cnt == UNWIND_MAX_INFOS || !*budget)
		return r->no_room;
	rule = calloc(1, sizeof(*rule));
	if (!rule)
		return r->no_room;
	--*budget;
	rule->info = *info;
	rule->idx = r->info_cnt++;
	r->infos[rule->idx] = *info;
	HASH_ADD(hh, r->rules, info, sizeof(rule->info), rule);
	return rule->idx;
}

int residence__open(const struct sampler_maps *maps, struct residence **ret_residence)
{
	static const struct unwind_info no_room = { .kind = UNWIND_NO_ROOM };
	scope_free(residence) struct residence *r = calloc(1, sizeof(*r));
	uint32_t budget = 1;

	if (!r)
		return -ENOMEM;
	r->maps = *maps;
	r->pages = map_array(maps->pages, UNWIND_MAX_PAGES * sizeof(*r->pages));
	r->infos = map_array(maps->infos, UNWIND_MAX_INFOS * sizeof(*r->infos));
	if (!r->pages || !r->infos)
		return -errno;
	r->no_room = rule_index(r, &no_room, &budget);
	for (int i = 0; i < FIRST_CHUNKS; i++) {
		int err = add_chunk(r);

		if (err)
			return err;
	}
	*ret_residence = take_ptr(r);
	return 0;
}

void residence__free(struct residence *r)
{
	struct rule *rule, *next;

	if (!r)
		return;
	for (uint32_t i = 0; i < r->chunk_cnt; i++) {
		munmap(r->chunks[i], CHUNK_BYTES);
		close(r->chunk_fds[i]);
	}
	if (r->pages)
		munmap(r->pages, UNWIND_MAX_PAGES * sizeof(*r->pages));
	if (r->infos)
		munmap(r->infos, UNWIND_MAX_INFOS * sizeof(*r->infos));
	HASH_ITER(hh, r->rules, rule, next) {
		HASH_DEL(r->rules, rule);
		free(rule);
	}
	free(r);
}

/* Room for a page's rows that does not cross a 64 KB value. */
static int place_rows(struct residence *r, uint32_t cnt, uint32_t *ret_pos)
{
	uint32_t left = UNWIND_VALUE_ROWS - (r->row_pos & (UNWIND_VALUE_ROWS - 1));

	if (cnt > left)
		r->row_pos += left;
	while ((r->row_pos + cnt - 1) >> UNWIND_CHUNK_SHIFT >= r->chunk_cnt) {
		int err = add_chunk(r);

		if (err)
			return err;
	}
	*ret_pos = r->row_pos;
	r->row_pos += cnt;
	return 0;
}

static void write_rows(struct residence *r, uint32_t pos, const uint32_t *rows, uint32_t cnt,
		       const uint16_t *global)
{
	uint32_t *to = r->chunks[pos >> UNWIND_CHUNK_SHIFT] + (pos & (CHUNK_ROWS - 1));

	for (uint32_t i = 0; i < cnt; i++)
		to[i] = (rows[i] & 0xffff0000U) | global[unwind_row_info(rows[i])];
}

static uint16_t *map_rules(struct residence *r, const struct cfi_table *cfi)
{
	uint16_t *global = malloc((cfi->info_cnt + 1) * sizeof(*global));
	uint32_t budget = MAX_FILE_INFOS;

	for (uint32_t i = 0; global && i < cfi->info_cnt; i++)
		global[i] = (uint16_t)rule_index(r, &cfi->infos[i], &budget);
	return global;
}

int residence__add(struct residence *r, const struct cfi_table *cfi, struct binary_table **ret_table)
{
	scope_memory uint16_t *global = map_rules(r, cfi);
	scope_memory struct binary_table *table = calloc(1, sizeof(*table));

	if (!global || !table)
		return -ENOMEM;
	if (cfi->page_cnt > MAX_FILE_PAGES || cfi->page_cnt > UNWIND_MAX_PAGES - r->page_cnt)
		return -ENOSPC;
	for (uint32_t i = 0; i < cfi->page_cnt; i++) {
		const struct unwind_page *from = &cfi->pages[i];
		struct unwind_page page = { .row_cnt = from->row_cnt };
		int err;

		if (from->row_cnt) {
			err = place_rows(r, from->row_cnt, &page.first_row);
			if (err)
				return err;
			write_rows(r, page.first_row, cfi->rows + from->first_row, from->row_cnt,
				   global);
		}
		r->pages[r->page_cnt + i] = page;
	}
	table->base_vaddr = cfi->base_vaddr;
	table->page_base = r->page_cnt;
	table->page_cnt = cfi->page_cnt;
	r->page_cnt += cfi->page_cnt;
	*ret_table = take_ptr(table);
	return 0;
}

void residence__barrier(struct residence *r)
{
	uint32_t first = 0;

	if (bpf_map_update_elem(r->maps.chunks, &first, &r->chunk_fds[0], BPF_ANY))
		log_debug("barrier: %s", strerror(errno));
}

uint64_t residence__bytes(const struct residence *r)
{
	return (uint64_t)r->chunk_cnt * CHUNK_BYTES;
}
