// SPDX-License-Identifier: Apache-2.0
#include "collector/doctor/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/doctor/file_facts.h"
#include "collector/process/proc_table.h"
#include "symbolizer/native/rooted_path.h"

struct target {
	uint32_t pid;
	struct proc_table *processes; /* owned, as the rest */
	struct binaries *binaries;
	struct file_view *files;
	size_t file_cnt;
	uint64_t jit_bytes;
	char root[4096]; /* where its root lies; "": it is our own, or a container's */
	int root_fd;
	struct debug_search search;
};

static int open_root(uint32_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/root", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Of a process behind chroot(2) the kernel shows paths from outside. */
static void find_root(struct target *t)
{
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/root", t->pid);
	len = readlink(path, t->root, sizeof(t->root) - 1);
	t->root[len > 1 ? len : 0] = 0;
}

static void apply(void *ctx, const struct record_header *rec)
{
	struct target *t = ctx;

	proc_table__apply(t->processes, t->binaries, rec);
}

/* Read from /proc as record reads it. */
static int read_mappings(struct target *t)
{
	scope_free(batch) struct batch *batch = batch__new();
	int err;

	t->processes = proc_table__new();
	t->binaries = binaries__new();
	if (!batch || !t->processes || !t->binaries)
		return -ENOMEM;
	err = proc_scan(t->pid, batch);
	batch__emit(batch, UINT64_MAX, apply, t);
	return err;
}

/* By the mapping itself, deleted files too; else by its path in the process's root. */
static int open_mapped(const struct target *t, const struct binary *b)
{
	static const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", t->pid,
		 (unsigned long long)b->hint_start, (unsigned long long)b->hint_end);
	fd = open(path, flags);
	if (fd >= 0 || t->root_fd < 0)
		return fd >= 0 ? fd : t->root_fd;
	return rooted_openat(t->root_fd, path_below(t->root, b->path), flags);
}

static void look_at(struct target *t, const struct binary *b)
{
	struct file_view *view = &t->files[t->file_cnt++];
	scope_fd int fd = open_mapped(t, b);

	view->path = path_below(t->root, b->path);
	view->deleted = b->deleted;
	if (fd < 0) {
		view->error = fd;
		return;
	}
	file_view__look(view, fd, &t->search);
}

static int compare_views(const void *a, const void *b)
{
	const struct file_view *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int look_at_files(struct target *t)
{
	uint32_t cnt = binaries__cnt(t->binaries);

	t->files = calloc(cnt, sizeof(*t->files));
	if (!t->files)
		return -ENOMEM;
	for (uint32_t i = 0; i < cnt; i++) {
		const struct binary *b = binaries__at(t->binaries, i);

		if (b->kind == BINARY_FILE)
			look_at(t, b);
	}
	qsort(t->files, t->file_cnt, sizeof(*t->files), compare_views);
	return 0;
}

static void find_owners(struct target *t)
{
	scope_memory struct owner_query *queries = calloc(t->file_cnt + 1, sizeof(*queries));

	if (!queries || t->root_fd < 0)
		return;
	for (size_t i = 0; i < t->file_cnt; i++)
		queries[i].path = t->files[i].path;
	owners_find(t->root_fd, queries, t->file_cnt);
	for (size_t i = 0; i < t->file_cnt; i++)
		memcpy(t->files[i].package, queries[i].package, PACKAGE_LEN);
}

static void add_jit(struct target *t, const struct process *process)
{
	for (uint32_t i = 0; i < process->mapping_cnt; i++)
		if (process->mappings[i].binary == BINARY_ANON_ID)
			t->jit_bytes += process->mappings[i].end - process->mappings[i].start;
}

static void print_of(FILE *to, const char *what, const char *path, const struct fact *fact)
{
	char name[4200];

	snprintf(name, sizeof(name), "%-6s %s", what, path);
	fact__print(to, name, fact);
}

static void print_facts(const struct target *t, FILE *to)
{
	struct fact fact;

	for (size_t i = 0; i < t->file_cnt; i++) {
		file_unwind_fact(&t->files[i], &fact);
		print_of(to, "unwind", t->files[i].path, &fact);
		file_names_fact(&t->files[i], &fact);
		print_of(to, "names", t->files[i].path, &fact);
		if (!t->files[i].is_python)
			continue;
		file_python_fact(&t->files[i], &fact);
		print_of(to, "python", t->files[i].path, &fact);
	}
	if (!t->jit_bytes)
		return;
	jit_unwind_fact(t->jit_bytes, &fact);
	print_of(to, "unwind", "[jit]", &fact);
	jit_names_fact(t->jit_bytes, &fact);
	print_of(to, "names", "[jit]", &fact);
}

static void process_fact(const struct target *t, const struct process *process, int err,
			 struct fact *fact)
{
	*fact = (struct fact){ .level = FACT_OK };
	if (err == -ESRCH) {
		fact__set(fact, FACT_BAD, "there is none: it has ended, or never was");
	} else if (err) {
		fact__set(fact, FACT_WARN, "its mappings are not to be seen: %s", strerror(-err));
		fact__mend(fact, "run doctor as root");
	} else if (!process->mapping_cnt) {
		fact__set(fact, FACT_OK, "%s: no code of its own: a kernel thread, or it has ended",
			  process->comm);
	} else {
		fact__set(fact, FACT_OK, "%s: code of %zu files%s", process->comm, t->file_cnt,
			  t->jit_bytes ? ", and some in no file" : "");
	}
}

static void target_fini(struct target *t)
{
	proc_table__free(t->processes);
	binaries__free(t->binaries);
	free(t->files);
	if (t->root_fd >= 0)
		close(t->root_fd);
}

int target_report(FILE *to, uint32_t pid, const struct options *options)
{
	struct target t = { .pid = pid, .root_fd = open_root(pid) };
	int err = read_mappings(&t);
	const struct process *process = t.processes ? proc_table__find(t.processes, pid) : NULL;
	struct fact fact;
	char name[32];

	if (!err && !process)
		err = -ESRCH;
	find_root(&t);
	t.search = (struct debug_search){ .root_fd = t.root_fd,
					  .dirs = options->debug_dirs,
					  .dir_cnt = options->debug_dir_cnt };
	if (!err)
		err = look_at_files(&t);
	if (!err) {
		add_jit(&t, process);
		find_owners(&t);
	}
	process_fact(&t, process, err, &fact);
	snprintf(name, sizeof(name), "process %u", pid);
	fact__print(to, name, &fact);
	if (!err)
		print_facts(&t, to);
	target_fini(&t);
	return err == -ESRCH ? err : 0;
}
