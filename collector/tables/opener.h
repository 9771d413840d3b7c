// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The workers' jobs: opening a binary, making its unwind table resident, waiting for RCU. */
#include "collector/process/binary.h"
#include "collector/tables/residence.h"
#include "collector/tables/worker.h"
#include "symbolizer/native/cfi_cache.h"

struct opener;

struct opened { /* a finished job */
	uint32_t binary;
	int fd; /* the taker closes it; -1 */
	int root_fd; /* of the process's file system where it is not ours; the taker closes it; -1 */
	struct file_record *facts; /* borrowed; NULL when the binary was open before */
	struct python_file_record *python; /* borrowed; NULL: nothing to do with Python */
	enum table_state table_state; /* TABLE_NONE: none was asked for */
	struct binary_table *table; /* the taker frees it; NULL */
};

struct opener_events {
	void (*opened)(void *ctx, const struct opened *opened);
	void (*barrier)(void *ctx, uint64_t token);
};

/* residence: borrowed; outlives the opener, as the cache's descriptor does. */
int opener__new(struct residence *residence, const struct kept_folder *cache,
		const struct opener_events *events, void *ctx, struct opener **ret_opener);
/* False: a worker still hangs in a target's file system; the residence must stay. */
bool opener__free(struct opener *opener);
DEFINE_FREEP(opener)

/* Opens the binary if it is not open yet; with_table: also makes its rows resident, when all that are
 * only to be opened have had their turn. */
int opener__submit(struct opener *opener, const struct binary *binary, bool with_table);
int opener__barrier(struct opener *opener, uint64_t token);
void opener__collect(struct opener *opener); /* calls the events of finished jobs */
int opener__fd(const struct opener *opener);
uint32_t opener__waiting(struct opener *opener);

/* The same in the caller's thread: identity and segments of an open file, and the file as ELF; *ret_file
 * stays NULL where it is none. */
int file_facts(uint32_t binary, int fd, struct elf_file **ret_file, struct file_record **ret_facts);
