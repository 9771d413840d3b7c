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

#include "collector/capture/cpu_list.h"
#include "collector/capture/event_table.h"
#include "collector/capture/perf_records.h"
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
	_Alignas(8) uint8_t record[MAX_RECORD]; /* one record, put together where it wraps around */
};

static int perf_event_open(struct perf_event_attr *attr, int cpu)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool perf_explain_refusal(int err)
{
	if (err == -EPERM || err == -EACCES)
		log_error(
			"perf_event_open(2) is refused although the rights for it are here: a seccomp "
			"filter forbids it (docker run --security-opt seccomp=unconfined)");
	else if (err == -ENOSYS)
		log_error(
			"perf_event_open(2) is missing: the kernel needs CONFIG_PERF_EVENTS=y, or a "
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

		if (err && err != -ENODEV) /* it went offline just now */
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
		perf_record__take(rings->record, h.size, batch);
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
	int err = io_read_file("/sys/devices/system/cpu/online", 65536, &text, &size);

	return err ? err : cpu_list__parse(text, cpus, max);
}
