// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/residence.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <uthash.h>

#include "collector/tables/extents.h"
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
	uint32_t info_cnt;
	struct extents *free_rows; /* of all chunks; owned */
	struct extents *free_pages; /* owned */
	pthread_mutex_t lock; /* held by whoever adds or removes */
	pthread_t installer; /* of the first chunks */
	bool installing;
	struct rule *rules; /* owned */
	uint32_t no_room; /* index of the rule that says so */
};

static void *map_array(int fd, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int make_chunk(struct residence *r, uint32_t idx)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd;

	if (idx == UNWIND_MAX_CHUNKS)
		return -ENOSPC;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_chunk", sizeof(uint32_t),
			    UNWIND_VALUE_ROWS * sizeof(uint32_t), UNWIND_CHUNK_VALUES, &opts);
	if (fd < 0)
		return fd;
	r->chunks[idx] = map_array(fd, CHUNK_BYTES);
	if (!r->chunks[idx]) {
		int err = -errno;

		close(fd);
		return err;
	}
	r->chunk_fds[idx] = fd;
	r->chunk_cnt++;
	return extents__put(r->free_rows, idx * CHUNK_ROWS, CHUNK_ROWS);
}

static int add_chunk(struct residence *r)
{
	uint32_t idx = r->chunk_cnt;
	int err = make_chunk(r, idx);

	if (!err && bpf_map_update_elem(r->maps.chunks, &idx, &r->chunk_fds[idx], BPF_ANY))
		err = -errno;
	return err;
}

/* The kernel waits for all of its CPUs behind each update, some 10 ms: one wait for all chunks where it
 * takes them together (5.19), and nobody waits for it who has no row to write yet. */
static void *install_first_chunks(void *arg)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t idx[FIRST_CHUNKS], cnt = FIRST_CHUNKS;
	struct residence *r = arg;

	for (uint32_t i = 0; i < FIRST_CHUNKS; i++)
		idx[i] = i;
	if (!bpf_map_update_batch(r->maps.chunks, idx, r->chunk_fds, &cnt, &opts))
		return NULL;
	for (uint32_t i = 0; i < FIRST_CHUNKS; i++)
		if (bpf_map_update_elem(r->maps.chunks, &i, &r->chunk_fds[i], BPF_ANY))
			log_warn("cannot install unwind tables: %s", strerror(errno));
	return NULL;
}

static void wait_for_first_chunks(struct residence *r)
{
	if (r->installing)
		pthread_join(r->installer, NULL);
	r->installing = false;
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
	pthread_mutex_init(&r->lock, NULL);
	r->maps = *maps;
	r->free_rows = extents__new();
	r->free_pages = extents__new();
	if (!r->free_rows || !r->free_pages || extents__put(r->free_pages, 0, UNWIND_MAX_PAGES))
		return -ENOMEM;
	r->pages = map_array(maps->pages, UNWIND_MAX_PAGES * sizeof(*r->pages));
	r->infos = map_array(maps->infos, UNWIND_MAX_INFOS * sizeof(*r->infos));
	if (!r->pages || !r->infos)
		return -errno;
	r->no_room = rule_index(r, &no_room, &budget);
	for (uint32_t i = 0; i < FIRST_CHUNKS; i++) {
		int err = make_chunk(r, i);

		if (err)
			return err;
	}
	r->installing = !pthread_create(&r->installer, NULL, install_first_chunks, r);
	if (!r->installing)
		install_first_chunks(r);
	*ret_residence = take_ptr(r);
	return 0;
}

