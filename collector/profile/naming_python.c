// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "collector/profile/naming_parts.h"

#define PYTHON_ADDRESSES (1ULL << 62) /* neither user's nor kernel's: no processor has such ones */
#define PYTHON_VERSION_SHIFT 44
#define PYTHON_FREE_THREADED (1ULL << 16) /* above the version */
#define PYTHON_LINE_BITS 20 /* 24 bits of a hash of the function lie above them */

void python_version_text(const struct python_function *f, char text[16])
{
	snprintf(text, 16, "%u.%u%s", f->version >> 8, f->version & 0xff,
		 f->free_threaded ? "t" : "");
}

/* One mapping per version, where no process has any: addresses there are functions and lines. */
static uint32_t python_mapping(struct naming *n, const struct python_function *f)
{
	uint64_t version = f->version | (f->free_threaded ? PYTHON_FREE_THREADED : 0);
	struct profile_mapping m = { .has_functions = true,
				     .has_filenames = true,
				     .has_lines = true };
	char name[32], text[16];
	uint32_t known;

	python_version_text(f, text);
	snprintf(name, sizeof(name), "[cpython %s]", text);
	known = naming__module(n, name);
	if (known != PROFILE_NONE)
		return known;
	m.filename = naming__string(n, name);
	m.start = PYTHON_ADDRESSES | version << PYTHON_VERSION_SHIFT;
	m.limit = m.start + (1ULL << PYTHON_VERSION_SHIFT);
	return naming__add_module(n, name, &m);
}

static uint64_t python_hash(const char *name, const char *file, uint32_t first_line,
			    uint32_t column)
{
	uint64_t hash = (uint64_t)column << 32 | first_line;

	for (; *name; name++)
		hash = python_key_mix(hash, (uint8_t)*name);
	for (; *file; file++)
		hash = python_key_mix(hash, (uint8_t)*file);
	return hash;
}

/* The linkage name stays empty: pprof takes one that equals the name for C++'s, and what stands in angle
 * brackets there (<module>, <lambda>) for a template's arguments. */
uint32_t naming__python(struct naming *n, const struct location *l)
{
	const struct strtab *strings = aggregate__strings(n->ingest->aggregate);
	struct profile_location location = { .line_cnt = 1 };
	const struct python_function *f;
	struct source_frame frame = { .line = (uint32_t)l->off };
	const char *name, *file;
	uint32_t function = l->off >> 32;

	if (function == PYTHON_NO_FUNCTION) {
		n->placed++;
		return naming__add_synthetic(n, "[python]");
	}
	n->named++;
	f = python_codes__function(n->ingest->python_codes, function);
	name = strtab__text(strings, f->name);
	file = strtab__text(strings, f->file);
	frame.start_line = (uint32_t)f->first_line;
	location.mapping = python_mapping(n, f);
	location.address = n->profile->mappings[location.mapping].start |
			   (python_hash(name, file, frame.start_line, l->column) >> 40)
				   << PYTHON_LINE_BITS |
			   (frame.line & ((1U << PYTHON_LINE_BITS) - 1));
	location.first_line = naming__add_line(n, location.mapping, name, "", file, &frame);
	if (location.first_line != PROFILE_NONE)
		n->profile->lines[location.first_line].column = l->column;
	return profile__add_location(n->profile, &location);
}
