// SPDX-License-Identifier: Apache-2.0
#include "collector/process/proc_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash_rows.h"

#define MAX_PROCESS_MAPPINGS 16384 /* executable ones; hostile programs may make more */

struct proc_table {
	struct process *by_pid; /* owned */
};

struct proc_table *proc_table__new(void)
{
	return calloc(1, sizeof(struct proc_table));
}

void process__free(struct process *p)
{
	if (!p)
		return;
	free(p->mappings);
	free(p);
}

void proc_table__remove(struct proc_table *table, struct process *process)
{
	HASH_DEL(table->by_pid, process);
	process__free(process);
}

void proc_table__free(struct proc_table *table)
{
	struct process *p, *next;

	if (!table)
		return;
	HASH_ITER(hh, table->by_pid, p, next)
		proc_table__remove(table, p);
	free(table);
}

struct process *proc_table__find(struct proc_table *table, uint32_t pid)
{
	struct process *p;

	HASH_FIND(hh, table->by_pid, &pid, sizeof(pid), p);
	return p;
}

struct process *proc_table__first(struct proc_table *table)
{
	return table->by_pid;
}

uint32_t proc_table__cnt(const struct proc_table *table)
{
	return HASH_COUNT(table->by_pid);
}

struct process *proc_table__get(struct proc_table *table, uint32_t pid)
{
	return HASH_GET(table->by_pid, process, pid, pid);
}

/* Index of the first mapping that ends above vaddr. */
static uint32_t lower_bound(const struct process *p, uint64_t vaddr)
{
	uint32_t low = 0, high = p->mapping_cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (p->mappings[mid].end <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct proc_mapping *process__mapping(const struct process *p, uint64_t vaddr)
{
	uint32_t i = lower_bound(p, vaddr);

	return i < p->mapping_cnt && p->mappings[i].start <= vaddr ? &p->mappings[i] : NULL;
}

static bool reserve(struct process *p, uint32_t want)
{
	uint32_t room = p->mapping_room ? p->mapping_room : 16;
	struct proc_mapping *more;

	if (want <= p->mapping_room)
		return true;
	if (want > MAX_PROCESS_MAPPINGS)
		return false;
	while (room < want)
		room *= 2;
	more = realloc(p->mappings, room * sizeof(*more));
	if (!more)
		return false;
	p->mappings = more;
	p->mapping_room = room;
	return true;
}

static void insert_at(struct process *p, uint32_t i, struct proc_mapping m)
{
	memmove(&p->mappings[i + 1], &p->mappings[i], (p->mapping_cnt - i) * sizeof(m));
	p->mappings[i] = m;
	p->mapping_cnt++;
}

static void remove_at(struct process *p, uint32_t i)
{
	p->mapping_cnt--;
	memmove(&p->mappings[i], &p->mappings[i + 1], (p->mapping_cnt - i) * sizeof(*p->mappings));
}

struct process *process__copy(const struct process *p)
{
	size_t bytes = p->mapping_cnt * sizeof(*p->mappings);
	struct process *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return NULL;
	copy->pid = p->pid;
	copy->start_ns = p->start_ns;
	memcpy(copy->comm, p->comm, sizeof(copy->comm));
	copy->mappings = malloc(bytes + 1);
	if (!copy->mappings) {
		free(copy);
		return NULL;
	}
	if (bytes)
		memcpy(copy->mappings, p->mappings, bytes);
	copy->mapping_cnt = p->mapping_cnt;
	return copy;
}

/* A new mapping replaces what lay there; the ends of older ones stay. Needs room for two more. */
static void map_over(struct process *p, struct proc_mapping m)
{
	uint32_t i = lower_bound(p, m.start);

	while (i < p->mapping_cnt && p->mappings[i].start < m.end) {
		struct proc_mapping *old = &p->mappings[i];
		struct proc_mapping tail = *old;

		if (old->start < m.start) {
			old->end = m.start;
			i++;
		} else {
			remove_at(p, i);
		}
		if (tail.end > m.end) {
			tail.file_off += m.end - tail.start;
			tail.start = m.end;
			insert_at(p, i, tail);
			break;
		}
	}
	insert_at(p, i, m);
}

static void apply_mmap(struct proc_table *table, struct binaries *binaries,
		       const struct mmap_record *rec)
{
	struct process *p = proc_table__get(table, rec->pid);
	struct binary *binary = binaries__of_mapping(binaries, rec);
	const struct proc_mapping *same;

	if (!p || !binary)
		return;
	same = process__mapping(p, rec->start);
	if (same && same->start == rec->start && same->end == rec->end &&
	    same->binary == binary->id && same->file_off == rec->file_off)
		return; /* seen by an event and in /proc */
	if (!reserve(p, p->mapping_cnt + 2))
		return;
	map_over(p, (struct proc_mapping){ rec->start, rec->end, rec->file_off, binary->id, 0 });
	p->stale = true;
}

/* A child begins with its parent's mappings and name. */
static void apply_fork(struct proc_table *table, const struct fork_record *rec)
{
	struct process *parent, *child = proc_table__get(table, rec->pid);

	if (!child)
		return;
	parent = proc_table__find(table, rec->parent_pid);
	child->start_ns = 0;
	child->ended_ns = 0;
	child->mapping_cnt = 0;
	child->wanted = false;
	child->fresh = false;
	child->stale = false;
	child->partial = false;
	if (!parent)
		return;
	memcpy(child->comm, parent->comm, sizeof(child->comm));
	if (!parent->mapping_cnt || !reserve(child, parent->mapping_cnt))
		return;
	memcpy(child->mappings, parent->mappings, parent->mapping_cnt * sizeof(*child->mappings));
	child->mapping_cnt = parent->mapping_cnt;
	child->wanted = parent->wanted;
	child->stale = parent->stale; /* its run is the parent's: as old, or as incomplete */
	child->partial = parent->partial;
}

static void apply_comm(struct proc_table *table, const struct comm_record *rec)
{
	struct process *p;

	if (!rec->exec && rec->pid != rec->tid)
		return; /* a thread's name comes with its samples */
	p = proc_table__get(table, rec->pid);
	if (!p)
		return;
	memcpy(p->comm, rec->comm, sizeof(p->comm));
	p->comm[COMM_LEN - 1] = 0;
	if (rec->exec) {
		p->mapping_cnt = 0;
		p->stale = true;
		p->wanted = false;
		p->fresh = true;
	}
}

static void apply_process(struct proc_table *table, const struct process_record *rec)
{
	struct process *p = proc_table__get(table, rec->pid);

	if (!p)
		return;
	p->start_ns = rec->start_ns;
	memcpy(p->comm, rec->comm, sizeof(p->comm));
	p->comm[COMM_LEN - 1] = 0;
}

void proc_table__apply(struct proc_table *table, struct binaries *binaries,
		       const struct record_header *rec)
{
	switch (rec->type) {
	case RECORD_PROCESS:
		apply_process(table, (const void *)rec);
		break;
	case RECORD_FORK:
		apply_fork(table, (const void *)rec);
		break;
	case RECORD_COMM:
		apply_comm(table, (const void *)rec);
		break;
	case RECORD_MMAP:
		apply_mmap(table, binaries, (const void *)rec);
		break;
	}
}
