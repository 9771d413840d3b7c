// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/keeper.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "collector/python/find.h"
#include "collector/tables/copy_walk.h"
#include "collector/tables/early_python.h"
#include "collector/tables/opener.h"
#include "collector/tables/residence.h"
#include "collector/tables/runs.h"
#include "common/clock.h"
#include "common/log.h"

#define RETIRED_RUNS 64 /* worth an RCU barrier */
#define MAX_OPEN_FILES 4096 /* descriptors that pin files for naming */
#define MAX_TRIES 8 /* openings of a file, through processes that were alive */
#define UNUSED_ROWS (4U << 20) /* 16 MB: below that, unused tables stay for the next process */
#define DROP_CHECK_NS 1000000000ULL
#define ENDED_NS 500000000ULL /* by then all samples of a process that has ended were seen */
#define FINISH_NS 2000000000ULL

struct keeper {
	struct keeper_calls calls;
	void *ctx;
	struct proc_table *processes; /* borrowed */
	struct binaries *binaries; /* borrowed */
	struct held_list *held; /* borrowed */
	struct residence *residence; /* owned, as the rest */
	struct opener *opener;
	struct runs *runs;
	struct copy_walker *walker;
	struct early_python early;
	struct kept_folder cache; /* its descriptor: borrowed */
	uint64_t open_files;
	uint64_t max_open_files;
	uint64_t drop_checked_ns;
	bool barrier_running;
	bool room_wanted; /* some table did not fit */
};

static struct binary *binary_of(const struct keeper *k, const struct proc_mapping *m)
{
	return binaries__canonical_at(k->binaries, m->binary);
}

static void build_table(struct keeper *k, struct binary *b)
{
	if (b->table_state == TABLE_NONE && !opener__submit(k->opener, b, true))
		b->table_state = TABLE_BUILDING;
}

/* A file's tables are asked for when the first process that maps it is sampled. It is opened through
 * that process: of all that map it, this one ran a moment ago. Its table is made when it is open
 * (on_opened()): what all files say of themselves is known before the first table is. */
static void want_table(struct keeper *k, const struct process *p, const struct proc_mapping *m)
{
	struct binary *b = binary_of(k, m);

	if (b->table_state != TABLE_NONE)
		return;
	if (b->state == BINARY_NEW && b->kind == BINARY_FILE) {
		binary__set_hint(b, p->pid, m->start, m->end);
		keeper__open_file(k, b);
	}
	if (b->state == BINARY_OPENING)
		b->table_state = TABLE_BUILDING;
	else
		build_table(k, b);
}

static bool tables_pending(const struct keeper *k, const struct process *p)
{
	for (uint32_t i = 0; i < p->mapping_cnt; i++) {
		enum table_state state = binary_of(k, &p->mappings[i])->table_state;

		if (state == TABLE_NONE || state == TABLE_BUILDING)
			return true;
	}
	return false;
}

static void want_process(struct process *p)
{
	p->wanted = true;
	p->stale = true; /* write_runs() asks for its tables */
}

static void install_run(struct keeper *k, struct process *p)
{
	if (runs__install(k->runs, p))
		p->wanted = false; /* no room, or gone: the next sample asks again */
	p->partial = tables_pending(k, p);
}

static void want_tables(struct keeper *k, const struct process *p)
{
	for (uint32_t i = 0; i < p->mapping_cnt; i++)
		want_table(k, p, &p->mappings[i]);
}

static bool is_python(const struct keeper *k, const struct process *p)
{
	struct python_process python;

	return python_find(k->binaries, p, &python);
}

/* A program that was executed a moment ago gets its run before anybody samples it, when that takes no
 * more than writing it: its files are known from others. And one that runs Python, whose frames no
 * sample brings before that. */
static void write_fresh_run(struct keeper *k, struct process *p)
{
	if (!p->mapping_cnt || (tables_pending(k, p) && !is_python(k, p)))
		return;
	p->fresh = false;
	p->wanted = true;
	install_run(k, p);
}

/* At once when mappings changed, so that the frames that can be walked are; and once more when all
 * tables are there. */
static void write_runs(struct keeper *k)
{
	struct process *p;

	for (p = proc_table__first(k->processes); p; p = p->hh.next) {
		if (p->fresh && p->stale && !p->wanted)
			write_fresh_run(k, p);
		if (!p->wanted || (!p->stale && !p->partial))
			continue;
		/* again: a file may have been in a worker's hands the last time */
		want_tables(k, p);
		if (p->stale || !tables_pending(k, p))
			install_run(k, p);
	}
}

