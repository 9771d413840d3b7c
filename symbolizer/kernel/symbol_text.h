// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What the kernel's "%pS" prints of an address: "NAME+0xOFFSET/0xSIZE[ [MODULE]]" (kernel/kallsyms.c,
 * __sprint_symbol()), or the address alone where it has no name. */
#include <stddef.h>
#include <stdint.h>

struct symbol_text {
	const char *name; /* in the text, as the next */
	const char *module; /* of length 0 where there is none */
	size_t name_len;
	size_t module_len;
	uint64_t offset;
	uint64_t size;
};

/* -ENOENT: it is no such text. */
int symbol_text__parse(const char *text, struct symbol_text *ret_symbol);
