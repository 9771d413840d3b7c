// SPDX-License-Identifier: Apache-2.0
#include "collector/output/pprof_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/output/pprof_reader.h"

/*
 * Fields of the top message come in any order, and samples usually stand before the tables that they
 * point into. So it is read in passes: strings; what needs strings alone; locations; samples.
 */
enum pass { PASS_STRINGS, PASS_TABLES, PASS_LOCATIONS, PASS_SAMPLES };

bool reader__fail(struct reader *r, int err, const char *why)
{
	if (!r->err) {
		r->err = err;
		r->why = why;
	}
	return false;
}

bool reader__damaged(struct reader *r, const char *why)
{
	return reader__fail(r, -EBADMSG, why);
}

bool reader__spend(struct reader *r, size_t size)
{
	r->model += size;
	if (r->model > PPROF_MAX_MODEL)
		reader__fail(r, -EFBIG, "more than 1 GB in memory");
	return !r->err;
}

uint32_t reader__string(struct reader *r, uint64_t idx)
{
	if (idx < r->strings_cnt)
		return r->strings[idx];
	reader__damaged(r, "a string is beyond the string table");
	return 0;
}

bool reader__each_number(struct reader *r, const struct wire_field *f,
			 bool (*take)(struct reader *r, uint64_t number, void *ctx), void *ctx)
{
	struct view packed = f->bytes;

	if (f->type == WIRE_NUMBER)
		return take(r, f->number, ctx);
	if (f->type != WIRE_BYTES)
		return reader__damaged(r, "a field has the wrong type");
	while (view_left(&packed)) {
		uint64_t number = view_uleb(&packed);

		if (packed.bad || !take(r, number, ctx))
			return reader__damaged(r, "a number is cut short");
	}
	return true;
}

bool reader__numbers(struct reader *r, struct view bytes, uint64_t *ret_numbers, size_t cnt)
{
	struct wire_field f;

	memset(ret_numbers, 0, cnt * sizeof(*ret_numbers));
	while (wire_next(&bytes, &f)) {
		if (f.id >= cnt)
			continue;
		if (f.type != WIRE_NUMBER)
			return reader__damaged(r, "a field has the wrong type");
		ret_numbers[f.id] = f.number;
	}
	return !bytes.bad || reader__damaged(r, "a message is cut short");
}

static bool take_string(struct reader *r, const struct wire_field *f)
{
	const char *text = (const char *)f->bytes.data;
	uint32_t before = strtab__cnt(r->profile->strings);

	if (!r->strings_cnt && f->bytes.size)
		return reader__damaged(r, "the first string is not empty");
	if (r->strings_cnt == r->strings_room) {
		size_t room = r->strings_room ? 2 * r->strings_room : 1024;
		uint32_t *more = realloc(r->strings, room * sizeof(*more));

		if (!more)
			return reader__fail(r, -ENOMEM, "out of memory");
		r->strings = more;
		r->strings_room = room;
	}
	r->strings[r->strings_cnt++] = strtab__id_n(r->profile->strings, text, f->bytes.size);
	if (strtab__cnt(r->profile->strings) == before)
		return reader__spend(r, sizeof(*r->strings));
	return reader__spend(r,
			     sizeof(*r->strings) + 128 + f->bytes.size); /* 128: what strtab adds */
}

static bool read_type(struct reader *r, struct view bytes, struct profile_value_type *ret_type)
{
	uint64_t n[3];

	if (!reader__numbers(r, bytes, n, 3))
		return false;
	*ret_type = (struct profile_value_type){ reader__string(r, n[1]), reader__string(r, n[2]) };
	return !r->err;
}

static bool take_sample_type(struct reader *r, const struct wire_field *f)
{
	struct profile *p = r->profile;

	if (p->value_type_cnt == PROFILE_MAX_VALUES)
		return reader__fail(r, -E2BIG, "more than 16 sample types");
	return read_type(r, f->bytes, &p->value_types[p->value_type_cnt++]);
}

static bool take_drop_frames(struct reader *r, const struct wire_field *f)
{
	r->profile->drop_frames = reader__string(r, f->number);
	return !r->err;
}

static bool take_keep_frames(struct reader *r, const struct wire_field *f)
{
	r->profile->keep_frames = reader__string(r, f->number);
	return !r->err;
}

static bool take_time(struct reader *r, const struct wire_field *f)
{
	if (r->profile->time_ns)
		return reader__damaged(r, "two profiles, one behind the other; to add them up: "
					  "go tool pprof -proto -output=SUM FILE FILE");
	r->profile->time_ns = (int64_t)f->number;
	return true;
}

