// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Records in order of time -> processes, binaries and summed samples. The same for live rings and for
 * a file of records. */
#include "collector/process/held.h"
#include "collector/process/thread_names.h"
#include "collector/profile/aggregate.h"
#include "collector/python/codes.h"

struct ingest {
	struct proc_table *processes; /* owned, as the rest */
	struct binaries *binaries;
	struct aggregate *aggregate;
	struct python_codes *python_codes;
	struct thread_names *thread_names;
	struct held_list *held; /* samples whose stack is not walked yet */
	char *host; /* RECORD_HOST: key=value lines */
	struct kallsyms *kallsyms; /* RECORD_KALLSYMS */
	uint8_t *vdso; /* RECORD_VDSO */
	size_t vdso_size;
	struct counts counts; /* RECORD_COUNTERS, and how the stacks ended that user space walked */
	uint64_t walked_stops[STOP_SLOTS];
	uint64_t walked_python_ends[PYTHON_END_SLOTS];
	uint64_t event_records_lost;
	uint64_t no_memory; /* samples that did not fit the budget */
	uint64_t no_memory_weight;
	uint64_t truncated;
	uint64_t duration_ns;
	uint64_t utc_offset_ns; /* UTC minus CLOCK_MONOTONIC */
	uint32_t label_flags; /* enum label_flag */
	bool python_internals;
	bool columns; /* of Python lines */
};

struct options;

int ingest__init(struct ingest *ingest, const struct options *options);
void ingest__fini(struct ingest *ingest);
void ingest__apply(struct ingest *ingest, const struct record_header *rec);
/* After the last record: what is still held is counted with the frame that it has. */
void ingest__finish(struct ingest *ingest);
uint64_t ingest__lost(const struct ingest *ingest); /* samples that were taken but not kept */
/* A value of the host's key=value lines; "" when absent. The caller frees it. */
char *ingest__host_value(const struct ingest *ingest, const char *key);
