// SPDX-License-Identifier: Apache-2.0
#include "collector/dump/print.h"

#include <inttypes.h>
#include <string.h>

#include "bpf/shared/frame.h"
#include "collector/source/endings.h"
#include "common/text.h"

#define PYTHON_MAPPING "[cpython "

/* A thread's stack, named. */
struct thread_view {
	const struct dump_view *dump;
	const struct attendee *thread;
	const struct profile_sample *named; /* NULL: no stack */
};

static const char *text_of(const struct dump_view *v, uint32_t id)
{
	return strtab__text(v->profile->strings, id);
}

static const struct profile_label *label(const struct dump_view *v, const struct profile_sample *s,
					 const char *key)
{
	for (uint32_t i = 0; i < s->label_cnt; i++) {
		const struct profile_label *l = &v->profile->labels[s->first_label + i];

		if (!strcmp(text_of(v, l->key), key))
			return l;
	}
	return NULL;
}

static bool has_number(const struct dump_view *v, const struct profile_sample *s, const char *key,
		       uint32_t number)
{
	const struct profile_label *l = label(v, s, key);

	return l && l->num == number;
}

/* "" for none. */
static const char *word(const struct thread_view *t, const char *key)
{
	const struct profile_label *l = t->named ? label(t->dump, t->named, key) : NULL;

	return l ? text_of(t->dump, l->str) : "";
}

static const struct profile_sample *sample_of(const struct dump_view *v, const struct attendee *a)
{
	for (uint32_t i = 0; i < v->profile->samples_cnt; i++) {
		const struct profile_sample *s = &v->profile->samples[i];

		if (has_number(v, s, "tid", a->tid) && has_number(v, s, "pid", a->subject->pid))
			return s;
	}
	return NULL;
}

static const struct profile_location *location_at(const struct thread_view *t, uint32_t i)
{
	const struct profile *p = t->dump->profile;

	return &p->locations[p->frames[t->named->first_frame + i]];
}

static const char *file_of(const struct thread_view *t, const struct profile_location *l)
{
	const struct profile *p = t->dump->profile;

	return l->mapping == PROFILE_NONE ? "" : text_of(t->dump, p->mappings[l->mapping].filename);
}

static const char *function_of(const struct thread_view *t, const struct profile_location *l,
			       uint32_t line)
{
	const struct profile *p = t->dump->profile;

	return text_of(t->dump, p->functions[p->lines[l->first_line + line].function].name);
}

static bool is_kernel(const char *file)
{
	return !strncmp(file, "[kernel", strlen("[kernel"));
}

static bool is_python(const char *file)
{
	return !strncmp(file, PYTHON_MAPPING, strlen(PYTHON_MAPPING)) || !strcmp(file, "[python]");
}

