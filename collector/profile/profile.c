// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/profile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct profile *profile__new(void)
{
	struct profile *p = calloc(1, sizeof(*p));

	if (p)
		p->strings = strtab__new();
	if (p && !p->strings) {
		free(p);
		return NULL;
	}
	return p;
}

void profile__free(struct profile *p)
{
	if (!p)
		return;
	strtab__free(p->strings);
	free(p->mappings);
	free(p->functions);
	free(p->lines);
	free(p->locations);
	free(p->labels);
	free(p->samples);
	free(p->frames);
	free(p->values);
	free(p->comments);
	free(p);
}

static uint32_t add_row(void **rows, uint32_t *cnt, uint32_t *room, const void *row, size_t size)
{
	if (*cnt == *room) {
		uint32_t bigger = *room + *room / 4 + 256;
		void *more = realloc(*rows, bigger * size);

		if (!more)
			return PROFILE_NONE;
		*rows = more;
		*room = bigger;
	}
	memcpy((char *)*rows + *cnt * size, row, size);
	return (*cnt)++;
}

#define ADD(p, rows, row) \
	add_row((void **)&(p)->rows, &(p)->rows##_cnt, &(p)->rows##_room, row, sizeof(*(row)))

uint32_t profile__add_mapping(struct profile *p, const struct profile_mapping *mapping)
{
	return ADD(p, mappings, mapping);
}

uint32_t profile__add_function(struct profile *p, const struct profile_function *function)
{
	return ADD(p, functions, function);
}

uint32_t profile__add_line(struct profile *p, const struct profile_line *line)
{
	return ADD(p, lines, line);
}

uint32_t profile__add_location(struct profile *p, const struct profile_location *location)
{
	return ADD(p, locations, location);
}

uint32_t profile__add_label(struct profile *p, const struct profile_label *label)
{
	return ADD(p, labels, label);
}

uint32_t profile__add_frame(struct profile *p, uint32_t location)
{
	return ADD(p, frames, &location);
}

uint32_t profile__add_sample(struct profile *p, const struct profile_sample *sample,
			     const int64_t *values)
{
	struct profile_sample row = *sample;

	row.first_value = p->values_cnt;
	for (uint32_t i = 0; i < p->value_type_cnt; i++)
		if (ADD(p, values, &values[i]) == PROFILE_NONE)
			return PROFILE_NONE;
	return ADD(p, samples, &row);
}

void profile__add_comment(struct profile *p, const char *format, ...)
{
	char text[1024];
	uint32_t id;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	id = strtab__id(p->strings, text);
	ADD(p, comments, &id);
}

/* Sorting needs the profile; qsort_r hands it on. */
static int by_text(const struct profile *p, uint32_t a, uint32_t b)
{
	return a == b ? 0 : strcmp(strtab__text(p->strings, a), strtab__text(p->strings, b));
}

#define BY_NUMBER(a, b)                            \
	do {                                       \
		if ((a) != (b))                    \
			return (a) < (b) ? -1 : 1; \
	} while (0)
#define BY_TEXT(p, a, b)                       \
	do {                                   \
		int order_ = by_text(p, a, b); \
		if (order_)                    \
			return order_;         \
	} while (0)

static int order_mappings(const void *a, const void *b, void *ctx)
{
	const struct profile *p = ctx;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct profile_mapping *x = &p->mappings[i], *y = &p->mappings[j];

	if (!i || !j)
		return i ? 1 : j ? -1 : 0; /* the main one stays first */
	BY_TEXT(p, x->filename, y->filename);
	BY_TEXT(p, x->build_id, y->build_id);
	BY_NUMBER(x->file_off, y->file_off);
	BY_NUMBER(x->start, y->start);
	return 0;
}

static int order_functions(const void *a, const void *b, void *ctx)
{
	const struct profile *p = ctx;
	const struct profile_function *x = &p->functions[*(const uint32_t *)a];
	const struct profile_function *y = &p->functions[*(const uint32_t *)b];

	BY_TEXT(p, x->name, y->name);
	BY_TEXT(p, x->system_name, y->system_name);
	BY_TEXT(p, x->filename, y->filename);
	BY_NUMBER(x->start_line, y->start_line);
	return 0;
}

static int order_locations(const void *a, const void *b, void *ctx)
{
	const struct profile *p = ctx;
	const struct profile_location *x = &p->locations[*(const uint32_t *)a];
	const struct profile_location *y = &p->locations[*(const uint32_t *)b];

	BY_NUMBER(x->mapping, y->mapping);
	BY_NUMBER(x->address, y->address);
	BY_NUMBER(x->line_cnt, y->line_cnt);
	for (uint32_t i = 0; i < x->line_cnt; i++) {
		BY_NUMBER(p->lines[x->first_line + i].function,
			  p->lines[y->first_line + i].function);
		BY_NUMBER(p->lines[x->first_line + i].line, p->lines[y->first_line + i].line);
		BY_NUMBER(p->lines[x->first_line + i].column, p->lines[y->first_line + i].column);
	}
	return 0;
}

static int order_label_rows(const void *a, const void *b, void *ctx)
{
	const struct profile *p = ctx;
	const struct profile_label *x = a, *y = b;

	BY_TEXT(p, x->key, y->key);
	BY_TEXT(p, x->str, y->str);
	BY_NUMBER(x->num, y->num);
	return 0;
}

/* Frames and labels: what makes two samples one. */
static int order_identity(const struct profile *p, const struct profile_sample *x,
			  const struct profile_sample *y)
{
	BY_NUMBER(x->frame_cnt, y->frame_cnt);
	for (uint32_t i = 0; x->first_frame != y->first_frame && i < x->frame_cnt; i++)
		BY_NUMBER(p->frames[x->first_frame + i], p->frames[y->first_frame + i]);
	BY_NUMBER(x->label_cnt, y->label_cnt);
	for (uint32_t i = 0; x->first_label != y->first_label && i < x->label_cnt; i++) {
		int order = order_label_rows(&p->labels[x->first_label + i],
					     &p->labels[y->first_label + i], (void *)(uintptr_t)p);

		if (order)
			return order;
	}
	return 0;
}

static int order_by_identity(const void *a, const void *b, void *ctx)
{
	return order_identity(ctx, a, b);
}

static int order_by_value(const void *a, const void *b, void *ctx)
{
	const struct profile_sample *x = a, *y = b;
	const struct profile *p = ctx;

	if (p->value_type_cnt)
		BY_NUMBER(profile__value(p, y, 0), profile__value(p, x, 0));
	return order_identity(p, x, y);
}

/* Values of foreign files may be anything: a sum that does not fit stays at the end of its range. */
static int64_t sum_of(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

static void add_values(struct profile *p, const struct profile_sample *to,
		       const struct profile_sample *from)
{
	for (uint32_t i = 0; i < p->value_type_cnt; i++)
		p->values[to->first_value + i] = sum_of(p->values[to->first_value + i],
							p->values[from->first_value + i]);
}

static void sum_samples(struct profile *p)
{
	uint32_t kept = 0;

	if (!p->samples_cnt)
		return;
	qsort_r(p->samples, p->samples_cnt, sizeof(*p->samples), order_by_identity, p);
	for (uint32_t i = 0; i < p->samples_cnt; i++) {
		struct profile_sample *last = kept ? &p->samples[kept - 1] : NULL;

		if (!last || order_identity(p, last, &p->samples[i]))
			p->samples[kept++] = p->samples[i];
		else
			add_values(p, last, &p->samples[i]);
	}
	p->samples_cnt = kept;
	qsort_r(p->samples, p->samples_cnt, sizeof(*p->samples), order_by_value, p);
}

/* The order of the used rows of one kind: order[new] = old, place[old] = new; equal rows share a
 * place. Returns how many are left, UINT32_MAX without memory. */
static uint32_t settle(struct profile *p, uint32_t cnt, const uint8_t *used,
		       int (*compare)(const void *, const void *, void *), uint32_t *order,
		       uint32_t *place)
{
	uint32_t n = 0, kept = 0;

	for (uint32_t i = 0; i < cnt; i++)
		if (used[i])
			order[n++] = i;
	qsort_r(order, n, sizeof(*order), compare, p);
	for (uint32_t i = 0; i < n; i++) {
		if (!kept || compare(&order[kept - 1], &order[i], p))
			order[kept++] = order[i];
		place[order[i]] = kept - 1;
	}
	return kept;
}

struct work {
	uint8_t *used;
	uint32_t *order;
	uint32_t *place;
	void *rows;
};

static int work_init(struct work *w, uint32_t cnt, size_t row)
{
	w->used = calloc(cnt + 1UL, 1);
	w->order = calloc(cnt + 1UL, sizeof(*w->order));
	w->place = calloc(cnt + 1UL, sizeof(*w->place));
	w->rows = malloc((cnt + 1UL) * row);
	return w->used && w->order && w->place && w->rows ? 0 : -ENOMEM;
}

static void work_fini(struct work *w)
{
	free(w->used);
	free(w->order);
	free(w->place);
	free(w->rows);
}

static void rewrite(struct work *w, void *rows, size_t row, uint32_t kept, uint32_t *cnt)
{
	for (uint32_t i = 0; i < kept; i++)
		memcpy((char *)w->rows + i * row, (char *)rows + w->order[i] * row, row);
	if (kept)
		memcpy(rows, w->rows, kept * row);
	*cnt = kept;
}

static int settle_mappings(struct profile *p)
{
	struct work w;
	int err = work_init(&w, p->mappings_cnt, sizeof(*p->mappings));

	if (!err && p->mappings_cnt) {
		w.used[0] = 1;
		for (uint32_t i = 0; i < p->locations_cnt; i++)
			if (p->locations[i].mapping != PROFILE_NONE)
				w.used[p->locations[i].mapping] = 1;
		rewrite(&w, p->mappings, sizeof(*p->mappings),
			settle(p, p->mappings_cnt, w.used, order_mappings, w.order, w.place),
			&p->mappings_cnt);
		for (uint32_t i = 0; i < p->locations_cnt; i++)
			if (p->locations[i].mapping != PROFILE_NONE)
				p->locations[i].mapping = w.place[p->locations[i].mapping];
	}
	work_fini(&w);
	return err;
}

static int settle_functions(struct profile *p)
{
	struct work w;
	int err = work_init(&w, p->functions_cnt, sizeof(*p->functions));

	if (!err) {
		for (uint32_t i = 0; i < p->lines_cnt; i++)
			w.used[p->lines[i].function] = 1;
		rewrite(&w, p->functions, sizeof(*p->functions),
			settle(p, p->functions_cnt, w.used, order_functions, w.order, w.place),
			&p->functions_cnt);
		for (uint32_t i = 0; i < p->lines_cnt; i++)
			p->lines[i].function = w.place[p->lines[i].function];
	}
	work_fini(&w);
	return err;
}

static int settle_locations(struct profile *p)
{
	struct work w;
	int err = work_init(&w, p->locations_cnt, sizeof(*p->locations));

	if (!err) {
		for (uint32_t i = 0; i < p->frames_cnt; i++)
			w.used[p->frames[i]] = 1;
		rewrite(&w, p->locations, sizeof(*p->locations),
			settle(p, p->locations_cnt, w.used, order_locations, w.order, w.place),
			&p->locations_cnt);
		for (uint32_t i = 0; i < p->frames_cnt; i++)
			p->frames[i] = w.place[p->frames[i]];
	}
	work_fini(&w);
	return err;
}

int profile__normalize(struct profile *p)
{
	int err = settle_mappings(p);

	if (!err)
		err = settle_functions(p);
	if (!err)
		err = settle_locations(p);
	if (err)
		return err;
	for (uint32_t i = 0; p->labels_cnt && i < p->samples_cnt; i++)
		qsort_r(p->labels + p->samples[i].first_label, p->samples[i].label_cnt,
			sizeof(*p->labels), order_label_rows, p);
	sum_samples(p);
	return 0;
}
