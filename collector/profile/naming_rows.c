// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/profile/naming_parts.h"
#include "common/hash_rows.h"

struct function_entry {
	UT_hash_handle hh;
	uint32_t idx;
	/* name, system name, file of the mapping, source file: string ids; first line */
	uint32_t key[5];
};

struct module_entry {
	UT_hash_handle hh;
	uint32_t mapping;
	char name[64];
};

uint32_t naming__string(struct naming *n, const char *text)
{
	return strtab__id(n->profile->strings, text);
}

static uint32_t intern_function(struct naming *n, const uint32_t key[5])
{
	struct function_entry *e;

	HASH_FIND(hh, n->functions, key, sizeof(e->key), e);
	if (e)
		return e->idx;
	e = calloc(1, sizeof(*e));
	if (!e)
		return 0;
	memcpy(e->key, key, sizeof(e->key));
	e->idx = profile__add_function(n->profile,
				       &(struct profile_function){ .name = key[0],
								   .system_name = key[1],
								   .filename = key[3],
								   .start_line = key[4] });
	HASH_ADD(hh, n->functions, key, sizeof(e->key), e);
	return e->idx;
}

uint32_t naming__add_line(struct naming *n, uint32_t mapping, const char *name, const char *linkage,
			  const char *source, const struct source_frame *frame)
{
	uint32_t key[5] = { naming__string(n, name), naming__string(n, linkage),
			    n->profile->mappings[mapping].filename, naming__string(n, source),
			    frame->start_line };

	return profile__add_line(n->profile,
				 &(struct profile_line){ .function = intern_function(n, key),
							 .line = frame->line });
}

uint32_t naming__add_location(struct naming *n, uint32_t mapping, uint64_t address,
			      const char *name, const char *linkage)
{
	struct profile_location location = { .mapping = mapping,
					     .address = address,
					     .line_cnt = 1 };

	location.first_line = naming__add_line(n, mapping, name, linkage, "",
					       &(struct source_frame){ 0 });
	return profile__add_location(n->profile, &location);
}

uint32_t naming__add_synthetic(struct naming *n, const char *name)
{
	struct profile_mapping m = { .filename = naming__string(n, name), .has_functions = true };

	return naming__add_location(n, profile__add_mapping(n->profile, &m), 0, name, "");
}

/* A mapping that has no file behind it holds whatever address was seen. */
void naming__widen(struct naming *n, uint32_t mapping, uint64_t addr)
{
	struct profile_mapping *m = &n->profile->mappings[mapping];

	if (!m->limit || addr < m->start)
		m->start = addr & ~0xfffULL;
	if (addr >= m->limit)
		m->limit = (addr | 0xfffULL) + 1;
}

uint32_t naming__module(struct naming *n, const char *name)
{
	const struct module_entry *e;

	HASH_FIND_STR(n->modules, name, e);
	return e ? e->mapping : PROFILE_NONE;
}

uint32_t naming__add_module(struct naming *n, const char *name, const struct profile_mapping *m)
{
	struct module_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return 0;
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->mapping = profile__add_mapping(n->profile, m);
	HASH_ADD_STR(n->modules, name, e);
	return e->mapping;
}

void naming__free_rows(struct naming *n)
{
	HASH_FREE_ALL(n->functions, function_entry);
	HASH_FREE_ALL(n->modules, module_entry);
}
