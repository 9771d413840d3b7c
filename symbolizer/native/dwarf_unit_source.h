// SPDX-License-Identifier: Apache-2.0
#pragma once

/* One thread's part of dwarf_source(): units one after the other, answers into a table of its
 * own. */
#include <pthread.h>

#include "symbolizer/native/dwarf_source.h"

struct dwarf_package { /* the .dwp of a file, opened by whoever needs it first */
	pthread_mutex_t lock;
	struct dwarf_file *file; /* owned; NULL: none */
	bool tried;
};

struct dwarf_known_function;
struct dwarf_known_paths;

struct dwarf_unit_source {
	struct source_table *table; /* owned, as the rest */
	struct dwarf_reader reader;
	struct dwarf_known_function *functions;
	struct dwarf_known_paths *paths;
	uint32_t paths_cnt;
	const struct dwarf_file *file; /* borrowed, as the rest */
	const struct dwarf_request *request;
	struct dwarf_package *package;
	bool split_missing;
};

int dwarf_unit_source__init(struct dwarf_unit_source *source, const struct dwarf_file *file,
			    const struct dwarf_request *request, struct dwarf_package *package);
void dwarf_unit_source__fini(struct dwarf_unit_source *source);

/* addrs: sorted; chains[i]: where the answer to addrs[i] goes in the table. -ENOMEM alone. */
int dwarf_unit_source__add(struct dwarf_unit_source *source, const struct dwarf_unit *unit,
			   const uint64_t *addrs, const uint32_t *chains, uint32_t cnt);
