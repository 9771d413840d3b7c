// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/shared/frame.h"
#include "collector/cli/options.h"
#include "symbolizer/kernel/kallsyms.h"

int ingest__init(struct ingest *ingest, uint32_t label_flags)
{
	*ingest = (struct ingest){
		.processes = proc_table__new(),
		.binaries = binaries__new(),
		.aggregate = aggregate__new(),
		.label_flags = label_flags,
	};
	if (ingest->processes && ingest->binaries && ingest->aggregate)
		return 0;
	ingest__fini(ingest);
	return -ENOMEM;
}

void ingest__fini(struct ingest *ingest)
{
	proc_table__free(ingest->processes);
	binaries__free(ingest->binaries);
	aggregate__free(ingest->aggregate);
	free(ingest->host);
	kallsyms__free(ingest->kallsyms);
	free(ingest->vdso);
	memset(ingest, 0, sizeof(*ingest));
}

char *ingest__host_value(const struct ingest *ingest, const char *key)
{
	const char *at = ingest->host;
	size_t len = strlen(key);

	for (; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (!strncmp(at, key, len) && at[len] == '=')
			return strndup(at + len + 1, strcspn(at + len + 1, "\n"));
	return strdup("");
}

static void keep(char **to, size_t *size, const struct record_header *rec)
{
	size_t body = rec->size - sizeof(*rec);

	free(*to);
	*to = malloc(body + 1);
	*size = *to ? body : 0;
	if (!*to)
		return;
	memcpy(*to, rec + 1, body);
	(*to)[body] = 0;
}

static void take_host(struct ingest *ingest, const struct record_header *rec)
{
	scope_memory char *offset = NULL;
	size_t size;

	keep(&ingest->host, &size, rec);
	offset = ingest__host_value(ingest, "utc_offset_ns");
	ingest->utc_offset_ns = offset ? strtoull(offset, NULL, 10) : 0;
}

/* The process that a sample is of. A start time that differs tells a reused PID apart; /proc gives
 * it in whole clock ticks. */
static struct process *process_of(struct ingest *ingest, const struct sample_record *rec)
{
	struct process *p = proc_table__get(ingest->processes, rec->pid);
	uint64_t tick = 20000000;

	if (!p)
		return NULL;
	if (!p->start_ns)
		p->start_ns = rec->leader_start_ns;
	if (rec->leader_start_ns > p->start_ns + tick || p->start_ns > rec->leader_start_ns + tick) {
		p->mapping_cnt = 0;
		p->start_ns = rec->leader_start_ns;
		p->comm[0] = 0;
	}
	if (rec->pid == rec->tid || !p->comm[0]) {
		memcpy(p->comm, rec->comm, sizeof(p->comm));
		p->comm[COMM_LEN - 1] = 0;
	}
	return p;
}

static uint32_t user_location(struct ingest *ingest, const struct process *p, uint64_t word)
{
	uint64_t addr = frame_payload(word);
	const struct proc_mapping *m;

	if (frame_flags(word) & FRAME_F_RETURN)
		addr--;
	m = p ? process__mapping(p, addr) : NULL;
	if (!m || m->binary == BINARY_ANON_ID)
		return aggregate__location(ingest->aggregate, BINARY_ANON_ID, addr);
	return aggregate__location(ingest->aggregate, m->binary, addr - m->start + m->file_off);
}

static void fill_labels(struct ingest *ingest, const struct sample_record *rec,
			const struct process *p, struct label_set *labels)
{
	struct strtab *strings = aggregate__strings(ingest->aggregate);
	uint32_t flags = ingest->label_flags;
	char comm[COMM_LEN];

	memcpy(comm, rec->comm, sizeof(comm));
	comm[COMM_LEN - 1] = 0;
	if (flags & LABEL_PID)
		labels->pid = rec->pid;
	if (flags & LABEL_TID)
		labels->tid = rec->tid;
	if (flags & LABEL_CPU)
		labels->cpu = rec->cpu + 1;
	if (flags & LABEL_TIMESTAMP)
		labels->timestamp_ns = rec->h.time_ns + ingest->utc_offset_ns;
	if (flags & LABEL_COMM)
		labels->comm = strtab__id(strings, p ? p->comm : comm);
	if ((flags & LABEL_THREAD_COMM) && p && strcmp(comm, p->comm))
		labels->thread_comm = strtab__id(strings, comm);
}

static void take_sample(struct ingest *ingest, const struct sample_record *rec)
{
	uint32_t locations[MAX_USER_FRAMES + MAX_KERNEL_FRAMES + 2];
	const uint64_t *words = (const uint64_t *)sample_words(rec);
	struct process *p = process_of(ingest, rec);
	struct label_set labels = { 0 };
	uint32_t n = 0;
	bool whole = true;

	for (uint32_t i = 0; i < rec->kernel_cnt; i++)
		locations[n++] = aggregate__location(ingest->aggregate, BINARY_KERNEL_ID,
						     words[rec->user_words + i] - (i > 0));
	for (uint32_t i = 0; i < rec->user_words; i += 1 + frame_extra_words(frame_kind(words[i])))
		locations[n++] = user_location(ingest, p, words[i]);
	if (rec->stop == STOP_MAX_DEPTH) {
		locations[n++] = aggregate__location(ingest->aggregate, LOCATION_TRUNCATED_BINARY, 0);
		ingest->truncated++;
	}
	if (!n) /* no stack at all: an exiting task seen with --no-kernel */
		locations[n++] = aggregate__location(ingest->aggregate, BINARY_ANON_ID, 0);
	for (uint32_t i = 0; i < n; i++)
		whole = whole && locations[i] != UINT32_MAX;
	fill_labels(ingest, rec, p, &labels);
	if (!whole || !aggregate__add(ingest->aggregate, &labels, locations, n, 1, rec->weight)) {
		ingest->no_memory++;
		ingest->no_memory_weight += rec->weight;
	}
}

void ingest__apply(struct ingest *ingest, const struct record_header *rec)
{
	switch (rec->type) {
	case RECORD_SAMPLE:
		take_sample(ingest, (const void *)rec);
		break;
	case RECORD_HOST:
		take_host(ingest, rec);
		break;
	case RECORD_KALLSYMS:
		kallsyms__free(take_ptr(ingest->kallsyms));
		kallsyms__parse((const char *)(rec + 1), rec->size - sizeof(*rec),
				&ingest->kallsyms);
		break;
	case RECORD_VDSO:
		keep((char **)&ingest->vdso, &ingest->vdso_size, rec);
		break;
	case RECORD_FILE:
		binaries__learn(ingest->binaries, (const void *)rec);
		break;
	case RECORD_LOST:
		ingest->event_records_lost += ((const struct lost_record *)rec)->cnt;
		break;
	case RECORD_COUNTERS:
		ingest->counts = ((const struct counters_record *)rec)->counts;
		break;
	case RECORD_END:
		ingest->duration_ns = ((const struct end_record *)rec)->duration_ns;
		break;
	default:
		proc_table__apply(ingest->processes, ingest->binaries, rec);
	}
}
