// SPDX-License-Identifier: Apache-2.0
#include "collector/report/column.h"

#include <errno.h>
#include <string.h>

#include "collector/report/units.h"
#include "common/log.h"
#include "common/text.h"

static const char *type_name(const struct profile *p, uint32_t column)
{
	return strtab__text(p->strings, p->value_types[column].type);
}

static bool has_type(const struct profile *p, const char *name, uint32_t *ret_column)
{
	for (uint32_t i = 0; i < p->value_type_cnt; i++)
		if (!strcmp(type_name(p, i), name)) {
			*ret_column = i;
			return true;
		}
	return false;
}

/* Logs what is wrong, then the types that p has, or p and old both. */
static int no_type(const struct profile *p, const struct profile *old, const char *what,
		   const char *name)
{
	scope_memory char *list = NULL;
	uint32_t ignored;
	size_t size;
	FILE *to = open_memstream(&list, &size);

	if (!to)
		return -ENOMEM;
	text_print(to, name);
	fputs("; there are:", to);
	for (uint32_t i = 0; i < p->value_type_cnt; i++) {
		if (old && !has_type(old, type_name(p, i), &ignored))
			continue;
		fputc(' ', to);
		text_print(to, type_name(p, i));
	}
	fclose(to);
	log_error("%s %s", what, list);
	return -EINVAL;
}

/* "inuse_space" also means "space": heap profiles of old have it so. */
static int find_named(const struct profile *p, const char *name, uint32_t *ret_column)
{
	char *end;
	unsigned long number = strtoul(name, &end, 10);

	if (!*end && end != name && number < p->value_type_cnt) {
		*ret_column = (uint32_t)number;
		return 0;
	}
	if (has_type(p, name, ret_column))
		return 0;
	if (!strncmp(name, "inuse_", 6) && has_type(p, name + 6, ret_column))
		return 0;
	return no_type(p, NULL, "no sample type", name);
}

static uint32_t default_of(const struct profile *p)
{
	uint32_t column = p->value_type_cnt - 1;

	if (p->default_type)
		has_type(p, strtab__text(p->strings, p->default_type), &column);
	return column;
}

/* When a profile has types that the other lacks, the first common one stands in for the default. */
static int default_of_both(const struct profile *p, const struct profile *old, uint32_t *ret_column)
{
	uint32_t first = PROFILE_NONE, cnt = 0, ignored, column = default_of(p);

	for (uint32_t i = 0; i < p->value_type_cnt; i++)
		if (has_type(old, type_name(p, i), &ignored) && !cnt++)
			first = i;
	if (!cnt) {
		log_error("the two profiles have no sample type in common");
		return -EINVAL;
	}
	if (cnt < p->value_type_cnt || cnt < old->value_type_cnt)
		if (!p->default_type || !has_type(old, type_name(p, column), &ignored))
			column = first;
	*ret_column = column;
	return 0;
}

/* The finer unit of the two, as pprof takes it. */
static int choose_unit(const struct profile *p, const struct profile *old, struct column *c)
{
	const char *old_unit = strtab__text(old->strings, old->value_types[c->old_idx].unit);
	double ratio;

	if (!unit_ratio(c->unit, old_unit, &ratio))
		return no_type(p, old, "the two profiles have different units of", c->type);
	if (ratio >= 1) {
		c->factor = ratio;
		c->unit = old_unit;
	} else {
		c->old_factor = 1 / ratio;
	}
	return 0;
}

static bool same_text(const struct profile *p, uint32_t a, const struct profile *old, uint32_t b)
{
	return !strcmp(strtab__text(p->strings, a), strtab__text(old->strings, b));
}

int column_choose(const struct profile *p, const struct profile *old, const char *name,
		  struct column *ret_column)
{
	struct column c = { .factor = 1, .old_factor = 1 };
	int err = 0;

	if (old && !same_text(p, p->period_type.type, old, old->period_type.type)) {
		log_error("the two profiles were not sampled by the same event");
		return -EINVAL;
	}
	if (name)
		err = find_named(p, name, &c.idx);
	else if (old)
		err = default_of_both(p, old, &c.idx);
	else
		c.idx = default_of(p);
	if (err)
		return err;
	c.type = type_name(p, c.idx);
	c.unit = strtab__text(p->strings, p->value_types[c.idx].unit);
	if (old && !has_type(old, c.type, &c.old_idx))
		return no_type(p, old, "the profile to compare with has no sample type", c.type);
	if (old)
		err = choose_unit(p, old, &c);
	if (!err)
		*ret_column = c;
	return err;
}
