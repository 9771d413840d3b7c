// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/binary_names.h"

#include <errno.h>
#include <string.h>

#include "collector/profile/debuginfod.h"
#include "common/log.h"

static int open_elf(const struct ingest *ingest, const struct naming_options *options,
		    struct binary *b, struct elf_file **ret_file)
{
	if (b->kind == BINARY_VDSO)
		return ingest->vdso ? elf_file__open_memory(ingest->vdso, ingest->vdso_size, ret_file) :
				      -ENOENT;
	if (b->fd < 0)
		b->fd = options->open_binary(b);
	return b->fd < 0 ? b->fd : elf_file__open(b->fd, ret_file);
}

/* One line per file at most: what is missing, and what would mend it. */
static void say_missing(const struct binary *b, const struct naming_options *options,
			const struct file_names *names)
{
	if (*names->refusal.path)
		log_warn("%s: %s is not its debug file: %s, ignoring", b->path, names->refusal.path,
			 names->refusal.reason);
	else if (names->late)
		log_warn("%s: no lines for some addresses: its debug information was not read in %.1f s; "
			 "try --symbol-timeout",
			 b->path, (double)options->symbol_timeout_ns / 1e9);
	else if (names->dwarf_error && names->dwarf_error != -ENOENT)
		log_warn("%s: its debug information cannot be used: %s, ignoring", b->path,
			 strerror(-names->dwarf_error));
	else if (names->damaged)
		log_warn("%s: its debug information is damaged in places, skipping these", b->path);
	else if (names->alt_missing)
		log_warn("%s: some names are in a dwz file that is not installed, skipping", b->path);
	else if (names->split_missing)
		log_warn("%s: its .dwo or .dwp files are not where it was built, skipping", b->path);
}

int binary_names__load(struct ingest *ingest, const struct naming_options *options,
		       struct binary *b, const uint64_t *elf_vaddrs, uint32_t cnt,
		       struct file_names **ret_names)
{
	scope_free(elf_file) struct elf_file *elf = NULL;
	struct debug_search search = { .root_fd = b->root_fd, .dirs = options->debug_dirs,
				       .dir_cnt = options->debug_dir_cnt };
	struct file_question question = { .path = b->path, .elf_vaddrs = elf_vaddrs, .cnt = cnt,
					  .search = &search, .cache = &options->cache,
					  .timeout_ns = options->symbol_timeout_ns };
	int err = open_elf(ingest, options, b, &elf);

	if (err)
		return err;
	if (options->debuginfod) {
		search.fetch = debuginfod_fetch;
		search.fetch_ctx = options->debuginfod;
	}
	question.file = elf;
	question.fd = b->kind == BINARY_VDSO ? -1 : b->fd;
	err = file_names__load(&question, ret_names);
	if (!err)
		say_missing(b, options, *ret_names);
	return err;
}
