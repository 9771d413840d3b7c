// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The kernel side's map of Python processes: equal ones share a slot, as forked processes do. */
#include <stdint.h>

#include "bpf/shared/python.h"
#include "common/cleanup.h"

struct python_slots;

/* map: descriptor of the map, borrowed. */
int python_slots__open(int map, struct python_slots **ret_slots);
void python_slots__free(struct python_slots *slots);
DEFINE_FREEP(python_slots)

/* The value for process_entry.python, counted; 0: no room. */
uint32_t python_slots__take(struct python_slots *slots, const struct python_process *process);
/* Uncounts it; 0 is allowed. The kernel side must not look at the slot any more. */
void python_slots__drop(struct python_slots *slots, uint32_t slot);
