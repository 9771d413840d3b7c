// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/capture/host.h"
#include "collector/python/file.h"
#include "collector/tables/target_file.h"
#include "collector/tables/worker.h"
#include "common/clock.h"

#define HUNG_NS 10000000000ULL /* a file system that does not answer */

struct opener {
	struct workers *workers; /* owned */
	struct residence *residence; /* borrowed */
	struct kept_folder cache;
	struct opener_events events;
	void *ctx;
};

struct open_job {
	struct job job;
	struct opener *opener;
	struct target_file file; /* its path is owned */
	enum binary_kind kind;
	bool with_table;
	int open_fd; /* borrowed; -1 */
	struct opened out;
};

struct barrier_job {
	struct job job;
	struct opener *opener;
	uint64_t token;
};

/* Kept in sight, for a leak checker: workers that hang may still come back to it. */
static struct opener *volatile left_behind;

/* What an ELF file says of itself; NULL: it is none. */
static struct file_record *facts_of(uint32_t binary, struct elf_file *file)
{
	size_t cnt = 0;
	const struct elf_segment *segments = file ? elf_file__segments(file, &cnt) : NULL;
	uint32_t size =
		RECORD_ALIGN((uint32_t)(sizeof(struct file_record) + cnt * sizeof(*segments)));
	struct file_record *facts = calloc(1, size);

	if (!facts)
		return NULL;
	facts->h = (struct record_header){ RECORD_FILE, size, now_ns() };
	facts->binary = binary;
	if (file)
		facts->build_id = elf_file__build_id(file);
	facts->segment_cnt = (uint32_t)cnt;
	if (cnt)
		memcpy(facts + 1, segments, cnt * sizeof(*segments));
	return facts;
}

int file_facts(uint32_t binary, int fd, struct elf_file **ret_file, struct file_record **ret_facts)
{
	struct file_record *facts;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	elf_file__open(fd, ret_file);
	facts = facts_of(binary, *ret_file);
	if (!facts)
		return -ENOMEM;
	facts->dev = st.st_dev;
	facts->inode = st.st_ino;
	facts->mtime_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
	facts->size = (uint64_t)st.st_size;
	*ret_facts = facts;
	return 0;
}

static struct file_record *failed_facts(uint32_t binary, int err)
{
	struct file_record *facts = calloc(1, sizeof(*facts));

	if (!facts)
		return NULL;
	facts->h = (struct record_header){ RECORD_FILE, sizeof(*facts), now_ns() };
	facts->binary = binary;
	facts->error = err;
	return facts;
}

static int open_elf(const struct open_job *job, int fd, struct elf_file **ret_file)
{
	const void *image;
	size_t size;
	int err;

	if (job->kind != BINARY_VDSO)
		return elf_file__open(fd, ret_file);
	err = host_vdso(&image, &size);
	return err ? err : elf_file__open_memory(image, size, ret_file);
}

static enum table_state make_table(struct open_job *job, int fd)
{
	scope_free(elf_file) struct elf_file *file = NULL;
	scope_free(cfi_table) struct cfi_table *cfi = NULL;
	int err;

	if (open_elf(job, fd, &file))
		return TABLE_ABSENT;
	if (cfi_cache__load(&job->opener->cache, fd, file, &cfi))
		return TABLE_ABSENT;
	err = residence__add(job->opener->residence, cfi, &job->out.table);
	return err ? TABLE_NO_ROOM : TABLE_RESIDENT;
}

static void vdso_facts(struct open_job *job)
{
	scope_free(elf_file) struct elf_file *file = NULL;
	int err = open_elf(job, -1, &file);

	job->out.facts = err ? failed_facts(job->out.binary, -ENOENT) :
			       facts_of(job->out.binary, file);
}

/* Python before its table, which takes longer: until an interpreter is known, its frames are lost. */
static int open_binary(struct open_job *job)
{
	scope_free(elf_file) struct elf_file *file = NULL;
	int fd = target_file__open(&job->file), err;

	if (fd < 0) {
		job->out.facts = failed_facts(job->out.binary, fd);
		return -1;
	}
	err = file_facts(job->out.binary, fd, &file, &job->out.facts);
	if (err) {
		job->out.facts = failed_facts(job->out.binary, err);
		close(fd);
		return -1;
	}
	job->out.fd = fd;
	job->out.root_fd = target_file__open_root(&job->file);
	if (file)
		python_file_facts(&job->opener->cache, fd, job->out.binary, file, &job->out.python);
	return fd;
}

