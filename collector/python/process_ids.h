// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The threads of a process, by our ids and by those that they have themselves: in a container they
 * are others. */
#include <stdint.h>

#include "common/cleanup.h"

struct process_ids;

struct process_ids *process_ids__read(uint32_t pid); /* NULL: no memory, or it is gone */
void process_ids__free(struct process_ids *ids);
DEFINE_FREEP(process_ids)

/* Our id of the thread that calls itself so; 0: the process has none. */
uint32_t process_ids__outer(const struct process_ids *ids, uint32_t inner);
