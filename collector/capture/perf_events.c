// SPDX-License-Identifier: Apache-2.0
#include "collector/capture/perf_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "collector/capture/event_table.h"
#include "common/io.h"
#include "common/log.h"

#define RING_BYTES (256UL * 1024) /* larger ones pass perf_event_mlock_kb */
#define MAX_RECORD 65536 /* a record's size is 16 bits */

struct ring {
	int cpu;
	int fd;
	struct perf_event_mmap_page *page; /* the header page, the data behind it */
};

struct event_rings {
	struct ring *rings; /* owned */
	int cnt;
	bool build_ids; /* the kernel gives them (5.12) */
	uint8_t record[MAX_RECORD]; /* one record, put together where it wraps around */
};

static int perf_event_open(struct perf_event_attr *attr, int cpu)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool perf_explain_refusal(int err)
{
	if (err == -EPERM || err == -EACCES)
		log_error("perf_event_open(2) is refused although the rights for it are here: a seccomp "
			  "filter forbids it (docker run --security-opt seccomp=unconfined)");
	else if (err == -ENOSYS)
		log_error("perf_event_open(2) is missing: the kernel needs CONFIG_PERF_EVENTS=y, or a "
			  "seccomp filter hides it");
	else
		return false;
	return true;
}

int perf_open_sampler(const struct options *options, int cpu)
{
	const struct event_choice *event = options->event;
	struct perf_event_attr attr = {
		.type = event->perf_type,
		.size = sizeof(attr),
		.config = event->perf_config,
		.disabled = 1,
	};

	attr.sample_period = event_period(options);
	if (!attr.sample_period) {
		attr.freq = 1;
		attr.sample_freq = options->frequency;
	}
	return perf_event_open(&attr, cpu);
}

static int open_ring_event(struct event_rings *rings, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = 1, /* wake at once */
		.build_id = rings->build_ids,
	};
	int fd = perf_event_open(&attr, cpu);

	if (fd == -EINVAL && rings->build_ids) {
		rings->build_ids = false;
		attr.build_id = 0;
		fd = perf_event_open(&attr, cpu);
	}
	return fd;
}

