// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Python that the kernel side knows of before a process has a run: with the first sample its frames are
 * taken, and the native ones travel as a copy. Slots that are given so stay: entries in the kernel may
 * hold them without our knowing.
 */
#include "bpf/shared/process.h"
#include "collector/capture/sampler.h"
#include "collector/process/binary.h"
#include "collector/python/slots.h"
#include "symbolizer/native/cfi_cache.h"

struct early_python {
	int processes; /* the kernel side's maps, borrowed as the rest */
	int programs;
	struct python_slots *slots;
	uint32_t given;
};

/* Whoever executes this file from now on, if it is Python and lies in each process where it was linked. */
void early_python__add_program(struct early_python *early, const struct binary *binary);
/* The same of a file that no process has mapped yet, by a path of our own. */
void early_python__add_file(struct early_python *early, const struct kept_folder *cache,
			    const char *path);
/* A process that runs already, where it has no entry yet. */
void early_python__add_process(struct early_python *early, uint32_t pid,
			       const struct python_process *python);