/* A table may come yet that a held stack needs. */
static bool worth_waiting(const struct keeper *k, const struct process *p)
{
	for (uint32_t i = 0; i < p->mapping_cnt; i++) {
		const struct binary *b = binary_of(k, &p->mappings[i]);

		if (b->table_state == TABLE_BUILDING ||
		    (b->table_state == TABLE_NONE && b->state == BINARY_OPENING))
			return true;
	}
	return false;
}

static void walk_held(struct keeper *k, bool all)
{
	struct held *held, *next;

	for (held = held_list__first(k->held); held; held = next) {
		next = held->next;
		if (!held->asked)
			want_tables(k, held->process); /* once: the process may be gone */
		held->asked = true;
		if (all || !worth_waiting(k, held->process))
			k->calls.emit(k->ctx, copy_walker__walk(k->walker, held));
	}
}

/* Not opened: another process that maps the file may have more luck. That one was gone says nothing
 * of the file: on a host of short-lived programs it may happen any number of times. */
static bool try_again(struct binary *b, const struct opened *opened)
{
	int err = opened->facts ? opened->facts->error : 0;

	if (!err || err == -ETIMEDOUT || b->kind != BINARY_FILE ||
	    (err != -ESRCH && ++b->tries >= MAX_TRIES))
		return false;
	b->hint_pid = 0;
	b->state = BINARY_NEW;
	b->table_state = TABLE_NONE;
	return true;
}

static void take_descriptors(struct keeper *k, struct binary *b, int fd, int root_fd)
{
	root_fd = binaries__keep_root(k->binaries, root_fd);
	if (fd < 0)
		return;
	b->root_fd = root_fd;
	if (b->fd < 0 && k->open_files < k->max_open_files) {
		b->fd = fd;
		k->open_files++;
	} else {
		close(fd);
	}
}

/* The table belongs to the eldest of the names of one file. Two names may have been in the works at
 * once: the second table is not needed then. */
static void take_table(struct keeper *k, struct binary *b, const struct opened *opened)
{
	struct binary *eldest = binaries__canonical(k->binaries, b);

	if (eldest != b)
		b->table_state = TABLE_NONE;
	if (eldest->table_state == TABLE_RESIDENT) {
		if (opened->table)
			residence__remove(k->residence, opened->table);
		return;
	}
	eldest->table = opened->table;
	eldest->table_state = opened->table_state;
	eldest->last_used_ns = now_ns();
	if (opened->table_state == TABLE_NO_ROOM)
		k->room_wanted = true;
}

/* The file is open, or was not to be had: its table next, if somebody waits for it. */
static void table_of_opened(struct keeper *k, struct binary *b)
{
	if (b->table_state != TABLE_BUILDING)
		return;
	b->table_state = TABLE_NONE; /* it may have turned out to be another one's file */
	if (b->state == BINARY_KNOWN)
		build_table(k, binaries__canonical(k->binaries, b));
	else
		b->table_state = TABLE_ABSENT;
}

static bool maps_binary(const struct keeper *k, const struct process *p, const struct binary *b)
{
	for (uint32_t i = 0; i < p->mapping_cnt; i++)
		if (binary_of(k, &p->mappings[i]) == b)
			return true;
	return false;
}

/* Processes that run this interpreter are told to the kernel side at once, whatever their tables do. */
static void on_python(struct keeper *k, const struct python_file_record *rec)
{
	const struct binary *b = binaries__canonical_at(k->binaries, rec->binary);
	struct python_process python;
	struct process *p;

	k->calls.emit(k->ctx, &rec->h);
	early_python__add_program(&k->early, b);
	for (p = proc_table__first(k->processes); p; p = p->hh.next) {
		if (!maps_binary(k, p, b))
			continue;
		p->stale = true;
		if (!p->run && python_find(k->binaries, p, &python))
			early_python__add_process(&k->early, p->pid, &python);
	}
}

static void on_opened(void *ctx, const struct opened *opened)
{
	struct keeper *k = ctx;
	struct binary *b = binaries__at(k->binaries, opened->binary);

	if (b->state == BINARY_OPENING)
		b->state = BINARY_NEW; /* the record decides */
	if (try_again(b, opened))
		return;
	if (opened->facts)
		k->calls.emit(k->ctx, &opened->facts->h);
	if (opened->python)
		on_python(k, opened->python);
	take_descriptors(k, b, opened->fd, opened->root_fd);
	if (opened->table_state != TABLE_NONE)
		take_table(k, b, opened);
	else
		table_of_opened(k, b);
}

static void on_barrier(void *ctx, uint64_t token)
{
	struct keeper *k = ctx;

	runs__barrier_end(k->runs, token);
	k->barrier_running = false;
}

static void drop_table(struct keeper *k, struct binary *b)
{
	residence__remove(k->residence, b->table);
	b->table = NULL;
	b->table_state = TABLE_NONE;
}

