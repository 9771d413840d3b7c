// SPDX-License-Identifier: Apache-2.0
#include "collector/python/threads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "collector/python/find.h"
#include "collector/python/process_ids.h"
#include "collector/python/reader.h"
#include "common/clock.h"
#include "symbolizer/python/thread_names.h"

#define MAX_THREADS 65536
#define LOOK_NS 2000000000ULL /* names change now and then */
#define NOT_YET_NS 10000000ULL /* a thread runs before it is in the program's list */
#define EARLY_LOOKS 4 /* so soon one after the other */
#define QUIET_NS 10000000ULL /* between two looks at one process */
#define QUIET_SHARE 20 /* and so many times as long as the last one took */
#define TRIES 3
#define MAX_READS 50000 /* of one look: 30 ms */

struct thread_key {
	uint32_t pid;
	uint32_t tid;
};

/* Of a process, too: its first thread's. */
struct thread {
	UT_hash_handle hh;
	struct thread_key key;
	char *name; /* owned; NULL: none was found */
	uint64_t again_ns; /* no look before */
	uint32_t looks; /* that found no name */
	uint64_t active; /* of a process: where its list was found; 0: not yet */
};

struct python_threads {
	struct thread *by_key; /* owned */
	bool soon;
};

struct found {
	uint32_t tid; /* as the process sees it */
	char *name; /* owned */
};

/* One look. */
struct look {
	struct found *found; /* owned */
	uint32_t cnt;
	uint32_t room;
};

struct python_threads *python_threads__new(void)
{
	return calloc(1, sizeof(struct python_threads));
}

static void drop(struct python_threads *threads, struct thread *t)
{
	HASH_DEL(threads->by_key, t);
	free(t->name);
	free(t);
}

void python_threads__free(struct python_threads *threads)
{
	struct thread *t, *next;

	if (!threads)
		return;
	HASH_ITER(hh, threads->by_key, t, next)
		drop(threads, t);
	free(threads);
}

static struct thread *find(struct python_threads *threads, uint32_t pid, uint32_t tid)
{
	struct thread_key key = { pid, tid };
	struct thread *t;

	HASH_FIND(hh, threads->by_key, &key, sizeof(key), t);
	return t;
}

/* NULL: no room. */
static struct thread *get(struct python_threads *threads, uint32_t pid, uint32_t tid)
{
	struct thread *t = find(threads, pid, tid);

	if (t || HASH_COUNT(threads->by_key) >= MAX_THREADS)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->key = (struct thread_key){ pid, tid };
	HASH_ADD(hh, threads->by_key, key, sizeof(t->key), t);
	return t;
}

void python_threads__exited(struct python_threads *threads, const struct exit_record *rec)
{
	struct thread *t = find(threads, rec->pid, rec->tid);

	if (t)
		drop(threads, t);
}

static void forget_found(struct look *look)
{
	while (look->cnt)
		free(look->found[--look->cnt].name);
}

static void add_found(void *ctx, uint32_t tid, const char *name)
{
	struct look *look = ctx;
	struct found found = { tid, strdup(name) };

	if (look->cnt == look->room) {
		uint32_t room = look->room ? look->room * 2 : 16;
		struct found *more = realloc(look->found, room * sizeof(*more));

		if (more) {
			look->found = more;
			look->room = room;
		}
	}
	if (found.name && look->cnt < look->room)
		look->found[look->cnt++] = found;
	else
		free(found.name);
}

/* Memory of a process that may want to keep us busy. */
struct live_memory {
	uint32_t pid;
	uint32_t left; /* reads */
};

static int read_live(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	struct live_memory *memory = ctx;

	if (!memory->left)
		return -E2BIG;
	memory->left--;
	return python_reader__live(memory->pid, to, size, vaddr);
}

/* Where the program keeps its list stays: it is looked for once. */
static int read_names(struct thread *process, struct binaries *binaries, const struct process *p,
		      struct look *look)
{
	struct live_memory live = { process->key.pid, MAX_READS };
	struct python_memory memory = { read_live, &live };
	const struct python_interpreter *interpreter;
	struct python_process python;
	struct python_thread_place place;
	uint64_t base;
	int err = 0;

