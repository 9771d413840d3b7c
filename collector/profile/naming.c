// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/naming.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/profile/naming_parts.h"
#include "collector/source/endings.h"
#include "common/clock.h"

static void name_location(struct naming *n, const struct location *l, uint32_t idx)
{
	struct binary *b;

	if (l->binary == LOCATION_TRUNCATED_BINARY) {
		n->location_of[idx] = naming__add_synthetic(n, "[truncated]");
		return;
	}
	if (l->binary == LOCATION_PYTHON_BINARY) {
		n->roles[idx] = ROLE_PYTHON;
		n->location_of[idx] = naming__python(n, l);
		return;
	}
	if (l->binary == BINARY_KERNEL_ID) {
		n->roles[idx] = ROLE_KERNEL;
		n->location_of[idx] = naming__kernel(n, l->off);
		return;
	}
	b = binaries__at(n->ingest->binaries, l->binary);
	if (b && b->kind != BINARY_ANON) {
		naming__add_place(n, b, l, idx); /* later, with the others of its file */
		return;
	}
	n->location_of[idx] = naming__anon(n, l->off);
	n->calls.not_judged += l->flags & LOCATION_F_RETURN;
}

static bool has_python(const struct naming *n, const struct stack *stack)
{
	for (uint32_t i = 0; i < stack->cnt; i++)
		if (n->roles[stack->locations[i]] == ROLE_PYTHON)
			return true;
	return false;
}

/* With Python frames the interpreter's own calls are left out: those known by name, and those without one
 * unless they are what ran: their callees go to the nearest caller with a name. Returns what ran. */
static enum frame_role add_frames(struct naming *n, const struct stack *stack)
{
	bool all = n->ingest->python_internals || !has_python(n, stack);
	enum frame_role innermost = ROLE_NATIVE;
	uint32_t before = n->profile->frames_cnt;
	bool ran = true;

	for (uint32_t i = 0; i < stack->cnt; i++) {
		enum frame_role role = n->roles[stack->locations[i]];

		if (!all && (role == ROLE_GLUE || (role == ROLE_NAMELESS && !ran)))
			continue;
		ran = ran && role == ROLE_KERNEL;
		if (n->profile->frames_cnt == before)
			innermost = role;
		profile__add_frame(n->profile, n->location_of[stack->locations[i]]);
	}
	return innermost;
}

static bool is_refuted(const struct naming *n, const struct stack *stack)
{
	for (uint32_t i = 0; i < stack->cnt; i++)
		if (n->refuted[stack->locations[i]])
			return true;
	return false;
}

/* Samples of one stack with other labels come one after another, and share its frames. */
static void name_stack(struct naming *n, const struct stack *stack)
{
	n->last.first_frame = n->profile->frames_cnt;
	n->last.ran = add_frames(n, stack);
	n->last.frame_cnt = n->profile->frames_cnt - n->last.first_frame;
	n->last.refuted = is_refuted(n, stack);
	n->last.id = stack->id;
	n->last.known = true;
}

static void add_stack(void *ctx, const struct stack *stack)
{
	struct naming *n = ctx;
	struct profile *p = n->profile;
	struct profile_sample sample;
	int64_t values[] = { (int64_t)stack->samples, (int64_t)stack->weight };

	if (!n->last.known || n->last.id != stack->id)
		name_stack(n, stack);
	sample = (struct profile_sample){ .first_frame = n->last.first_frame,
					  .frame_cnt = n->last.frame_cnt };
	naming__labels(n, stack, n->last.ran, &sample);
	if (n->last.refuted)
		n->calls.refuted_samples += stack->samples;
	profile__add_sample(p, &sample, values);
}

static void add_lost(struct naming *n)
{
	uint64_t lost = ingest__lost(n->ingest);
	struct profile_sample sample = { .first_frame = n->profile->frames_cnt, .frame_cnt = 1 };
	int64_t values[] = { (int64_t)lost, (int64_t)lost * n->period };

	if (!lost)
		return;
	profile__add_frame(n->profile, naming__add_synthetic(n, "[lost]"));
	profile__add_sample(n->profile, &sample, values);
}

static void add_types(struct naming *n)
{
	const struct event_choice *event = n->options->event;
	struct profile *p = n->profile;
	scope_memory char *start = ingest__host_value(n->ingest, "start_utc_ns");

	p->value_types[0] = (struct profile_value_type){ naming__string(n, "samples"),
							 naming__string(n, "count") };
	p->value_types[1] = (struct profile_value_type){ naming__string(n, event->sample_type),
							 naming__string(n, event->sample_unit) };
	p->value_type_cnt = 2;
	p->period_type = p->value_types[1];
	n->period = n->options->period ? (int64_t)n->options->period : 1;
	p->period = n->period;
	p->default_type = naming__string(n, event->sample_type);
	p->duration_ns = (int64_t)n->ingest->duration_ns;
	p->time_ns = start ? strtoll(start, NULL, 10) : 0;
}

