// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Reads the names of a Python program's threads from its memory when a thread is sampled that is not
 * known yet, and again where the last look is old: never more often than every few milliseconds, and
 * not at all for programs of one thread. The first thread is left out: it has its process's name.
 */
#include <stdbool.h>

#include "collector/process/proc_table.h"

struct python_threads;

struct python_threads *python_threads__new(void); /* NULL: no memory */
void python_threads__free(struct python_threads *threads);
DEFINE_FREEP(python_threads)

/* Before a sample of the process is counted: emits PYTHON_THREAD records for what is new. */
void python_threads__sampled(struct python_threads *threads, struct binaries *binaries,
			     const struct process *process, const struct sample_record *rec,
			     record_fn emit, void *ctx);
void python_threads__exited(struct python_threads *threads, const struct exit_record *rec);
/* Whether, since the last question, a thread was seen that has no name yet but may have one soon. */
bool python_threads__soon(struct python_threads *threads);
