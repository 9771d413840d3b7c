// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/shared/frame.h"
#include "collector/cli/options.h"
#include "collector/python/find.h"
#include "collector/python/merge.h"
#include "collector/source/endings.h"
#include "symbolizer/kernel/kallsyms.h"

#define HIDDEN_LOCATION (UINT32_MAX - 1)

int ingest__init(struct ingest *ingest, const struct options *options)
{
	*ingest = (struct ingest){
		.processes = proc_table__new(),
		.binaries = binaries__new(),
		.aggregate = aggregate__new(),
		.held = held_list__new(),
		.label_flags = options->labels,
		.python_internals = options->python_internals,
		.columns = options->columns,
	};
	if (ingest->aggregate) {
		ingest->python_codes = python_codes__new(aggregate__strings(ingest->aggregate));
		ingest->thread_names = thread_names__new(aggregate__strings(ingest->aggregate));
	}
	if (ingest->processes && ingest->binaries && ingest->python_codes && ingest->thread_names &&
	    ingest->held)
		return 0;
	ingest__fini(ingest);
	return -ENOMEM;
}

void ingest__fini(struct ingest *ingest)
{
	proc_table__free(ingest->processes);
	binaries__free(ingest->binaries);
	python_codes__free(ingest->python_codes);
	thread_names__free(ingest->thread_names);
	aggregate__free(ingest->aggregate);
	held_list__free(ingest->held);
	free(ingest->host);
	kallsyms__free(ingest->kallsyms);
	free(ingest->vdso);
	memset(ingest, 0, sizeof(*ingest));
}

