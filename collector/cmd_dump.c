// SPDX-License-Identifier: Apache-2.0
/*
 * sonde dump: a session that samples only threads that run, and only once each; the stacks of all
 * others come from collector/dump/.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/cli.h"
#include "collector/dump/freeze.h"
#include "collector/dump/print.h"
#include "collector/dump/roll.h"
#include "collector/dump/threads.h"
#include "collector/finish.h"
#include "collector/preflight.h"
#include "collector/profile/naming.h"
#include "collector/session.h"
#include "common/clock.h"
#include "common/log.h"

#define TABLES_NS 5000000000ULL /* for the unwind tables of all files of the processes */
#define CALL_NS 3000000000ULL /* for all threads to be caught */
#define TURN_MS 4
#define SAMPLES_HZ 499 /* of threads that run */

struct dump {
	const struct options *options; /* borrowed */
	struct options sampling; /* what the session is asked for */
	struct session *session; /* owned, as the rest */
	struct threads *threads;
	struct process_memory *memory;
	struct live_walker *walker;
	struct roll *roll;
	struct subject *subjects; /* sorted by pid */
	uint32_t subject_cnt;
	bool samples; /* the sampler was started */
};

static struct ingest *ingest_of(struct dump *d)
{
	return session__ingest(d->session);
}

static void on_apply(void *ctx, const struct record_header *rec)
{
	session__apply(((struct dump *)ctx)->session, rec);
}

static bool on_knows(void *ctx, uint32_t pid, uint64_t leader_start_ns, const __u64 *words)
{
	struct python_place place;

	return python_codes__find(ingest_of(ctx)->python_codes, pid, leader_start_ns, words,
				  &place) != PYTHON_NO_FUNCTION;
}

static const struct roll_calls calls = { on_apply, on_knows };

/* Once per thread. */
static bool on_sample(void *ctx, const struct record_header *sample)
{
	struct dump *d = ctx;

	session__drop_target(d->session, ((const struct sample_record *)sample)->tid);
	return roll__take(d->roll, sample);
}

static struct options sampling_options(const struct options *options)
{
	struct options o = *options;

	o.filter = FILTER_TID;
	o.ids_cnt = 0;
	o.all = false;
	o.no_kernel = false; /* for what a thread does */
	o.frequency = SAMPLES_HZ;
	o.labels = LABEL_PID | LABEL_TID | LABEL_THREAD_COMM | LABEL_GIL;
	return o;
}

static int check_processes(const struct options *options)
{
	for (uint32_t i = 0; i < options->ids_cnt; i++) {
		uint32_t id = options->ids[i], pid = proc_of_thread(id);

		if (!pid || pid == id)
			continue;
		log_error("%u is a thread of process %u: sonde dump %u", id, pid, pid);
		return -EINVAL;
	}
	return 0;
}

static int check(const struct options *options)
{
	struct options o = *options;

	if (check_processes(options))
		return -EINVAL;
	o.frequency = SAMPLES_HZ;
	o.output = "-";
	return preflight(&o);
}

/* Room for one more is there. False: no Python. */
static bool add_subject(struct dump *d, uint32_t pid)
{
	struct ingest *ingest = ingest_of(d);
	struct subject *s = &d->subjects[d->subject_cnt++];
	bool python = subject__init(s, pid, ingest->processes, ingest->binaries);

	s->is_python = s->is_python && !d->options->no_python;
	return python;
}

static bool is_taken(const struct dump *d, uint32_t pid)
{
	for (uint32_t i = 0; i < d->subject_cnt; i++)
		if (d->subjects[i].pid == pid)
			return true;
	return false;
}

static int take_named(struct dump *d)
{
	const struct options *o = d->options;

	d->subjects = calloc(o->ids_cnt + 1, sizeof(*d->subjects));
	if (!d->subjects)
		return -ENOMEM;
	session__prepare(d->session, o->ids, o->ids_cnt, TABLES_NS);
	for (uint32_t i = 0; i < o->ids_cnt; i++)
		if (!is_taken(d, o->ids[i]))
			add_subject(d, o->ids[i]);
	return 0;
}

/* -a: every process with an interpreter in it. */
static int take_pythons(struct dump *d)
{
	struct proc_table *processes = ingest_of(d)->processes;
	scope_memory uint32_t *pids = calloc(proc_table__cnt(processes) + 1, sizeof(*pids));
	struct process *p;

	d->subjects = calloc(proc_table__cnt(processes) + 1, sizeof(*d->subjects));
	if (!d->subjects || !pids)
		return -ENOMEM;
	session__open_files(d->session);
	for (p = proc_table__first(processes); p; p = p->hh.next) {
		if (add_subject(d, p->pid))
			pids[d->subject_cnt - 1] = p->pid;
		else
			subject__fini(&d->subjects[--d->subject_cnt]);
	}
	if (!d->subject_cnt) {
		log_error("no Python runs on this host");
		return -ESRCH;
	}
	session__prepare(d->session, pids, d->subject_cnt, TABLES_NS);
	return 0;
}

