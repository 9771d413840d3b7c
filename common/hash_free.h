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
