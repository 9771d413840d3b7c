// SPDX-License-Identifier: Apache-2.0
#include "collector/session.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "collector/capture/perf_events.h"
#include "collector/capture/sampler.h"
#include "collector/source/raw_file.h"
#include "collector/tables/opener.h"
#include "collector/tables/runs.h"
#include "common/io.h"
#include "common/log.h"

#define DRAIN_MS 100 /* samples wait in their ring that long */
#define SETTLE_NS 200000ULL /* a record may be written this long after its time was taken */
#define CPU_CHECK_NS 1000000000ULL
#define MAX_KALLSYMS (256UL << 20)
#define RETIRED_RUNS 64 /* worth an RCU barrier */

struct session {
	const struct options *options; /* borrowed */
	struct ingest ingest;
	struct sampler *sampler; /* owned, as the rest */
	struct event_rings *events;
	struct ring_buffer *samples;
	struct ring_buffer *wanted;
	struct batch *batch;
	struct residence *residence;
	struct opener *opener;
	struct runs *runs;
	struct raw_writer *raw;
	uint64_t started_ns;
	uint64_t stopped_ns;
	uint64_t cpus_checked_ns;
	uint64_t samples_seen;
	uint64_t open_files;
	uint64_t max_open_files;
	bool barrier_running;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static int take_ring_record(void *ctx, void *data, size_t size)
{
	struct session *s = ctx;
	const struct record_header *rec = data;

	if (size >= sizeof(*rec) && rec->size <= size)
		batch__add_record(s->batch, rec);
	return 0;
}

/* A file's tables are asked for when the first process that maps it is sampled. */
static void want_table(struct session *s, struct binary *named)
{
	struct binary *b = binaries__canonical(s->ingest.binaries, named);

	if (b->table_state != TABLE_NONE || b->state == BINARY_OPENING ||
	    (b->state == BINARY_NEW && !b->hint_pid))
		return;
	if (opener__submit(s->opener, b, true))
		return;
	b->table_state = TABLE_BUILDING;
	if (b->state == BINARY_NEW)
		b->state = BINARY_OPENING;
}

static bool tables_pending(struct session *s, const struct process *p)
{
	for (uint32_t i = 0; i < p->mapping_cnt; i++) {
		struct binary *b = binaries__canonical(
			s->ingest.binaries, binaries__at(s->ingest.binaries, p->mappings[i].binary));

		if (b->table_state == TABLE_NONE || b->table_state == TABLE_BUILDING)
			return true;
	}
	return false;
}

static void want_process(struct process *p)
{
	p->wanted = true;
	p->stale = true; /* install_runs() asks for its tables */
}

static void want_tables(struct session *s, const struct process *p)
{
	for (uint32_t i = 0; i < p->mapping_cnt; i++)
		want_table(s, binaries__at(s->ingest.binaries, p->mappings[i].binary));
}

static void install_run(struct session *s, struct process *p)
{
	if (runs__install(s->runs, p, s->ingest.binaries) == -ENOSPC)
		p->wanted = false; /* the next sample asks again */
	p->partial = tables_pending(s, p);
}

/* Writes the runs of wanted processes: at once when mappings changed, so that the frames that can be
 * walked are; and once more when all tables are there. */
static void install_runs(struct session *s)
{
	struct process *p;

	for (p = proc_table__first(s->ingest.processes); p; p = p->hh.next) {
		if (!p->wanted || (!p->stale && !p->partial))
			continue;
		want_tables(s, p); /* again: a file may have been in a worker's hands the last time */
		if (p->stale || !tables_pending(s, p))
			install_run(s, p);
	}
}

#define MAX_TRIES 8

/* The process was gone before the file could be opened. Another one that maps it may be alive. */
static bool try_again(struct binary *b, const struct opened *opened)
{
	if (!opened->facts || !opened->facts->error || b->kind != BINARY_FILE ||
	    ++b->tries >= MAX_TRIES)
		return false;
	b->hint_pid = 0;
	b->state = BINARY_NEW;
	b->table_state = TABLE_NONE;
	return true;
}

static void on_opened(void *ctx, const struct opened *opened)
{
	struct session *s = ctx;
	struct binary *b = binaries__at(s->ingest.binaries, opened->binary);

	if (b->state == BINARY_OPENING)
		b->state = BINARY_NEW; /* learn() decides */
	if (try_again(b, opened))
		return;
	if (opened->facts) {
		if (s->raw)
			raw_writer__add(s->raw, &opened->facts->h);
		ingest__apply(&s->ingest, &opened->facts->h);
	}
	if (opened->fd >= 0 && b->fd < 0 && s->open_files < s->max_open_files) {
		b->fd = opened->fd;
		s->open_files++;
	} else if (opened->fd >= 0) {
		close(opened->fd);
	}
	if (opened->table_state == TABLE_NONE)
		return;
	b->table = opened->table;
	b->table_state = opened->table_state;
	b = binaries__canonical(s->ingest.binaries, b);
	if (b->table_state == TABLE_NONE || (b->table_state == TABLE_BUILDING && !b->table)) {
		b->table = opened->table;
		b->table_state = opened->table_state;
	}
}

static void on_barrier(void *ctx, uint64_t token)
{
	struct session *s = ctx;

	runs__barrier_end(s->runs, token);
	s->barrier_running = false;
}

static void on_exit_record(struct session *s, const struct exit_record *rec)
{
	struct process *p = proc_table__find(s->ingest.processes, rec->pid);

	if (!p || (rec->pid != rec->tid && p->run) || runs__has_entry(s->runs, rec->pid))
		return;
	if (rec->pid != rec->tid)
		return;
	runs__release(s->runs, p);
	proc_table__remove(s->ingest.processes, p);
}

/* What a record means for the kernel side's table. */
static void follow(struct session *s, const struct record_header *rec)
{
	const struct mmap_record *map = (const void *)rec;
	const struct comm_record *comm = (const void *)rec;
	struct process *p;
	struct binary *b;

	switch (rec->type) {
	case RECORD_WANTED:
		p = proc_table__get(s->ingest.processes, ((const struct wanted_record *)rec)->pid);
		if (!p)
			break;
		if (!p->mapping_cnt)
			proc_scan(p->pid, s->batch); /* applied with the next turn */
		want_process(p);
		break;
	case RECORD_FORK:
		p = proc_table__find(s->ingest.processes, ((const struct fork_record *)rec)->pid);
		if (p)
			runs__forked(s->runs, p);
		break;
	case RECORD_COMM:
		p = comm->exec ? proc_table__find(s->ingest.processes, comm->pid) : NULL;
		if (p)
			runs__release(s->runs, p);
		break;
	case RECORD_MMAP:
		/* opened now: the process may be gone when somebody asks for a name */
		p = proc_table__find(s->ingest.processes, map->pid);
		b = s->stopped_ns ? NULL : binaries__of_mapping(s->ingest.binaries, map);
		if (!p || !b || b->state != BINARY_NEW || !s->started_ns ||
		    rec->time_ns < s->started_ns)
			break;
		if (!opener__submit(s->opener, b, false))
			b->state = BINARY_OPENING;
		break;
	case RECORD_EXIT:
		on_exit_record(s, (const void *)rec);
		break;
	}
}

static void on_record(void *ctx, const struct record_header *rec)
{
	struct session *s = ctx;

	if (s->raw && rec->type != RECORD_WANTED)
		raw_writer__add(s->raw, rec);
	if (rec->type == RECORD_SAMPLE)
		s->samples_seen++;
	ingest__apply(&s->ingest, rec);
	follow(s, rec);
}

/* Samples first, then events, then all of both that is old enough, in order of time. */
static void drain(struct session *s, bool last)
{
	uint64_t horizon = now_ns() - SETTLE_NS;

	if (last)
		horizon = UINT64_MAX;
	ring_buffer__consume(s->samples);
	ring_buffer__consume(s->wanted);
	event_rings__drain(s->events, s->batch);
	batch__emit(s->batch, horizon, on_record, s);
	opener__collect(s->opener);
	install_runs(s);
	if (!s->barrier_running && runs__retired(s->runs) > RETIRED_RUNS)
		s->barrier_running = !opener__barrier(s->opener, runs__barrier_begin(s->runs));
}

static int emit_text(struct session *s, uint32_t type, const void *body, size_t size)
{
	uint32_t whole = RECORD_ALIGN((uint32_t)(sizeof(struct record_header) + size));
	struct record_header *rec = calloc(1, whole);

	if (!rec)
		return -ENOMEM;
	*rec = (struct record_header){ type, whole, now_ns() };
	memcpy(rec + 1, body, size);
	on_record(s, rec);
	free(rec);
	return 0;
}

static int emit_host(struct session *s)
{
	uint64_t utc = clock_ns(CLOCK_REALTIME), mono = now_ns();
	struct utsname u;
	char text[1024];
	int len;

	uname(&u);
	len = snprintf(text, sizeof(text),
		       "host=%s\nkernel=%s\nevent=%s\nfrequency=%u\nstart_utc_ns=%" PRIu64
		       "\nutc_offset_ns=%" PRIu64 "\n",
		       u.nodename, u.release, s->options->event->name, s->options->frequency, utc,
		       utc - mono);
	return emit_text(s, RECORD_HOST, text, (size_t)len + 1);
}

static int emit_vdso(struct session *s)
{
	const void *image;
	size_t size;

	if (own_vdso(&image, &size))
		return 0;
	return emit_text(s, RECORD_VDSO, image, size);
}

static int emit_kallsyms(struct session *s)
{
	scope_memory char *text = NULL;
	size_t size;
	int err = io_read_file("/proc/kallsyms", MAX_KALLSYMS, &text, &size);

	if (err) {
		log_warn("cannot read /proc/kallsyms: %s; kernel frames stay unnamed", strerror(-err));
		return 0;
	}
	if (!strncmp(text, "0000000000000000", 16) && !strstr(text, "\nffffffff"))
		log_warn("/proc/kallsyms shows no addresses: needs CAP_SYSLOG or "
			 "sysctl kernel.kptr_restrict=0; kernel frames stay unnamed");
	return emit_text(s, RECORD_KALLSYMS, text, size);
}

/* Descriptors pin files for naming: half of what we may have. */
static void raise_limits(struct session *s)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	s->max_open_files = limit.rlim_max / 2;
}

