// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The function table that every Go program carries (.gopclntab; stripping leaves it, the runtime needs
 * it): names, and for each instruction how far the stack pointer stands below the return address. Go 1.18
 * and later.
 */
#include <stdint.h>

#include "common/cleanup.h"
#include "symbolizer/native/cfi_rules.h"
#include "symbolizer/native/elf_file.h"

struct go_functions;

struct go_function {
	uint64_t start; /* as linked */
	uint64_t size; /* up to the next function */
	const char *name; /* borrowed from the file; "" when damaged */
};

/* file: borrowed, must live longer. -ENODATA: no Go program, or of a version that we do not know. */
int go_functions__load(struct elf_file *file, struct go_functions **ret_functions);
void go_functions__free(struct go_functions *functions);
DEFINE_FREEP(go_functions)

uint32_t go_functions__cnt(const struct go_functions *functions);
/* Sorted by address, not overlapping. */
struct go_function go_functions__at(const struct go_functions *functions, uint32_t idx);

/* Calls fn for each address at which a rule begins, in rising order. */
void go_functions__rules(const struct go_functions *functions, uint32_t idx, cfi_rule_fn fn,
			 void *ctx);
