// SPDX-License-Identifier: Apache-2.0
#include "collector/report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

struct row {
	uint32_t name; /* string id in names */
	int64_t flat;
	int64_t cum;
	uint64_t seen; /* the last sample that counted it, + 1: a name counts once per sample */
};

struct table {
	const struct profile *profile;
	struct strtab *names; /* owned */
	struct row *rows; /* owned; by name id */
	uint32_t room;
	enum report_by by;
	uint32_t value; /* column */
	int64_t total;
};

static const char *text(const struct profile *p, uint32_t id)
{
	return strtab__text(p->strings, id);
}

static struct row *row_of(struct table *t, const char *name)
{
	uint32_t id = strtab__id(t->names, *name ? name : "?");

	if (id >= t->room) {
		uint32_t room = t->room ? t->room * 2 : 1024;
		struct row *more;

		while (room <= id)
			room *= 2;
		more = realloc(t->rows, room * sizeof(*more));
		if (!more)
			return NULL;
		memset(more + t->room, 0, (room - t->room) * sizeof(*more));
		t->rows = more;
		t->room = room;
	}
	t->rows[id].name = id;
	return &t->rows[id];
}

static void name_line(const struct table *t, const struct profile_location *l, uint32_t line,
		      char *to, size_t size)
{
	const struct profile *p = t->profile;
	const struct profile_line *row = line < l->line_cnt ? &p->lines[l->first_line + line] : NULL;
	const struct profile_function *f = row ? &p->functions[row->function] : NULL;
	const char *module = l->mapping == PROFILE_NONE ? "" :
							  text(p, p->mappings[l->mapping].filename);

	switch (t->by) {
	case REPORT_BY_MODULE:
		snprintf(to, size, "%s",
			 *module != '[' && strrchr(module, '/') ? strrchr(module, '/') + 1 : module);
		break;
	case REPORT_BY_FILE:
		snprintf(to, size, "%s", f ? text(p, f->filename) : "");
		break;
	case REPORT_BY_LINE:
		if (f && f->filename)
			snprintf(to, size, "%s %s:%" PRId64, text(p, f->name), text(p, f->filename),
				 row->line);
		else if (f)
			snprintf(to, size, "%s", text(p, f->name));
		else
			snprintf(to, size, "%s", module);
		break;
	default:
		snprintf(to, size, "%s", f ? text(p, f->name) : module);
	}
}

static void count(struct table *t, const char *name, uint64_t sample, int64_t value, bool leaf)
{
	struct row *row = row_of(t, name);

	if (!row)
		return;
	if (leaf)
		row->flat += value;
	if (row->seen == sample + 1)
		return;
	row->seen = sample + 1;
	row->cum += value;
}

static void count_frames(struct table *t, uint32_t i, int64_t value)
{
	const struct profile_sample *s = &t->profile->samples[i];
	bool leaf = true;

	for (uint32_t f = 0; f < s->frame_cnt; f++) {
		const struct profile_location *l =
			&t->profile->locations[t->profile->frames[s->first_frame + f]];
		uint32_t line = 0;

		do {
			char name[4096];

			name_line(t, l, line, name, sizeof(name));
			count(t, name, i, value, leaf);
			leaf = false;
		} while (++line < l->line_cnt);
	}
}

static const struct profile_label *label(const struct table *t, const struct profile_sample *s,
					 const char *key)
{
	for (uint32_t i = 0; i < s->label_cnt; i++)
		if (!strcmp(text(t->profile, t->profile->labels[s->first_label + i].key), key))
			return &t->profile->labels[s->first_label + i];
	return NULL;
}

static void count_labels(struct table *t, uint32_t i, int64_t value)
{
	const struct profile_sample *s = &t->profile->samples[i];
	bool thread = t->by == REPORT_BY_THREAD;
	const struct profile_label *id = label(t, s, thread ? "tid" : "pid");
	const struct profile_label *comm = thread ? label(t, s, "thread_comm") : NULL;
	char name[512] = "";

	if (!comm)
		comm = label(t, s, "comm");
	if (id)
		snprintf(name, sizeof(name), "%" PRId64 " ", id->num);
	if (comm)
		strncat(name, text(t->profile, comm->str), sizeof(name) - strlen(name) - 1);
	count(t, *name ? name : "(no label)", i, value, true);
}

