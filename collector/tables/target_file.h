// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A file that a process has mapped, opened as that process sees it, although the process belongs to
 * somebody else, lives in another root, or has ended. */
#include <stdbool.h>
#include <stdint.h>

#include "collector/process/binary.h"

struct target_file {
	const char *path; /* borrowed */
	bool outside; /* path is as our own root has it */
	uint32_t pid; /* a process that had it mapped at [start, end) */
	uint64_t start;
	uint64_t end;
	struct build_id build_id; /* expected; size 0: any */
};

/* Borrows the binary's path. */
struct target_file target_file_of(const struct binary *binary);

/* By the mapping itself (deleted files too), by the process's root, by our own when the build id agrees.
 * A descriptor, or an errno; -ESRCH: the process is gone. */
int target_file__open(const struct target_file *file);
/* The root of the process's file system, where debug files of a container's program are looked for later,
 * when the process may be gone; -1: it is ours, or cannot be had. */
int target_file__open_root(const struct target_file *file);

/* An open descriptor of a binary that is not open (any more), identity checked; or an errno. */
int binary_reopen(const struct binary *binary);
