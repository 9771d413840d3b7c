// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Call frame instructions of one function -> the rules that we keep. What registers mean is x86-64's
 * (psABI 1.0, figure 3.36): 3 rbx, 6 rbp, 7 rsp, 10 r10, 16 return address. */
#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/unwind.h"
#include "common/view.h"

/* From elf_vaddr on, info is in force. */
typedef void (*cfi_rule_fn)(void *ctx, uint64_t elf_vaddr, struct unwind_info info);

struct cfi_program {
	uint64_t start;
	uint64_t end;
	struct view first; /* the CIE's instructions */
	struct view code; /* the FDE's */
	uint64_t code_align;
	int64_t data_align;
	bool signal; /* augmentation 'S' */
	bool with_bx; /* rules tell where the caller's bx is */
};

/* Calls fn for each address at which a rule begins, in rising order. Damaged instructions end the
 * function with UNWIND_UNSUPPORTED. */
void cfi_program_run(const struct cfi_program *program, cfi_rule_fn fn, void *ctx);
