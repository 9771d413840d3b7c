// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What sonde asks of the kernel for itself. */

/* As many descriptors as it may have. */
void own_process__raise_limits(void);
/* We sleep most of the time, and what is to be known of a new process must be known soon: a short slice
 * (EEVDF, 6.12) wakes us before those who have used theirs, at the same share of the CPU. */
void own_process__wake_soon(void);
