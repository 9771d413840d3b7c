// SPDX-License-Identifier: Apache-2.0
#include "collector/output/pprof_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "profile.pb-c.h"

#define MAX_BYTES (1UL << 30)

typedef Perftools__Profiles__Profile Pb;

struct id_row { /* foreign ids need not be 1..N */
	uint64_t id;
	uint32_t idx;
};

struct ids {
	struct id_row *rows; /* owned */
	size_t cnt;
};

struct reader {
	const Pb *pb;
	struct profile *profile; /* owned until done */
	uint32_t *strings; /* owned; index in the file -> string id */
	struct ids mappings;
	struct ids functions;
	struct ids locations;
};

static int compare_ids(const void *a, const void *b)
{
	const struct id_row *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void ids_settle(struct ids *ids)
{
	if (ids->cnt)
		qsort(ids->rows, ids->cnt, sizeof(*ids->rows), compare_ids);
}

static uint32_t ids_find(const struct ids *ids, uint64_t id)
{
	struct id_row key = { .id = id }, *found = NULL;

	if (ids->cnt)
		found = bsearch(&key, ids->rows, ids->cnt, sizeof(key), compare_ids);
	return found ? found->idx : PROFILE_NONE;
}

static bool ids_init(struct ids *ids, size_t room)
{
	ids->rows = calloc(room + 1, sizeof(*ids->rows));
	return ids->rows;
}

static uint32_t string(const struct reader *r, int64_t idx)
{
	return idx >= 0 && (uint64_t)idx < r->pb->n_string_table ? r->strings[idx] : 0;
}

static struct profile_value_type type_of(const struct reader *r,
					 const Perftools__Profiles__ValueType *t)
{
	return t ? (struct profile_value_type){ string(r, t->type), string(r, t->unit) } :
		   (struct profile_value_type){ 0 };
}

static int read_head(struct reader *r)
{
	struct profile *p = r->profile;

	if (!r->pb->n_string_table || r->pb->string_table[0].len || !r->pb->n_sample_type ||
	    r->pb->n_sample_type > PROFILE_MAX_VALUES)
		return -EBADMSG;
	r->strings = calloc(r->pb->n_string_table, sizeof(*r->strings));
	if (!r->strings)
		return -ENOMEM;
	for (size_t i = 0; i < r->pb->n_string_table; i++)
		r->strings[i] = strtab__id_n(p->strings, (char *)r->pb->string_table[i].data,
					     r->pb->string_table[i].len);
	for (size_t i = 0; i < r->pb->n_sample_type; i++)
		p->value_types[i] = type_of(r, r->pb->sample_type[i]);
	p->value_type_cnt = (uint32_t)r->pb->n_sample_type;
	p->period_type = type_of(r, r->pb->period_type);
	p->period = r->pb->period;
	p->time_ns = r->pb->time_nanos;
	p->duration_ns = r->pb->duration_nanos;
	p->default_type = string(r, r->pb->default_sample_type);
	for (size_t i = 0; i < r->pb->n_comment; i++)
		profile__add_comment(p, "%s", strtab__text(p->strings, string(r, r->pb->comment[i])));
	return 0;
}

static int read_mappings(struct reader *r)
{
	if (!ids_init(&r->mappings, r->pb->n_mapping))
		return -ENOMEM;
	for (size_t i = 0; i < r->pb->n_mapping; i++) {
		const Perftools__Profiles__Mapping *m = r->pb->mapping[i];
		struct profile_mapping row = {
			.start = m->memory_start,	  .limit = m->memory_limit,
			.file_off = m->file_offset,	  .filename = string(r, m->filename),
			.build_id = string(r, m->build_id), .has_functions = m->has_functions,
			.has_filenames = m->has_filenames, .has_lines = m->has_line_numbers,
			.has_inlines = m->has_inline_frames,
		};

		r->mappings.rows[r->mappings.cnt++] =
			(struct id_row){ m->id, profile__add_mapping(r->profile, &row) };
	}
	ids_settle(&r->mappings);
	return 0;
}

static int read_functions(struct reader *r)
{
	if (!ids_init(&r->functions, r->pb->n_function))
		return -ENOMEM;
	for (size_t i = 0; i < r->pb->n_function; i++) {
		const Perftools__Profiles__Function *f = r->pb->function[i];
		struct profile_function row = { string(r, f->name), string(r, f->system_name),
						string(r, f->filename), f->start_line };

		r->functions.rows[r->functions.cnt++] =
			(struct id_row){ f->id, profile__add_function(r->profile, &row) };
	}
	ids_settle(&r->functions);
	return 0;
}

static int read_location(struct reader *r, const Perftools__Profiles__Location *l)
{
	struct profile_location row = { .first_line = r->profile->lines_cnt,
					.line_cnt = (uint32_t)l->n_line,
					.address = l->address,
					.is_folded = l->is_folded,
					.mapping = PROFILE_NONE };

	if (l->mapping_id)
		row.mapping = ids_find(&r->mappings, l->mapping_id);
	for (size_t i = 0; i < l->n_line; i++) {
		struct profile_line line = { ids_find(&r->functions, l->line[i]->function_id),
					     l->line[i]->line, l->line[i]->column };

		if (line.function == PROFILE_NONE)
			return -EBADMSG;
		profile__add_line(r->profile, &line);
	}
	r->locations.rows[r->locations.cnt++] =
		(struct id_row){ l->id, profile__add_location(r->profile, &row) };
	return 0;
}

static int read_locations(struct reader *r)
{
	int err = ids_init(&r->locations, r->pb->n_location) ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < r->pb->n_location; i++)
		err = read_location(r, r->pb->location[i]);
	ids_settle(&r->locations);
	return err;
}

