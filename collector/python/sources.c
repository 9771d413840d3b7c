// SPDX-License-Identifier: Apache-2.0
#include "collector/python/sources.h"

#include <limits.h>
#include <string.h>

#include <uthash.h>

#include "collector/python/pieces.h"
#include "collector/python/source_path.h"
#include "symbolizer/python/string_object.h"

#define MAX_SOURCES 65536 /* what comes later stays as it is */

struct source {
	UT_hash_handle hh;
	char *path; /* owned; NULL: none was found */
	char key[]; /* pid, start and name */
};

struct python_sources {
	struct source *by_key; /* owned */
};

struct python_sources *python_sources__new(void)
{
	return calloc(1, sizeof(struct python_sources));
}

void python_sources__free(struct python_sources *sources)
{
	struct source *s, *next;

	if (!sources)
		return;
	HASH_ITER(hh, sources->by_key, s, next) {
		HASH_DEL(sources->by_key, s);
		free(s->path);
		free(s);
	}
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

static struct source *add(struct python_sources *sources, const char *key, size_t len)
{
	struct source *s;

	if (HASH_COUNT(sources->by_key) >= MAX_SOURCES)
		return NULL;
	s = calloc(1, sizeof(*s) + len + 1);
	if (!s)
		return NULL;
	memcpy(s->key, key, len);
	HASH_ADD_KEYPTR(hh, sources->by_key, s->key, len, s);
	return s;
}

/* NULL: none. */
static const char *path_of(struct python_sources *sources, const struct python_code_record *rec,
			   const char *name)
{
	char key[PATH_MAX + 64], path[PATH_MAX];
	int len = snprintf(key, sizeof(key), "%u %llx %s", rec->pid,
			   (unsigned long long)rec->leader_start_ns, name);
	struct source *s;

	if (len < 0 || (size_t)len >= sizeof(key))
		return NULL;
	HASH_FIND(hh, sources->by_key, key, (size_t)len, s);
	if (s)
		return s->path;
	s = add(sources, key, (size_t)len);
	if (s && !python_source_path(rec->pid, name, path, sizeof(path)))
		s->path = strdup(path);
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
