// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Where the debug information of a file lies when it is not in the file itself: by build id, by
 * .gnu_debuglink, and what dwz took out of it by .gnu_debugaltlink. The target's own file system
 * comes first, then the host's, then the folders that the user named, then (if asked to)
 * debuginfod. A file that does not belong (another build id, another CRC) is refused.
 */
#include <stdbool.h>

#include "symbolizer/native/elf_file.h"

struct debug_search { /* all borrowed */
	int root_fd; /* the target's own file system; -1: it is the host's */
	const char *const *dirs; /* --debug-dir */
	uint32_t dir_cnt;
	/* the last resort: a descriptor by build id in hex, or a negative errno; NULL: none */
	int (*fetch)(void *ctx, const char *hex);
	void *fetch_ctx;
};

#define DEBUG_PATH_MAX 4400

struct debug_file {
	int fd; /* the taker closes it */
	int root_fd; /* borrowed: where path leads from */
	char path[DEBUG_PATH_MAX];
};

struct debug_refusal { /* the first file that did not belong */
	char path[DEBUG_PATH_MAX]; /* "": none */
	const char *reason; /* "its build id differs" */
};

/* path: of file, as its mapping names it. -ENOENT: nowhere. */
int debug_search__find(const struct debug_search *search, struct elf_file *file, const char *path,
		       struct debug_file *ret_found, struct debug_refusal *refusal);

/* What dwz took out of a debug file. -ENODATA: nothing was; -ENOENT: nowhere. */
int debug_search__find_alt(const struct debug_search *search, struct elf_file *file,
			   const struct debug_file *of, struct debug_file *ret_found,
			   struct debug_refusal *refusal);

/* A .dwo by the names that stand in DWARF, and the .dwp beside a file. A descriptor that the caller
 * owns, or a negative errno. */
int debug_search__open_split(const struct debug_search *search, const char *file_path,
			     const char *comp_dir, const char *name);
int debug_search__open_package(const struct debug_search *search, const char *file_path);

void build_id_to_hex(const struct build_id *id, char to[2 * BUILD_ID_MAX + 1]);
