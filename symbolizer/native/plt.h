// SPDX-License-Identifier: Apache-2.0
#pragma once

/* PLT slots and the functions they jump to. x86-64; nothing is found on other machines. */
#include "symbolizer/native/elf_file.h"

void plt_for_each(struct elf_file *file,
		  void (*fn)(void *ctx, uint64_t elf_vaddr, uint64_t size, const char *name),
		  void *ctx);
