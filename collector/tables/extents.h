// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Free room in an array that somebody else owns: ranges of slots, given out and taken back. Sorted,
 * neighbours joined. */
#include <stdint.h>

#include "common/cleanup.h"

struct extents;

struct extents *extents__new(void); /* nothing is free; NULL: no memory */
void extents__free(struct extents *extents);
DEFINE_FREEP(extents)

/* Makes slots free. They must not be free already. */
int extents__put(struct extents *extents, uint32_t first, uint32_t cnt);
/* cnt slots in a row, the lowest ones that fit. boundary: a power of two that the range may not
 * cross; 0: none. -ENOSPC: there is no such room. */
int extents__take(struct extents *extents, uint32_t cnt, uint32_t boundary, uint32_t *ret_first);
