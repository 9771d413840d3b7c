// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>

#include <uthash.h>

/* Frees all entries of a table that own nothing but themselves; the table is empty then. */
#define HASH_FREE_ALL(head, type)                    \
	do {                                         \
		struct type *entry_, *next_;         \
                                                     \
		HASH_ITER(hh, head, entry_, next_) { \
			HASH_DEL(head, entry_);      \
			free(entry_);                \
		}                                    \
	} while (0)

/* The entry of a table whose field has the value; made, with nothing else in it, where there is none. NULL: no
 * memory. */
#define HASH_GET(head, type, field, value)                                    \
	({                                                                    \
		__typeof__(((struct type *)NULL)->field) key_ = (value);      \
		struct type *got_;                                            \
                                                                              \
		HASH_FIND(hh, head, &key_, sizeof(key_), got_);               \
		if (!got_ && (got_ = calloc(1, sizeof(*got_)))) {             \
			got_->field = key_;                                   \
			HASH_ADD(hh, head, field, sizeof(got_->field), got_); \
		}                                                             \
		got_;                                                         \
	})
