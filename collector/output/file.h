// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>

/* Both log one clear line and return a negative errno when something stands in the way. "-" is
 * standard output. */

/* Before anything is measured: can a file be made there? */
int output_check(const char *path);
/* Written beside the target, synced, renamed; an existing file is kept as PATH.old. Mode 0600; under
 * sudo it belongs to the caller. */
int output_write(const char *path, const void *data, size_t size);
