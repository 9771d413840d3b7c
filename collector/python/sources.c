// SPDX-License-Identifier: Apache-2.0
#include "collector/python/sources.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "collector/python/pieces.h"
#include "collector/python/source_path.h"
#include "common/hash_rows.h"
#include "common/log.h"
#include "common/patience.h"
#include "symbolizer/python/string_object.h"

#define MAX_SOURCES 65536 /* what comes later stays as it is */
#define PATIENCE_NS 500000000ULL /* with the file system of a process: records wait meanwhile */

struct source {
	UT_hash_handle hh;
	char *path; /* owned; NULL: none was found */
	char key[]; /* start and name */
};

struct process_sources {
	UT_hash_handle hh;
	uint32_t pid;
	struct source *by_key; /* owned */
};

struct python_sources {
	struct process_sources *by_pid; /* owned */
	uint32_t cnt; /* of all processes */
	bool hung; /* a file system did not answer: none is asked any more */
};

struct look { /* all of it its own: it may be left behind */
	uint32_t pid;
	char *name;
	char path[PATH_MAX];
	int err;
};

struct python_sources *python_sources__new(void)
{
	return calloc(1, sizeof(struct python_sources));
}

static struct process_sources *process_of(const struct python_sources *sources, uint32_t pid)
{
	struct process_sources *p;

	HASH_FIND(hh, sources->by_pid, &pid, sizeof(pid), p);
	return p;
}

static void forget(struct python_sources *sources, struct process_sources *p)
{
	struct source *s, *next;

	HASH_ITER(hh, p->by_key, s, next) {
		HASH_DEL(p->by_key, s);
		sources->cnt--;
		free(s->path);
		free(s);
	}
	HASH_DEL(sources->by_pid, p);
	free(p);
}

void python_sources__forget(struct python_sources *sources, uint32_t pid)
{
	struct process_sources *p = process_of(sources, pid);

	if (p)
		forget(sources, p);
}

void python_sources__free(struct python_sources *sources)
{
	struct process_sources *p, *next;

	if (!sources)
		return;
	HASH_ITER(hh, sources->by_pid, p, next)
		forget(sources, p);
	free(sources);
}

static char *file_name(const struct python_code_record *rec)
{
	struct python_memory memory = { python_pieces__read, (void *)rec };
	uint64_t vaddr;
	char *name;

	if (python_pieces__read((void *)rec, &vaddr, sizeof(vaddr),
				rec->code + rec->layout.code_filename) ||
	    python_string__read(&memory, &rec->layout, vaddr, &name))
		return NULL;
	return name;
}

static struct source *add(struct python_sources *sources, struct process_sources *p,
			  const char *key, size_t len)
{
	struct source *s;

	if (sources->cnt >= MAX_SOURCES)
		return NULL;
	s = calloc(1, sizeof(*s) + len + 1);
	if (!s)
		return NULL;
	memcpy(s->key, key, len);
	HASH_ADD_KEYPTR(hh, p->by_key, s->key, len, s);
	sources->cnt++;
	return s;
}

static void run_look(void *ctx)
{
	struct look *look = ctx;

	look->err = python_source_path(look->pid, look->name, look->path, sizeof(look->path));
}

static void drop_look(void *ctx)
{
	struct look *look = ctx;

	free(look->name);
	free(look);
}

/* The caller frees it; NULL: none was found. */
static char *look_up(struct python_sources *sources, uint32_t pid, const char *name)
{
	struct look *look = calloc(1, sizeof(*look));
	char *path;
	int err;

	if (!look)
		return NULL;
	look->pid = pid;
	look->name = strdup(name);
	err = look->name ? with_patience(PATIENCE_NS, run_look, drop_look, look) : -ENOMEM;
	if (err == -ETIMEDOUT) {
		log_warn(
			"process %u: its file system does not answer, leaving names of Python files as they are",
			pid);
		sources->hung = true;
		return NULL;
	}
	path = err || look->err ? NULL : strdup(look->path);
	drop_look(look);
	return path;
}

/* NULL: none. */
static const char *path_of(struct python_sources *sources, const struct python_code_record *rec,
			   const char *name)
{
	char key[PATH_MAX + 64];
	int len = snprintf(key, sizeof(key), "%llx %s", (unsigned long long)rec->leader_start_ns,
			   name);
	struct process_sources *p = HASH_GET(sources->by_pid, process_sources, pid, rec->pid);
	struct source *s;

	if (sources->hung || !p || len < 0 || (size_t)len >= sizeof(key))
		return NULL;
	HASH_FIND(hh, p->by_key, key, (size_t)len, s);
	if (s)
		return s->path;
	s = add(sources, p, key, (size_t)len);
	if (s)
		s->path = look_up(sources, rec->pid, name);
	return s ? s->path : NULL;
}

struct python_code_record *python_sources__complete(struct python_sources *sources,
						    const struct python_code_record *rec)
{
	scope_memory char *name = file_name(rec);
	const char *path;

	if (!name || *name == '/' || *name == '<')
		return NULL;
	path = path_of(sources, rec, name);
	return path ? python_pieces__with_path(rec, path) : NULL;
}
