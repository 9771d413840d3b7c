// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Processes held still, for an exact picture. Whatever happens to us, the kernel lets them go. */
#include <stdint.h>

#include "common/cleanup.h"

struct freeze;

struct freeze *freeze__new(void); /* NULL: no memory */
/* Stops all threads of a process, also those that it makes meanwhile. -EPERM: it is being traced, or we
 * may not; -ESRCH: it is gone; -ETIMEDOUT: some thread sleeps where it cannot be stopped, the others
 * are. */
int freeze__process(struct freeze *freeze, uint32_t pid);
void freeze__free(struct freeze *freeze); /* and lets go */
DEFINE_FREEP(freeze)
