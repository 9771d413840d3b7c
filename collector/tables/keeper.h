// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Keeps what the kernel side unwinds by in step with the processes: a process that was sampled gets
 * a run of its mappings, their files get tables, made by workers; changed mappings a new run; what
 * nobody uses any more goes.
 */
#include "collector/capture/sampler.h"
#include "collector/process/held.h"
#include "symbolizer/native/cfi_cache.h"

struct keeper;
struct residence;

struct keeper_calls {
	/* FILE: what opening a file told; WALKED: the stack of a held sample; GONE */
	record_fn emit;
	void (*rescan)(void *ctx, uint32_t pid); /* a process was met whose mappings nobody saw */
};

/* processes, binaries, held: borrowed; they are as the records so far say. cache: its descriptor must stay
 * open: a worker may hang beyond the keeper's end. */
int keeper__open(const struct sampler_maps *maps, struct proc_table *processes,
		 struct binaries *binaries, struct held_list *held, uint32_t max_depth,
		 const struct kept_folder *cache, const struct keeper_calls *calls, void *ctx,
		 struct keeper **ret_keeper);
void keeper__free(struct keeper *keeper);
DEFINE_FREEP(keeper)

/* Makes the tables of a process before it is sampled. */
void keeper__want(struct keeper *keeper, uint32_t pid);
/* A record, after it was applied to the processes. */
void keeper__follow(struct keeper *keeper, const struct record_header *rec);
/* A file that is going to be executed: if it is Python, its first samples have Python frames. */
void keeper__foresee(struct keeper *keeper, const char *path);
/* Opens what looks like Python among the files of processes that were not sampled yet. */
void keeper__open_pythons(struct keeper *keeper);
/* After each batch of records: takes what workers finished, writes runs, walks held stacks, drops what
 * is unused. */
void keeper__turn(struct keeper *keeper);
/* A wanted process misses tables that may come. */
bool keeper__pending(const struct keeper *keeper);
bool keeper__opening(const struct keeper *keeper); /* workers have something to do */
int keeper__fd(const struct keeper *keeper); /* readable: keeper__turn() has something to take */

/* Opens all files with code, and waits: it is known then which of them are interpreters. */
void keeper__open_files(struct keeper *keeper);
/* Opens a file for its names; keeper__finish() waits for all that was asked for, and walks what is
 * still held. */
void keeper__open_file(struct keeper *keeper, struct binary *binary);
void keeper__finish(struct keeper *keeper);
const struct residence *keeper__residence(const struct keeper *keeper); /* for walks of one's own */
uint64_t keeper__bytes(const struct keeper *keeper); /* of BPF maps with tables */