static int open_parts(struct session *s)
{
	static const struct opener_events events = { on_opened, on_barrier };
	struct sampler_maps maps = sampler__maps(s->sampler);
	int err = event_rings__open(&s->events);

	if (err) {
		log_error("cannot watch processes (perf_event_open): %s; raise "
			  "kernel.perf_event_mlock_kb or run as root",
			  strerror(-err));
		return err;
	}
	s->batch = batch__new();
	s->samples = ring_buffer__new(maps.samples, take_ring_record, s, NULL);
	s->wanted = ring_buffer__new(maps.events, take_ring_record, s, NULL);
	if (!s->batch || !s->samples || !s->wanted)
		return -ENOMEM;
	err = residence__open(&maps, &s->residence);
	if (!err)
		err = runs__open(&maps, &s->runs);
	if (!err)
		err = opener__new(s->residence, &events, s, &s->opener);
	return err;
}

int session__open(const struct options *options, struct session **ret_session)
{
	scope_free(session) struct session *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->options = options;
	raise_limits(s);
	err = ingest__init(&s->ingest, options->labels);
	if (err)
		return err;
	if (options->raw) {
		err = raw_writer__open(options->raw, &s->raw);
		if (err) {
			log_error("cannot write %s: %s", options->raw, strerror(-err));
			return err;
		}
	}
	err = sampler__open(options, &s->sampler);
	if (!err && options->cgroup)
		err = sampler__set_cgroup(s->sampler, options->cgroup);
	if (!err)
		err = open_parts(s);
	if (err)
		return err;
	*ret_session = take_ptr(s);
	return 0;
}

