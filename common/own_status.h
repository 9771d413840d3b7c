// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What the kernel says of this process: a number of /proc/self/status, as "VmHWM" (KB). 0: not to be had. */
#include <stdint.h>

uint64_t own_status(const char *field, int base);
