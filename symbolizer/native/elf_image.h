// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The data of a file as its dynamic linker would leave it at the addresses it was linked for: relocations
 * applied, pointers to what other files define replaced by IMAGE_IMPORTED. Sections that hold code are not in it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "symbolizer/native/elf_file.h"

#define IMAGE_IMPORTED 0xfeed1235feed1235ULL /* no address that a file can have */

struct elf_image;

struct image_part { /* a section with bytes in the file; both are multiples of 8 */
	uint64_t elf_vaddr;
	uint64_t size;
};

/* -ENODATA: a machine whose relocations are not known, no data, or more than an image may have. */
int elf_image__load(struct elf_file *file, struct elf_image **ret_image);
void elf_image__free(struct elf_image *image);
DEFINE_FREEP(elf_image)

/* Sorted by address. */
const struct image_part *elf_image__parts(const struct elf_image *image, size_t *ret_cnt);

uint64_t elf_image__word(const struct elf_image *image, uint64_t elf_vaddr); /* 0 outside */
bool elf_image__has(const struct elf_image *image, uint64_t elf_vaddr); /* data; .bss as well */
bool elf_image__is_code(const struct elf_image *image, uint64_t elf_vaddr);

/* The bytes from there on, as a string; NULL where there are none. It always ends. */
const char *elf_image__text(const struct elf_image *image, uint64_t elf_vaddr);