static bool unused(const struct binary *b)
{
	return b->table_state == TABLE_RESIDENT && b->table && !b->run_refs;
}

static struct binary *oldest_unused(struct keeper *k, uint64_t *ret_rows)
{
	struct binary *oldest = NULL;

	*ret_rows = 0;
	for (uint32_t i = 0; i < binaries__cnt(k->binaries); i++) {
		struct binary *b = binaries__at(k->binaries, i);

		if (!unused(b))
			continue;
		*ret_rows += b->table->row_cnt;
		if (!oldest || b->last_used_ns < oldest->last_used_ns)
			oldest = b;
	}
	return oldest;
}

/* Processes that had to do without a table ask again. */
static void retry_without_room(struct keeper *k)
{
	struct process *p;

	for (uint32_t i = 0; i < binaries__cnt(k->binaries); i++) {
		struct binary *b = binaries__at(k->binaries, i);

		if (b->table_state == TABLE_NO_ROOM)
			b->table_state = TABLE_NONE;
	}
	for (p = proc_table__first(k->processes); p; p = p->hh.next)
		p->partial = p->partial || (p->wanted && tables_pending(k, p));
}

/* Unused tables go, the longest unused first: what is above the allowance, and all when one did not
 * fit. Unused means by no run, and a run is only dropped behind a barrier. */
static void drop_unused(struct keeper *k)
{
	struct binary *b;
	uint64_t rows;
	bool dropped = false;

	while ((b = oldest_unused(k, &rows)) && (rows > UNUSED_ROWS || k->room_wanted)) {
		drop_table(k, b);
		dropped = true;
	}
	if (dropped && k->room_wanted) {
		k->room_wanted = false;
		retry_without_room(k);
	}
}

static void drop_process(struct keeper *k, struct process *p)
{
	struct gone_record rec = { .h = { RECORD_GONE, sizeof(rec), now_ns() }, .pid = p->pid };

	proc_table__remove(k->processes, p);
	k->calls.emit(k->ctx, &rec.h);
}

/* Whoever ended before the oldest sample that waits for its walk has none that waits. */
static void drop_ended(struct keeper *k, uint64_t now)
{
	const struct held *oldest = held_list__first(k->held);
	uint64_t before = oldest ? oldest->rec->sample.h.time_ns : UINT64_MAX;
	struct process *p, *next;

	for (p = proc_table__first(k->processes); p; p = next) {
		next = p->hh.next;
		if (p->ended_ns && now - p->ended_ns > ENDED_NS && p->ended_ns < before)
			drop_process(k, p);
	}
}

static void drop_old(struct keeper *k)
{
	uint64_t now = now_ns();

	if (now - k->drop_checked_ns < DROP_CHECK_NS)
		return;
	k->drop_checked_ns = now;
	drop_ended(k, now);
	drop_unused(k);
}

/* The kernel side drops its entry with the last thread: when this one's end is read, threads that
 * ended after it, and their samples, may be further behind. */
static void on_exit_record(struct keeper *k, const struct exit_record *rec)
{
	struct process *p = proc_table__find(k->processes, rec->pid);

	if (!p || (rec->pid != rec->tid && !p->run) || runs__has_entry(k->runs, rec->pid))
		return;
	runs__release(k->runs, p);
	p->wanted = false;
	p->fresh = false;
	p->ended_ns = now_ns();
}

static void on_wanted(struct keeper *k, uint32_t pid)
{
	struct process *p = proc_table__get(k->processes, pid);

	if (!p)
		return;
	p->ended_ns = 0;
	if (!p->mapping_cnt)
		k->calls.rescan(k->ctx, pid); /* applied with the next turn */
	want_process(p);
}

/* Opened now: a young process may be gone when somebody asks for a name. */
static void on_mmap(struct keeper *k, const struct mmap_record *rec)
{
	struct binary *b = rec->scanned ? NULL : binaries__of_mapping(k->binaries, rec);

	if (b && b->state == BINARY_NEW)
		keeper__open_file(k, b);
}

void keeper__want(struct keeper *k, uint32_t pid)
{
	runs__want(k->runs, pid);
	on_wanted(k, pid);
}

void keeper__follow(struct keeper *k, const struct record_header *rec)
{
	const struct comm_record *comm = (const void *)rec;
	struct process *p;

	switch (rec->type) {
	case RECORD_WANTED:
		on_wanted(k, ((const struct wanted_record *)rec)->pid);
		break;
	case RECORD_FORK:
		p = proc_table__find(k->processes, ((const struct fork_record *)rec)->pid);
		if (p)
			runs__forked(k->runs, p);
		break;
	case RECORD_COMM:
		p = comm->exec ? proc_table__find(k->processes, comm->pid) : NULL;
		if (p)
			runs__executed(k->runs, p);
		break;
	case RECORD_MMAP:
		on_mmap(k, (const void *)rec);
		break;
	case RECORD_EXIT:
		on_exit_record(k, (const void *)rec);
		break;
	}
}

