// SPDX-License-Identifier: Apache-2.0
#pragma once

/* .gnu_debugdata: an ELF file with a symbol table, packed with xz (as Fedora ships it). */
#include "symbolizer/native/elf_file.h"

/* -ENODATA: none, damaged, or larger than 256 MB unpacked. The caller frees *ret_image. */
int debugdata_load(struct elf_file *file, uint8_t **ret_image, size_t *ret_size);
