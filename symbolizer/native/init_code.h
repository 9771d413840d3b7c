// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * .init and .fini: code that the linker puts together from pieces, so that no FDE can describe it. The
 * pieces of crti.o and crtn.o around it are known: sub $8,%rsp ... add $8,%rsp; ret. Some libraries do
 * long work there (libcrypto asks the CPU what it can).
 */
#include "symbolizer/native/cfi_rules.h"
#include "symbolizer/native/elf_file.h"

struct init_code {
	uint64_t start;
	uint64_t size; /* 0: no such section, or other code */
	uint64_t body; /* from there on the stack pointer is 8 lower */
};

struct init_code init_code_of(struct elf_file *file, const char *section_name);
void init_code_rules(const struct init_code *code, bool with_bx, cfi_rule_fn fn, void *ctx);
