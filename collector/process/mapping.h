// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Where a file's addresses are in a process. */
#include "collector/process/proc_table.h"

/* The segment that a mapping shows: the executable one that overlaps it in the file; NULL: none. */
const struct elf_segment *mapping_segment(const struct proc_mapping *mapping,
					  const struct binary *binary);
/* What is to be added to the file's linked addresses in that mapping, by its segment. */
uint64_t mapping_load_bias(const struct proc_mapping *mapping, const struct elf_segment *segment);
/* The executable segment whose pages hold a place in the file; NULL: none. */
const struct elf_segment *binary_segment(const struct binary *binary, uint64_t file_off);
/* Its linked address; the place itself where no segment has it. */
uint64_t binary_elf_vaddr(const struct binary *binary, uint64_t file_off);
/* The lowest linked address of the file: "rel" addresses count from there. */
uint64_t binary_base_vaddr(const struct binary *binary);
