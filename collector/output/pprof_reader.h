// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Inside the reader of profiles: pprof_decode.c walks the file, pprof_rows.c reads the tables. */
#include "collector/output/id_map.h"
#include "collector/output/wire.h"
#include "collector/profile/profile.h"

struct reader {
	struct profile *profile; /* owned until done */
	uint32_t *strings; /* owned; index in the file -> string id */
	size_t strings_cnt, strings_room;
	struct id_map mappings, functions, locations;
	size_t model; /* bytes of memory that the profile takes, about */
	const char *why; /* the first fault */
	int err;
};

/* Each returns false after a fault, which the caller hands on. The first fault is the one told. */
bool reader__fail(struct reader *r, int err, const char *why);
bool reader__damaged(struct reader *r, const char *why);
/* Counts memory; false when it is too much, and after any fault. */
bool reader__spend(struct reader *r, size_t size);
/* Messages whose fields are numbers alone: into an array by field id; the last one counts. */
bool reader__numbers(struct reader *r, struct view bytes, uint64_t *ret_numbers, size_t cnt);
/* Values of a repeated number, packed or not. */
bool reader__each_number(struct reader *r, const struct wire_field *f,
			 bool (*take)(struct reader *r, uint64_t number, void *ctx), void *ctx);

/* A string of the file; 0 and a fault when the file has none of that index. */
uint32_t reader__string(struct reader *r, uint64_t idx);

/* One row of a table each. */
bool take_mapping(struct reader *r, const struct wire_field *f);
bool take_function(struct reader *r, const struct wire_field *f);
bool take_location(struct reader *r, const struct wire_field *f);
bool take_sample(struct reader *r, const struct wire_field *f);