static bool take_duration(struct reader *r, const struct wire_field *f)
{
	r->profile->duration_ns = (int64_t)f->number;
	return true;
}

static bool take_period_type(struct reader *r, const struct wire_field *f)
{
	return read_type(r, f->bytes, &r->profile->period_type);
}

static bool take_period(struct reader *r, const struct wire_field *f)
{
	r->profile->period = (int64_t)f->number;
	return true;
}

static bool add_comment(struct reader *r, uint64_t idx, void *ctx)
{
	(void)ctx;
	profile__add_comment(r->profile, "%s",
			     strtab__text(r->profile->strings, reader__string(r, idx)));
	return !r->err && reader__spend(r, 128);
}

static bool take_comment(struct reader *r, const struct wire_field *f)
{
	return reader__each_number(r, f, add_comment, NULL);
}

static bool take_default_type(struct reader *r, const struct wire_field *f)
{
	r->profile->default_type = reader__string(r, f->number);
	return !r->err;
}

static bool take_doc_url(struct reader *r, const struct wire_field *f)
{
	r->profile->doc_url = reader__string(r, f->number);
	return !r->err;
}

#define ANY_TYPE UINT32_MAX

static const struct {
	enum pass pass;
	uint32_t type;
	bool (*take)(struct reader *r, const struct wire_field *f);
} takers[] = {
	[1] = { PASS_TABLES, WIRE_BYTES, take_sample_type },
	[2] = { PASS_SAMPLES, WIRE_BYTES, take_sample },
	[3] = { PASS_TABLES, WIRE_BYTES, take_mapping },
	[4] = { PASS_LOCATIONS, WIRE_BYTES, take_location },
	[5] = { PASS_TABLES, WIRE_BYTES, take_function },
	[6] = { PASS_STRINGS, WIRE_BYTES, take_string },
	[7] = { PASS_TABLES, WIRE_NUMBER, take_drop_frames },
	[8] = { PASS_TABLES, WIRE_NUMBER, take_keep_frames },
	[9] = { PASS_TABLES, WIRE_NUMBER, take_time },
	[10] = { PASS_TABLES, WIRE_NUMBER, take_duration },
	[11] = { PASS_TABLES, WIRE_BYTES, take_period_type },
	[12] = { PASS_TABLES, WIRE_NUMBER, take_period },
	[13] = { PASS_TABLES, ANY_TYPE, take_comment },
	[14] = { PASS_TABLES, WIRE_NUMBER, take_default_type },
	[15] = { PASS_TABLES, WIRE_NUMBER, take_doc_url },
};
#define TAKER_CNT (sizeof(takers) / sizeof(*takers))

static bool read_pass(struct reader *r, struct view top, enum pass pass)
{
	struct wire_field f;

	while (wire_next(&top, &f)) {
		if (!f.id || f.id >= TAKER_CNT || takers[f.id].pass != pass)
			continue;
		if (takers[f.id].type != ANY_TYPE && f.type != takers[f.id].type)
			return reader__damaged(r, "not a profile (profile.proto, gzip'd or not)");
		if (!takers[f.id].take(r, &f))
			return false;
	}
	return !top.bad ||
	       reader__damaged(r, "not a profile (profile.proto, gzip'd or not), or cut short");
}

static bool settle(struct reader *r, struct id_map *map)
{
	const char *why = id_map__settle(map);

	return !why || reader__damaged(r, why);
}

static bool read_passes(struct reader *r, struct view top)
{
	if (!top.size)
		return reader__damaged(r, "the file is empty");
	if (!read_pass(r, top, PASS_STRINGS))
		return false;
	if (!r->strings_cnt)
		return reader__damaged(r,
				       "not a profile (profile.proto, gzip'd or not): no strings");
	if (!read_pass(r, top, PASS_TABLES) || !settle(r, &r->mappings) ||
	    !settle(r, &r->functions))
		return false;
	if (!r->profile->value_type_cnt)
		return reader__damaged(r, "it names no sample type");
	return read_pass(r, top, PASS_LOCATIONS) && settle(r, &r->locations) &&
	       read_pass(r, top, PASS_SAMPLES);
}

int pprof_decode(const uint8_t *data, size_t size, struct profile **ret_profile,
		 const char **ret_why)
{
	struct reader r = { .profile = profile__new() };

	if (!r.profile)
		reader__fail(&r, -ENOMEM, "out of memory");
	else if (read_passes(&r, view_of(data, size)))
		*ret_profile = take_ptr(r.profile);
	if (r.err)
		*ret_why = r.why;
	free(r.strings);
	id_map__fini(&r.mappings);
	id_map__fini(&r.functions);
	id_map__fini(&r.locations);
	profile__free(r.profile);
	return r.err;
}