void session__free(struct session *s)
{
	if (!s)
		return;
	opener__free(s->opener);
	for (uint32_t i = 0; s->ingest.binaries && i < binaries__cnt(s->ingest.binaries); i++) {
		struct binary *b = binaries__at(s->ingest.binaries, i);

		if (b->same_as == b->id)
			free(b->table);
	}
	if (raw_writer__close(s->raw))
		log_error("%s is not whole: the disk is full?", s->options->raw);
	ring_buffer__free(s->samples);
	ring_buffer__free(s->wanted);
	event_rings__free(s->events);
	batch__free(s->batch);
	sampler__free(s->sampler);
	runs__free(s->runs);
	residence__free(s->residence);
	ingest__fini(&s->ingest);
	free(s);
}

int session__add_target(struct session *s, uint32_t id)
{
	return sampler__add_target(s->sampler, id);
}

int session__start(struct session *s)
{
	int err = emit_host(s);

	if (!err)
		err = emit_vdso(s);
	if (!err)
		err = sampler__start(s->sampler);
	if (err)
		return err;
	/* events first, then /proc: what happens in between is seen twice, not missed */
	proc_scan_all(s->batch);
	s->started_ns = now_ns();
	s->cpus_checked_ns = s->started_ns;
	return 0;
}

static void on_cpu(void *ctx, int cpu, bool online)
{
	struct session *s = ctx;

	if (online)
		event_rings__add_cpu(s->events, cpu);
	else
		event_rings__remove_cpu(s->events, cpu);
}

