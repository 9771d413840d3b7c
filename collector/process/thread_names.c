// SPDX-License-Identifier: Apache-2.0
#include "collector/process/thread_names.h"

#include <stdlib.h>

#include "common/hash_rows.h"

#define MAX_NAMES 65536 /* later threads have the kernel's name */

struct thread_key {
	uint32_t pid;
	uint32_t tid;
};

struct thread_name {
	UT_hash_handle hh;
	struct thread_key key;
	uint32_t name;
};

struct thread_names {
	struct strtab *strings; /* borrowed */
	struct thread_name *by_key; /* owned */
};

struct thread_names *thread_names__new(struct strtab *strings)
{
	struct thread_names *names = calloc(1, sizeof(*names));

	if (names)
		names->strings = strings;
	return names;
}

void thread_names__free(struct thread_names *names)
{
	if (!names)
		return;
	HASH_FREE_ALL(names->by_key, thread_name);
	free(names);
}

static struct thread_name *find(const struct thread_names *names, uint32_t pid, uint32_t tid)
{
	struct thread_key key = { pid, tid };
	struct thread_name *t;

	HASH_FIND(hh, names->by_key, &key, sizeof(key), t);
	return t;
}

static void learn(struct thread_names *names, const struct python_thread_record *rec)
{
	struct thread_name *t = find(names, rec->pid, rec->tid);

	if (!t) {
		t = HASH_COUNT(names->by_key) < MAX_NAMES ? calloc(1, sizeof(*t)) : NULL;
		if (!t)
			return;
		t->key = (struct thread_key){ rec->pid, rec->tid };
		HASH_ADD(hh, names->by_key, key, sizeof(t->key), t);
	}
	t->name = strtab__id(names->strings, python_thread_record_name(rec));
}

static void forget(struct thread_names *names, const struct exit_record *rec)
{
	struct thread_name *t = find(names, rec->pid, rec->tid);

	if (!t)
		return;
	HASH_DEL(names->by_key, t);
	free(t);
}

void thread_names__apply(struct thread_names *names, const struct record_header *rec)
{
	if (rec->type == RECORD_PYTHON_THREAD)
		learn(names, (const void *)rec);
	else if (rec->type == RECORD_EXIT)
		forget(names, (const void *)rec);
}

uint32_t thread_names__find(const struct thread_names *names, uint32_t pid, uint32_t tid)
{
	const struct thread_name *t = find(names, pid, tid);

	return t ? t->name : 0;
}
