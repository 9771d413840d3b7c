// SPDX-License-Identifier: Apache-2.0
#include "collector/report/frame_filter.h"

#include <errno.h>
#include <string.h>

#include "collector/report/answers.h"

enum {
	FOCUSED = 1,
	IGNORED = 2,
	DROPPED = 4, /* the outermost line of the location matches drop_frames */
	DROPPED_BELOW = 8, /* one that is inlined into it does */
};

struct frame_filter {
	const struct profile *profile; /* borrowed */
	uint8_t *flags; /* owned; by location */
	uint32_t *skipped; /* owned; by location: lines dropped at the inner end. NULL: none */
	bool selects; /* focus or ignore are given */
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

struct drop {
	struct pattern *drop, *keep; /* owned; keep may be NULL */
};

static bool drops(void *ctx, const char *name)
{
	struct drop *d = ctx;
	scope_memory char *simple = simple_name(name);

	return simple && *name && pattern__matches(d->drop, simple) &&
	       !(d->keep && pattern__matches(d->keep, simple));
}

static bool matches(void *ctx, const char *text_)
{
	return pattern__matches(ctx, text_);
}

static uint32_t name_of(const struct profile *p, uint32_t line)
{
	return p->functions[p->lines[line].function].name;
}

static void drop_lines(struct frame_filter *f, struct answers *dropped)
{
	const struct profile *p = f->profile;

	for (uint32_t i = 0; i < p->locations_cnt; i++) {
		const struct profile_location *l = &p->locations[i];
		uint32_t line = l->line_cnt;

		while (line && !answers__get(dropped, name_of(p, l->first_line + line - 1)))
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

/* A bad expression of a profile is logged, and nothing is dropped. */
static int drop_by(struct frame_filter *f, struct drop *d)
{
	const struct profile *p = f->profile;
	const char *drop = text(p, p->drop_frames), *keep = text(p, p->keep_frames);
	struct answers dropped = { 0 };
	int err;

	if (whole_pattern(drop, "drop_frames of the profile", &d->drop) ||
	    (*keep && whole_pattern(keep, "keep_frames of the profile", &d->keep)))
		return 0;
	f->skipped = calloc(p->locations_cnt + 1, sizeof(*f->skipped));
	err = f->skipped ? answers__init(&dropped, p->strings, drops, d) : -ENOMEM;
	if (!err)
		drop_lines(f, &dropped);
	answers__fini(&dropped);
	return err;
}

static int apply_drop_frames(struct frame_filter *f)
{
	struct drop d = { 0 };
	int err = f->profile->drop_frames ? drop_by(f, &d) : 0;

	pattern__free(d.drop);
	pattern__free(d.keep);
	return err;
}

static bool location_matches(const struct frame_filter *f, uint32_t i, struct answers *a)
{
	const struct profile *p = f->profile;
	const struct profile_location *l = &p->locations[i];
	uint32_t end = l->first_line + l->line_cnt;

	for (uint32_t line = frame_filter__first_line(f, i); line < end; line++) {
		const struct profile_function *function = &p->functions[p->lines[line].function];

		if (answers__get(a, function->name) || answers__get(a, function->filename))
			return true;
	}
	return l->mapping != PROFILE_NONE && answers__get(a, p->mappings[l->mapping].filename);
}

static int mark(struct frame_filter *f, struct pattern *pattern, uint8_t flag)
{
	struct answers answers = { 0 };
	int err = pattern ? answers__init(&answers, f->profile->strings, matches, pattern) : 0;

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
