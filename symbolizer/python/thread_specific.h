// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Where a C library keeps what pthread_setspecific() stored, read from the code of its own
 * pthread_getspecific(). On x86-64, with the thread's fs base and a key below 32:
 *
 *   glibc   the value stands at fs base + offset + 16 * key
 *   musl    the value stands at *(fs base + offset) + 8 * key
 */
#include <stdbool.h>
#include <stdint.h>

#include "symbolizer/native/elf_file.h"

struct thread_specific {
	bool musl;
	uint16_t offset;
};

/* file: libc, libpthread of glibc before 2.34, musl's loader, or a static program that has the
 * symbol. -ENOENT: none of those. -ENOTSUP: its code is of another shape or machine. */
int thread_specific__inspect(struct elf_file *file, struct thread_specific *ret_specific);