void residence__free(struct residence *r)
{
	struct rule *rule, *next;

	if (!r)
		return;
	wait_for_first_chunks(r);
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
	extents__free(r->free_rows);
	extents__free(r->free_pages);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* Room for a page's rows that does not cross a 64 KB value. */
static int place_rows(struct residence *r, uint32_t cnt, uint32_t *ret_pos)
{
	while (extents__take(r->free_rows, cnt, UNWIND_VALUE_ROWS, ret_pos)) {
		int err = add_chunk(r);

		if (err)
			return err;
	}
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

static void give_back(struct residence *r, const struct binary_table *table)
{
	for (uint32_t i = 0; i < table->page_cnt; i++) {
		struct unwind_page *page = &r->pages[table->page_base + i];

		extents__put(r->free_rows, page->first_row, page->row_cnt);
		*page = (struct unwind_page){ 0 };
	}
	extents__put(r->free_pages, table->page_base, table->page_cnt);
}

/* Page by page; a page that is not written yet has no rows. */
static int write_pages(struct residence *r, const struct cfi_table *cfi,
		       const struct binary_table *table, const uint16_t *global)
{
	for (uint32_t i = 0; i < cfi->page_cnt; i++) {
		const struct unwind_page *from = &cfi->pages[i];
		struct unwind_page page = { .row_cnt = from->row_cnt };
		int err;

		if (!from->row_cnt)
			continue;
		err = place_rows(r, from->row_cnt, &page.first_row);
		if (err)
			return err;
		write_rows(r, page.first_row, cfi->rows + from->first_row, from->row_cnt, global);
		r->pages[table->page_base + i] = page;
	}
	return 0;
}

static int add_table(struct residence *r, const struct cfi_table *cfi, struct binary_table *table)
{
	scope_memory uint16_t *global = map_rules(r, cfi);
	int err;

	if (!global)
		return -ENOMEM;
	if (cfi->page_cnt > MAX_FILE_PAGES)
		return -ENOSPC;
	err = extents__take(r->free_pages, cfi->page_cnt, 0, &table->page_base);
	if (err)
		return err;
	table->base_vaddr = cfi->base_vaddr;
	table->page_cnt = cfi->page_cnt;
	table->row_cnt = cfi->row_cnt;
	err = write_pages(r, cfi, table, global);
	if (err)
		give_back(r, table);
	return err;
}

int residence__add(struct residence *r, const struct cfi_table *cfi,
		   struct binary_table **ret_table)
{
	scope_memory struct binary_table *table = calloc(1, sizeof(*table));
	int err;

	if (!table)
		return -ENOMEM;
	pthread_mutex_lock(&r->lock);
	wait_for_first_chunks(r);
	err = add_table(r, cfi, table);
	pthread_mutex_unlock(&r->lock);
	if (!err)
		*ret_table = take_ptr(table);
	return err;
}

void residence__remove(struct residence *r, struct binary_table *table)
{
	pthread_mutex_lock(&r->lock);
	give_back(r, table);
	pthread_mutex_unlock(&r->lock);
	free(table);
}

void residence__barrier(struct residence *r)
{
	uint32_t first = 0;

	pthread_mutex_lock(&r->lock);
	wait_for_first_chunks(r);
	if (bpf_map_update_elem(r->maps.chunks, &first, &r->chunk_fds[0], BPF_ANY))
		log_debug("barrier: %s", strerror(errno));
	pthread_mutex_unlock(&r->lock);
}

const struct unwind_page *residence__page(const struct residence *r, uint32_t idx)
{
	return idx < UNWIND_MAX_PAGES ? &r->pages[idx] : NULL;
}

const uint32_t *residence__rows(const struct residence *r, uint32_t pos)
{
	uint32_t chunk = pos >> UNWIND_CHUNK_SHIFT;

	if (chunk >= r->chunk_cnt)
		return NULL;
	return r->chunks[chunk] + (pos & (CHUNK_ROWS - 1) & ~(UNWIND_VALUE_ROWS - 1));
}

const struct unwind_info *residence__info(const struct residence *r, uint32_t idx)
{
	return idx < UNWIND_MAX_INFOS ? &r->infos[idx] : NULL;
}

uint64_t residence__bytes(const struct residence *r)
{
	return (uint64_t)r->chunk_cnt * CHUNK_BYTES;
}
