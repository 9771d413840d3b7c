// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Names that were found before, by build id, kept across runs: one file per binary with the
 * addresses that were ever asked for. Files are written beside and renamed, readable by their
 * owner alone; a damaged one is ignored and written anew; the oldest go when all of them are too
 * large.
 */
#include "symbolizer/native/names_image.h"

struct names_cache { /* borrowed by whoever asks */
	int dir_fd; /* a folder of our own; -1: there is no cache */
	uint64_t max_bytes; /* of all files, after a run */
};

/* Writes the chains that are known; known[i] says which. */
void names_cache__get(const struct names_cache *cache, const struct names_key *key,
		      const uint64_t *elf_vaddrs, uint32_t cnt, struct source_table *table,
		      bool *known);

/* Adds chains to what is kept. A cache that cannot be written is no error. */
void names_cache__put(const struct names_cache *cache, const struct names_key *key,
		      const uint64_t *elf_vaddrs, const struct source_table *table);

/* Drops the files that were not used for longest while all of them are too large: once a run. */
void names_cache__prune(const struct names_cache *cache);
