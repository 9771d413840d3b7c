// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The data of a file as its dynamic linker would leave it at the addresses it was linked for:
 * relocations applied, pointers to what other files define replaced by IMAGE_IMPORTED. Sections
 * that hold code are not in it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "symbolizer/native/elf_file.h"

#define IMAGE_IMPORTED 0xfeed1235feed1235ULL /* no address that a file can have */

struct data_image;

struct image_part { /* a section whose words may be pointers; both are multiples of 8 */
	uint64_t elf_vaddr;
	uint64_t size;
};

/* -ENODATA: a machine whose relocations are not known, no data, or more than an image may have. */
int data_image__load(struct elf_file *file, struct data_image **ret_image);
void data_image__free(struct data_image *image);
DEFINE_FREEP(data_image)

/* Sorted by address. */
const struct image_part *data_image__parts(const struct data_image *image, size_t *ret_cnt);

uint64_t data_image__word(const struct data_image *image, uint64_t elf_vaddr); /* 0 outside */
bool data_image__has(const struct data_image *image, uint64_t elf_vaddr); /* data; .bss as well */
bool data_image__is_code(const struct data_image *image, uint64_t elf_vaddr);

/* The bytes from there on, as a string; NULL where there are none. It always ends. */
const char *data_image__text(const struct data_image *image, uint64_t elf_vaddr);
