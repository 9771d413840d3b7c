// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * UTF-8 without zeros, from the characters of a name. What cannot be kept so is written as Python's
 * backslashreplace does: zeros and bytes that are no UTF-8 "\x00", lone surrogates "\udc80"
 * (os.fsdecode() makes these of such bytes in file names), what is no Unicode "\Uffffffff".
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PYTHON_TEXT_MAX 4096 /* with the zero at its end; what is longer ends with "..." */

struct python_text {
	char bytes[PYTHON_TEXT_MAX];
	size_t len;
	bool cut;
};

void python_text__start(struct python_text *t);
/* Characters of 1, 2 or 4 bytes. */
void python_text__put(struct python_text *t, const void *chars, size_t cnt, unsigned int width);
/* Bytes that are mostly UTF-8, a zero behind them: what 2.7 has. */
void python_text__put_bytes(struct python_text *t, const char *bytes, size_t cnt);
/* Ends it. */
const char *python_text__end(struct python_text *t);