int event_rings__add_cpu(struct event_rings *rings, int cpu)
{
	struct ring *more, ring = { .cpu = cpu };

	for (int i = 0; i < rings->cnt; i++)
		if (rings->rings[i].cpu == cpu)
			return 0;
	more = realloc(rings->rings, ((size_t)rings->cnt + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	rings->rings = more;
	ring.fd = open_ring_event(rings, cpu);
	if (ring.fd < 0)
		return ring.fd;
	ring.page = mmap(NULL, (size_t)getpagesize() + RING_BYTES, PROT_READ | PROT_WRITE,
			 MAP_SHARED, ring.fd, 0);
	if (ring.page == MAP_FAILED) {
		int err = errno == EPERM ? -ENOBUFS : -errno;

		close(ring.fd);
		return err;
	}
	rings->rings[rings->cnt++] = ring;
	return 0;
}

static void ring_close(struct ring *ring)
{
	munmap(ring->page, (size_t)getpagesize() + RING_BYTES);
	close(ring->fd);
}

void event_rings__remove_cpu(struct event_rings *rings, int cpu)
{
	for (int i = 0; i < rings->cnt; i++) {
		if (rings->rings[i].cpu != cpu)
			continue;
		ring_close(&rings->rings[i]);
		rings->rings[i] = rings->rings[--rings->cnt];
		return;
	}
}

int event_rings__open(struct event_rings **ret_rings)
{
	scope_free(event_rings) struct event_rings *rings = calloc(1, sizeof(*rings));
	int cpus[MAX_CPUS], cnt = online_cpus(cpus, MAX_CPUS);

	if (!rings)
		return -ENOMEM;
	if (cnt < 0)
		return cnt;
	rings->build_ids = true;
	for (int i = 0; i < cnt; i++) {
		int err = event_rings__add_cpu(rings, cpus[i]);

		if (err)
			return err;
	}
	*ret_rings = take_ptr(rings);
	return 0;
}

void event_rings__free(struct event_rings *rings)
{
	if (!rings)
		return;
	for (int i = 0; i < rings->cnt; i++)
		ring_close(&rings->rings[i]);
	free(rings->rings);
	free(rings);
}

int event_rings__fds(const struct event_rings *rings, int *fds, int max)
{
	int cnt = rings->cnt < max ? rings->cnt : max;

	for (int i = 0; i < cnt; i++)
		fds[i] = rings->rings[i].fd;
	return cnt;
}

uint64_t event_rings__bytes(const struct event_rings *rings)
{
	return (uint64_t)rings->cnt * ((uint64_t)getpagesize() + RING_BYTES);
}

static void take_mmap(struct batch *batch, const struct perf_event_header *h, struct view body,
		      uint64_t time_ns)
{
	struct build_id build_id = { .size = 0 };
	uint32_t pid = view_u32(&body), path_size;
	struct mmap_record *rec;
	uint64_t start, len, off, inode = 0;
	uint32_t major = 0, minor = 0;
	const char *path;

	view_u32(&body); /* tid */
	start = view_u64(&body);
	len = view_u64(&body);
	off = view_u64(&body);
	if (h->misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
		const uint8_t *id;

		build_id.size = view_u8(&body);
		view_take(&body, 3);
		id = view_take(&body, BUILD_ID_MAX);
		if (!id || build_id.size > BUILD_ID_MAX)
			return;
		memcpy(build_id.bytes, id, build_id.size);
	} else {
		major = view_u32(&body);
		minor = view_u32(&body);
		inode = view_u64(&body);
		view_u64(&body); /* generation */
	}
	view_u64(&body); /* prot, flags */
	path = view_cstr(&body);
	if (!path || !len)
		return;
	path_size = RECORD_ALIGN((uint32_t)strlen(path) + 1);
	rec = batch__add(batch, RECORD_MMAP, sizeof(*rec) + path_size, time_ns);
	if (!rec)
		return;
	rec->start = start;
	rec->end = start + len;
	rec->file_off = off;
	rec->inode = inode;
	rec->pid = pid;
	rec->dev_major = major;
	rec->dev_minor = minor;
	rec->build_id = build_id;
	rec->path_size = path_size;
	memcpy(rec + 1, path, strlen(path));
}

static void take_comm(struct batch *batch, const struct perf_event_header *h, struct view body,
		      uint64_t time_ns)
{
	struct comm_record *rec = batch__add(batch, RECORD_COMM, sizeof(*rec), time_ns);
	const char *comm;

	if (!rec)
		return;
	rec->pid = view_u32(&body);
	rec->tid = view_u32(&body);
	rec->exec = !!(h->misc & PERF_RECORD_MISC_COMM_EXEC);
	comm = view_cstr(&body);
	if (comm)
		strncpy(rec->comm, comm, COMM_LEN - 1);
}

static void take_fork(struct batch *batch, struct view body, uint64_t time_ns)
{
	uint32_t pid = view_u32(&body), parent = view_u32(&body);
	struct fork_record *rec;

	if (pid == parent) /* a thread */
		return;
	rec = batch__add(batch, RECORD_FORK, sizeof(*rec), time_ns);
	if (!rec)
		return;
	rec->pid = pid;
	rec->parent_pid = parent;
}

static void take_exit(struct batch *batch, struct view body, uint64_t time_ns)
{
	struct exit_record *rec = batch__add(batch, RECORD_EXIT, sizeof(*rec), time_ns);

	if (!rec)
		return;
	rec->pid = view_u32(&body);
	view_u32(&body); /* parent */
	rec->tid = view_u32(&body);
}

static void take_lost(struct batch *batch, struct view body, uint64_t time_ns)
{
	struct lost_record *rec = batch__add(batch, RECORD_LOST, sizeof(*rec), time_ns);

	if (!rec)
		return;
	view_u64(&body); /* event id */
	rec->cnt = view_u64(&body);
}

/* Every record ends with its time: sample_id_all, PERF_SAMPLE_TIME. */
static void take_record(struct batch *batch, const uint8_t *bytes, size_t size)
{
	const struct perf_event_header *h = (const void *)bytes;
	struct view body = view_of(bytes + sizeof(*h), size - sizeof(*h));
	uint64_t time_ns;

	if (size < sizeof(*h) + sizeof(time_ns))
		return;
	memcpy(&time_ns, bytes + size - sizeof(time_ns), sizeof(time_ns));
	switch (h->type) {
	case PERF_RECORD_MMAP2:
		take_mmap(batch, h, body, time_ns);
		break;
	case PERF_RECORD_COMM:
		take_comm(batch, h, body, time_ns);
		break;
	case PERF_RECORD_FORK:
		take_fork(batch, body, time_ns);
		break;
	case PERF_RECORD_EXIT:
		take_exit(batch, body, time_ns);
		break;
	case PERF_RECORD_LOST:
		take_lost(batch, body, time_ns);
		break;
	}
}

static void copy_out(const struct ring *ring, uint64_t pos, void *to, size_t size)
{
	const uint8_t *data = (const uint8_t *)ring->page + getpagesize();
	size_t at = pos & (RING_BYTES - 1), first = RING_BYTES - at;

	if (first > size)
		first = size;
	memcpy(to, data + at, first);
	memcpy((uint8_t *)to + first, data, size - first);
}

static void drain_ring(struct event_rings *rings, struct ring *ring, struct batch *batch)
{
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;
	struct perf_event_header h;

	while (tail < head) {
		copy_out(ring, tail, &h, sizeof(h));
		if (h.size < sizeof(h))
			break;
		copy_out(ring, tail, rings->record, h.size);
		take_record(batch, rings->record, h.size);
		tail += h.size;
	}
	__atomic_store_n(&ring->page->data_tail, head, __ATOMIC_RELEASE);
}

void event_rings__drain(struct event_rings *rings, struct batch *batch)
{
	for (int i = 0; i < rings->cnt; i++)
		drain_ring(rings, &rings->rings[i], batch);
}

int online_cpus(int *cpus, int max)
{
	scope_memory char *text = NULL;
	size_t size;
	int cnt = 0, err = io_read_file("/sys/devices/system/cpu/online", 65536, &text, &size);

	if (err)
		return err;
	/* "0-3,8,10-11" */
	for (char *at = text; *at && *at != '\n' && cnt < max;) {
		long first = strtol(at, &at, 10), last = first;

		if (*at == '-')
			last = strtol(at + 1, &at, 10);
		for (long cpu = first; cpu <= last && cnt < max; cpu++)
			cpus[cnt++] = (int)cpu;
		if (*at == ',')
			at++;
	}
	return cnt;
}
