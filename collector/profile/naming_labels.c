// SPDX-License-Identifier: Apache-2.0
/* The labels of a stack: its samples' own, and those that its frames tell. */
#include <string.h>

#include "collector/cli/options.h"
#include "collector/profile/naming_parts.h"

static void add_number(struct naming *n, const char *key, int64_t num, const char *unit)
{
	profile__add_label(n->profile, &(struct profile_label){ .key = naming__string(n, key),
								.num = num,
								.unit = naming__string(n, unit) });
}

static void add_word(struct naming *n, const char *key, const char *text)
{
	profile__add_label(n->profile, &(struct profile_label){ .key = naming__string(n, key),
								.str = naming__string(n, text) });
}

static void add_text(struct naming *n, const char *key, uint32_t id)
{
	const char *text = strtab__text(aggregate__strings(n->ingest->aggregate), id);

	if (*text)
		add_word(n, key, text);
}

static void add_labels(struct naming *n, const struct label_set *l)
{
	if (l->pid)
		add_number(n, "pid", l->pid, "pid");
	if (l->tid)
		add_number(n, "tid", l->tid, "tid");
	if (l->cpu)
		add_number(n, "cpu", l->cpu - 1, "cpu");
	if (l->timestamp_ns)
		add_number(n, "timestamp_ns", (int64_t)l->timestamp_ns, "nanoseconds");
	add_text(n, "comm", l->comm);
	add_text(n, "thread_comm", l->thread_comm);
	add_text(n, "stop", l->stop);
}

/* The innermost Python frame's. */
static void add_python_version(struct naming *n, const struct stack *stack)
{
	uint32_t cnt, function = PYTHON_NO_FUNCTION;
	const struct location *locations = aggregate__locations(n->ingest->aggregate, &cnt);
	char text[16];

	for (uint32_t i = 0; i < stack->cnt && function == PYTHON_NO_FUNCTION; i++)
		if (n->roles[stack->locations[i]] == ROLE_PYTHON)
			function = locations[stack->locations[i]].off >> 32;
	if (function == PYTHON_NO_FUNCTION)
		return;
	python_version_text(python_codes__function(n->ingest->python_codes, function), text);
	add_word(n, "python_version", text);
}

/* The frame is the interpreter's, or the Python frames that stand for its eval loop begin here. */
static bool in_interpreter(const struct naming *n, const struct stack *stack, uint32_t i)
{
	uint32_t cnt, at = i < stack->cnt ? stack->locations[i] : 0;
	const struct location *locations = aggregate__locations(n->ingest->aggregate, &cnt);
	const struct binary *b;

	if (i >= stack->cnt || n->roles[at] == ROLE_PYTHON)
		return i < stack->cnt;
	b = binaries__canonical_at(n->ingest->binaries, locations[at].binary);
	return b && b->python && b->python->is_python;
}

/* In user mode a thread that waits for the GIL is seen by the function that it is in; where that has no
 * name, by what it calls: the interpreter waits with a limit for nothing else. */
static bool takes_gil(const struct naming *n, const struct stack *stack)
{
	for (uint32_t i = 0; i < stack->cnt; i++) {
		switch ((enum frame_role)n->roles[stack->locations[i]]) {
		case ROLE_TAKES_GIL:
			return true;
		case ROLE_TIMED_WAIT:
			return in_interpreter(n, stack, i + 1);
		case ROLE_PYTHON:
			return false;
		default:
			break;
		}
	}
	return false;
}

static void add_gil(struct naming *n, const struct stack *stack, uint32_t gil)
{
	static const char *const words[] = {
		[PYTHON_GIL_NONE] = "none",
		[PYTHON_GIL_HOLDS] = "holds",
		[PYTHON_GIL_WAITS] = "waits",
	};

	if (gil == PYTHON_GIL_NONE && takes_gil(n, stack))
		gil = PYTHON_GIL_WAITS;
	if (gil != PYTHON_GIL_UNKNOWN)
		add_word(n, "gil", words[gil]);
}

/* What ran, as it is shown. */
static const char *class_of(enum frame_role ran)
{
	switch (ran) {
	case ROLE_KERNEL:
		return "kernel";
	case ROLE_PYTHON:
		return "python";
	default:
		return "native";
	}
}

/* Most samples have the same labels as others: they share them. */
static void share(struct naming *n, struct label_run *last, struct profile_sample *sample)
{
	struct profile *p = n->profile;
	const struct profile_label *labels = p->labels;
	uint32_t first = sample->first_label, cnt = p->labels_cnt - first;

	if (cnt && cnt == last->cnt &&
	    !memcmp(&labels[first], &labels[last->first], cnt * sizeof(*labels))) {
		p->labels_cnt = first;
		sample->first_label = last->first;
	}
	sample->label_cnt = cnt;
	*last = (struct label_run){ sample->first_label, cnt };
}

void naming__labels(struct naming *n, const struct stack *stack, enum frame_role ran,
		    struct profile_sample *sample)
{
	const struct label_set *set = aggregate__labels(n->ingest->aggregate, stack->labels);
	uint32_t flags = n->ingest->label_flags;

	sample->first_label = n->profile->labels_cnt;
	add_labels(n, set);
	add_gil(n, stack, set->gil);
	if (flags & LABEL_CLASS)
		add_word(n, "class", class_of(ran));
	if (flags & LABEL_PYTHON_VERSION)
		add_python_version(n, stack);
	share(n, &n->runs[stack->labels], sample);
}
