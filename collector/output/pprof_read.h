// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "collector/profile/profile.h"

/* Any pprof file, gzip'd or raw, ours or another tool's; checked. -EBADMSG: it is none, or damaged. */
int pprof_read(const char *path, struct profile **ret_profile);
int pprof_decode(const uint8_t *data, size_t size, struct profile **ret_profile);
