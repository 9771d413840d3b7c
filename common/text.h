// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Text from elsewhere: names out of ELF files, profiles and /proc, lines of source. It may hold
 * anything; a terminal must not obey it, and a JSON reader must be able to read it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The length of the character at text (NUL-terminated), *ret_rune what it is; 0 at the end and for
 * bytes that are not UTF-8. */
size_t text_rune(const char *text, uint32_t *ret_rune);

/* Prints text with control characters, bidirectional overrides and stray bytes as \x1b, \u202e. */
void text_print(FILE *to, const char *text);
/* The same, tabs left as they are. */
void text_print_source(FILE *to, const char *text);

/* A copy in which each byte that is not UTF-8 became U+FFFD; the caller frees it. NULL: no memory. */
char *text_utf8(const char *text);
