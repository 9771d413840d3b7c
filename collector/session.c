// SPDX-License-Identifier: Apache-2.0
#include "collector/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/cache_dir.h"
#include "collector/capture/host.h"
#include "collector/capture/kernel_names.h"
#include "collector/capture/live_source.h"
#include "collector/output/file.h"
#include "collector/own_process.h"
#include "collector/program_file.h"
#include "collector/python/reader.h"
#include "collector/python/sources.h"
#include "collector/python/threads.h"
#include "collector/source/raw_file.h"
#include "collector/tables/keeper.h"
#include "common/clock.h"
#include "common/log.h"

#define READ_MS 100 /* samples wait in their ring that long */
#define SOON_MS 10 /* while threads are to be asked for their names, which may not live long */
#define PROGRESS_NS 1000000000ULL
#define HELD_NS 5000000000ULL /* between two lines of -v about what is held */
#define READY_NS 500000000ULL /* sampling waits that long for the tables of named processes */
#define PYTHONS_NS 20000000ULL /* and that long for the interpreters of the others */

struct session {
	const struct options *options; /* borrowed */
	struct ingest ingest; /* owned, as the rest */
	struct live_source *live;
	struct keeper *keeper;
	struct python_sources *sources;
	struct python_threads *threads;
	struct raw_writer *raw; /* into the next */
	struct output_file *raw_file;
	session_tap_fn tap; /* NULL: all samples count */
	void *tap_ctx;
	uint64_t started_ns;
	uint64_t shown_ns;
	uint64_t told_ns; /* what is held */
	uint64_t map_bytes;
};

static void on_record(void *ctx, const struct record_header *rec);

static bool is_sample(const struct record_header *rec)
{
	return rec->type == RECORD_SAMPLE || rec->type == RECORD_COPY;
}

/* What is to be known before the record is applied. */
static void look_at_threads(struct session *s, const struct record_header *rec)
{
	const struct sample_record *sample = (const void *)rec;
	const struct process *p;

	if (rec->type == RECORD_EXIT)
		python_threads__exited(s->threads, (const void *)rec);
	if (!is_sample(rec))
		return;
	p = proc_table__find(s->ingest.processes, sample->pid);
	if (p)
		python_threads__sampled(s->threads, s->ingest.binaries, p, sample, on_record, s);
}

void session__apply(struct session *s, const struct record_header *rec)
{
	scope_memory void *whole = NULL, *placed = NULL;

	if (rec->type == RECORD_PYTHON_CODE)
		whole = python_reader__complete((const void *)rec);
	if (whole)
		rec = whole;
	if (rec->type == RECORD_PYTHON_CODE)
		placed = python_sources__complete(s->sources, (const void *)rec);
	if (placed)
		rec = placed;
	look_at_threads(s, rec);
	if (s->raw)
		raw_writer__add(s->raw, rec);
	ingest__apply(&s->ingest, rec);
	if (s->keeper)
		keeper__follow(s->keeper, rec);
	if (rec->type == RECORD_GONE)
		python_sources__forget(s->sources, ((const struct gone_record *)rec)->pid);
	if (rec->type == RECORD_LOST)
		live_source__rescan_all(s->live);
}

static void on_record(void *ctx, const struct record_header *rec)
{
	struct session *s = ctx;

	if (!s->tap || !is_sample(rec) || s->tap(s->tap_ctx, rec))
		session__apply(s, rec);
}

static void rescan(void *ctx, uint32_t pid)
{
	struct session *s = ctx;

	live_source__rescan(s->live, pid);
}

void session__turn(struct session *s, int timeout_ms)
{
	struct record_source *records = live_source__records(s->live);

	records->read(records, timeout_ms, on_record, s);
	keeper__turn(s->keeper);
}

static void turn(struct session *s)
{
	session__turn(s, python_threads__soon(s->threads) ? SOON_MS : READ_MS);
}

static int open_raw(struct session *s)
{
	int err;

	if (!s->options->raw)
		return 0;
	err = output_file__open(s->options->raw, &s->raw_file);
	if (!err)
		err = raw_writer__open(output_file__fd(s->raw_file), &s->raw);
	if (err)
		log_error("cannot write %s: %s", s->options->raw, strerror(-err));
	return err;
}

static int close_raw(struct session *s)
{
	int err;

	if (!s->raw)
		return 0;
	err = raw_writer__close(take_ptr(s->raw));
	if (!err)
		err = output_file__commit(s->raw_file);
	if (err)
		log_error(
			"cannot write %s: %s; make room there, or choose another place with --raw FILE",
			s->options->raw, strerror(-err));
	return err;
}