static void wait_for_records(struct session *s)
{
	struct pollfd fds[MAX_CPUS + 3];
	int event_fds[MAX_CPUS], cnt = event_rings__fds(s->events, event_fds, MAX_CPUS);
	struct timespec settle = { .tv_nsec = 1000000 };

	for (int i = 0; i < cnt; i++)
		fds[i] = (struct pollfd){ event_fds[i], POLLIN, 0 };
	fds[cnt] = (struct pollfd){ ring_buffer__epoll_fd(s->samples), POLLIN, 0 };
	fds[cnt + 1] = (struct pollfd){ ring_buffer__epoll_fd(s->wanted), POLLIN, 0 };
	fds[cnt + 2] = (struct pollfd){ opener__fd(s->opener), POLLIN, 0 };
	if (poll(fds, (nfds_t)cnt + 3, batch__empty(s->batch) ? DRAIN_MS : 2) > 0)
		nanosleep(&settle, NULL); /* an exec brings several records: take them at once */
}

static void show_progress(struct session *s, uint64_t *last_ns)
{
	uint64_t now = now_ns();

	if (now - *last_ns < 1000000000ULL || !isatty(STDERR_FILENO))
		return;
	*last_ns = now;
	fprintf(stderr, "\rsonde: %.0f s, %" PRIu64 " samples", (double)(now - s->started_ns) / 1e9,
		s->samples_seen);
	fflush(stderr);
}

int session__run(struct session *s, const volatile sig_atomic_t *stop, int child,
		 int *ret_child_status)
{
	uint64_t end = s->options->duration_ns ? s->started_ns + s->options->duration_ns :
						       UINT64_MAX;
	uint64_t shown = s->started_ns;

	while (!*stop && now_ns() < end) {
		wait_for_records(s);
		drain(s, false);
		show_progress(s, &shown);
		if (child && waitpid(child, ret_child_status, WNOHANG) == child)
			return 1;
		if (now_ns() - s->cpus_checked_ns > CPU_CHECK_NS) {
			s->cpus_checked_ns = now_ns();
			sampler__follow_cpus(s->sampler, on_cpu, s);
		}
	}
	return 0;
}

static void emit_end(struct session *s)
{
	struct counters_record counters = { .h = { RECORD_COUNTERS, sizeof(counters), now_ns() } };
	struct end_record end = { .h = { RECORD_END, sizeof(end), now_ns() } };

	if (sampler__counts(s->sampler, &counters.counts))
		log_warn("cannot read the counters of the kernel side, ignoring");
	on_record(s, &counters.h);
	end.duration_ns = s->stopped_ns - s->started_ns;
	on_record(s, &end.h);
}

/* Files that nobody opened yet are opened for their names now. */
static void open_the_rest(struct session *s)
{
	uint64_t until = now_ns() + 2000000000ULL;
	struct timespec turn = { .tv_nsec = 2000000 };
	uint32_t cnt;
	const struct location *l = aggregate__locations(s->ingest.aggregate, &cnt);

	for (uint32_t i = 0; i < cnt; i++) {
		struct binary *b = binaries__at(s->ingest.binaries, l[i].binary);

		if (b && b->kind == BINARY_FILE && b->state == BINARY_NEW && b->hint_pid &&
		    !opener__submit(s->opener, b, false))
			b->state = BINARY_OPENING;
	}
	while (opener__waiting(s->opener) && now_ns() < until) {
		opener__collect(s->opener);
		nanosleep(&turn, NULL);
	}
	opener__collect(s->opener);
}

int session__stop(struct session *s)
{
	emit_kallsyms(s); /* while our programs are still loaded: they have names too */
	s->stopped_ns = now_ns();
	sampler__stop(s->sampler);
	drain(s, true);
	drain(s, true);
	open_the_rest(s);
	emit_end(s);
	return 0;
}

struct ingest *session__ingest(struct session *s)
{
	return &s->ingest;
}

uint64_t session__map_bytes(const struct session *s)
{
	return sampler__map_bytes(s->sampler) + residence__bytes(s->residence) +
	       event_rings__bytes(s->events);
}
