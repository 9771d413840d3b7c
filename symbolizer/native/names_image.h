// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The bytes of a cache file: the chains of one binary's addresses, made and read. */
#include <stdbool.h>
#include <stdint.h>

#include "symbolizer/native/elf_file.h"
#include "symbolizer/native/source_table.h"

#define NAMES_IMAGE_MAX (64UL << 20)

struct names_key {
	struct build_id build_id; /* size 0: never cached */
	/* of the file that has the DWARF; 0: none was found. Another one: all is asked anew */
	uint64_t debug_size;
};

struct names_image;

/* data: taken over, also on failure. NULL: damaged, or of another key. */
struct names_image *names_image__take(uint8_t *data, size_t size, const struct names_key *key);
void names_image__free(struct names_image *x);
DEFINE_FREEP(names_image)

/* False: the address is not in it. */
bool names_image__copy(const struct names_image *image, uint64_t elf_vaddr, struct source_table *to,
		       uint32_t chain);

/* What an older image has (NULL: nothing) and what is new, the new chain where both have one. The
 * caller frees *ret_data. False: no memory, or too large. */
bool names_image_make(const struct names_key *key, const struct names_image *old,
		      const uint64_t *elf_vaddrs, const struct source_table *table,
		      uint8_t **ret_data, size_t *ret_size);
