// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Strings in quotes, as repr() writes them: the first STRING_TEXT_CHARS characters, with the whole
 * length behind them where there are more. Each: 0, or negative errno with nothing written. */
#include "symbolizer/python/object_text.h"

#define STRING_TEXT_CHARS 80

/* Appends; what does not fit is cut, and nothing comes behind it. */
void object_text__put(struct object_text *text, const char *piece);

int string_text__put_str(const struct python_memory *memory, const struct python_layout *layout,
			 uint64_t vaddr, struct object_text *text); /* 3.x */
/* bytes, and 2.7's str */
int string_text__put_bytes(const struct python_memory *memory, const struct python_layout *layout,
			   uint64_t vaddr, struct object_text *text);
int string_text__put_unicode(const struct python_memory *memory, uint64_t vaddr,
			     struct object_text *text); /* 2.7 */
