// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Names that were found before, by build id, kept across runs: one file per binary with the
 * addresses that were ever asked for. A damaged one is ignored and written anew. dir_fd: as in kept_file.h.
 */
#include "symbolizer/native/names_image.h"

/* Writes the chains that are known; known[i] says which. */
void names_cache_get(int dir_fd, const struct names_key *key, const uint64_t *elf_vaddrs,
		     uint32_t cnt, struct source_table *table, bool *known);

/* Adds chains to what is kept. A cache that cannot be written is no error. */
void names_cache_put(int dir_fd, const struct names_key *key, const uint64_t *elf_vaddrs,
		     const struct source_table *table);
