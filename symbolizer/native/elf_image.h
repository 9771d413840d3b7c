// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * An ELF file as it lies in memory: bytes by linked address, pointers as relocation leaves them,
 * dynamic symbols. Works on program headers alone; many a stripped file has no others.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "symbolizer/native/eh_frame.h"
#include "symbolizer/native/elf_file.h"

struct elf_image;

struct elf_image_symbol {
	uint64_t elf_vaddr;
	uint64_t size;
	uint8_t type; /* STT_FUNC ... */
};

/* file: borrowed, must live longer. -ENOENT: it defines none of the names, a list that ends with NULL; then nothing
 * but its hash table was read. -ENOEXEC: no dynamic symbols. */
int elf_image__open(struct elf_file *file, const char *const *names, struct elf_image **ret_image);
void elf_image__free(struct elf_image *image);
DEFINE_FREEP(elf_image)

struct elf_file *elf_image__file(const struct elf_image *image);

/* A symbol that the file defines, not one that it wants. */
bool elf_image__symbol(const struct elf_image *image, const char *name,
		       struct elf_image_symbol *ret_symbol);
/* Whether a function or an object of the dynamic symbols starts there. */
bool elf_image__is_symbol(const struct elf_image *image, uint64_t elf_vaddr);

/* From an address to the end of what the file has of its segment. -EFAULT: the file has nothing
 * there. */
int elf_image__bytes(struct elf_image *image, uint64_t elf_vaddr, struct view *ret_view);
int elf_image__u32(struct elf_image *image, uint64_t elf_vaddr, uint32_t *ret_value);
/* A word as it stands, or as relocation makes it. */
int elf_image__word(struct elf_image *image, uint64_t elf_vaddr, uint64_t *ret_value);
/* Whether a word is a pointer that relocation writes, and so the same in every process but for
 * the load address. */
bool elf_image__is_relocated(struct elf_image *image, uint64_t elf_vaddr);
/* Up to max bytes and a NUL; NULL: no string there. */
const char *elf_image__string(struct elf_image *image, uint64_t elf_vaddr, size_t max);

/* .eh_frame by its program header, where there are no section headers; empty: neither. */
struct eh_frame elf_image__eh_frame(struct elf_image *image);
