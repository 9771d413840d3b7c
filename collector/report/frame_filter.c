// SPDX-License-Identifier: Apache-2.0
#include "collector/report/frame_filter.h"

#include <errno.h>
#include <string.h>

enum {
	FOCUSED = 1,
	IGNORED = 2,
	DROPPED = 4,	   /* the outermost line of the location matches drop_frames */
	DROPPED_BELOW = 8, /* one that is inlined into it does */
};

struct frame_filter {
	const struct profile *profile; /* borrowed */
	uint8_t *flags;		       /* owned; by location */
	uint32_t *skipped; /* owned; by location: lines dropped at the inner end. NULL: none */
	bool selects;	   /* focus or ignore are given */
};

static const char *text(const struct profile *p, uint32_t id)
{
	return strtab__text(p->strings, id);
}

/* How many bytes at text are a piece of a name that holds a '('. */
static size_t reserved(const char *at)
{
	static const char *const pieces[] = { "(anonymous namespace)", "operator()" };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
		if (!strncmp(at, pieces[i], strlen(pieces[i])))
			return strlen(pieces[i]);
	return 0;
}

/* A function's name without its arguments. The caller frees; NULL: no memory. */
static char *simple_name(const char *name)
{
	size_t len = 0, piece;

	name += *name == '.'; /* function descriptors of PowerPC */
	while ((piece = reserved(name + len)) || (name[len] && name[len] != '('))
		len += piece ? piece : 1;
	return strndup(name, len);
}

static bool drops(struct pattern *drop, struct pattern *keep, const char *name)
{
	scope_memory char *simple = simple_name(name);

	return simple && *name && pattern__matches(drop, simple) &&
	       !(keep && pattern__matches(keep, simple));
}

static void drop_lines(struct frame_filter *f, const uint8_t *dropped)
{
	const struct profile *p = f->profile;

	for (uint32_t i = 0; i < p->locations_cnt; i++) {
		const struct profile_location *l = &p->locations[i];
		uint32_t line = l->line_cnt;

		while (line && !dropped[p->lines[l->first_line + line - 1].function])
			line--;
		if (!line)
			continue;
		if (line == l->line_cnt) {
			f->flags[i] |= DROPPED;
		} else {
			f->flags[i] |= DROPPED_BELOW;
			f->skipped[i] = line;
		}
	}
}

static int whole_pattern(const char *text_, const char *what, struct pattern **ret_pattern)
{
	scope_memory char *whole = NULL;

	if (asprintf(&whole, "^(?:%s)$", text_) < 0) {
		whole = NULL;
		return -ENOMEM;
	}
	return pattern__new(whole, what, ret_pattern);
}

static int apply_drop_frames(struct frame_filter *f)
{
	const struct profile *p = f->profile;
	const char *drop_text = text(p, p->drop_frames), *keep_text = text(p, p->keep_frames);
	scope_free(pattern) struct pattern *drop = NULL, *keep = NULL;
	scope_memory uint8_t *dropped = NULL;

	if (!*drop_text)
		return 0;
	/* a bad expression of a profile is logged, and nothing is dropped */
	if (whole_pattern(drop_text, "drop_frames of the profile", &drop) ||
	    (*keep_text && whole_pattern(keep_text, "keep_frames of the profile", &keep)))
		return 0;
	dropped = calloc(p->functions_cnt + 1, sizeof(*dropped));
	f->skipped = calloc(p->locations_cnt + 1, sizeof(*f->skipped));
	if (!dropped || !f->skipped)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->functions_cnt; i++)
		dropped[i] = drops(drop, keep, text(p, p->functions[i].name));
	drop_lines(f, dropped);
	return 0;
}

/* What a pattern says of each function and mapping, so that it is asked once for each. */
struct answers {
	uint8_t *functions, *mappings; /* owned */
};

static void answers__fini(struct answers *a)
{
	free(a->functions);
	free(a->mappings);
}

static int answers__init(struct answers *a, const struct profile *p, struct pattern *pattern)
{
	a->functions = calloc(p->functions_cnt + 1, 1);
	a->mappings = calloc(p->mappings_cnt + 1, 1);
	if (!a->functions || !a->mappings)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->functions_cnt; i++)
		a->functions[i] = pattern__matches(pattern, text(p, p->functions[i].name)) ||
				  pattern__matches(pattern, text(p, p->functions[i].filename));
	for (uint32_t i = 0; i < p->mappings_cnt; i++)
		a->mappings[i] = pattern__matches(pattern, text(p, p->mappings[i].filename));
	return 0;
}

static bool location_matches(const struct frame_filter *f, uint32_t i, const struct answers *a)
{
	const struct profile_location *l = &f->profile->locations[i];
	uint32_t end = l->first_line + l->line_cnt;

	for (uint32_t line = frame_filter__first_line(f, i); line < end; line++)
		if (a->functions[f->profile->lines[line].function])
			return true;
	return l->mapping != PROFILE_NONE && a->mappings[l->mapping];
}

static int mark(struct frame_filter *f, struct pattern *pattern, uint8_t flag)
{
	struct answers answers = { 0 };
	int err = pattern ? answers__init(&answers, f->profile, pattern) : 0;

	for (uint32_t i = 0; !err && i < f->profile->locations_cnt; i++)
		if (!pattern || location_matches(f, i, &answers))
			f->flags[i] |= flag;
	answers__fini(&answers);
	return err;
}

int frame_filter__new(const struct profile *profile, struct pattern *focus, struct pattern *ignore,
		      struct frame_filter **ret_filter)
{
	scope_free(frame_filter) struct frame_filter *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->profile = profile;
	f->selects = focus || ignore;
	f->flags = calloc(profile->locations_cnt + 1, sizeof(*f->flags));
	err = f->flags ? apply_drop_frames(f) : -ENOMEM;
	if (!err)
		err = mark(f, focus, FOCUSED);
	if (!err && ignore)
		err = mark(f, ignore, IGNORED);
	if (!err)
		*ret_filter = take_ptr(f);
	return err;
}

void frame_filter__free(struct frame_filter *f)
{
	if (!f)
		return;
	free(f->flags);
	free(f->skipped);
	free(f);
}

bool frame_filter__keeps(const struct frame_filter *f, const struct profile_sample *s)
{
	const uint32_t *frames = f->profile->frames + s->first_frame;
	uint32_t from = frame_filter__dropped(f, s);
	uint8_t flags = 0;

	for (uint32_t i = from; f->selects && i < s->frame_cnt; i++)
		flags |= f->flags[frames[i]];
	return !f->selects || ((flags & FOCUSED) && !(flags & IGNORED));
}

/*
 * From the root: the first frame to drop takes all below it along. Frames to drop before any other
 * frame was seen stay, or nothing would be left of stacks that start in them.
 */
uint32_t frame_filter__dropped(const struct frame_filter *f, const struct profile_sample *s)
{
	const uint32_t *frames = f->profile->frames + s->first_frame;
	bool seen = false;

	for (uint32_t i = s->frame_cnt; f->skipped && i-- > 0;) {
		uint8_t flags = f->flags[frames[i]];

		if (!(flags & (DROPPED | DROPPED_BELOW)))
			seen = true;
		else if (seen)
			return flags & DROPPED ? i + 1 : i;
	}
	return 0;
}

uint32_t frame_filter__first_line(const struct frame_filter *f, uint32_t location)
{
	return f->profile->locations[location].first_line + (f->skipped ? f->skipped[location] : 0);
}