uint64_t ingest__lost(const struct ingest *ingest)
{
	const struct counts *c = &ingest->counts;

	return c->counters[COUNTER_RING_FULL] + c->counters[COUNTER_NO_SCRATCH] +
	       c->counters[COUNTER_BUSY] + ingest->no_memory;
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
	if (rec->leader_start_ns > p->start_ns + tick ||
	    p->start_ns > rec->leader_start_ns + tick) {
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

static uint32_t place_in_file(struct ingest *ingest, const struct process *p, uint64_t addr)
{
	const struct proc_mapping *m = p ? process__mapping(p, addr) : NULL;

	if (!m || m->binary == BINARY_ANON_ID)
		return aggregate__location(ingest->aggregate, BINARY_ANON_ID, addr);
	return aggregate__location(ingest->aggregate, m->binary, addr - m->start + m->file_off);
}

/* A sample with all that its frames come from. */
struct sample {
	const struct sample_record *rec;
	const struct process *process; /* as it was at that moment; NULL: not known */
	const __u64 *user_words;
	const __u64 *kernel_words;
	uint32_t user_cnt;
	enum stop_reason stop;
};

/* The program's own name of it, else the kernel's where that is not the process's; 0: none. */
static uint32_t thread_comm(struct ingest *ingest, const struct sample *sample, const char *comm)
{
	uint32_t name = thread_names__find(ingest->thread_names, sample->rec->pid,
					   sample->rec->tid);

	if (name || !sample->process || !strcmp(comm, sample->process->comm))
		return name;
	return strtab__id(aggregate__strings(ingest->aggregate), comm);
}

/* The native frame of a word. Nobody need have called the outermost frame of a whole stack. */
static uint32_t user_location(struct ingest *ingest, const struct sample *sample, uint32_t word,
			      uint32_t native_cnt)
{
	bool is_return = frame_flags(sample->user_words[word]) & FRAME_F_RETURN;
	uint64_t addr = frame_payload(sample->user_words[word]) - is_return;
	uint32_t location = place_in_file(ingest, sample->process, addr);

	if (is_return && word + 1 < native_cnt)
		aggregate__mark(ingest->aggregate, location, LOCATION_F_RETURN | LOCATION_F_INNER);
	else if (is_return && sample->stop != STOP_END)
		aggregate__mark(ingest->aggregate, location, LOCATION_F_RETURN);
	return location;
}

static void fill_labels(struct ingest *ingest, const struct sample *sample,
			struct label_set *labels)
{
	const struct sample_record *rec = sample->rec;
	const struct process *p = sample->process;
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
	if (flags & LABEL_THREAD_COMM)
		labels->thread_comm = thread_comm(ingest, sample, comm);
	if ((flags & LABEL_STOP) && sample->stop < STOP_CNT)
		labels->stop = strtab__id(strings, stop_endings[sample->stop].name);
	if (flags & LABEL_GIL)
		labels->gil = rec->gil;
}

static uint32_t python_location(struct ingest *ingest, const struct sample_record *rec,
				const __u64 *words)
{
	struct python_place place = { 0 };
	uint32_t function = python_codes__find(ingest->python_codes, rec->pid, rec->leader_start_ns,
					       words, &place);

	if (function == PYTHON_HIDDEN_FUNCTION)
		return HIDDEN_LOCATION;
	return aggregate__python_location(ingest->aggregate, function, (uint32_t)place.line,
					  ingest->columns ? (uint32_t)place.column : 0);
}

static bool in_eval(struct ingest *ingest, uint32_t location)
{
	uint32_t cnt;
	const struct location *all = aggregate__locations(ingest->aggregate, &cnt);
	const struct binary *b = NULL;

	if (location < cnt)
		b = binaries__canonical_at(ingest->binaries, all[location].binary);
	return b && python_in_eval(b, all[location].off);
}

static bool in_no_file(const struct ingest *ingest, uint32_t location)
{
	uint32_t cnt;
	const struct location *all = aggregate__locations(ingest->aggregate, &cnt);

	return location < cnt && all[location].binary == BINARY_ANON_ID;
}

static bool native_whole(enum stop_reason stop)
{
	return stop == STOP_END || stop == STOP_NULL_RETURN;
}

static bool python_cut(const struct sample_record *rec)
{
	return rec->python_end == PYTHON_MAX_DEPTH || rec->python_end == PYTHON_NO_ROOM;
}

/* The user part of a stack with Python frames, merged. Returns how many locations. */
static uint32_t merge_user(struct ingest *ingest, const struct sample *sample, uint32_t native_cnt,
			   uint32_t *locations)
{
	struct merged_frame merged[MAX_USER_WORDS];
	uint32_t natives[MAX_USER_FRAMES], n = 0, cnt;
	bool eval[MAX_USER_FRAMES], no_file[MAX_USER_FRAMES];
	struct unmerged_stack stack = {
		.words = sample->user_words,
		.word_cnt = sample->user_cnt,
		.in_eval = eval,
		.in_no_file = no_file,
		.native_whole = native_whole(sample->stop),
		.python_whole = sample->rec->python_end == PYTHON_WHOLE,
		.python_cut = python_cut(sample->rec),
	};

	for (uint32_t i = 0; i < native_cnt; i++) {
		natives[i] = user_location(ingest, sample, i, native_cnt);
		eval[i] = in_eval(ingest, natives[i]);
		no_file[i] = in_no_file(ingest, natives[i]);
	}
	cnt = merge_stack(&stack, merged);
	for (uint32_t i = 0; i < cnt; i++) {
		const __u64 *words = sample->user_words + merged[i].word;

		if (merged[i].kind == MERGED_EVAL && !ingest->python_internals)
			continue;
		locations[n] = merged[i].kind == MERGED_PYTHON ?
				       python_location(ingest, sample->rec, words) :
				       natives[merged[i].word];
		n += locations[n] != HIDDEN_LOCATION;
	}
	return n;
}

static uint32_t user_locations(struct ingest *ingest, const struct sample *sample,
			       uint32_t *locations)
{
	uint32_t native_cnt = merge_native_cnt(sample->user_words, sample->user_cnt);

	if (native_cnt > MAX_USER_FRAMES) /* a recording that lies */
		native_cnt = MAX_USER_FRAMES;
	if (native_cnt < sample->user_cnt)
		return merge_user(ingest, sample, native_cnt, locations);
	for (uint32_t i = 0; i < native_cnt; i++)
		locations[i] = user_location(ingest, sample, i, native_cnt);
	return native_cnt;
}

static void add_sample(struct ingest *ingest, const struct sample *sample)
{
	uint32_t locations[MAX_STACK_LOCATIONS];
	const struct sample_record *rec = sample->rec;
	struct label_set labels = { 0 };
	uint32_t n = 0;
	bool whole = true;

	for (uint32_t i = 0; i < rec->kernel_cnt; i++)
		locations[n++] = aggregate__location(ingest->aggregate, BINARY_KERNEL_ID,
						     sample->kernel_words[i] - (i > 0));
	n += user_locations(ingest, sample, locations + n);
	if (sample->stop == STOP_MAX_DEPTH || sample->stop == STOP_COPY_END || python_cut(rec)) {
		locations[n++] = aggregate__location(ingest->aggregate, LOCATION_TRUNCATED_BINARY,
						     0);
		ingest->truncated++;
	}
	if (!n) /* no stack at all: an exiting task seen with --no-kernel */
		locations[n++] = aggregate__location(ingest->aggregate, BINARY_ANON_ID, 0);
	for (uint32_t i = 0; i < n; i++)
		whole = whole && locations[i] != UINT32_MAX;
	fill_labels(ingest, sample, &labels);
	if (!whole || !aggregate__add(ingest->aggregate, &labels, locations, n, 1, rec->weight)) {
		ingest->no_memory++;
		ingest->no_memory_weight += rec->weight;
	}
}

static void take_sample(struct ingest *ingest, const struct sample_record *rec)
{
	struct sample sample = { .rec = rec,
				 .process = process_of(ingest, rec),
				 .user_words = sample_words(rec),
				 .kernel_words = sample_words(rec) + rec->user_words,
				 .user_cnt = rec->user_words,
				 .stop = rec->stop };

	add_sample(ingest, &sample);
}

/* The stack of a copy: as it was walked, or the frame that was sampled. */
static void add_copy(struct ingest *ingest, const struct copy_record *rec,
		     const struct process *process, const struct walked_record *walked)
{
	__u64 leaf = frame_word(FRAME_NATIVE, 0, rec->sample.user_ip);
	struct sample sample = { .rec = &rec->sample,
				 .process = process,
				 .user_words = walked ? (const __u64 *)(walked + 1) : &leaf,
				 .kernel_words = copy_kernel_words(rec),
				 .user_cnt = walked ? walked->user_words : 1,
				 .stop = walked ? walked->stop : rec->sample.stop };

	ingest->walked_stops[sample.stop]++;
	ingest->walked_python_ends[rec->sample.python_end]++;
	add_sample(ingest, &sample);
}

static void take_copy(struct ingest *ingest, const struct copy_record *rec)
{
	struct process *p = process_of(ingest, &rec->sample);

	if (!p || held_list__add(ingest->held, p, rec))
		add_copy(ingest, rec, p, NULL);
}

static void take_walked(struct ingest *ingest, const struct walked_record *rec)
{
	struct held *held = held_list__take(ingest->held, rec->id);

	if (held)
		add_copy(ingest, held->rec, held->process, rec);
	held__free(held);
}

void ingest__finish(struct ingest *ingest)
{
	struct held *held;

	while ((held = held_list__first(ingest->held))) {
		held_list__take(ingest->held, held->id);
		add_copy(ingest, held->rec, held->process, NULL);
		held__free(held);
	}
	for (int i = 0; i < STOP_SLOTS; i++) {
		ingest->counts.stops[i] += ingest->walked_stops[i];
		ingest->walked_stops[i] = 0;
	}
	for (int i = 0; i < PYTHON_END_SLOTS; i++) {
		ingest->counts.python_ends[i] += ingest->walked_python_ends[i];
		ingest->walked_python_ends[i] = 0;
	}
}

void ingest__apply(struct ingest *ingest, const struct record_header *rec)
{
	switch (rec->type) {
	case RECORD_SAMPLE:
		take_sample(ingest, (const void *)rec);
		break;
	case RECORD_COPY:
		take_copy(ingest, (const void *)rec);
		break;
	case RECORD_WALKED:
		take_walked(ingest, (const void *)rec);
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
	case RECORD_PYTHON_FILE:
		binaries__learn_python(ingest->binaries, (const void *)rec);
		break;
	case RECORD_PYTHON_CODE:
		python_codes__learn(ingest->python_codes, (const void *)rec);
		break;
	case RECORD_PYTHON_THREAD:
	case RECORD_EXIT:
		thread_names__apply(ingest->thread_names, rec);
		break;
	case RECORD_GONE:
		python_codes__forget(ingest->python_codes, ((const struct gone_record *)rec)->pid);
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
