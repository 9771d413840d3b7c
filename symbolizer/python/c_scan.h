// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What tables of C functions are looked for in: data, and where functions begin. The questions
 * that every kind of table asks of a word. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolizer/native/cfi.h"
#include "symbolizer/native/data_image.h"

#define C_NAME_MAX 128 /* of an identifier, or several with dots between */

struct c_scan { /* borrowed */
	const struct data_image *image;
	const struct cfi_range *ranges; /* sorted */
	size_t range_cnt;
};

/* The function that begins exactly there; false: none does. */
bool c_scan__function(const struct c_scan *scan, uint64_t word, size_t *ret_idx);

bool c_scan__is_entry(const struct c_scan *scan,
		      uint64_t word); /* a function's start, or imported */
bool c_scan__is_slot(const struct c_scan *scan, uint64_t word); /* nothing, imported, or in code */
bool c_scan__is_pointer(const struct c_scan *scan,
			uint64_t word); /* nothing, imported, or to data */
bool c_scan__is_doc(const struct c_scan *scan, uint64_t word); /* nothing, or to text */

/* "sort"; with dots "collections.deque" as well. Borrowed of the image; NULL: something else. */
const char *c_scan__identifier(const struct c_scan *scan, uint64_t word, bool dots);
