// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The finished profile that writers and reports see: names resolved, equal samples summed. A plain
 * relational model close to profile.proto: rows in arrays, strings by id in one strtab, references
 * by index (0-based; PROFILE_NONE for none). The same struct is what a reader of foreign files
 * makes.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/strtab.h"

#define PROFILE_NONE UINT32_MAX
#define PROFILE_MAX_VALUES 16 /* ours have 2, of others' 4 to 12 were seen */

struct profile_mapping {
	uint64_t start;
	uint64_t limit;
	uint64_t file_off;
	uint32_t filename; /* string id, as are the rest below */
	uint32_t build_id; /* lowercase hex */
	bool has_functions;
	bool has_filenames;
	bool has_lines;
	bool has_inlines;
};

struct profile_function {
	uint32_t name; /* for people */
	uint32_t system_name; /* linkage name; 0 for interpreter functions */
	uint32_t filename;
	int64_t start_line;
};

struct profile_line { /* innermost inlined function first, caller last */
	uint32_t function; /* index */
	int64_t line;
	int64_t column;
};

struct profile_location {
	uint32_t mapping; /* index or PROFILE_NONE */
	uint32_t first_line; /* index into lines */
	uint32_t line_cnt;
	bool is_folded;
	uint64_t address;
};

struct profile_label {
	uint32_t key; /* string ids */
	uint32_t str; /* 0: a number */
	uint32_t unit; /* of num; every number has one */
	int64_t num;
};

struct profile_sample { /* frames and labels may be those of other samples, too */
	uint32_t first_frame; /* index into frames: location indexes, leaf first */
	uint32_t frame_cnt;
	uint32_t first_label;
	uint32_t label_cnt;
	uint32_t first_value; /* index into values: value_type_cnt of them */
};

struct profile_value_type {
	uint32_t type; /* string ids */
	uint32_t unit;
};

#define PROFILE_ROWS(type, name)       \
	struct type *name; /* owned */ \
	uint32_t name##_cnt;           \
	uint32_t name##_room

struct profile {
	struct strtab *strings; /* owned */
	struct profile_value_type value_types[PROFILE_MAX_VALUES];
	uint32_t value_type_cnt;
	struct profile_value_type period_type;
	int64_t period;
	int64_t time_ns; /* UTC, start of collection */
	int64_t duration_ns;
	uint32_t default_type; /* string id */
	uint32_t doc_url;
	uint32_t drop_frames; /* string ids of regexes; kept from foreign files */
	uint32_t keep_frames;
	PROFILE_ROWS(profile_mapping, mappings); /* [0] is the "main binary" of the header lines */
	PROFILE_ROWS(profile_function, functions);
	PROFILE_ROWS(profile_line, lines);
	PROFILE_ROWS(profile_location, locations);
	PROFILE_ROWS(profile_label, labels);
	PROFILE_ROWS(profile_sample, samples);
	uint32_t *frames; /* owned */
	uint32_t frames_cnt;
	uint32_t frames_room;
	int64_t *values; /* owned */
	uint32_t values_cnt;
	uint32_t values_room;
	uint32_t *comments; /* owned; string ids */
	uint32_t comments_cnt;
	uint32_t comments_room;
};

struct profile *profile__new(void); /* NULL: no memory */
void profile__free(struct profile *profile);
DEFINE_FREEP(profile)

/* Each adds a copy of one row and returns its index, PROFILE_NONE when memory is short. Equal
 * functions are not searched for: the caller interns. */
uint32_t profile__add_mapping(struct profile *profile, const struct profile_mapping *mapping);
uint32_t profile__add_function(struct profile *profile, const struct profile_function *function);
uint32_t profile__add_line(struct profile *profile, const struct profile_line *line);
uint32_t profile__add_location(struct profile *profile, const struct profile_location *location);
uint32_t profile__add_label(struct profile *profile, const struct profile_label *label);
uint32_t profile__add_frame(struct profile *profile, uint32_t location);
/* With value_type_cnt values. */
uint32_t profile__add_sample(struct profile *profile, const struct profile_sample *sample,
			     const int64_t *values);
void profile__add_comment(struct profile *profile, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline int64_t profile__value(const struct profile *profile,
				     const struct profile_sample *sample, uint32_t column)
{
	return profile->values[sample->first_value + column];
}

/*
 * Brings all rows into one order that depends on content alone, so that the same profile gives the
 * same bytes: mappings but the first by (filename, build id, offset, start), functions by names,
 * locations by (mapping, address, lines), samples by first value, largest first, then frames and
 * labels. Sums samples with equal frames and labels, drops rows that nothing uses (mappings[0]
 * stays). 0 or -ENOMEM.
 */
int profile__normalize(struct profile *profile);
