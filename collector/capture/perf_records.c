// SPDX-License-Identifier: Apache-2.0
#include "collector/capture/perf_records.h"

#include <string.h>

#include <linux/perf_event.h>

#include "common/view.h"

struct perf_record {
	uint16_t misc;
	uint64_t time_ns;
	struct view body;
};

/* "u8 size; u8 reserved[3]; u8 id[20]" */
static struct build_id read_build_id(struct view *v)
{
	struct build_id id = { .size = view_u8(v) };
	const uint8_t *bytes;

	view_take(v, 3);
	bytes = view_take(v, BUILD_ID_MAX);
	v->bad = v->bad || id.size > BUILD_ID_MAX;
	if (!v->bad)
		memcpy(id.bytes, bytes, id.size);
	return id;
}

static void add_mmap(struct batch *batch, struct mmap_record *fields, uint64_t time_ns,
		     const char *path)
{
	uint32_t path_size = RECORD_ALIGN((uint32_t)strlen(path) + 1);
	struct mmap_record *rec = batch__add(batch, RECORD_MMAP, sizeof(*rec) + path_size, time_ns);

	if (!rec)
		return;
	fields->h = rec->h;
	fields->path_size = path_size;
	*rec = *fields;
	memcpy(rec + 1, path, strlen(path));
}

static void take_mmap(struct batch *batch, const struct perf_record *from)
{
	struct mmap_record fields = { 0 };
	struct view v = from->body;
	const char *path;
	uint64_t len;

	fields.pid = view_u32(&v);
	view_u32(&v); /* tid */
	fields.start = view_u64(&v);
	len = view_u64(&v);
	fields.file_off = view_u64(&v);
	if (from->misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
		fields.build_id = read_build_id(&v);
	} else {
		fields.dev_major = view_u32(&v);
		fields.dev_minor = view_u32(&v);
		fields.inode = view_u64(&v);
		view_u64(&v); /* generation */
	}
	view_u64(&v); /* prot, flags */
	path = view_cstr(&v);
	if (path && len && !__builtin_add_overflow(fields.start, len, &fields.end))
		add_mmap(batch, &fields, from->time_ns, path);
}

static void take_comm(struct batch *batch, const struct perf_record *from)
{
	struct view v = from->body;
	uint32_t pid = view_u32(&v), tid = view_u32(&v);
	const char *comm = view_cstr(&v);
	struct comm_record *rec;

	rec = comm ? batch__add(batch, RECORD_COMM, sizeof(*rec), from->time_ns) : NULL;
	if (!rec)
		return;
	rec->pid = pid;
	rec->tid = tid;
	rec->exec = !!(from->misc & PERF_RECORD_MISC_COMM_EXEC);
	strncpy(rec->comm, comm, COMM_LEN - 1);
}

static void take_fork(struct batch *batch, const struct perf_record *from)
{
	struct view v = from->body;
	uint32_t pid = view_u32(&v), parent = view_u32(&v);
	struct fork_record *rec;

	if (v.bad || pid == parent) /* a thread */
		return;
	rec = batch__add(batch, RECORD_FORK, sizeof(*rec), from->time_ns);
	if (!rec)
		return;
	rec->pid = pid;
	rec->parent_pid = parent;
}

static void take_exit(struct batch *batch, const struct perf_record *from)
{
	struct view v = from->body;
	struct exit_record *rec;
	uint32_t pid, tid;

	pid = view_u32(&v);
	view_u32(&v); /* parent */
	tid = view_u32(&v);
	rec = v.bad ? NULL : batch__add(batch, RECORD_EXIT, sizeof(*rec), from->time_ns);
	if (!rec)
		return;
	rec->pid = pid;
	rec->tid = tid;
}

static void take_lost(struct batch *batch, const struct perf_record *from)
{
	struct view v = from->body;
	struct lost_record *rec;
	uint64_t cnt;

	view_u64(&v); /* event id */
	cnt = view_u64(&v);
	rec = v.bad ? NULL : batch__add(batch, RECORD_LOST, sizeof(*rec), from->time_ns);
	if (rec)
		rec->cnt = cnt;
}

void perf_record__take(const void *bytes, size_t size, struct batch *batch)
{
	struct perf_record from = { 0 };
	struct perf_event_header h;

	if (size < sizeof(h) + sizeof(from.time_ns))
		return;
	memcpy(&h, bytes, sizeof(h));
	memcpy(&from.time_ns, (const char *)bytes + size - sizeof(from.time_ns),
	       sizeof(from.time_ns));
	from.misc = h.misc;
	from.body = view_of((const char *)bytes + sizeof(h),
			    size - sizeof(h) - sizeof(from.time_ns));
	switch (h.type) {
	case PERF_RECORD_MMAP2:
		take_mmap(batch, &from);
		break;
	case PERF_RECORD_COMM:
		take_comm(batch, &from);
		break;
	case PERF_RECORD_FORK:
		take_fork(batch, &from);
		break;
	case PERF_RECORD_EXIT:
		take_exit(batch, &from);
		break;
	case PERF_RECORD_LOST:
		take_lost(batch, &from);
		break;
	}
}
