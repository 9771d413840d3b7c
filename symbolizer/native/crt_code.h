// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Code of the C run-time's start-up files that no FDE describes, and that is always the same:
 *
 *   .init, .fini   put together by the linker from pieces: sub $8,%rsp ... add $8,%rsp; ret. Some
 *                  libraries do long work between them (libcrypto asks the CPU what it can).
 *   _start         where the kernel enters a program, or its dynamic linker: nobody called it. Most have
 *                  an FDE; the dynamic linker's and those of assembler programs have not.
 */
#include "symbolizer/native/cfi_rules.h"
#include "symbolizer/native/elf_file.h"

struct crt_code {
	uint64_t start;
	uint64_t size; /* 0: not there, or other code */
	uint64_t body; /* from there on the stack pointer is 8 lower; 0: _start */
};

struct crt_code crt_init_of(struct elf_file *file, const char *section_name);
struct crt_code crt_start_of(struct elf_file *file);
void crt_code_rules(const struct crt_code *code, bool with_bx, cfi_rule_fn fn, void *ctx);
