// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Work that may hang in somebody else's file system: done in a thread that can be left behind. */
#include <stdint.h>

/*
 * Calls work(job) and waits for it at most that long. 0: it is done, job is the caller's again.
 * -ETIMEDOUT: the thread goes on alone, and calls drop(job) if it ever ends; the job must hold
 * copies or references of its own to everything it touches. Another negative errno: it was not
 * begun.
 */
int with_patience(uint64_t patience_ns, void (*work)(void *job), void (*drop)(void *job),
		  void *job);
