// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "symbolizer/native/cfi_cache.h"

/* $XDG_CACHE_HOME/sonde, or ~/.cache/sonde: a descriptor, -1 when there is no such folder and none
 * can be made, or when it is not ours alone. */
int cache_dir_open(void);

/* The same for unwind rows (none: nothing is kept); stays open to the end. */
struct kept_folder cache_of_rows(bool none);
