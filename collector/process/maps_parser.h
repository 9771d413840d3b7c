// SPDX-License-Identifier: Apache-2.0
#pragma once

/* One line of /proc/PID/maps: "START-END PERM OFF MAJ:MIN INODE   PATH" (fs/proc/task_mmu.c,
 * show_map_vma()). Pure: no files, no memory of its own. */
#include <stdbool.h>
#include <stdint.h>

struct maps_line {
	uint64_t start;
	uint64_t end;
	uint64_t file_off;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	bool executable;
	const char *path; /* in the line; "" where there is none */
};

/* line: without its newline. The path is decoded in place: the kernel writes a newline in a name as
 * "\012", and nothing else in another way. False: not such a line, an empty range, or a number that
 * does not fit. */
bool maps_line__parse(char *line, struct maps_line *ret_line);

/* Cuts " (deleted)" off, the kernel's remark that the path leads nowhere by now. True: it was there. */
bool maps_path__cut_deleted(char *path);