	interpreter = python_interpreter_of(binaries, p, &base);
	if (!interpreter || !python_find(binaries, p, &python))
		return -EAGAIN; /* its file is being opened */
	place = (struct python_thread_place){ .interp_head = python.interp_head,
					      .runtime = base + interpreter->runtime.rel,
					      .musl = python.musl };
	if (!process->active)
		err = python_threads__find(&memory, &python.layout, &place, &process->active);
	for (int i = 0; !err && i < TRIES; i++) {
		forget_found(look);
		err = python_threads__read(&memory, &python.layout, &place, process->active,
					   add_found, look);
		if (err != -EAGAIN)
			break;
		err = i + 1 < TRIES ? 0 : err;
	}
	return err;
}

static void emit_name(const struct thread *t, uint64_t time_ns, record_fn emit, void *ctx)
{
	uint32_t size = RECORD_ALIGN((uint32_t)strlen(t->name) + 1);
	scope_memory struct python_thread_record *rec = calloc(1, sizeof(*rec) + size);

	if (!rec)
		return;
	rec->h = (struct record_header){ RECORD_PYTHON_THREAD, (uint32_t)sizeof(*rec) + size,
					 time_ns };
	rec->pid = t->key.pid;
	rec->tid = t->key.tid;
	rec->name_size = size;
	strcpy((char *)(rec + 1), t->name);
	emit(ctx, &rec->h);
}

/* What was found of one thread of the process. */
static void take_name(struct python_threads *threads, uint32_t pid, uint32_t tid, const char *name,
		      uint64_t now, record_fn emit, void *ctx)
{
	struct thread *t = tid == pid ? NULL : get(threads, pid, tid);
	char *copy;

	if (!t)
		return;
	t->again_ns = now + LOOK_NS;
	if (t->name && !strcmp(t->name, name))
		return;
	copy = strdup(name);
	if (!copy)
		return;
	free(t->name);
	t->name = copy;
	emit_name(t, now, emit, ctx);
}

/* Until when the process has peace: a program without the module, or with a list that cannot be read,
 * may have thousands of threads. */
static uint64_t quiet_until(uint64_t now, uint64_t took_ns, int err)
{
	uint64_t quiet = took_ns * QUIET_SHARE > QUIET_NS ? took_ns * QUIET_SHARE : QUIET_NS;

	return now + (err && err != -EAGAIN && quiet < LOOK_NS ? LOOK_NS : quiet);
}

static void take_names(struct python_threads *threads, uint32_t pid, const struct look *look,
		       uint64_t now, record_fn emit, void *ctx)
{
	scope_free(process_ids) struct process_ids *ids = process_ids__read(pid);

	for (uint32_t i = 0; ids && i < look->cnt; i++) {
		uint32_t tid = process_ids__outer(ids, look->found[i].tid);

		if (tid)
			take_name(threads, pid, tid, look->found[i].name, now, emit, ctx);
	}
}

static int look_at(struct python_threads *threads, struct binaries *binaries,
		   const struct process *p, struct thread *process, uint64_t now, record_fn emit,
		   void *ctx)
{
	uint64_t started = now_ns();
	struct look look = { 0 };
	int err = read_names(process, binaries, p, &look);

	if (err)
		process->active = 0;
	else
		take_names(threads, p->pid, &look, now, emit, ctx);
	process->again_ns = quiet_until(now, now_ns() - started, err);
	forget_found(&look);
	free(look.found);
	return err;
}

void python_threads__sampled(struct python_threads *threads, struct binaries *binaries,
			     const struct process *p, const struct sample_record *rec,
			     record_fn emit, void *ctx)
{
	uint64_t now = rec->h.time_ns;
	struct thread *process, *t;

	if (rec->tid == rec->pid || rec->python_end == PYTHON_NONE ||
	    rec->python_end == PYTHON_NO_THREAD)
		return;
	t = get(threads, rec->pid, rec->tid);
	process = get(threads, rec->pid, rec->pid);
	if (!t || !process || now < t->again_ns || now < process->again_ns)
		return;
	t->again_ns = now + (t->name || ++t->looks > EARLY_LOOKS ? LOOK_NS : NOT_YET_NS);
	if (look_at(threads, binaries, p, process, now, emit, ctx) == -EAGAIN)
		t->again_ns = 0; /* that was no look */
	threads->soon = threads->soon || (!t->name && t->looks <= EARLY_LOOKS);
}

bool python_threads__soon(struct python_threads *threads)
{
	bool soon = threads->soon;

	threads->soon = false;
	return soon;
}
