// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/profile/profile.h"

/* A profile as gzip'd profile.proto. The same profile gives the same bytes. -EINVAL: it has no period
 * type (a back end breaks on that). The caller frees *ret_data. */
int pprof_encode(const struct profile *profile, uint8_t **ret_data, size_t *ret_size);
