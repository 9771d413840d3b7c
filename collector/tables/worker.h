// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Threads that open and read the files of targets, so that a dead network mount never stops the
 * thread that drains the rings. A job that hangs there is left behind with its thread, and a new
 * thread takes its place.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

struct job {
	void (*run)(struct job *job); /* in a worker */
	void (*done)(struct job *job, void *ctx); /* in the owner; frees the job */
	/* In the owner, instead of done(). The job itself belongs to the thread that hangs with it:
	 * should that come back, it calls drop(). */
	void (*hung)(void *ctx, uint32_t id);
	void (*drop)(struct job *job); /* in any thread; also for jobs that never ran */
	uint32_t id; /* for hung() */
	struct job *next;
	bool urgent; /* before all that are not */
};

struct workers;

/* hung_ns: after that time a job counts as hanging. NULL: no memory or no thread. */
struct workers *workers__new(uint64_t hung_ns);
/* Waits for the jobs at hand (a second at most) and drops the others. False: some thread still hangs
 * in its job; what jobs use must stay. */
bool workers__free(struct workers *workers);
DEFINE_FREEP(workers)

void workers__submit(struct workers *workers, struct job *job);
void workers__collect(struct workers *workers, void *ctx); /* done() and hung() are called here */
int workers__fd(const struct workers *workers); /* readable when a job is finished */
uint32_t workers__waiting(struct workers *workers); /* submitted and not collected */