static int read_sample(struct reader *r, const Perftools__Profiles__Sample *s)
{
	struct profile *p = r->profile;
	struct profile_sample row = { .first_frame = p->frames_cnt,
				      .frame_cnt = (uint32_t)s->n_location_id,
				      .first_label = p->labels_cnt,
				      .label_cnt = (uint32_t)s->n_label };

	if (s->n_value != p->value_type_cnt)
		return -EBADMSG;
	for (size_t i = 0; i < s->n_location_id; i++) {
		uint32_t location = ids_find(&r->locations, s->location_id[i]);

		if (location == PROFILE_NONE)
			return -EBADMSG;
		profile__add_frame(p, location);
	}
	for (size_t i = 0; i < s->n_label; i++) {
		struct profile_label label = { string(r, s->label[i]->key), string(r, s->label[i]->str),
					       string(r, s->label[i]->num_unit), s->label[i]->num };

		profile__add_label(p, &label);
	}
	memcpy(row.values, s->value, s->n_value * sizeof(*row.values));
	profile__add_sample(p, &row);
	return 0;
}

static int read_all(struct reader *r)
{
	int err = read_head(r);

	if (!err)
		err = read_mappings(r);
	if (!err)
		err = read_functions(r);
	if (!err)
		err = read_locations(r);
	for (size_t i = 0; !err && i < r->pb->n_sample; i++)
		err = read_sample(r, r->pb->sample[i]);
	return err;
}

int pprof_decode(const uint8_t *data, size_t size, struct profile **ret_profile)
{
	struct reader r = { .profile = profile__new() };
	Pb *pb = perftools__profiles__profile__unpack(NULL, size, data);
	int err = -EBADMSG;

	r.pb = pb;
	if (!r.profile)
		err = -ENOMEM;
	else if (pb)
		err = read_all(&r);
	if (!err)
		*ret_profile = take_ptr(r.profile);
	if (pb)
		perftools__profiles__profile__free_unpacked(pb, NULL);
	free(r.strings);
	free(r.mappings.rows);
	free(r.functions.rows);
	free(r.locations.rows);
	profile__free(r.profile);
	return err;
}

/* gzread() takes plain files as they are. */
static int read_file(const char *path, uint8_t **ret_data, size_t *ret_size)
{
	gzFile file = gzopen(path, "rbe");
	scope_memory uint8_t *data = NULL;
	size_t size = 0, room = 1 << 16;
	int n = -1;

	if (!file)
		return errno ? -errno : -ENOMEM;
	for (;;) {
		uint8_t *more = realloc(data, room);

		if (!more)
			break;
		data = more;
		n = gzread(file, data + size, (unsigned int)(room - size));
		if (n <= 0)
			break;
		size += (size_t)n;
		if (size > MAX_BYTES) {
			n = -1;
			break;
		}
		if (size == room)
			room *= 2;
	}
	if (gzclose(file) != Z_OK || n) /* it may end in the middle of its stream */
		return -EBADMSG;
	*ret_data = take_ptr(data);
	*ret_size = size;
	return 0;
}

int pprof_read(const char *path, struct profile **ret_profile)
{
	scope_memory uint8_t *data = NULL;
	size_t size;
	int err = read_file(path, &data, &size);

	return err ? err : pprof_decode(data, size, ret_profile);
}
