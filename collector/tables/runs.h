// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Runs: a process's mappings as the walker reads them, in one pool that the kernel side maps. A run
 * is never changed in place: a new one is written, the process's entry is switched, and the old
 * place is used again only when nobody counts on it and an RCU grace period has passed.
 */
#include <stdint.h>

#include "collector/capture/sampler.h"
#include "collector/process/proc_table.h"

struct runs;

/* binaries: borrowed; each run counts on the tables that it leads to (binary->run_refs). */
int runs__open(const struct sampler_maps *maps, struct binaries *binaries, struct runs **ret_runs);
void runs__free(struct runs *runs);
DEFINE_FREEP(runs)

/* How the walker shall see a mapping, by what is known of its file's table. */
struct unwind_mapping run_mapping(const struct proc_mapping *mapping, const struct binary *binary,
				  uint32_t generation);

/* The map of Python processes; borrowed. */
struct python_slots *runs__pythons(struct runs *runs);

/* An entry without a run, as the sampler makes it when it meets a process. */
void runs__want(struct runs *runs, uint32_t pid);
/* Writes the process's run and switches its entry to it. -ENOSPC: the pool is full. -ENOENT: the
 * kernel side has no entry: the process has ended, or is another program by now. */
int runs__install(struct runs *runs, struct process *process);
/* The child got a copy of an entry in the kernel: count on that run. */
void runs__forked(struct runs *runs, struct process *child);
/* The process is another program now; its entry has no run, whatever was written meanwhile. */
void runs__executed(struct runs *runs, struct process *process);
/* The process lets go of its run (exit). */
void runs__release(struct runs *runs, struct process *process);
/* True while the kernel side has an entry: some thread of the process lives. */
bool runs__has_entry(const struct runs *runs, uint32_t pid);

/* Reuse: runs retired before the barrier began, and before the last FORK record applied. */
uint32_t runs__retired(const struct runs *runs);
uint64_t runs__barrier_begin(struct runs *runs);
void runs__barrier_end(struct runs *runs, uint64_t begun);
