// SPDX-License-Identifier: Apache-2.0
/*
 * Rows to messages, message by message: the whole file as one protobuf-c tree would need several
 * times its size. Each top-level field is packed by itself and written with its tag, which is what
 * the whole message would look like, and goes into the gzip stream before the next is made.
 */
#include "collector/output/pprof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/output/gzip_out.h"
#include "profile.pb-c.h"

struct encoder {
	const struct profile *profile;
	struct gzip_out *out; /* owned */
	uint32_t *place; /* owned; string id -> index in the file + 1 */
	uint32_t *order; /* owned; index in the file -> string id */
	uint32_t string_cnt;
};

static void put_varint(struct gzip_out *out, uint64_t value)
{
	uint8_t bytes[10], *to;
	size_t cnt = 0;

	do {
		bytes[cnt++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value);
	to = gzip_out__reserve(out, cnt);
	if (to)
		memcpy(to, bytes, cnt);
}

static void put_bytes(struct gzip_out *out, unsigned int field, const void *data, size_t size)
{
	uint8_t *to;

	put_varint(out, field << 3 | 2);
	put_varint(out, size);
	to = gzip_out__reserve(out, size);
	if (to && size)
		memcpy(to, data, size);
}

static void put_message(struct gzip_out *out, unsigned int field, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *to;

	put_varint(out, field << 3 | 2);
	put_varint(out, size);
	to = gzip_out__reserve(out, size);
	if (to)
		protobuf_c_message_pack(message, to);
}

static void put_number(struct gzip_out *out, unsigned int field, int64_t value)
{
	if (!value)
		return;
	put_varint(out, field << 3);
	put_varint(out, (uint64_t)value);
}

/* Index in the file's string table; strings that nothing uses are not written. */
static int64_t string(struct encoder *e, uint32_t id)
{
	if (!id)
		return 0;
	if (!e->place[id]) {
		e->order[e->string_cnt] = id;
		e->place[id] = ++e->string_cnt;
	}
	return e->place[id];
}

static void put_type(struct encoder *e, unsigned int field, struct profile_value_type type)
{
	Perftools__Profiles__ValueType m = PERFTOOLS__PROFILES__VALUE_TYPE__INIT;

	m.type = string(e, type.type);
	m.unit = string(e, type.unit);
	put_message(e->out, field, &m.base);
}

static void put_mapping(struct encoder *e, uint32_t i)
{
	const struct profile_mapping *from = &e->profile->mappings[i];
	Perftools__Profiles__Mapping m = PERFTOOLS__PROFILES__MAPPING__INIT;

	m.id = i + 1;
	m.memory_start = from->start;
	m.memory_limit = from->limit;
	m.file_offset = from->file_off;
	m.filename = string(e, from->filename);
	m.build_id = string(e, from->build_id);
	m.has_functions = from->has_functions;
	m.has_filenames = from->has_filenames;
	m.has_line_numbers = from->has_lines;
	m.has_inline_frames = from->has_inlines;
	put_message(e->out, 3, &m.base);
}

static int put_location(struct encoder *e, uint32_t i)
{
	const struct profile_location *from = &e->profile->locations[i];
	Perftools__Profiles__Location m = PERFTOOLS__PROFILES__LOCATION__INIT;
	scope_memory Perftools__Profiles__Line *lines = calloc(from->line_cnt + 1UL,
							       sizeof(*lines));
	scope_memory Perftools__Profiles__Line **list = calloc(from->line_cnt + 1UL, sizeof(*list));

	if (!lines || !list)
		return -ENOMEM;
	for (uint32_t l = 0; l < from->line_cnt; l++) {
		const struct profile_line *line = &e->profile->lines[from->first_line + l];

		perftools__profiles__line__init(&lines[l]);
		lines[l].function_id = line->function + 1ULL;
		lines[l].line = line->line;
		lines[l].column = line->column;
		list[l] = &lines[l];
	}
	m.id = i + 1;
	m.mapping_id = from->mapping == PROFILE_NONE ? 0 : from->mapping + 1ULL;
	m.address = from->address;
	m.is_folded = from->is_folded;
	m.n_line = from->line_cnt;
	m.line = list;
	put_message(e->out, 4, &m.base);
	return 0;
}

static void put_function(struct encoder *e, uint32_t i)
{
	const struct profile_function *from = &e->profile->functions[i];
	Perftools__Profiles__Function m = PERFTOOLS__PROFILES__FUNCTION__INIT;

	m.id = i + 1;
	m.name = string(e, from->name);
	m.system_name = string(e, from->system_name);
	m.filename = string(e, from->filename);
	m.start_line = from->start_line;
	put_message(e->out, 5, &m.base);
}

static int put_sample(struct encoder *e, const struct profile_sample *from)
{
	const struct profile *p = e->profile;
	Perftools__Profiles__Sample m = PERFTOOLS__PROFILES__SAMPLE__INIT;
	scope_memory uint64_t *ids = calloc(from->frame_cnt + 1UL, sizeof(*ids));
	scope_memory Perftools__Profiles__Label *labels = calloc(from->label_cnt + 1UL,
								 sizeof(*labels));
	scope_memory Perftools__Profiles__Label **list = calloc(from->label_cnt + 1UL,
								sizeof(*list));

	if (!ids || !labels || !list)
		return -ENOMEM;
	for (uint32_t i = 0; i < from->frame_cnt; i++)
		ids[i] = p->frames[from->first_frame + i] + 1ULL;
	for (uint32_t i = 0; i < from->label_cnt; i++) {
		const struct profile_label *label = &p->labels[from->first_label + i];

		perftools__profiles__label__init(&labels[i]);
		labels[i].key = string(e, label->key);
		labels[i].str = string(e, label->str);
		labels[i].num = label->num;
		labels[i].num_unit = string(e, label->unit);
		list[i] = &labels[i];
	}
	m.n_location_id = from->frame_cnt;
	m.location_id = ids;
	m.n_value = p->value_type_cnt;
	m.value = p->values + from->first_value;
	m.n_label = from->label_cnt;
	m.label = list;
	put_message(e->out, 2, &m.base);
	return 0;
}

static size_t utf8_length(const uint8_t *at)
{
	size_t len = at[0] < 0x80		   ? 1 :
		     at[0] >= 0xc2 && at[0] < 0xe0 ? 2 :
		     (at[0] & 0xf0) == 0xe0	   ? 3 :
		     at[0] >= 0xf0 && at[0] < 0xf5 ? 4 :
						     0;

	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return len;
}

/* Readers refuse strings that are not UTF-8: each byte that is none becomes '?'. */
static int put_string(struct encoder *e, const char *text)
{
	scope_memory char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	for (uint8_t *at = (uint8_t *)copy; *at;) {
		size_t len = utf8_length(at);

		if (!len)
			*at = '?';
		at += len ? len : 1;
	}
	put_bytes(e->out, 6, copy, strlen(copy));
	return 0;
}

static int put_profile(struct encoder *e)
{
	const struct profile *p = e->profile;
	int err = 0;

	for (uint32_t i = 0; i < p->value_type_cnt; i++)
		put_type(e, 1, p->value_types[i]);
	for (uint32_t i = 0; !err && i < p->samples_cnt; i++)
		err = put_sample(e, &p->samples[i]);
	for (uint32_t i = 0; i < p->mappings_cnt; i++)
		put_mapping(e, i);
	for (uint32_t i = 0; !err && i < p->locations_cnt; i++)
		err = put_location(e, i);
	for (uint32_t i = 0; i < p->functions_cnt; i++)
		put_function(e, i);
	put_number(e->out, 7, string(e, p->drop_frames));
	put_number(e->out, 8, string(e, p->keep_frames));
	put_number(e->out, 9, p->time_ns);
	put_number(e->out, 10, p->duration_ns);
	put_type(e, 11, p->period_type);
	put_number(e->out, 12, p->period);
	for (uint32_t i = 0; i < p->comments_cnt; i++)
		put_number(e->out, 13, string(e, p->comments[i]));
	put_number(e->out, 14, string(e, p->default_type));
	put_number(e->out, 15, string(e, p->doc_url));
	put_bytes(e->out, 6, "", 0);
	for (uint32_t i = 0; !err && i < e->string_cnt; i++)
		err = put_string(e, strtab__text(p->strings, e->order[i]));
	return err;
}

int pprof_encode(const struct profile *profile, uint8_t **ret_data, size_t *ret_size)
{
	struct encoder e = { .profile = profile };
	uint32_t strings = strtab__cnt(profile->strings);
	int err;

	if (!profile->period_type.type || !profile->period_type.unit)
		return -EINVAL;
	e.place = calloc(strings + 1UL, sizeof(*e.place));
	e.order = calloc(strings + 1UL, sizeof(*e.order));
	e.out = gzip_out__new();
	err = e.place && e.order && e.out ? put_profile(&e) : -ENOMEM;
	if (!err)
		err = gzip_out__finish(e.out, ret_data, ret_size);
	free(e.place);
	free(e.order);
	gzip_out__free(e.out);
	return err;
}
