// SPDX-License-Identifier: Apache-2.0
#include "collector/capture/live_source.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "collector/capture/host.h"
#include "collector/capture/perf_events.h"
#include "collector/process/proc_table.h"
#include "common/clock.h"
#include "common/log.h"

#define SETTLE_NS 200000ULL /* a record may be written this long after its time was taken */
#define NOT_YET_MS 2 /* records younger than that wait: look again soon */
#define SOON_MS 5 /* after the start of a thread: to be asked what it is called, while it lives */
#define GATHER_NS 300000 /* an exec brings several records: take them together, but soon */
#define CPU_CHECK_NS 1000000000ULL

enum live_state {
	LIVE_IDLE, /* nothing samples yet */
	LIVE_SAMPLING,
	LIVE_DRAINING, /* sampling has ended: what is left in the rings comes next */
	LIVE_ENDING, /* then what can only be told at the end */
};

struct live_source {
	struct record_source source; /* first: read() gets it */
	struct sampler *sampler; /* owned, as the rest */
	struct event_rings *events;
	struct ring_buffer *samples;
	struct ring_buffer *copies;
	struct ring_buffer *wanted;
	struct batch *batch;
	uint64_t started_ns;
	uint64_t stopped_ns;
	uint64_t cpus_checked_ns;
	int watch_fd; /* borrowed; -1 */
	enum live_state state;
	bool stirred; /* the last wait ended with something that happened to a process */
	bool has_kernel_frames;
	bool all_kernel_names; /* a raw file is to have them */
};

static int take_ring_record(void *ctx, void *data, size_t size)
{
	struct live_source *live = ctx;
	const struct record_header *rec = data;

	if (size < sizeof(*rec) || rec->size > size)
		return 0;
	batch__add_record(live->batch, rec);
	if (rec->type != RECORD_WANTED && ((const struct sample_record *)rec)->kernel_cnt)
		live->has_kernel_frames = true;
	return 0;
}

static void on_cpu(void *ctx, int cpu, bool online)
{
	struct live_source *live = ctx;

	if (online)
		event_rings__add_cpu(live->events, cpu);
	else
		event_rings__remove_cpu(live->events, cpu);
}

static void follow_cpus(struct live_source *live)
{
	if (now_ns() - live->cpus_checked_ns < CPU_CHECK_NS)
		return;
	live->cpus_checked_ns = now_ns();
	sampler__follow_cpus(live->sampler, on_cpu, live);
}

static void wait_for_records(struct live_source *live, int timeout_ms)
{
	struct timespec gather = { .tv_nsec = GATHER_NS };
	struct pollfd fds[MAX_CPUS + 4];
	int event_fds[MAX_CPUS], cnt = event_rings__fds(live->events, event_fds, MAX_CPUS);

	for (int i = 0; i < cnt; i++)
		fds[i] = (struct pollfd){ event_fds[i], POLLIN, 0 };
	fds[cnt] = (struct pollfd){ ring_buffer__epoll_fd(live->samples), POLLIN, 0 };
	fds[cnt + 1] = (struct pollfd){ ring_buffer__epoll_fd(live->wanted), POLLIN, 0 };
	fds[cnt + 2] = (struct pollfd){ ring_buffer__epoll_fd(live->copies), POLLIN, 0 };
	fds[cnt + 3] = (struct pollfd){ live->watch_fd, POLLIN, 0 };
	if (!batch__empty(live->batch))
		timeout_ms = NOT_YET_MS;
	else if (live->stirred && timeout_ms > SOON_MS)
		timeout_ms = SOON_MS;
	live->stirred = poll(fds, (nfds_t)cnt + 4, timeout_ms) > 0 && !fds[cnt + 3].revents;
	if (live->stirred)
		nanosleep(&gather, NULL);
}

/* Samples first, then events: what happened before a drained sample is then in the batch too. */
static void drain(struct live_source *live)
{
	ring_buffer__consume(live->samples);
	ring_buffer__consume(live->copies);
	ring_buffer__consume(live->wanted);
	event_rings__drain(live->events, live->batch);
}

static int read_running(struct live_source *live, int timeout_ms, record_fn fn, void *ctx)
{
	uint64_t horizon;

	wait_for_records(live, timeout_ms);
	if (live->state == LIVE_SAMPLING)
		follow_cpus(live);
	horizon = now_ns() - SETTLE_NS;
	drain(live);
	batch__emit(live->batch, horizon, fn, ctx);
	return 1;
}

/* Twice: the second time for what fn asked for. */
static int read_rest(struct live_source *live, record_fn fn, void *ctx)
{
	drain(live);
	batch__emit(live->batch, UINT64_MAX, fn, ctx);
	batch__emit(live->batch, UINT64_MAX, fn, ctx);
	live->state = LIVE_ENDING;
	return 1;
}

