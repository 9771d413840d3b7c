// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Processes and their executable mappings, kept by applying records in order of time. */
#include <stdbool.h>
#include <stdint.h>

#include <uthash.h>

#include "collector/process/binary.h"
#include "collector/source/batch.h"

struct run; /* collector/tables/runs.h */

struct proc_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t file_off;
	uint32_t binary; /* id */
	uint32_t pad;
};

struct process {
	UT_hash_handle hh;
	uint32_t pid;
	uint32_t mapping_cnt;
	uint32_t mapping_room;
	bool wanted; /* sampled: its run is to be kept on the kernel side */
	bool stale; /* mappings changed since the run was written */
	bool fresh; /* executed a moment ago: its run is written when all tables happen to be there */
	bool partial; /* some tables were missing when it was written */
	uint64_t start_ns; /* since boot; 0: not known */
	/* when we noticed that it is gone; samples of it may be on their way. 0: lives */
	uint64_t ended_ns;
	struct proc_mapping *mappings; /* owned; sorted, not overlapping */
	struct run *run; /* counted; NULL: none */
	char comm[COMM_LEN];
};

struct proc_table;

struct proc_table *proc_table__new(void); /* NULL: no memory */
void proc_table__free(struct proc_table *table);
DEFINE_FREEP(proc_table)

struct process *proc_table__find(struct proc_table *table, uint32_t pid);
struct process *proc_table__first(struct proc_table *table); /* then process->hh.next */
uint32_t proc_table__cnt(const struct proc_table *table);
/* Made when it is new; NULL: no memory. */
struct process *proc_table__get(struct proc_table *table, uint32_t pid);
void proc_table__remove(struct proc_table *table, struct process *process);

/* PROCESS, FORK, COMM, MMAP; EXIT is the caller's decision. */
void proc_table__apply(struct proc_table *table, struct binaries *binaries,
		       const struct record_header *rec);
/* A copy in no table: name and mappings alone. NULL: no memory. */
struct process *process__copy(const struct process *process);
void process__free(struct process *process); /* of a copy */
const struct proc_mapping *process__mapping(const struct process *process, uint64_t vaddr);

/* Puts PROCESS and MMAP records of a process of /proc into the batch. -ESRCH: it is gone. */
int proc_scan(uint32_t pid, struct batch *batch);
/* The process that a thread is of; 0: no such thread. A process is its first thread. */
uint32_t proc_of_thread(uint32_t tid);
/* No such process or thread, or a process of which only its parent's wait is left. */
bool proc_has_ended(uint32_t id);
/* Every process of the host; how many were found. */
int proc_scan_all(struct batch *batch);
