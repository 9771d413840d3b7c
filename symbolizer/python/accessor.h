// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * What a program's own small functions tell of its static variables, which have no symbols.
 * Their code is read, never run. All addresses as linked. -ENOENT: the code is of another shape.
 * -ENOTSUP: of another machine.
 */
#include "symbolizer/native/elf_image.h"

/* A function that returns a static variable: the variable's address. */
int accessor_variable(struct elf_image *image, const struct elf_image_symbol *function,
		      uint64_t *ret_elf_vaddr);

/* One that asks for a thread-specific value, as PyGILState_GetThisThreadState() of CPython up to
 * 3.14: the address of the pthread key. Its argument is the key, or the address of {int, key}. */
int accessor_thread_key(struct elf_image *image, const struct elf_image_symbol *function,
			uint64_t *ret_elf_vaddr);

/* One that returns a thread-local variable. */
enum accessor_tls_model {
	ACCESSOR_TLS_OFFSET, /* it stands at fs base + off */
	ACCESSOR_TLS_OFFSET_SLOT, /* at fs base + off + the word at slot */
	ACCESSOR_TLS_MODULE, /* in the block of {module, offset} at slot, at that offset + off */
};

struct accessor_tls {
	uint8_t model; /* enum accessor_tls_model */
	uint64_t slot; /* address as linked */
	int64_t off;
};

int accessor_tls(struct elf_image *image, const struct elf_image_symbol *function,
		 struct accessor_tls *ret_tls);

/* pthread_getspecific(). */
struct accessor_specific {
	bool through_pointer; /* musl: *(fs base + off) + 8 * key; else glibc: fs base + off + 16 * key */
	uint16_t off;
};

int accessor_specific(struct elf_image *image, const struct elf_image_symbol *function,
		      struct accessor_specific *ret_specific);