static int read_end(struct live_source *live, record_fn fn, void *ctx)
{
	struct counters_record counters = { .h = { RECORD_COUNTERS, sizeof(counters), now_ns() } };
	struct lost_record lost = { .h = { RECORD_LOST, sizeof(lost), now_ns() },
				    .cnt = batch__dropped(live->batch) };
	struct end_record end = { .h = { RECORD_END, sizeof(end), now_ns() } };

	if (live->has_kernel_frames && live->all_kernel_names) /* reading costs 40 ms */
		/* while our programs are loaded: they have names too */
		host_read_kallsyms(fn, ctx);
	if (sampler__counts(live->sampler, &counters.counts))
		log_warn("cannot read the counters of the kernel side, ignoring");
	if (lost.cnt)
		fn(ctx, &lost.h);
	fn(ctx, &counters.h);
	end.duration_ns = live->stopped_ns - live->started_ns;
	fn(ctx, &end.h);
	return 0;
}

static int live_read(struct record_source *source, int timeout_ms, record_fn fn, void *ctx)
{
	struct live_source *live = (struct live_source *)source;

	switch (live->state) {
	case LIVE_DRAINING:
		return read_rest(live, fn, ctx);
	case LIVE_ENDING:
		return read_end(live, fn, ctx);
	default:
		return read_running(live, timeout_ms, fn, ctx);
	}
}

static void live_free(struct record_source *source)
{
	live_source__free((struct live_source *)source);
}

static int open_rings(struct live_source *live)
{
	struct sampler_maps maps = sampler__maps(live->sampler);
	int err = event_rings__open(&live->events);

	if (err == -ENOBUFS)
		log_error(
			"kernel.perf_event_mlock_kb is too small for the rings of process events: sysctl "
			"-w kernel.perf_event_mlock_kb=516, or give CAP_IPC_LOCK");
	else if (err && !perf_explain_refusal(err))
		log_error("cannot watch processes: %s", strerror(-err));
	if (err)
		return err;
	live->batch = batch__new();
	live->samples = ring_buffer__new(maps.samples, take_ring_record, live, NULL);
	live->copies = ring_buffer__new(maps.copies, take_ring_record, live, NULL);
	live->wanted = ring_buffer__new(maps.events, take_ring_record, live, NULL);
	return live->batch && live->samples && live->copies && live->wanted ? 0 : -ENOMEM;
}

int live_source__open(const struct options *options, struct live_source **ret_live)
{
	scope_free(live_source) struct live_source *live = calloc(1, sizeof(*live));
	int err;

	if (!live)
		return -ENOMEM;
	live->source = (struct record_source){ live_read, live_free };
	live->watch_fd = -1;
	live->all_kernel_names = options->raw;
	err = sampler__open(options, &live->sampler);
	if (!err && options->cgroup)
		err = sampler__set_cgroup(live->sampler, options->cgroup);
	if (!err)
		err = open_rings(live);
	if (err)
		return err;
	host_add_facts(options, live->batch);
	*ret_live = take_ptr(live);
	return 0;
}

void live_source__free(struct live_source *live)
{
	if (!live)
		return;
	ring_buffer__free(live->samples);
	ring_buffer__free(live->copies);
	ring_buffer__free(live->wanted);
	event_rings__free(live->events);
	batch__free(live->batch);
	sampler__free(live->sampler);
	free(live);
}

struct record_source *live_source__records(struct live_source *live)
{
	return &live->source;
}

struct sampler_maps live_source__maps(const struct live_source *live)
{
	return sampler__maps(live->sampler);
}

int live_source__add_target(struct live_source *live, uint32_t id)
{
	return sampler__add_target(live->sampler, id);
}

void live_source__drop_target(struct live_source *live, uint32_t id)
{
	sampler__drop_target(live->sampler, id);
}

bool live_source__has_targets(const struct live_source *live)
{
	return sampler__has_targets(live->sampler);
}

void live_source__watch(struct live_source *live, int fd)
{
	live->watch_fd = fd;
}

int live_source__follow(struct live_source *live)
{
	int err = sampler__follow_processes(live->sampler);

	if (err)
		return err;
	proc_scan_all(live->batch);
	return 0;
}

int live_source__sample(struct live_source *live)
{
	live->started_ns = now_ns();
	live->cpus_checked_ns = live->started_ns;
	live->state = LIVE_SAMPLING;
	return sampler__start(live->sampler);
}

void live_source__stop(struct live_source *live)
{
	sampler__stop(live->sampler);
	live->stopped_ns = now_ns();
	live->state = LIVE_DRAINING;
}

void live_source__rescan(struct live_source *live, uint32_t pid)
{
	proc_scan(pid, live->batch);
}

void live_source__rescan_all(struct live_source *live)
{
	proc_scan_all(live->batch);
}

int live_source__counts(const struct live_source *live, struct counts *ret_sum)
{
	return sampler__counts(live->sampler, ret_sum);
}

uint64_t live_source__bytes(const struct live_source *live)
{
	return sampler__map_bytes(live->sampler) + event_rings__bytes(live->events);
}
