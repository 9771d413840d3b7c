// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The kernel's names of certain addresses, asked of the kernel itself. */
#include <stdint.h>

#include "symbolizer/kernel/kallsyms.h"

/* While the programs that ran are still loaded: they have names too. -ENOENT: one address at least has
 * none, or only /proc/kallsyms knows it. Another: this kernel is older than 5.16, or the rights to see
 * its addresses are missing. */
int kernel_names__find(const uint64_t *addrs, uint32_t cnt, struct kallsyms **ret_kallsyms);
