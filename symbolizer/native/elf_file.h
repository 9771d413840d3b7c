// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * One ELF file, its program headers and its sections, every access checked. Reads go through
 * pread() into memory of our own, never through a mapping: a file that is cut short while we read
 * it must not raise SIGBUS. 64-bit little-endian files only.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/view.h"

#define BUILD_ID_MAX 20

struct build_id {
	uint8_t bytes[BUILD_ID_MAX];
	uint8_t size; /* 0: none */
};

struct elf_segment { /* a PT_LOAD */
	uint64_t file_off;
	uint64_t file_sz;
	uint64_t elf_vaddr;
	uint64_t mem_sz;
	bool executable;
};

struct elf_section {
	const char *name; /* borrowed; "" when damaged */
	uint32_t type;
	uint32_t link;
	uint64_t flags;
	uint64_t elf_vaddr;
	uint64_t file_off;
	uint64_t size;
	uint64_t entry_sz;
};

struct elf_file;

/* fd: borrowed, must stay open while the object is used. -ENOEXEC: not an ELF file that we know. */
int elf_file__open(int fd, struct elf_file **ret_file);
/* An image in memory (the vdso, a decompressed .gnu_debugdata): data is borrowed. */
int elf_file__open_memory(const void *data, size_t size, struct elf_file **ret_file);
void elf_file__free(struct elf_file *file);
DEFINE_FREEP(elf_file)

uint16_t elf_file__machine(const struct elf_file *file); /* EM_X86_64 ... */
uint16_t elf_file__type(const struct elf_file *file); /* ET_EXEC ... */
uint64_t elf_file__entry(const struct elf_file *file); /* 0: none */
uint64_t elf_file__base_vaddr(const struct elf_file *file); /* lowest PT_LOAD, page-aligned down */

const struct elf_segment *elf_file__segments(const struct elf_file *file, size_t *ret_cnt);
/* The first program header of a type (PT_DYNAMIC ...). */
bool elf_file__program_header(const struct elf_file *file, uint32_t type,
			      struct elf_segment *ret_header);
/* Bytes of the file, read once and kept until it is freed; -ENODATA when it has fewer. */
int elf_file__bytes(struct elf_file *file, uint64_t file_off, uint64_t size, struct view *ret_view);

const struct elf_section *elf_file__sections(const struct elf_file *file, size_t *ret_cnt);
const struct elf_section *elf_file__section(const struct elf_file *file, const char *name);

/* The bytes of a section, read once and kept until the file is freed; compressed
 * sections (SHF_COMPRESSED) come decompressed, at most 1 GB. */
int elf_file__section_data(struct elf_file *file, const struct elf_section *section,
			   struct view *ret_view);

/* File offset to linked address by PT_LOAD; -ENOENT when no segment has it. */
int elf_file__vaddr_of_off(const struct elf_file *file, uint64_t file_off, uint64_t *ret_vaddr);

/* The GNU build id from PT_NOTE or the section; size 0 when there is none. */
struct build_id elf_file__build_id(struct elf_file *file);
