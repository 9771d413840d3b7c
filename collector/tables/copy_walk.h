// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The walk of a stack that travelled with its sample: bpf/unwind compiled for user space, over the
 * same rows that the kernel side reads.
 */
#include "collector/process/held.h"
#include "collector/tables/residence.h"

struct copy_walker;

/* residence: borrowed. NULL: no memory. */
struct copy_walker *copy_walker__new(const struct residence *residence, struct binaries *binaries,
				     uint32_t max_depth);
void copy_walker__free(struct copy_walker *walker);
DEFINE_FREEP(copy_walker)

/* A WALKED record; it lives until the next call. */
const struct record_header *copy_walker__walk(struct copy_walker *walker, const struct held *held);
