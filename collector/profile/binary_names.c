// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/binary_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "collector/profile/debuginfod.h"
#include "common/log.h"
#include "common/patience.h"
#include "symbolizer/native/call_site.h"

#define BEYOND_NS 5000000000ULL /* symbols and debug files are looked for outside the time-out */

struct naming_job { /* all of it its own: it may be left behind in a file system that hangs */
	int fd; /* of the file; -1: image has it */
	int root_fd;
	void *image;
	size_t image_size;
	char *path;
	uint64_t *elf_vaddrs;
	uint8_t *verdicts;
	struct debug_search search;
	struct file_question question;
	struct file_names *names;
	int err;
};

static void close_any(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void drop_job(void *ctx)
{
	struct naming_job *job = ctx;

	file_names__free(job->names);
	close_any(job->fd);
	close_any(job->root_fd);
	close_any(job->question.kept.dir_fd);
	free(job->image);
	free(job->path);
	free(job->elf_vaddrs);
	free(job->verdicts);
	free(job);
}

static void run_job(void *ctx)
{
	struct naming_job *job = ctx;
	scope_free(elf_file) struct elf_file *elf = NULL;

	job->err = job->image ? elf_file__open_memory(job->image, job->image_size, &elf) :
				elf_file__open(job->fd, &elf);
	job->question.file = elf;
	if (!job->err)
		call_sites_judge(elf, job->elf_vaddrs, job->question.cnt, job->verdicts);
	if (!job->err)
		job->err = file_names__load(&job->question, &job->names);
}

static int copy_fd(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void *copy_of(const void *from, size_t size)
{
	void *to = from ? malloc(size + 1) : NULL;

	return to ? memcpy(to, from, size) : NULL;
}

static int take_file(struct naming_job *job, const struct ingest *ingest,
		     const struct naming_options *options, struct binary *b)
{
	if (b->kind == BINARY_VDSO) {
		job->image = copy_of(ingest->vdso, ingest->vdso_size);
		job->image_size = ingest->vdso_size;
		return job->image ? 0 : -ENOENT;
	}
	if (b->fd < 0)
		b->fd = options->open_binary(b);
	job->fd = copy_fd(b->fd);
	return job->fd < 0 ? -ENOENT : 0;
}

static struct naming_job *make_job(const struct naming_options *options,
				   const struct binary_question *q)
{
	const struct binary *b = q->binary;
	struct naming_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->fd = -1;
	job->root_fd = copy_fd(b->root_fd);
	job->path = strdup(b->path);
	job->elf_vaddrs = copy_of(q->elf_vaddrs, q->cnt * sizeof(*q->elf_vaddrs));
	job->verdicts = copy_of(q->verdicts, q->cnt);
	job->search = (struct debug_search){ .root_fd = job->root_fd,
					     .dirs = options->debug_dirs,
					     .dir_cnt = options->debug_dir_cnt };
	if (options->debuginfod) {
		job->search.fetch = debuginfod_fetch;
		job->search.fetch_ctx = options->debuginfod;
	}
	job->question = (struct file_question){ .path = job->path,
						.elf_vaddrs = job->elf_vaddrs,
						.cnt = q->cnt,
						.search = &job->search,
						.kept = { copy_fd(options->kept.dir_fd),
							  options->kept.maker },
						.timeout_ns = options->symbol_timeout_ns };
	if (job->path && job->elf_vaddrs && job->verdicts)
		return job;
	drop_job(job);
	return NULL;
}

/* One line per file at most: what is missing, and what would mend it. */
static void say_missing(const struct binary *b, const struct naming_options *options,
			const struct file_names *names)
{
	if (*names->refusal.path)
		log_warn("%s: %s is not its debug file: %s, ignoring", b->path, names->refusal.path,
			 names->refusal.reason);
	else if (names->late)
		log_warn("%s: no lines for some addresses: its debug information was not read in "
			 "%.1f s; try --symbol-timeout",
			 b->path, (double)options->symbol_timeout_ns / 1e9);
	else if (names->dwarf_error && names->dwarf_error != -ENOENT)
		log_warn("%s: its debug information cannot be used: %s, ignoring", b->path,
			 strerror(-names->dwarf_error));
	else if (names->damaged)
		log_warn("%s: its debug information is damaged in places, skipping these", b->path);
	else if (names->alt_missing)
		log_warn("%s: some names are in a dwz file that is not installed, skipping",
			 b->path);
	else if (names->split_missing)
		log_warn("%s: its .dwo or .dwp files are not where it was built, skipping",
			 b->path);
}

int binary_names__load(struct ingest *ingest, const struct naming_options *options,
		       const struct binary_question *question, struct file_names **ret_names)
{
	struct naming_job *job = make_job(options, question);
	struct binary *b = question->binary;
	uint64_t patience = options->symbol_timeout_ns + BEYOND_NS;
	int err;

	if (!job)
		return -ENOMEM;
	if (options->debuginfod)
		patience += DEBUGINFOD_MAX_NS * 2; /* the debug file, and what dwz took out of it */
	err = take_file(job, ingest, options, b);
	job->question.fd = job->fd;
	if (!err)
		err = with_patience(patience, run_job, drop_job, job);
	if (err == -ETIMEDOUT) {
		log_warn("%s: its file system does not answer, going on without its names",
			 b->path);
		return err; /* the job is the thread's now */
	}
	if (!err) {
		memcpy(question->verdicts, job->verdicts, question->cnt);
		err = job->err;
	}
	if (!err) {
		*ret_names = take_ptr(job->names);
		say_missing(b, options, *ret_names);
	}
	drop_job(job);
	return err;
}
