// SPDX-License-Identifier: Apache-2.0
#include "collector/report/stacks.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/report/frame_filter.h"
#include "collector/report/intake.h"
#include "collector/report/path.h"

/* A location with a million lines in a stack of a million such locations is a small file, and so are a
 * million lines of a function whose name has a million characters. */
#define MAX_FRAMES (100UL << 20)
#define MAX_NAMES (1UL << 30)

static int add_frame(struct stacks *s, uint32_t frame)
{
	if (s->frames_cnt == MAX_FRAMES)
		return -EFBIG;
	if (s->frames_cnt == s->frames_room) {
		size_t room = s->frames_room ? 2 * s->frames_room : 4096;
		uint32_t *more = realloc(s->frames, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->frames = more;
		s->frames_room = room;
	}
	s->frames[s->frames_cnt++] = frame;
	return 0;
}

static int add_row(struct stacks *s, const struct stack *row)
{
	if (s->rows_cnt == s->rows_room) {
		size_t room = s->rows_room ? 2 * s->rows_room : 1024;
		struct stack *more = realloc(s->rows, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->rows = more;
		s->rows_room = room;
	}
	s->rows[s->rows_cnt++] = *row;
	return 0;
}

static int add_location(struct stacks *s, const struct intake *in,
			const struct frame_filter *filter, uint32_t i)
{
	const struct profile_location *l = &in->profile->locations[i];
	uint32_t end = l->first_line + l->line_cnt;
	int err = 0;

	if (!l->line_cnt)
		return add_frame(s, in->bare_nodes[i] << 1);
	for (uint32_t line = frame_filter__first_line(filter, i); !err && line < end; line++)
		err = add_frame(s,
				in->line_nodes[line] << 1 | (line + 1 < end ? FRAME_INLINED : 0));
	return err;
}

/* In files and modules a call that stays inside is no step. */
static void merge_neighbours(struct stacks *s, size_t first)
{
	size_t to = first;

	for (size_t i = first; i < s->frames_cnt; i++)
		if (to == first || s->frames[to - 1] >> 1 != s->frames[i] >> 1)
			s->frames[to++] = s->frames[i];
	s->frames_cnt = to;
}

static int add_frames(struct stacks *s, struct intake *in, const struct frame_filter *filter,
		      const struct profile_sample *sample)
{
	enum report_by by = in->options->by;
	size_t first = s->frames_cnt;
	int err = 0;

	if (by == REPORT_BY_PROCESS || by == REPORT_BY_THREAD)
		return add_frame(s, intake__label_node(in, sample) << 1);
	for (uint32_t i = frame_filter__dropped(filter, sample); !err && i < sample->frame_cnt; i++)
		err = add_location(s, in, filter, in->profile->frames[sample->first_frame + i]);
	if (by == REPORT_BY_FILE || by == REPORT_BY_MODULE)
		merge_neighbours(s, first);
	return err;
}

static int add_sample(struct stacks *s, struct intake *in, const struct frame_filter *filter,
		      const struct profile_sample *sample, int64_t value)
{
	struct stack row = { .first = s->frames_cnt, .value = value };
	int err;

	s->samples++;
	if (!frame_filter__keeps(filter, sample))
		return 0;
	s->kept++;
	err = add_frames(s, in, filter, sample);
	row.cnt = (uint32_t)(s->frames_cnt - row.first);
	return err ? err : add_row(s, &row);
}

static int64_t scale(int64_t value, double factor)
{
	double scaled;

	if (factor == 1) /* exact: a double has 53 bits */
		return value;
	scaled = round((double)value * factor);
	return scaled > -0x1p63 && scaled < 0x1p63 ? (int64_t)scaled : 0;
}

/* In a difference that pprof saved: the sample is of the profile that was subtracted. */
static bool is_base(const struct profile *p, const struct profile_sample *sample)
{
	for (uint32_t i = 0; i < sample->label_cnt; i++) {
		const struct profile_label *label = &p->labels[sample->first_label + i];

		if (!strcmp(strtab__text(p->strings, label->key), "pprof::base") &&
		    !strcmp(strtab__text(p->strings, label->str), "true"))
			return true;
	}
	return false;
}

/* Sums of magnitudes; in a difference 100% is what was subtracted. */
struct totals {
	uint64_t all, base;
};

static int add_profile(struct stacks *s, const struct profile *p, uint32_t column, double factor,
		       bool minus, const struct stacks_options *options, struct totals *totals)
{
	scope_free(frame_filter) struct frame_filter *filter = NULL;
	struct intake in = { 0 };
	int err = frame_filter__new(p, options->focus, options->ignore, &filter);

	if (!err)
		err = intake__init(&in, s, p, options);
	for (uint32_t i = 0; !err && i < p->samples_cnt; i++) {
		const struct profile_sample *sample = &p->samples[i];
		int64_t value = scale(profile__value(p, sample, column), factor);

		totals->all += magnitude(value);
		if (minus || is_base(p, sample))
			totals->base += magnitude(value);
		if (minus)
			value = (int64_t)(0 - (uint64_t)value);
		if (value)
			err = add_sample(s, &in, filter, sample, value);
	}
	intake__fini(&in);
	return err;
}

/* Views hold the names of all nodes at once, to sort and to match them. */
static int check_names(const struct stacks *s)
{
	size_t left = MAX_NAMES;

	for (uint32_t i = 1; i <= stacks__nodes(s); i++) {
		struct node node = stacks__node(s, i);
		size_t size = 32 + strlen(strtab__text(s->strings, node.name)) +
			      strlen(strtab__text(s->strings, node.file)) +
			      strlen(strtab__text(s->strings, node.object));

		if (size > left)
			return -EFBIG;
		left -= size;
	}
	return 0;
}

int stacks__new(const struct profile *profile, const struct profile *old,
		const struct column *column, const struct stacks_options *options,
		struct stacks **ret_stacks)
{
	scope_free(stacks) struct stacks *s = calloc(1, sizeof(*s));
	struct totals totals = { 0 };
	int err;

	if (!s)
		return -ENOMEM;
	s->strings = strtab__new();
	s->nodes = strtab__new();
	if (!s->strings || !s->nodes)
		return -ENOMEM;
	err = add_profile(s, profile, column->idx, column->factor, false, options, &totals);
	if (!err && old)
		err = add_profile(s, old, column->old_idx, column->old_factor, true, options,
				  &totals);
	if (!err)
		err = check_names(s);
	if (err)
		return err;
	s->total = (int64_t)(totals.base ? totals.base : totals.all);
	s->type = column->type;
	s->unit = column->unit;
	*ret_stacks = take_ptr(s);
	return 0;
}

void stacks__free(struct stacks *s)
{
	if (!s)
		return;
	strtab__free(s->strings);
	strtab__free(s->nodes);
	free(s->rows);
	free(s->frames);
	free(s);
}

uint32_t stacks__nodes(const struct stacks *s)
{
	return strtab__cnt(s->nodes) - 1; /* id 0 is the empty string */
}

struct node stacks__node(const struct stacks *s, uint32_t id)
{
	struct node node = { 0 };

	if (id) /* 0: one that no memory was left for */
		memcpy(&node, strtab__text(s->nodes, id), sizeof(node));
	return node;
}

char *stacks__name(const struct stacks *s, uint32_t id)
{
	struct node node = stacks__node(s, id);
	const char *name = strtab__text(s->strings, node.name);
	const char *file = strtab__text(s->strings, node.file);
	const char *object = strtab__text(s->strings, node.object);
	const char *space = *name ? " " : "";
	char *text;
	int len;

	if (node.line)
		len = asprintf(&text, "%s%s%s:%" PRId64, name, space, file, node.line);
	else if (*file)
		len = asprintf(&text, "%s%s%s", name, space, file);
	else if (*name)
		len = asprintf(&text, "%s", name);
	else if (*object)
		len = asprintf(&text, "[%s]", path_base(object));
	else
		len = asprintf(&text, "<unknown>");
	return len < 0 ? NULL : text;
}
