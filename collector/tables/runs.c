// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "collector/tables/residence.h"

struct run {
	UT_hash_handle hh;
	uint32_t generation;
	uint32_t first;
	uint32_t cnt;
	uint32_t refs; /* processes; 0: retired */
	uint64_t retired_at; /* turn of the barrier counter */
};

struct runs {
	struct sampler_maps maps;
	struct unwind_mapping *pool; /* mapped */
	uint8_t used[MAX_MAPPINGS]; /* one per slot of the pool */
	uint32_t hand; /* where the search for room goes on */
	uint32_t next_generation;
	uint32_t retired;
	uint64_t turn;
	struct run *by_generation; /* owned */
};

int runs__open(const struct sampler_maps *maps, struct runs **ret_runs)
{
	struct runs *runs = calloc(1, sizeof(*runs));

	if (!runs)
		return -ENOMEM;
	runs->maps = *maps;
	runs->next_generation = 1;
	runs->pool = mmap(NULL, MAX_MAPPINGS * sizeof(*runs->pool), PROT_READ | PROT_WRITE,
			  MAP_SHARED, maps->mappings, 0);
	if (runs->pool == MAP_FAILED) {
		int err = -errno;

		free(runs);
		return err;
	}
	*ret_runs = runs;
	return 0;
}

static void drop_run(struct runs *runs, struct run *run)
{
	memset(runs->used + run->first, 0, run->cnt);
	HASH_DEL(runs->by_generation, run);
	free(run);
}

void runs__free(struct runs *runs)
{
	struct run *run, *next;

	if (!runs)
		return;
	HASH_ITER(hh, runs->by_generation, run, next)
		drop_run(runs, run);
	munmap(runs->pool, MAX_MAPPINGS * sizeof(*runs->pool));
	free(runs);
}

/* Next fit: cnt free slots in a row, searched from where the last search ended. */
static int find_room(struct runs *runs, uint32_t cnt, uint32_t *ret_first)
{
	uint32_t free_cnt = 0;

	for (uint32_t i = 0; i < 2 * MAX_MAPPINGS; i++) {
		uint32_t slot = (runs->hand + i) % MAX_MAPPINGS;

		if (!slot)
			free_cnt = 0; /* a run does not wrap around */
		free_cnt = runs->used[slot] ? 0 : free_cnt + 1;
		if (free_cnt < cnt)
			continue;
		*ret_first = slot + 1 - cnt;
		runs->hand = (slot + 1) % MAX_MAPPINGS;
		return 0;
	}
	return -ENOSPC;
}

/* The segment that a mapping shows: the executable one that overlaps it in the file. */
static const struct elf_segment *segment_of(const struct binary *b, const struct proc_mapping *m)
{
	uint64_t off_end = m->file_off + (m->end - m->start);

	for (uint32_t i = 0; i < b->segment_cnt; i++) {
		const struct elf_segment *s = &b->segments[i];

		if (s->executable && s->file_off < off_end && m->file_off < s->file_off + s->file_sz)
			return s;
	}
	return NULL;
}

static void fill_mapping(struct unwind_mapping *to, const struct proc_mapping *m,
			 struct binaries *binaries, uint32_t generation)
{
	struct binary *named = binaries__at(binaries, m->binary);
	struct binary *b = binaries__canonical(binaries, named);
	const struct elf_segment *s = segment_of(b, m);

	*to = (struct unwind_mapping){ .start = m->start, .end = m->end, .generation = generation };
	switch (b->table_state) {
	case TABLE_RESIDENT:
		if (!s) {
			to->flags = MAPPING_F_FP;
			break;
		}
		to->bias = m->start - (s->elf_vaddr + (m->file_off - s->file_off)) +
			   b->table->base_vaddr;
		to->page_base = b->table->page_base;
		to->page_cnt = b->table->page_cnt;
		break;
	case TABLE_ABSENT:
		to->flags = MAPPING_F_FP;
		break;
	case TABLE_NO_ROOM:
		to->flags = MAPPING_F_NO_ROOM;
		break;
	default:
		to->flags = MAPPING_F_PENDING;
	}
}

static struct run *make_run(struct runs *runs, const struct process *p, struct binaries *binaries)
{
	uint32_t cnt = p->mapping_cnt < MAX_RUN_MAPPINGS ? p->mapping_cnt : MAX_RUN_MAPPINGS;
	struct run *run = calloc(1, sizeof(*run));

	if (!run || find_room(runs, cnt, &run->first)) {
		free(run);
		return NULL;
	}
	run->cnt = cnt;
	run->generation = runs->next_generation++;
	if (!runs->next_generation)
		runs->next_generation = 1;
	memset(runs->used + run->first, 1, cnt);
	for (uint32_t i = 0; i < cnt; i++)
		fill_mapping(&runs->pool[run->first + i], &p->mappings[i], binaries,
			     run->generation);
	HASH_ADD(hh, runs->by_generation, generation, sizeof(run->generation), run);
	return run;
}

void runs__release(struct runs *runs, struct process *p)
{
	struct run *run = p->run;

	p->run = NULL;
	if (!run || --run->refs)
		return;
	run->retired_at = runs->turn;
	runs->retired++;
}

int runs__install(struct runs *runs, struct process *p, struct binaries *binaries)
{
	struct process_entry entry = { .state = PROCESS_READY };
	struct run *run;

	if (!p->mapping_cnt)
		return 0;
	run = make_run(runs, p, binaries);
	if (!run)
		return -ENOSPC;
	entry.first = run->first;
	entry.cnt = run->cnt;
	entry.generation = run->generation;
	if (bpf_map_update_elem(runs->maps.processes, &p->pid, &entry, BPF_ANY)) {
		drop_run(runs, run);
		return -errno;
	}
	runs__release(runs, p);
	run->refs = 1;
	p->run = run;
	p->stale = false;
	return 0;
}

void runs__forked(struct runs *runs, struct process *child)
{
	struct process_entry entry;
	struct run *run;

	runs__release(runs, child);
	if (bpf_map_lookup_elem(runs->maps.processes, &child->pid, &entry) ||
	    entry.state != PROCESS_READY)
		return;
	HASH_FIND(hh, runs->by_generation, &entry.generation, sizeof(entry.generation), run);
	if (!run)
		return;
	if (!run->refs++)
		runs->retired--;
	child->run = run;
	child->wanted = true;
}

bool runs__has_entry(const struct runs *runs, uint32_t pid)
{
	struct process_entry entry;

	return !bpf_map_lookup_elem(runs->maps.processes, &pid, &entry);
}

uint32_t runs__retired(const struct runs *runs)
{
	return runs->retired;
}

uint64_t runs__barrier_begin(struct runs *runs)
{
	return runs->turn++;
}

void runs__barrier_end(struct runs *runs, uint64_t begun)
{
	struct run *run, *next;

	HASH_ITER(hh, runs->by_generation, run, next) {
		if (run->refs || run->retired_at > begun)
			continue;
		drop_run(runs, run);
		runs->retired--;
	}
}
