// SPDX-License-Identifier: Apache-2.0
#include "collector/dump/roll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/shared/frame.h"
#include "collector/dump/frame_locals.h"
#include "collector/python/reader.h"

#define LOCALS_BYTES (8UL << 20) /* of text, of one thread */

struct roll {
	struct roll_parts parts;
	const struct roll_calls *calls; /* borrowed */
	void *ctx;
	struct attendee *attendees; /* owned */
	struct dumped_thread *before; /* owned: what roll__look() found */
	uint32_t before_cnt;
	uint32_t before_room;
	uint32_t round;
	int err;
};

struct roll *roll__new(const struct roll_parts *parts, const struct roll_calls *calls, void *ctx)
{
	struct roll *roll = calloc(1, sizeof(*roll));

	if (!roll)
		return NULL;
	roll->parts = *parts;
	roll->calls = calls;
	roll->ctx = ctx;
	return roll;
}

static void drop_stack(struct attendee *a)
{
	for (uint32_t i = 0; a->locals && i < a->frame_cnt; i++)
		free(a->locals[i]);
	free(a->locals);
	free(a->sample);
	a->locals = NULL;
	a->sample = NULL;
	a->frame_cnt = 0;
}

void roll__free(struct roll *roll)
{
	struct attendee *a, *next;

	if (!roll)
		return;
	HASH_ITER(hh, roll->attendees, a, next) {
		HASH_DEL(roll->attendees, a);
		drop_stack(a);
		free(a);
	}
	free(roll->before);
	free(roll);
}

static int compare_pids(const void *pid, const void *subject)
{
	uint32_t a = *(const uint32_t *)pid, b = ((const struct subject *)subject)->pid;

	return a < b ? -1 : a > b;
}

static struct attendee *find(struct roll *roll, uint32_t tid)
{
	struct attendee *a;

	HASH_FIND(hh, roll->attendees, &tid, sizeof(tid), a);
	return a;
}

static struct attendee *add(struct roll *roll, const struct dumped_thread *t)
{
	const struct subject *subject = bsearch(&t->pid, roll->parts.subjects,
						roll->parts.subject_cnt,
						sizeof(*roll->parts.subjects), compare_pids);
	struct attendee *a = subject ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return NULL;
	a->tid = t->tid;
	a->subject = subject;
	HASH_ADD(hh, roll->attendees, tid, sizeof(a->tid), a);
	return a;
}

static void keep_before(void *ctx, const struct dumped_thread *t)
{
	struct roll *roll = ctx;

	if (roll->before_cnt == roll->before_room) {
		uint32_t room = roll->before_room ? roll->before_room * 2 : 64;
		struct dumped_thread *more = realloc(roll->before, room * sizeof(*more));

		if (!more) {
			roll->err = -ENOMEM;
			return;
		}
		roll->before = more;
		roll->before_room = room;
	}
	roll->before[roll->before_cnt++] = *t;
}

int roll__look(struct roll *roll)
{
	int err = threads__each(roll->parts.threads, keep_before, roll);

	return err ? err : roll->err;
}

/* In the kernel a frozen thread is where it was stopped. If it entered it as it had before, it still
 * sleeps where it slept; else it ran. */
static void take_what_was_before(const struct roll *roll, struct dumped_thread *t)
{
	const struct dumped_thread *was = NULL;

	for (uint32_t i = 0; i < roll->before_cnt && !was; i++)
		if (roll->before[i].tid == t->tid)
			was = &roll->before[i];
	t->kernel_cnt = 0;
	t->state = 0;
	if (!was || was->flags & DUMPED_ON_CPU || was->ip != t->ip || was->sp != t->sp)
		return;
	t->state = was->state;
	t->kernel_cnt = was->kernel_cnt;
	memcpy(t->kernel, was->kernel, sizeof(t->kernel));
}

static void see(void *ctx, const struct dumped_thread *t)
{
	struct roll *roll = ctx;
	struct attendee *a = find(roll, t->tid);

	if (!a && roll->round == 1) /* who comes later is none of this dump's */
		a = add(roll, t);
	if (!a || a->caught)
		return;
	a->seen = *t;
	a->round = roll->round;
	if (a->subject->frozen)
		take_what_was_before(roll, &a->seen);
}

/* The words of a frame in Python, one after the other. */
static const __u64 *next_python(const __u64 **words, const __u64 *end)
{
	while (*words < end) {
		const __u64 *at = *words;
		uint32_t kind = frame_kind(*at);

		*words += 1 + frame_extra_words(kind);
		if (kind == FRAME_PYTHON && *words <= end)
			return at;
	}
	return NULL;
}

static const __u64 *user_words(const struct record_header *rec, uint32_t *ret_cnt)
{
	const struct sample_record *sample = (const void *)rec;

	*ret_cnt = sample->user_words;
	return rec->type == RECORD_COPY ? copy_python_words((const void *)rec) :
					  sample_words(sample);
}

/* What a code object is called, from the live process. */
static void apply_code(struct roll *roll, const struct attendee *a, const struct sample_record *s,
		       const __u64 *words)
{
	struct python_code_record bare = {
		.h = { RECORD_PYTHON_CODE, sizeof(bare), s->h.time_ns },
		.leader_start_ns = s->leader_start_ns,
		.code = frame_payload(words[0]),
		.key = words[2],
		.pid = s->pid,
		.layout = a->subject->python.layout,
	};
	struct python_code_record *whole;

	if (!words[2] || roll->calls->knows(roll->ctx, s->pid, s->leader_start_ns, words))
		return;
	whole = python_reader__read(&bare, a->subject->python.code_type);
	if (whole)
		roll->calls->apply(roll->ctx, &whole->h);
	free(whole);
}