static void add_call_comment(struct naming *n)
{
	const struct call_counts *c = &n->calls;

	profile__add_comment(n->profile,
			     "refuted frames: %" PRIu64 " of %" PRIu64
			     " distinct return addresses, %" PRIu64 " samples (not judged: %" PRIu64
			     ", starts of functions: %" PRIu64 ")",
			     c->refuted, c->judged, c->refuted_samples, c->not_judged, c->starts);
}

static void add_comments(struct naming *n)
{
	const struct counts *c = &n->ingest->counts;
	struct profile *p = n->profile;
	scope_memory char *host = ingest__host_value(n->ingest, "host");
	scope_memory char *kernel = ingest__host_value(n->ingest, "kernel");
	uint64_t frames = n->named + n->placed;

	if (n->options->event->period && n->options->period)
		profile__add_comment(p, "host: %s, kernel %s, 1 of %" PRIu64 " %s", host, kernel,
				     n->options->period, n->options->event->name);
	else
		profile__add_comment(p, "host: %s, kernel %s, %u Hz %s", host, kernel,
				     n->options->frequency, n->options->event->name);
	profile__add_comment(p, "lost samples: %" PRIu64, ingest__lost(n->ingest));
	profile__add_comment(p, "truncated stacks: %" PRIu64, n->ingest->truncated);
	profile__add_comment(p, "unnamed locations: %.1f%% of %" PRIu64,
			     frames ? 100.0 * (double)n->placed / (double)frames : 0.0, frames);
	add_call_comment(n);
	profile__add_comment(p, "# event records lost: %" PRIu64, n->ingest->event_records_lost);
	for (int i = 0; i < STOP_CNT; i++)
		if (c->stops[i])
			profile__add_comment(p, "# stop %s: %" PRIu64, stop_endings[i].name,
					     (uint64_t)c->stops[i]);
	for (int i = 0; i < PYTHON_END_CNT; i++)
		if (c->python_ends[i] && i != PYTHON_NONE)
			profile__add_comment(p, "# python %s: %" PRIu64, python_endings[i].name,
					     (uint64_t)c->python_ends[i]);
	for (int i = 0; i < COUNTER_CNT; i++)
		profile__add_comment(p, "# count %s: %" PRIu64, counter_endings[i].name,
				     (uint64_t)c->counters[i]);
}

static void naming_fini(struct naming *n)
{
	naming__free_rows(n);
	free(n->places);
	free(n->location_of);
	free(n->roles);
	free(n->refuted);
	free(n->runs);
	profile__free(n->profile);
}

static int build(struct naming *n)
{
	uint32_t cnt;
	const struct location *locations = aggregate__locations(n->ingest->aggregate, &cnt);
	scope_memory char *host = ingest__host_value(n->ingest, "host");
	char first[300];
	int err;

	n->profile = profile__new();
	n->location_of = malloc((cnt + 1) * sizeof(*n->location_of));
	n->roles = calloc(cnt + 1, 1);
	n->refuted = calloc(cnt + 1, sizeof(*n->refuted));
	n->runs = calloc(aggregate__labels_cnt(n->ingest->aggregate) + 1UL, sizeof(*n->runs));
	if (!n->profile || !n->location_of || !n->roles || !n->refuted || !n->runs ||
	    naming__reserve_places(n, cnt))
		return -ENOMEM;
	snprintf(first, sizeof(first), "[host:%s]", host);
	profile__add_mapping(n->profile,
			     &(struct profile_mapping){ .filename = naming__string(n, first) });
	add_types(n);
	n->started_ns = now_ns();
	for (uint32_t i = 0; i < cnt; i++)
		name_location(n, &locations[i], i);
	err = naming__files(n);
	if (err)
		return err;
	aggregate__for_each(n->ingest->aggregate, add_stack, n);
	aggregate__drop_stacks(n->ingest->aggregate); /* sorting and writing need the memory */
	add_lost(n);
	add_comments(n);
	return profile__normalize(n->profile);
}

int profile_from(struct ingest *ingest, const struct naming_options *options,
		 struct profile **ret_profile, struct call_counts *ret_calls)
{
	struct naming n = { .ingest = ingest, .options = options };
	int err = build(&n);

	if (!err) {
		*ret_profile = take_ptr(n.profile);
		*ret_calls = n.calls;
	}
	naming_fini(&n);
	return err;
}
