// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A thread that opens and reads the files of targets, so that a dead network mount never stops the
 * thread that drains the rings. Jobs go in, come back in order. */
#include <stdint.h>

#include "common/cleanup.h"

struct job {
	void (*run)(struct job *job); /* in the worker */
	void (*done)(struct job *job, void *ctx); /* in the owner; frees the job */
	struct job *next;
};

struct worker;

struct worker *worker__new(void); /* NULL: no memory or no thread */
/* Finishes the job at hand (a second at most, then leaves it behind) and drops the others. */
void worker__free(struct worker *worker);
DEFINE_FREEP(worker)

void worker__submit(struct worker *worker, struct job *job);
void worker__collect(struct worker *worker, void *ctx); /* calls done() of finished jobs */
int worker__fd(const struct worker *worker); /* readable when one is finished */
uint32_t worker__waiting(struct worker *worker); /* submitted and not collected */
