// SPDX-License-Identifier: Apache-2.0
#pragma once

/* All functions of a file that something tells how to unwind: .eh_frame, Go's function table, what is
 * known of start-up code. */
#include "common/cleanup.h"
#include "symbolizer/native/cfi_rules.h"
#include "symbolizer/native/elf_file.h"

struct cfi_function {
	uint64_t start; /* as linked; first: they are sorted by it */
	uint64_t size;
	uint32_t idx; /* in its teller */
	uint32_t teller;
};

struct cfi_source;

/* file: borrowed, must live longer. -ENODATA: nothing is known of this file. */
int cfi_source__load(struct elf_file *file, struct cfi_source **ret_source);
void cfi_source__free(struct cfi_source *source);
DEFINE_FREEP(cfi_source)

/* Sorted by address; they may overlap in damaged files. Borrowed. */
const struct cfi_function *cfi_source__functions(const struct cfi_source *source,
						 uint32_t *ret_cnt);
uint32_t cfi_source__bad(const struct cfi_source *source); /* FDEs that are damaged */

/* with_bx: rules tell where the caller's bx is; Go's do not know. */
void cfi_source__rules(struct cfi_source *source, const struct cfi_function *function, bool with_bx,
		       cfi_rule_fn fn, void *ctx);