/* The kernel's way to sleep, whatever for. */
static bool is_scheduler(const char *function)
{
	static const char *const starts[] = { "__schedule",  "schedule",    "preempt_schedule",
					      "io_schedule", "__switch_to", "context_switch" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (!strncmp(function, starts[i], strlen(starts[i])))
			return true;
	return false;
}

/* Where in the kernel it sleeps; "" in none. */
static const char *kernel_place(const struct thread_view *t)
{
	for (uint32_t i = 0; t->named && i < t->named->frame_cnt; i++) {
		const struct profile_location *l = location_at(t, i);

		if (!is_kernel(file_of(t, l)))
			break;
		if (l->line_cnt && !is_scheduler(function_of(t, l, 0)))
			return function_of(t, l, 0);
	}
	return "";
}

/* include/linux/sched.h: the bits of __state. */
static const char *state_text(const struct thread_view *t)
{
	const struct dumped_thread *seen = &t->thread->seen;

	if (t->thread->ended)
		return "ended";
	if (t->thread->ran)
		return "running";
	if (seen->flags & DUMPED_EXITING)
		return "exiting";
	if (!seen->state)
		return t->thread->subject->frozen ? "ran until it was stopped" :
						    "runnable, waits for a CPU";
	if (seen->state & 4)
		return "stopped by a signal";
	if (seen->state & 8)
		return "stopped by a debugger";
	return seen->state & 2 && !(seen->state & 0x400) ? "sleeping, not interruptible" :
							   "sleeping";
}

/* As the program calls it, or else the kernel. */
static void print_name(const struct thread_view *t)
{
	const char *name = word(t, "thread_comm");
	char comm[COMM_LEN];

	memcpy(comm, t->thread->seen.comm, sizeof(comm));
	comm[COMM_LEN - 1] = 0;
	text_print(t->dump->to, *name ? name : comm);
}

static void print_head(const struct thread_view *t)
{
	const struct attendee *a = t->thread;
	const char *place = a->seen.state ? kernel_place(t) : "", *gil = word(t, "gil");
	FILE *to = t->dump->to;

	fprintf(to, "\nThread %u \"", a->tid);
	print_name(t);
	fprintf(to, "\": %s", state_text(t));
	if (*place && !a->ran) {
		fputs(" in ", to);
		text_print(to, place);
	}
	if (!strcmp(gil, "holds") || !strcmp(gil, "waits"))
		fprintf(to, *gil == 'h' ? ", holds the GIL" : ", waits for the GIL");
	fputc('\n', to);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* function (file:line), function (library), [library+0x...] */
static void print_line(const struct thread_view *t, const struct profile_location *l, uint32_t i)
{
	const struct profile *p = t->dump->profile;
	const struct profile_line *line = &p->lines[l->first_line + i];
	const char *source = text_of(t->dump, p->functions[line->function].filename);
	const char *name = function_of(t, l, i), *file = file_of(t, l);
	FILE *to = t->dump->to;

	fputs("    ", to);
	text_print(to, name);
	if (is_kernel(file)) {
		fputs(" [kernel]", to);
	} else if (*source) {
		fputs(" (", to);
		text_print(to, source);
		if (line->line)
			fprintf(to, ":%" PRId64, line->line);
		fputs(")", to);
	} else if (*name != '[' && *file) {
		fputs(" (", to);
		text_print(to, base_name(file));
		fputs(")", to);
	}
	fputc('\n', to);
}

static void print_locals(const struct thread_view *t, uint32_t frame)
{
	const struct attendee *a = t->thread;
	const char *at = a->locals && frame < a->frame_cnt ? a->locals[frame] : NULL;
	FILE *to = t->dump->to;

	if (!at)
		at = a->ran ?
			     "(the thread ran on: the local variables are gone; --stop holds it)\0" :
			     "(too many local variables: those of outer frames are left out)\0";
	for (; *at; at += strlen(at) + 1) {
		fputs("        ", to);
		text_print(to, at);
		fputc('\n', to);
	}
}

/* The index, among the Python frames of the sample, of the next one that is shown. */
struct python_frames {
	const __u64 *at;
	const __u64 *end;
	uint32_t idx;
};

static struct python_frames python_frames(const struct attendee *a)
{
	const struct sample_record *s = (const void *)a->sample;
	const __u64 *words = s->h.type == RECORD_COPY ? copy_python_words((const void *)s) :
							sample_words(s);

	return (struct python_frames){ .at = words, .end = words + s->user_words };
}

static bool is_hidden(const struct thread_view *t, const __u64 *words)
{
	const struct sample_record *s = (const void *)t->thread->sample;
	struct python_place place;

	return python_codes__find(t->dump->ingest->python_codes, s->pid, s->leader_start_ns, words,
				  &place) == PYTHON_HIDDEN_FUNCTION;
}

static uint32_t next_shown(const struct thread_view *t, struct python_frames *f)
{
	while (f->at < f->end) {
		const __u64 *words = f->at;
		uint32_t kind = frame_kind(*words);

		f->at += 1 + frame_extra_words(kind);
		if (kind != FRAME_PYTHON || f->at > f->end)
			continue;
		f->idx++;
		if (!is_hidden(t, words))
			return f->idx - 1;
	}
	return UINT32_MAX;
}

static void print_frames(const struct thread_view *t)
{
	struct python_frames frames = python_frames(t->thread);

	for (uint32_t i = 0; i < t->named->frame_cnt; i++) {
		const struct profile_location *l = location_at(t, i);

		if (is_kernel(file_of(t, l)) && !t->dump->with_kernel)
			continue;
		for (uint32_t n = 0; n < l->line_cnt; n++)
			print_line(t, l, n);
		if (t->dump->with_locals && is_python(file_of(t, l)))
			print_locals(t, next_shown(t, &frames));
	}
}

static void note(const struct thread_view *t, const char *text)
{
	fprintf(t->dump->to, "    (%s)\n", text);
}

static void print_notes(const struct thread_view *t)
{
	const struct sample_record *s = (const void *)t->thread->sample;

	if (s->h.type == RECORD_SAMPLE && s->stop < STOP_CNT && !stop_endings[s->stop].complete)
		note(t, stop_endings[s->stop].text);
	if (s->python_end < PYTHON_END_CNT && !python_endings[s->python_end].complete)
		note(t, python_endings[s->python_end].text);
	if (!t->thread->caught)
		note(t,
		     "it ran while its stack was read: frames may be of several moments; --stop holds it");
}

static void print_thread(const struct dump_view *v, const struct attendee *a)
{
	struct thread_view t = { v, a, a->sample ? sample_of(v, a) : NULL };

	print_head(&t);
	if (t.named) {
		print_frames(&t);
		print_notes(&t);
	} else if (a->ended) {
		note(&t, "it ended before its stack could be read");
	} else {
		note(&t,
		     "it ran all the while, and no sample of it could be taken; --stop holds it");
	}
}

static void print_version(FILE *to, const struct subject *s)
{
	fprintf(to, "Python %u.%u.%u%s\n", s->hexversion >> 24, s->hexversion >> 16 & 0xff,
		s->hexversion >> 8 & 0xff, s->free_threaded ? ", free-threaded" : "");
	if (s->refusal)
		fprintf(to, "(its frames cannot be read: %s)\n", python_refusal_text(s->refusal));
}

static void print_subject(FILE *to, const struct subject *s)
{
	fprintf(to, "Process %u: ", s->pid);
	text_print(to, s->command ? s->command : "?");
	fputc('\n', to);
	if (s->hexversion || s->refusal)
		print_version(to, s);
}

void dump_print(const struct dump_view *view, struct attendee *first,
		const struct subject *subjects, uint32_t subject_cnt)
{
	const struct attendee *a = first;

	for (uint32_t i = 0; i < subject_cnt; i++) {
		if (i)
			fputc('\n', view->to);
		print_subject(view->to, &subjects[i]);
		if (!a || a->subject != &subjects[i])
			fputs("(no thread of it was found: it has ended, or the kernel does not show it)\n",
			      view->to);
		for (; a && a->subject == &subjects[i]; a = a->hh.next)
			print_thread(view, a);
	}
}
