// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "collector/process/mapping.h"
#include "collector/python/find.h"
#include "collector/python/slots.h"
#include "collector/tables/extents.h"
#include "collector/tables/residence.h"
#include "common/clock.h"

struct run {
	UT_hash_handle hh;
	uint32_t generation;
	uint32_t first;
	uint32_t cnt;
	uint32_t refs; /* processes; 0: retired */
	uint64_t retired_at; /* turn of the barrier counter */
	uint32_t python; /* as process_entry.python */
	uint32_t early; /* the entry's before its first run: early_python.h */
	uint32_t table_cnt;
	uint32_t tables[]; /* binaries whose tables it leads to */
};

struct runs {
	struct sampler_maps maps;
	struct unwind_mapping *pool; /* mapped */
	struct extents *room; /* free slots of the pool; owned */
	struct binaries *binaries; /* borrowed */
	struct python_slots *pythons; /* owned */
	uint32_t next_generation;
	uint32_t retired;
	uint64_t turn;
	struct run *by_generation; /* owned */
};

int runs__open(const struct sampler_maps *maps, struct binaries *binaries, struct runs **ret_runs)
{
	scope_free(runs) struct runs *runs = calloc(1, sizeof(*runs));
	int err;

	if (!runs)
		return -ENOMEM;
	runs->maps = *maps;
	runs->binaries = binaries;
	runs->next_generation = 1;
	runs->room = extents__new();
	if (!runs->room || extents__put(runs->room, 0, MAX_MAPPINGS))
		return -ENOMEM;
	runs->pool = mmap(NULL, MAX_MAPPINGS * sizeof(*runs->pool), PROT_READ | PROT_WRITE,
			  MAP_SHARED, maps->mappings, 0);
	if (runs->pool == MAP_FAILED) {
		runs->pool = NULL;
		return -errno;
	}
	err = python_slots__open(maps->pythons, &runs->pythons);
	if (err)
		return err;
	*ret_runs = take_ptr(runs);
	return 0;
}

/* Its tables are used by one run less. */
static void drop_run(struct runs *runs, struct run *run)
{
	for (uint32_t i = 0; i < run->table_cnt; i++) {
		struct binary *b = binaries__at(runs->binaries, run->tables[i]);

		b->run_refs--;
		b->last_used_ns = now_ns();
	}
	python_slots__drop(runs->pythons, run->python);
	extents__put(runs->room, run->first, run->cnt);
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
	if (runs->pool)
		munmap(runs->pool, MAX_MAPPINGS * sizeof(*runs->pool));
	python_slots__free(runs->pythons);
	extents__free(runs->room);
	free(runs);
}

struct unwind_mapping run_mapping(const struct proc_mapping *m, const struct binary *b,
				  uint32_t generation)
{
	struct unwind_mapping to = { .start = m->start, .end = m->end, .generation = generation };
	const struct elf_segment *s = mapping_segment(m, b);

	switch (b->table_state) {
	case TABLE_RESIDENT:
		if (!s) {
			to.flags = MAPPING_F_FP;
			break;
		}
		to.bias = mapping_load_bias(m, s) + b->table->base_vaddr;
		to.page_base = b->table->page_base;
		to.page_cnt = b->table->page_cnt;
		break;
	case TABLE_ABSENT:
		to.flags = MAPPING_F_FP;
		break;
	case TABLE_NO_ROOM:
		to.flags = MAPPING_F_NO_ROOM;
		break;
	default:
		to.flags = MAPPING_F_PENDING;
	}
	return to;
}

/* A table in use is not dropped; one reference per run is enough. */
static void use_table(struct run *run, struct binary *b)
{
	if (b->table_state != TABLE_RESIDENT)
		return;
	for (uint32_t i = 0; i < run->table_cnt; i++)
		if (run->tables[i] == b->id)
			return;
	run->tables[run->table_cnt++] = b->id;
	b->run_refs++;
}

static uint32_t python_of(struct runs *runs, const struct process *p)
{
	struct python_process python;

	return python_find(runs->binaries, p, &python) ?
		       python_slots__take(runs->pythons, &python) :
		       0;
}

static struct run *make_run(struct runs *runs, const struct process *p)
{
	uint32_t cnt = p->mapping_cnt < MAX_RUN_MAPPINGS ? p->mapping_cnt : MAX_RUN_MAPPINGS;
	struct run *run = calloc(1, sizeof(*run) + cnt * sizeof(run->tables[0]));

	if (!run || extents__take(runs->room, cnt, 0, &run->first)) {
		free(run);
		return NULL;
	}
	run->cnt = cnt;
	run->generation = runs->next_generation++;
	if (!runs->next_generation)
		runs->next_generation = 1;
	for (uint32_t i = 0; i < cnt; i++) {
		const struct proc_mapping *m = &p->mappings[i];
		struct binary *b = binaries__canonical_at(runs->binaries, m->binary);

		runs->pool[run->first + i] = run_mapping(m, b, run->generation);
		use_table(run, b);
	}
	run->python = python_of(runs, p);
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

void runs__executed(struct runs *runs, struct process *p)
{
	struct process_entry entry,
		fresh = { .state = PROCESS_NEW, .python = p->run ? p->run->early : 0 };

	runs__release(runs, p);
	if (!bpf_map_lookup_elem(runs->maps.processes, &p->pid, &entry) &&
	    entry.state == PROCESS_READY)
		bpf_map_update_elem(runs->maps.processes, &p->pid, &fresh, BPF_EXIST);
}

struct python_slots *runs__pythons(struct runs *runs)
{
	return runs->pythons;
}

void runs__want(struct runs *runs, uint32_t pid)
{
	struct process_entry entry = { .state = PROCESS_WANTED };

	bpf_map_update_elem(runs->maps.processes, &pid, &entry, BPF_NOEXIST);
}

static uint32_t early_python_of(const struct runs *runs, const struct process *p)
{
	struct process_entry entry;

	if (p->run)
		return p->run->early;
	return !bpf_map_lookup_elem(runs->maps.processes, &p->pid, &entry) &&
			       entry.state != PROCESS_READY ?
		       entry.python :
		       0;
}

int runs__install(struct runs *runs, struct process *p)
{
	struct process_entry entry = { .state = PROCESS_READY };
	struct run *run;

	if (!p->mapping_cnt)
		return 0;
	run = make_run(runs, p);
	if (!run)
		return -ENOSPC;
	entry.first = run->first;
	entry.cnt = run->cnt;
	entry.generation = run->generation;
	entry.python = run->python;
	run->early = early_python_of(runs, p);
	if (!entry.python)
		entry.python = run->early; /* its file may not be open again yet */
	if (bpf_map_update_elem(runs->maps.processes, &p->pid, &entry, BPF_EXIST)) {
		int err = -errno;

		drop_run(runs, run);
		return err;
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
