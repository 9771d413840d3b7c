// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The roll call of a dump: the threads of some processes, and the stack of each, caught once.
 *
 *   a thread that sleeps   its registers by the task iterator, its stack walked in its own memory; caught
 *                          when the iterator finds it again without having run in between
 *   a thread that runs     a sample of it that the sampler took
 *
 * One that does neither long enough stays with the last stack that was walked, and a note.
 */
#include <stdbool.h>
#include <stdint.h>

#include <uthash.h>

#include "collector/dump/live_stack.h"
#include "collector/dump/subject.h"
#include "collector/dump/threads.h"

struct attendee { /* a thread */
	UT_hash_handle hh;
	uint32_t tid;
	const struct subject *subject; /* borrowed */
	struct dumped_thread seen;
	struct record_header *sample; /* owned; SAMPLE or COPY; NULL: none */
	char **locals; /* owned; by Python frame of the sample; NULL where there are none */
	uint32_t frame_cnt; /* Python frames of the sample */
	uint32_t round; /* in which it was seen last */
	bool caught;
	bool ran; /* the sample was taken while it ran */
	bool ended; /* before it was caught */
};

struct roll_calls {
	/* a stack that shall count, once per thread; its code objects come before it */
	void (*apply)(void *ctx, const struct record_header *rec);
	/* a code object of a process is known already */
	bool (*knows)(void *ctx, uint32_t pid, uint64_t leader_start_ns, const __u64 *words);
};

struct roll;

/* Borrowed, all of it. */
struct roll_parts {
	struct threads *threads;
	struct proc_table *processes;
	struct live_walker *walker;
	struct process_memory *memory; /* that the walker reads */
	const struct subject *subjects; /* sorted by pid */
	uint32_t subject_cnt;
	bool with_locals;
};
struct roll *roll__new(const struct roll_parts *parts, const struct roll_calls *calls,
		       void *ctx); /* NULL: no memory */
void roll__free(struct roll *roll);
DEFINE_FREEP(roll)

/* Before the processes are frozen: their threads as they were, which the kernel side of a stopped thread
 * does not tell any more. */
int roll__look(struct roll *roll);
/* One round over all that are not caught. 0 or a negative errno. */
int roll__call(struct roll *roll);
/* Of a thread that is on the roll and not caught: true, and that it is. */
bool roll__take(struct roll *roll, const struct record_header *sample);
bool roll__complete(const struct roll *roll);
/* The stacks at hand count for those that were never caught. */
void roll__settle(struct roll *roll);
struct attendee *roll__first(struct roll *roll); /* by process, then thread; then ->hh.next */