static int open_parts(struct session *s)
{
	static const struct keeper_calls calls = { on_record, rescan };
	struct sampler_maps maps;
	struct kept_folder cache;
	int err = live_source__open(s->options, &s->live);

	if (err)
		return err;
	cache = kept_folder_open(s->options->no_cache);
	maps = live_source__maps(s->live);
	err = keeper__open(&maps, s->ingest.processes, s->ingest.binaries, s->ingest.held,
			   s->options->max_depth, &cache, &calls, s, &s->keeper);
	if (err)
		log_error("cannot prepare the unwind tables: %s", strerror(-err));
	else
		live_source__watch(s->live, keeper__fd(s->keeper));
	return err;
}

int session__open(const struct options *options, struct session **ret_session)
{
	scope_free(session) struct session *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->options = options;
	own_process__raise_limits();
	own_process__wake_soon();
	s->sources = python_sources__new();
	s->threads = python_threads__new();
	err = s->sources && s->threads ? ingest__init(&s->ingest, options) : -ENOMEM;
	if (!err)
		err = open_raw(s);
	if (!err)
		err = open_parts(s);
	if (err)
		return err;
	*ret_session = take_ptr(s);
	return 0;
}

static void close_parts(struct session *s)
{
	keeper__free(s->keeper);
	live_source__free(s->live);
	raw_writer__close(s->raw);
	output_file__free(s->raw_file);
	s->keeper = NULL;
	s->live = NULL;
	s->raw = NULL;
	s->raw_file = NULL;
}

void session__free(struct session *s)
{
	if (!s)
		return;
	close_parts(s);
	ingest__fini(&s->ingest);
	python_sources__free(s->sources);
	python_threads__free(s->threads);
	free(s);
}

int session__add_target(struct session *s, uint32_t id)
{
	return live_source__add_target(s->live, id);
}

void session__drop_target(struct session *s, uint32_t id)
{
	live_source__drop_target(s->live, id);
}

/* Somebody is left to sample. */
static bool has_targets(const struct session *s)
{
	enum filter_kind filter = s->options->filter;

	return (filter != FILTER_PID && filter != FILTER_TID) || live_source__has_targets(s->live);
}

/* Whoever ended before its end was followed would stay in the set for ever. */
static int drop_ended_targets(struct session *s)
{
	const struct options *o = s->options;

	for (uint32_t i = 0; i < o->ids_cnt; i++)
		if (proc_has_ended(o->ids[i]))
			live_source__drop_target(s->live, o->ids[i]);
	if (has_targets(s))
		return 0;
	log_error("%u has ended before it could be sampled", o->ids[0]);
	return -ESRCH;
}

void session__prepare(struct session *s, const uint32_t *pids, uint32_t cnt, uint64_t patience_ns)
{
	uint64_t until = now_ns() + patience_ns;

	for (uint32_t i = 0; i < cnt; i++)
		keeper__want(s->keeper, pids[i]);
	keeper__turn(
		s->keeper); /* files are opened from now on, not after the first wait for records */
	do
		turn(s);
	while (keeper__pending(s->keeper) && now_ns() < until);
}

/* Processes that were named have their tables when sampling begins. */
static void prepare_targets(struct session *s)
{
	if (s->options->filter != FILTER_PID || !s->options->ids_cnt)
		return;
	turn(s); /* what the scan of /proc found */
	session__prepare(s, s->options->ids, s->options->ids_cnt, READY_NS);
}

/* What will be executed, as far as that can be told, and what runs but was not sampled yet: whose Python
 * is known has it in the first sample. */
static void foresee_programs(struct session *s)
{
	static const char *const usual[] = { "/usr/bin/python3", "/usr/local/bin/python3" };
	char paths[PROGRAM_FILES][PATH_MAX];
	uint32_t cnt = s->options->command ? program_files(s->options->command, paths) : 0;

	if (s->options->no_python || s->options->ids_cnt)
		return;
	for (uint32_t i = 0; i < cnt; i++)
		keeper__foresee(s->keeper, paths[i]);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		keeper__foresee(s->keeper, usual[i]);
	session__turn(s, 0); /* what the scan of /proc found */
	if (s->options->filter == FILTER_PID)
		return; /* the command's */
	keeper__open_pythons(s->keeper);
	for (uint64_t until = now_ns() + PYTHONS_NS;
	     keeper__opening(s->keeper) && now_ns() < until;)
		session__turn(s, 1);
}

int session__follow(struct session *s)
{
	int err = live_source__follow(s->live);

	if (!err)
		turn(s); /* what the scan of /proc found */
	return err;
}

void session__open_files(struct session *s)
{
	keeper__open_files(s->keeper);
}