void keeper__turn(struct keeper *k)
{
	opener__collect(k->opener);
	write_runs(k);
	walk_held(k, false);
	drop_old(k);
	if (!k->barrier_running && runs__retired(k->runs) > RETIRED_RUNS)
		k->barrier_running = !opener__barrier(k->opener, runs__barrier_begin(k->runs));
}

bool keeper__pending(const struct keeper *k)
{
	for (struct process *p = proc_table__first(k->processes); p; p = p->hh.next)
		if (p->wanted && (p->stale || p->partial))
			return true;
	return false;
}

bool keeper__opening(const struct keeper *k)
{
	return opener__waiting(k->opener) > 0;
}

int keeper__fd(const struct keeper *k)
{
	return opener__fd(k->opener);
}

void keeper__open_file(struct keeper *k, struct binary *b)
{
	if (b->kind == BINARY_FILE && b->state == BINARY_NEW && b->hint_pid &&
	    !opener__submit(k->opener, b, false))
		b->state = BINARY_OPENING;
}

void keeper__foresee(struct keeper *k, const char *path)
{
	early_python__add_file(&k->early, &k->cache, path);
}

/* By their names, so that not all files of the host are opened at once; the others are found with their
 * first samples. */
void keeper__open_pythons(struct keeper *k)
{
	for (uint32_t i = 0; i < binaries__cnt(k->binaries); i++) {
		struct binary *b = binaries__at(k->binaries, i);
		const char *name = strrchr(b->path, '/');

		if (name && strstr(name, "python"))
			keeper__open_file(k, b);
	}
}

void keeper__open_files(struct keeper *k)
{
	for (uint32_t i = 0; i < binaries__cnt(k->binaries); i++)
		keeper__open_file(k, binaries__at(k->binaries, i));
	keeper__finish(k);
}

void keeper__finish(struct keeper *k)
{
	uint64_t until = now_ns() + FINISH_NS;
	struct timespec turn = { .tv_nsec = 2000000 };

	while (opener__waiting(k->opener) && now_ns() < until) {
		opener__collect(k->opener);
		nanosleep(&turn, NULL);
	}
	opener__collect(k->opener);
	walk_held(k, true);
}

const struct residence *keeper__residence(const struct keeper *k)
{
	return k->residence;
}

uint64_t keeper__bytes(const struct keeper *k)
{
	return residence__bytes(k->residence);
}

/* Half of the descriptors that we may have. */
static uint64_t file_budget(void)
{
	struct rlimit limit = { .rlim_cur = 1024 };

	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur / 2 < MAX_OPEN_FILES ? limit.rlim_cur / 2 : MAX_OPEN_FILES;
}

int keeper__open(const struct sampler_maps *maps, struct proc_table *processes,
		 struct binaries *binaries, struct held_list *held, uint32_t max_depth,
		 const struct kept_folder *cache, const struct keeper_calls *calls, void *ctx,
		 struct keeper **ret_keeper)
{
	static const struct opener_events events = { on_opened, on_barrier };
	scope_free(keeper) struct keeper *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	k->calls = *calls;
	k->ctx = ctx;
	k->processes = processes;
	k->binaries = binaries;
	k->held = held;
	k->cache = *cache;
	k->max_open_files = file_budget();
	err = residence__open(maps, &k->residence);
	if (!err)
		err = runs__open(maps, binaries, &k->runs);
	if (!err) {
		k->early = (struct early_python){ maps->processes, maps->programs,
						  runs__pythons(k->runs), 0 };
		k->walker = copy_walker__new(k->residence, binaries, max_depth);
		err = k->walker ? 0 : -ENOMEM;
	}
	if (!err)
		err = opener__new(k->residence, cache, &events, k, &k->opener);
	if (err)
		return err;
	*ret_keeper = take_ptr(k);
	return 0;
}

static void forget_tables(struct keeper *k)
{
	struct process *p;

	for (uint32_t i = 0; i < binaries__cnt(k->binaries); i++) {
		struct binary *b = binaries__at(k->binaries, i);

		free(b->table);
		b->table = NULL;
		b->table_state = TABLE_NONE;
	}
	for (p = proc_table__first(k->processes); p; p = p->hh.next)
		p->run = NULL;
}

void keeper__free(struct keeper *k)
{
	if (!k)
		return;
	if (opener__free(k->opener))
		residence__free(k->residence);
	runs__free(k->runs);
	copy_walker__free(k->walker);
	forget_tables(k);
	free(k);
}