static void run_open(struct job *j)
{
	struct open_job *job = (struct open_job *)j;
	int fd = job->open_fd;

	if (job->kind == BINARY_VDSO)
		vdso_facts(job);
	else if (fd < 0)
		fd = open_binary(job);
	if (!job->with_table)
		return;
	if (fd < 0 && job->kind != BINARY_VDSO)
		job->out.table_state = TABLE_ABSENT;
	else
		job->out.table_state = make_table(job, fd);
}

static void free_open(struct open_job *job)
{
	free(job->out.facts);
	free(job->out.python);
	free((char *)job->file.path);
	free(job);
}

static void done_open(struct job *j, void *ctx)
{
	struct open_job *job = (struct open_job *)j;
	struct opener *opener = ctx;

	opener->events.opened(opener->ctx, &job->out);
	free_open(job);
}

static void hung_open(void *ctx, uint32_t id)
{
	struct opener *opener = ctx;
	struct opened out = { .binary = id, .fd = -1, .root_fd = -1, .table_state = TABLE_ABSENT };

	out.facts = failed_facts(id, -ETIMEDOUT);
	opener->events.opened(opener->ctx, &out);
	free(out.facts);
}

static void drop_open(struct job *j)
{
	struct open_job *job = (struct open_job *)j;

	if (job->out.fd >= 0)
		close(job->out.fd);
	if (job->out.root_fd >= 0)
		close(job->out.root_fd);
	free(job->out.table); /* its rows stay where they are: who asked for them is gone */
	free_open(job);
}

int opener__submit(struct opener *opener, const struct binary *binary, bool with_table)
{
	struct open_job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->file = target_file_of(binary);
	job->file.path = strdup(binary->path);
	if (!job->file.path) {
		free(job);
		return -ENOMEM;
	}
	job->job = (struct job){ .run = run_open,
				 .done = done_open,
				 .hung = hung_open,
				 .drop = drop_open,
				 .id = binary->id,
				 .urgent = !with_table };
	job->opener = opener;
	job->kind = binary->kind;
	job->with_table = with_table;
	job->open_fd = binary->fd;
	job->out.binary = binary->id;
	job->out.fd = -1;
	job->out.root_fd = -1;
	workers__submit(opener->workers, &job->job);
	return 0;
}

static void run_barrier(struct job *j)
{
	residence__barrier(((struct barrier_job *)j)->opener->residence);
}

static void done_barrier(struct job *j, void *ctx)
{
	struct barrier_job *job = (struct barrier_job *)j;
	struct opener *opener = ctx;

	opener->events.barrier(opener->ctx, job->token);
	free(job);
}

/* The kernel does not answer: nothing is used again from now on. */
static void hung_barrier(void *ctx, uint32_t id)
{
	(void)ctx;
	(void)id;
}

static void drop_barrier(struct job *j)
{
	free(j);
}

int opener__barrier(struct opener *opener, uint64_t token)
{
	struct barrier_job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->job = (struct job){ run_barrier, done_barrier, hung_barrier, drop_barrier, 0, NULL };
	job->opener = opener;
	job->token = token;
	workers__submit(opener->workers, &job->job);
	return 0;
}

int opener__new(struct residence *residence, const struct kept_folder *cache,
		const struct opener_events *events, void *ctx, struct opener **ret_opener)
{
	struct opener *opener = calloc(1, sizeof(*opener));

	if (!opener)
		return -ENOMEM;
	opener->residence = residence;
	opener->cache = *cache;
	opener->events = *events;
	opener->ctx = ctx;
	opener->workers = workers__new(HUNG_NS);
	if (!opener->workers) {
		free(opener);
		return -ENOMEM;
	}
	*ret_opener = opener;
	return 0;
}

bool opener__free(struct opener *opener)
{
	if (!opener)
		return true;
	if (!workers__free(opener->workers)) {
		left_behind = opener;
		return false;
	}
	free(opener);
	return true;
}

void opener__collect(struct opener *opener)
{
	workers__collect(opener->workers, opener);
}

int opener__fd(const struct opener *opener)
{
	return workers__fd(opener->workers);
}

uint32_t opener__waiting(struct opener *opener)
{
	return workers__waiting(opener->workers);
}