static bool matches(const struct profile *p, const struct profile_sample *s, const regex_t *focus)
{
	for (uint32_t f = 0; f < s->frame_cnt; f++) {
		const struct profile_location *l = &p->locations[p->frames[s->first_frame + f]];

		for (uint32_t i = 0; i < l->line_cnt; i++) {
			const struct profile_function *fn =
				&p->functions[p->lines[l->first_line + i].function];

			if (!regexec(focus, text(p, fn->name), 0, NULL, 0) ||
			    !regexec(focus, text(p, fn->filename), 0, NULL, 0))
				return true;
		}
		if (l->mapping != PROFILE_NONE &&
		    !regexec(focus, text(p, p->mappings[l->mapping].filename), 0, NULL, 0))
			return true;
	}
	return false;
}

static int order_rows(const void *a, const void *b, void *names)
{
	const struct row *x = a, *y = b;

	if (x->flat != y->flat)
		return x->flat > y->flat ? -1 : 1;
	if (x->cum != y->cum)
		return x->cum > y->cum ? -1 : 1;
	return strcmp(strtab__text(names, x->name), strtab__text(names, y->name));
}

static void print_value(FILE *out, const struct table *t, int64_t value)
{
	const char *unit = text(t->profile, t->profile->value_types[t->value].unit);
	char number[32];

	if (strcmp(unit, "nanoseconds"))
		snprintf(number, sizeof(number), "%" PRId64, value);
	else
		snprintf(number, sizeof(number), "%.2fs", (double)value / 1e9);
	fprintf(out, "%10s %5.1f%%", number,
		t->total ? 100.0 * (double)value / (double)t->total : 0.0);
}

static void print_rows(FILE *out, struct table *t, unsigned int n)
{
	uint32_t cnt = strtab__cnt(t->names), kept = 0;

	for (uint32_t i = 0; i < cnt && i < t->room; i++)
		if (t->rows[i].cum || t->rows[i].flat)
			t->rows[kept++] = t->rows[i];
	if (kept)
		qsort_r(t->rows, kept, sizeof(*t->rows), order_rows, t->names);
	fprintf(out, "%10s %6s %10s %6s\n", "flat", "flat%", "cum", "cum%");
	for (uint32_t i = 0; i < kept && i < n; i++) {
		print_value(out, t, t->rows[i].flat);
		fputc(' ', out);
		print_value(out, t, t->rows[i].cum);
		fprintf(out, "  %s\n", strtab__text(t->names, t->rows[i].name));
	}
}

static uint32_t default_column(const struct profile *p)
{
	for (uint32_t i = 0; i < p->value_type_cnt; i++)
		if (p->default_type && p->value_types[i].type == p->default_type)
			return i;
	return p->value_type_cnt ? p->value_type_cnt - 1 : 0;
}

int report_by(FILE *out, const struct profile *p, enum report_by by, unsigned int n,
	      const char *focus)
{
	struct table t = { .profile = p, .names = strtab__new(), .by = by,
			   .value = default_column(p) };
	regex_t regex;

	if (!t.names)
		return -ENOMEM;
	if (focus && regcomp(&regex, focus, REG_EXTENDED | REG_NOSUB)) {
		log_error("--focus: '%s' is not a regular expression", focus);
		strtab__free(t.names);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < p->samples_cnt; i++) {
		int64_t value = p->samples[i].values[t.value];

		t.total += value;
		if (focus && !matches(p, &p->samples[i], &regex))
			continue;
		if (by == REPORT_BY_PROCESS || by == REPORT_BY_THREAD)
			count_labels(&t, i, value);
		else
			count_frames(&t, i, value);
	}
	print_rows(out, &t, n);
	if (focus)
		regfree(&regex);
	free(t.rows);
	strtab__free(t.names);
	return 0;
}

int report_top(FILE *out, const struct profile *profile, unsigned int n)
{
	return report_by(out, profile, REPORT_BY_FUNCTION, n, NULL);
}
