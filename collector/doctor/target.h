// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What a profile of one process will have: every file that it has code of. */
#include <stdint.h>
#include <stdio.h>

#include "collector/cli/options.h"

/* Prints the facts. 0, or -ESRCH: no such process (said). */
int target_report(FILE *to, uint32_t pid, const struct options *options);
