// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "collector/output/pprof_reader.h"

/* What an add of the model returned. */
static bool added(struct reader *r, uint32_t idx, size_t size)
{
	return idx == PROFILE_NONE ? reader__fail(r, -ENOMEM, "out of memory") :
				     reader__spend(r, size);
}

bool take_mapping(struct reader *r, const struct wire_field *f)
{
	struct profile_mapping row;
	uint64_t n[11];
	uint32_t idx;

	if (!reader__numbers(r, f->bytes, n, 11))
		return false;
	row = (struct profile_mapping){
		.start = n[2],
		.limit = n[3],
		.file_off = n[4],
		.filename = reader__string(r, n[5]),
		.build_id = reader__string(r, n[6]),
		.has_functions = n[7],
		.has_filenames = n[8],
		.has_lines = n[9],
		.has_inlines = n[10],
	};
	idx = profile__add_mapping(r->profile, &row);
	return added(r, idx, 2 * sizeof(row)) &&
	       (id_map__add(&r->mappings, n[1], idx) || reader__fail(r, -ENOMEM, "out of memory"));
}

bool take_function(struct reader *r, const struct wire_field *f)
{
	struct profile_function row;
	uint64_t n[6];
	uint32_t idx;

	if (!reader__numbers(r, f->bytes, n, 6))
		return false;
	row = (struct profile_function){ reader__string(r, n[2]), reader__string(r, n[3]),
					 reader__string(r, n[4]), (int64_t)n[5] };
	idx = profile__add_function(r->profile, &row);
	return added(r, idx, 2 * sizeof(row)) &&
	       (id_map__add(&r->functions, n[1], idx) || reader__fail(r, -ENOMEM, "out of memory"));
}

static bool read_line(struct reader *r, struct view bytes)
{
	struct profile_line row = { 0 };
	uint64_t n[4];

	if (!reader__numbers(r, bytes, n, 4))
		return false;
	if (!id_map__find(&r->functions, n[1], &row.function))
		return reader__damaged(r, "a line has no function");
	row.line = (int64_t)n[2];
	row.column = (int64_t)n[3];
	return added(r, profile__add_line(r->profile, &row), sizeof(row));
}

bool take_location(struct reader *r, const struct wire_field *f)
{
	struct profile_location row = { .mapping = PROFILE_NONE,
					.first_line = r->profile->lines_cnt };
	struct view bytes = f->bytes;
	struct wire_field part;
	uint64_t n[6] = { 0 };
	uint32_t idx;

	while (wire_next(&bytes, &part)) {
		if (part.id == 4 ? part.type != WIRE_BYTES :
				   part.id < 6 && part.type != WIRE_NUMBER)
			return reader__damaged(r, "a field has the wrong type");
		if (part.id == 4 && !read_line(r, part.bytes))
			return false;
		if (part.id < 6)
			n[part.id] = part.number;
	}
	if (bytes.bad)
		return reader__damaged(r, "a location is cut short");
	row.line_cnt = r->profile->lines_cnt - row.first_line;
	row.address = n[3];
	row.is_folded = n[5];
	id_map__find(&r->mappings, n[2], &row.mapping); /* none: as pprof does, not a fault */
	idx = profile__add_location(r->profile, &row);
	return added(r, idx, 2 * sizeof(row)) &&
	       (id_map__add(&r->locations, n[1], idx) || reader__fail(r, -ENOMEM, "out of memory"));
}

static bool add_frame(struct reader *r, uint64_t id, void *ctx)
{
	uint32_t location = 0;

	(void)ctx;
	if (!id_map__find(&r->locations, id, &location))
		return reader__damaged(r, "a sample has a location that is not there");
	return added(r, profile__add_frame(r->profile, location), sizeof(location));
}

struct values {
	int64_t *to; /* PROFILE_MAX_VALUES of them */
	uint32_t cnt;
};

static bool add_value(struct reader *r, uint64_t number, void *ctx)
{
	struct values *values = ctx;

	if (values->cnt == r->profile->value_type_cnt)
		return reader__damaged(r, "a sample has more values than there are sample types");
	values->to[values->cnt++] = (int64_t)number;
	return true;
}

static bool add_label(struct reader *r, struct view bytes)
{
	struct profile_label row;
	uint64_t n[5];

	if (!reader__numbers(r, bytes, n, 5))
		return false;
	row = (struct profile_label){ reader__string(r, n[1]), reader__string(r, n[2]),
				      reader__string(r, n[4]), (int64_t)n[3] };
	if (!n[2] && !n[3] && !n[4]) /* neither text nor number */
		return !r->err;
	return added(r, profile__add_label(r->profile, &row), sizeof(row));
}

static bool add_part(struct reader *r, const struct wire_field *f, struct values *values)
{
	switch (f->id) {
	case 1:
		return reader__each_number(r, f, add_frame, NULL);
	case 2:
		return reader__each_number(r, f, add_value, values);
	case 3:
		return f->type == WIRE_BYTES ? add_label(r, f->bytes) :
					       reader__damaged(r, "a field has the wrong type");
	default:
		return true;
	}
}

bool take_sample(struct reader *r, const struct wire_field *f)
{
	struct profile *p = r->profile;
	struct profile_sample row = { .first_frame = p->frames_cnt, .first_label = p->labels_cnt };
	int64_t numbers[PROFILE_MAX_VALUES];
	struct values values = { numbers, 0 };
	struct view bytes = f->bytes;
	struct wire_field part;

	while (wire_next(&bytes, &part))
		if (!add_part(r, &part, &values))
			return false;
	if (bytes.bad)
		return reader__damaged(r, "a sample is cut short");
	if (values.cnt != p->value_type_cnt)
		return reader__damaged(r, "a sample has fewer values than there are sample types");
	row.frame_cnt = p->frames_cnt - row.first_frame;
	row.label_cnt = p->labels_cnt - row.first_label;
	return added(r, profile__add_sample(p, &row, numbers),
		     sizeof(row) + values.cnt * sizeof(*numbers));
}