int session__sample(struct session *s)
{
	s->started_ns = now_ns();
	s->shown_ns = s->started_ns;
	s->told_ns = s->started_ns;
	return live_source__sample(s->live);
}

void session__tap(struct session *s, session_tap_fn tap, void *ctx)
{
	s->tap = tap;
	s->tap_ctx = ctx;
}

const struct residence *session__residence(const struct session *s)
{
	return keeper__residence(s->keeper);
}

int session__start(struct session *s)
{
	int err = live_source__follow(s->live);

	if (!err)
		err = drop_ended_targets(s);
	if (err)
		return err;
	foresee_programs(s);
	prepare_targets(s);
	return session__sample(s);
}

static void show_progress(struct session *s)
{
	uint64_t now = now_ns();
	struct counts counts;

	if (now - s->shown_ns < PROGRESS_NS || !isatty(STDERR_FILENO) ||
	    live_source__counts(s->live, &counts))
		return;
	s->shown_ns = now;
	fprintf(stderr, "\rsonde: %.0f s, %" PRIu64 " samples, %" PRIu64 " lost, %u processes ",
		(double)(now - s->started_ns) / 1e9, (uint64_t)counts.counters[COUNTER_KEPT],
		(uint64_t)counts.counters[COUNTER_RING_FULL], proc_table__cnt(s->ingest.processes));
	fflush(stderr);
}

/* What grows with the profile, and what must not. */
static void tell_held(struct session *s)
{
	const struct aggregate *a = s->ingest.aggregate;
	uint64_t now = now_ns();

	if (!s->options->verbose || now - s->told_ns < HELD_NS)
		return;
	s->told_ns = now;
	log_info("held: %" PRIu64
		 " KB of %u stacks with labels, %zu KB of Python code, %u processes",
		 aggregate__bytes(a) / 1024, aggregate__sums(a),
		 python_codes__bytes(s->ingest.python_codes) / 1024,
		 proc_table__cnt(s->ingest.processes));
}

int session__run(struct session *s, const volatile sig_atomic_t *stop, int child,
		 int *ret_child_status)
{
	uint64_t end = s->options->duration_ns ? s->started_ns + s->options->duration_ns :
						 UINT64_MAX;

	while (!*stop && now_ns() < end && has_targets(s)) {
		turn(s);
		show_progress(s);
		tell_held(s);
		if (child && waitpid(child, ret_child_status, WNOHANG) == child)
			return 1;
	}
	return 0;
}

/* Files that nobody opened yet are opened for their names now. */
static void open_the_rest(struct session *s)
{
	uint32_t cnt;
	const struct location *l = aggregate__locations(s->ingest.aggregate, &cnt);

	for (uint32_t i = 0; i < cnt; i++) {
		struct binary *b = binaries__at(s->ingest.binaries, l[i].binary);

		if (b)
			keeper__open_file(s->keeper, b);
	}
	keeper__finish(s->keeper);
}

/* The addresses of the kernel that occurred. */
static uint64_t *kernel_addresses(const struct session *s, uint32_t *ret_cnt)
{
	uint32_t cnt, kept = 0;
	const struct location *l = aggregate__locations(s->ingest.aggregate, &cnt);
	uint64_t *addrs = calloc(cnt ? cnt : 1, sizeof(*addrs));

	for (uint32_t i = 0; i < cnt && addrs; i++)
		if (l[i].binary == BINARY_KERNEL_ID)
			addrs[kept++] = l[i].off;
	*ret_cnt = kept;
	return addrs;
}

/* While our programs are loaded: they have names too. A raw file has got all that there are. */
static void name_kernel(struct session *s)
{
	scope_memory uint64_t *addrs = NULL;
	uint32_t cnt;

	if (s->options->raw)
		return;
	ingest__finish(&s->ingest);
	addrs = kernel_addresses(s, &cnt);
	if (cnt && (!addrs || kernel_names__find(addrs, cnt, &s->ingest.kallsyms)))
		host_read_kallsyms(on_record, s);
}

int session__stop(struct session *s)
{
	int err;
	struct record_source *records = live_source__records(s->live);

	if (s->shown_ns != s->started_ns)
		fputc('\n', stderr); /* the progress line ends */
	live_source__stop(s->live);
	turn(s);
	open_the_rest(s);
	s->map_bytes = live_source__bytes(s->live) + keeper__bytes(s->keeper);
	keeper__free(take_ptr(s->keeper)); /* naming needs the memory */
	while (records->read(records, 0, on_record, s) > 0)
		;
	name_kernel(s);
	err = close_raw(s);
	close_parts(s);
	return err;
}

struct ingest *session__ingest(struct session *s)
{
	return &s->ingest;
}

uint64_t session__map_bytes(const struct session *s)
{
	return s->map_bytes;
}
