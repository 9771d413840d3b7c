// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The functions of .eh_frame and their rules. */
#include "symbolizer/native/cfi_rules.h"
#include "symbolizer/native/elf_file.h"

struct cie {
	uint64_t off; /* in the section; CIEs are cached by it */
	uint64_t code_align;
	int64_t data_align;
	struct view first; /* initial instructions */
	uint8_t pointer_enc;
	bool augmented; /* FDEs have an augmentation length */
	bool signal;
	bool valid;
};

struct eh_frame {
	struct view bytes; /* of the file's section: borrowed from it. Empty where it has none */
	uint64_t elf_vaddr;
	/* of the function whose rules were asked for last: mostly the next one's too */
	struct cie last;
};

struct eh_frame eh_frame_of(struct elf_file *file);

/* fn for each function, in the order of the file; non-zero ends it and is returned. off names the function
 * to eh_frame_rules(). ret_bad: how many were damaged. */
typedef int (*eh_frame_fn)(void *ctx, uint64_t start, uint64_t size, uint32_t off);
int eh_frame_each(const struct eh_frame *frame, eh_frame_fn fn, void *ctx, uint32_t *ret_bad);

void eh_frame_rules(struct eh_frame *frame, uint32_t off, bool with_bx, cfi_rule_fn fn, void *ctx);