static void apply_codes(struct roll *roll, const struct attendee *a)
{
	uint32_t cnt;
	const __u64 *words = user_words(a->sample, &cnt), *end = words + cnt, *frame;

	while ((frame = next_python(&words, end)))
		apply_code(roll, a, (const void *)a->sample, frame);
}

static bool keep_sample(struct attendee *a, const struct record_header *rec)
{
	const __u64 *words, *end;
	uint32_t cnt;

	drop_stack(a);
	a->sample = malloc(rec->size);
	if (!a->sample)
		return false;
	memcpy(a->sample, rec, rec->size);
	words = user_words(a->sample, &cnt);
	end = words + cnt;
	while (next_python(&words, end))
		a->frame_cnt++;
	return true;
}

/* The frames of a walk are those of the sample, or, where the thread ran on, those of its callers that
 * are the same still: counted from the oldest. */
static void take_locals(struct roll *roll, struct attendee *a, const struct walked_python *walked)
{
	uint32_t cnt, n = a->frame_cnt, skip;
	const __u64 *words = user_words(a->sample, &cnt), *end = words + cnt, *frame;
	struct python_memory memory = process_memory__python(roll->parts.memory);
	size_t bytes = 0, size;

	if (!roll->parts.with_locals || !n)
		return;
	a->locals = calloc(n, sizeof(*a->locals));
	if (!a->locals)
		return;
	for (uint32_t i = 0; bytes < LOCALS_BYTES && (frame = next_python(&words, end)); i++) {
		if (walked->frame_cnt + i < n)
			continue;
		skip = walked->frame_cnt + i - n;
		a->locals[i] = frame_locals(&memory, &a->subject->python.layout,
					    walked->frames[skip], frame_payload(frame[0]), &size);
		bytes += a->locals[i] ? size : 0;
	}
}

static void walk(struct roll *roll, struct attendee *a)
{
	const struct subject *s = a->subject;
	const struct process *process = proc_table__find(roll->parts.processes, s->pid);
	struct live_stack stack;

	a->ended = !process;
	if (!process)
		return;
	process_memory__forget(roll->parts.memory, s->pid);
	stack = live_walker__walk(roll->parts.walker, process, s->is_python ? &s->python : NULL,
				  &a->seen);
	a->ran = false;
	if (!keep_sample(a, &stack.sample->h))
		return;
	take_locals(roll, a, &stack.python);
}

static void count_in(struct roll *roll, struct attendee *a)
{
	a->caught = true;
	apply_codes(roll, a);
	roll->calls->apply(roll->ctx, a->sample);
}

/* Has it slept all the while? */
static void see_again(void *ctx, const struct dumped_thread *t)
{
	struct roll *roll = ctx;
	struct attendee *a = find(roll, t->tid);

	if (a && !a->caught && a->sample && a->round == roll->round &&
	    !((a->seen.flags | t->flags) & DUMPED_ON_CPU) && a->seen.switches == t->switches)
		count_in(roll, a);
}

int roll__call(struct roll *roll)
{
	struct attendee *a;
	int err;

	roll->round++;
	err = threads__each(roll->parts.threads, see, roll);
	if (err)
		return err;
	for (a = roll->attendees; a; a = a->hh.next) {
		if (a->caught)
			continue;
		a->ended = a->round != roll->round;
		if (!a->ended && !(a->seen.flags & DUMPED_ON_CPU))
			walk(roll, a);
	}
	return threads__each(roll->parts.threads, see_again, roll);
}

bool roll__take(struct roll *roll, const struct record_header *rec)
{
	const struct sample_record *sample = (const void *)rec;
	struct attendee *a = find(roll, sample->tid);
	struct walked_python walked = { .frame_cnt = 0 };

	if (!a || a->caught || a->subject->pid != sample->pid || !keep_sample(a, rec))
		return false;
	a->ran = true;
	a->caught = true;
	if (a->subject->is_python) {
		process_memory__forget(roll->parts.memory, sample->pid);
		walked = live_walker__python(roll->parts.walker, &a->subject->python,
					     a->seen.fs_base);
		take_locals(roll, a, &walked);
		apply_codes(roll, a);
	}
	return true;
}

bool roll__complete(const struct roll *roll)
{
	for (const struct attendee *a = roll->attendees; a; a = a->hh.next)
		if (!a->caught && !a->ended)
			return false;
	return true;
}

void roll__settle(struct roll *roll)
{
	for (struct attendee *a = roll->attendees; a; a = a->hh.next)
		if (!a->caught && a->sample) {
			apply_codes(roll, a);
			roll->calls->apply(roll->ctx, a->sample);
		}
}

static int compare_attendees(const struct attendee *a, const struct attendee *b)
{
	if (a->subject->pid != b->subject->pid)
		return a->subject->pid < b->subject->pid ? -1 : 1;
	return a->tid < b->tid ? -1 : a->tid > b->tid; /* the first thread has the process's id */
}

struct attendee *roll__first(struct roll *roll)
{
	HASH_SORT(roll->attendees, compare_attendees);
	return roll->attendees;
}