static int open_session(struct dump *d)
{
	int err = session__open(&d->sampling, &d->session);

	if (!err)
		err = session__follow(d->session);
	if (!err)
		err = d->options->all ? take_pythons(d) : take_named(d);
	if (err)
		return err;
	qsort(d->subjects, d->subject_cnt, sizeof(*d->subjects), subject__compare);
	return 0;
}

static int open_roll(struct dump *d)
{
	int err = threads__open(&d->threads);

	for (uint32_t i = 0; !err && i < d->subject_cnt; i++)
		err = threads__add_process(d->threads, d->subjects[i].pid);
	if (err)
		return err;
	d->memory = process_memory__new();
	if (d->memory)
		d->walker = live_walker__new(session__residence(d->session), ingest_of(d)->binaries,
					     d->memory, d->sampling.max_depth);
	if (d->walker)
		d->roll = roll__new(&(struct roll_parts){ d->threads, ingest_of(d)->processes,
							  d->walker, d->memory, d->subjects,
							  d->subject_cnt, d->options->locals },
				    &calls, d);
	return d->roll ? 0 : -ENOMEM;
}

static int start_sampling(struct dump *d)
{
	if (d->samples)
		return 0;
	d->samples = true;
	session__tap(d->session, on_sample, d);
	return session__sample(d->session);
}

/* Threads that ran a moment ago are sampled if they run still. */
static int sample_running(struct dump *d)
{
	int err = 0;

	for (struct attendee *a = roll__first(d->roll); a && !err; a = a->hh.next) {
		if (a->caught || a->ended || !(a->seen.flags & DUMPED_ON_CPU))
			continue;
		err = start_sampling(d);
		if (!err)
			err = session__add_target(d->session, a->tid);
	}
	if (!err)
		session__turn(d->session, TURN_MS);
	return err;
}

static int call_roll(struct dump *d)
{
	uint64_t until = now_ns() + CALL_NS;
	int err;

	do {
		err = roll__call(d->roll);
		if (!err && !roll__complete(d->roll))
			err = sample_running(d);
	} while (!err && !roll__complete(d->roll) && now_ns() < until);
	return err;
}

static const char *refusal(int err)
{
	switch (err) {
	case -EPERM:
		return "it is being traced, or we may not (CAP_SYS_PTRACE)";
	case -ESRCH:
		return "it has ended";
	case -ETIMEDOUT:
		return "a thread of it sleeps where nothing can stop it";
	default:
		return strerror(-err);
	}
}

static int freeze_all(struct dump *d, struct freeze **ret_freeze)
{
	scope_free(freeze) struct freeze *freeze = freeze__new();
	int err = freeze ? roll__look(d->roll) : -ENOMEM;

	for (uint32_t i = 0; !err && i < d->subject_cnt; i++) {
		int refused = freeze__process(freeze, d->subjects[i].pid);

		d->subjects[i].frozen = !refused || refused == -ETIMEDOUT;
		if (refused)
			log_warn("process %u was not stopped: %s", d->subjects[i].pid,
				 refusal(refused));
	}
	if (!err)
		*ret_freeze = take_ptr(freeze);
	return err;
}

static int catch_threads(struct dump *d)
{
	scope_free(freeze) struct freeze *freeze = NULL;
	int err = d->options->freeze ? freeze_all(d, &freeze) : 0;

	if (!err)
		err = call_roll(d);
	if (!err)
		roll__settle(d->roll);
	return err;
}

static int print(struct dump *d)
{
	scope_free(profile) struct profile *profile = NULL;
	struct call_counts calls_seen;
	struct dump_view view = { .to = stdout,
				  .ingest = ingest_of(d),
				  .with_locals = d->options->locals,
				  .with_kernel = !d->options->no_kernel };
	int err;

	if (!roll__first(d->roll)) {
		log_error(
			"no thread of process %u was found: it has ended, or the kernel does not show it",
			d->subjects[0].pid);
		return -ESRCH;
	}
	session__stop(d->session);
	err = make_profile(ingest_of(d), &d->sampling, &profile, &calls_seen);
	if (err)
		return err;
	view.profile = profile;
	dump_print(&view, roll__first(d->roll), d->subjects, d->subject_cnt);
	return fflush(stdout) ? -errno : 0;
}

static void dump_fini(struct dump *d)
{
	roll__free(d->roll);
	live_walker__free(d->walker);
	process_memory__free(d->memory);
	threads__free(d->threads);
	session__free(d->session);
	for (uint32_t i = 0; i < d->subject_cnt; i++)
		subject__fini(&d->subjects[i]);
	free(d->subjects);
}

int cmd_dump(const struct options *options)
{
	struct dump d = { .options = options, .sampling = sampling_options(options) };
	int err = check(options);

	if (err)
		return 1;
	err = open_session(&d);
	if (!err)
		err = open_roll(&d);
	if (!err)
		err = catch_threads(&d);
	if (!err)
		err = print(&d);
	if (err && err != -ESRCH)
		log_error("the dump failed: %s", strerror(-err));
	dump_fini(&d);
	return err ? 1 : 0;
}
