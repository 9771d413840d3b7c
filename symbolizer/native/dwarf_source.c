// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/dwarf_source.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "symbolizer/native/dwarf_unit_source.h"

#define NO_UNIT UINT32_MAX
#define MAX_THREADS 4
#define UNITS_PER_THREAD 8 /* fewer are not worth one */

struct job { /* a unit that was hit: owners[first .. first + cnt) */
	uint32_t unit;
	uint32_t first;
	uint32_t cnt;
};

struct owner { /* of an address */
	uint32_t unit;
	uint32_t addr; /* index in the request */
};

struct work {
	const struct dwarf_file *file;
	const struct dwarf_request *request;
	struct owner *owners; /* owned; sorted by unit, then address */
	struct job *jobs; /* owned */
	uint32_t job_cnt;
	uint32_t *silent; /* owned; units that may have any address */
	uint32_t silent_cnt;
	struct dwarf_package package;
	atomic_uint next; /* job */
};

struct worker {
	struct work *work;
	struct dwarf_unit_source source; /* owned */
	pthread_t thread;
	bool running;
	int err;
};

struct claim { /* while the ranges of a unit stream by */
	const struct dwarf_request *request;
	struct owner *owners;
	uint32_t unit;
	bool any;
};

static uint32_t first_from(const struct dwarf_request *q, uint64_t addr)
{
	uint32_t low = 0, high = q->cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (q->elf_vaddrs[mid] < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void claim_range(void *ctx, uint64_t low, uint64_t high)
{
	struct claim *c = ctx;

	c->any = true;
	for (uint32_t i = first_from(c->request, low);
	     i < c->request->cnt && c->request->elf_vaddrs[i] < high; i++)
		if (c->owners[i].unit == NO_UNIT)
			c->owners[i].unit = c->unit;
}

/* Before DWARF 4 a unit's entry may say nothing of its code. */
static bool may_hide_code(const struct dwarf_unit *u)
{
	return u->shape.version < 4 && u->line_off != DWARF_NO_OFFSET && u->first_die < u->end;
}

static void claim_addresses(struct work *w, struct dwarf_reader *reader)
{
	for (uint32_t i = 0; i < w->request->cnt; i++)
		w->owners[i] = (struct owner){ NO_UNIT, i };
	for (uint32_t i = 0; i < w->file->unit_cnt && !dwarf_reader__tick(reader); i++) {
		const struct dwarf_unit *u = &w->file->units[i];
		struct claim c = { w->request, w->owners, i, false };

		dwarf_unit__ranges(u, reader, u->low_pc, u->high_pc, u->ranges, claim_range, &c);
		if (!c.any && may_hide_code(u))
			w->silent[w->silent_cnt++] = i;
	}
}

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->unit != y->unit)
		return x->unit < y->unit ? -1 : 1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* One job per unit that was hit; silent units get all that nobody claimed. */
static void make_jobs(struct work *w)
{
	uint32_t cnt = w->request->cnt, i;

	qsort(w->owners, cnt, sizeof(*w->owners), compare_owners);
	for (i = 0; i < cnt && w->owners[i].unit != NO_UNIT; i++) {
		if (!w->job_cnt || w->jobs[w->job_cnt - 1].unit != w->owners[i].unit)
			w->jobs[w->job_cnt++] = (struct job){ .unit = w->owners[i].unit,
							      .first = i };
		w->jobs[w->job_cnt - 1].cnt++;
	}
	for (uint32_t u = 0; i < cnt && u < w->silent_cnt; u++)
		w->jobs[w->job_cnt++] = (struct job){ w->silent[u], i, cnt - i };
}

static int run_job(struct worker *me, const struct job *job)
{
	const struct work *w = me->work;
	scope_memory uint64_t *addrs = malloc(job->cnt * sizeof(*addrs));
	scope_memory uint32_t *chains = malloc(job->cnt * sizeof(*chains));

	if (!addrs || !chains)
		return -ENOMEM;
	for (uint32_t i = 0; i < job->cnt; i++) {
		chains[i] = w->owners[job->first + i].addr;
		addrs[i] = w->request->elf_vaddrs[chains[i]];
	}
	return dwarf_unit_source__add(&me->source, &w->file->units[job->unit], addrs, chains,
				      job->cnt);
}

static void *run_worker(void *arg)
{
	struct worker *me = arg;

	while (!me->err && !me->source.reader.late) {
		uint32_t i = atomic_fetch_add(&me->work->next, 1);

		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is always a worker */
		if (i >= me->work->job_cnt)
			break;
		me->err = run_job(me, &me->work->jobs[i]);
	}
	return NULL;
}

static uint32_t thread_cnt(const struct work *w)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t cnt = w->job_cnt / UNITS_PER_THREAD + 1;

	if (cnt > MAX_THREADS)
		cnt = MAX_THREADS;
	return cpus > 0 && cnt > (uint32_t)cpus ? (uint32_t)cpus : cnt;
}

static int run_jobs(struct work *w, struct source_table *to, struct dwarf_outcome *outcome)
{
	struct worker workers[MAX_THREADS] = { 0 };
	uint32_t cnt = thread_cnt(w);
	int err = 0;

	for (uint32_t i = 0; i < cnt && !err; i++) {
		workers[i].work = w;
		err = dwarf_unit_source__init(&workers[i].source, w->file, w->request, &w->package);
	}
	for (uint32_t i = 1; i < cnt && !err; i++)
		workers[i].running = !pthread_create(&workers[i].thread, NULL, run_worker,
						     &workers[i]);
	if (!err)
		run_worker(&workers[0]);
	for (uint32_t i = 0; i < cnt; i++) {
		struct worker *me = &workers[i];

		if (me->running)
			pthread_join(me->thread, NULL);
		err = err ? err : me->err;
		if (!err && !source_table__merge(to, me->source.table))
			err = -ENOMEM;
		outcome->late |= me->source.reader.late;
		outcome->damaged |= me->source.reader.damaged;
		outcome->split_missing |= me->source.split_missing;
		dwarf_unit_source__fini(&me->source);
	}
	return err;
}

static int run(struct work *w, struct source_table *to, struct dwarf_outcome *outcome)
{
	struct dwarf_reader reader = { .deadline_ns = w->request->deadline_ns };

	claim_addresses(w, &reader);
	outcome->late = reader.late;
	outcome->damaged = reader.damaged;
	dwarf_reader__fini(&reader);
	make_jobs(w);
	return run_jobs(w, to, outcome);
}

int dwarf_source(const struct dwarf_file *file, const struct dwarf_request *request,
		 struct source_table **ret_table, struct dwarf_outcome *ret_outcome)
{
	scope_free(source_table) struct source_table *table = source_table__new(request->cnt);
	struct work w = { .file = file, .request = request };
	struct dwarf_outcome outcome = { 0 };
	int err = -ENOMEM;

	w.owners = malloc((request->cnt + 1UL) * sizeof(*w.owners));
	w.jobs = malloc((request->cnt + file->unit_cnt + 1UL) * sizeof(*w.jobs));
	w.silent = malloc((file->unit_cnt + 1UL) * sizeof(*w.silent));
	pthread_mutex_init(&w.package.lock, NULL);
	if (table && w.owners && w.jobs && w.silent)
		err = run(&w, table, &outcome);
	dwarf_file__free(w.package.file);
	pthread_mutex_destroy(&w.package.lock);
	free(w.owners);
	free(w.jobs);
	free(w.silent);
	if (err)
		return err;
	*ret_table = take_ptr(table);
	*ret_outcome = outcome;
	return 0;
}
