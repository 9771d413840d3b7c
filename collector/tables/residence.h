// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Which files' unwind rows lie in the BPF maps, and where (the layout: bpf/shared/unwind.h). For
 * worker threads, one at a time (it locks): adding a chunk waits for RCU, 8 to 23 ms.
 */
#include <stdint.h>

#include "collector/capture/sampler.h"
#include "common/cleanup.h"
#include "symbolizer/native/cfi.h"

struct binary_table { /* where one file's table lies; immutable */
	uint64_t base_vaddr;
	uint32_t page_base;
	uint32_t page_cnt;
	uint32_t row_cnt;
};

struct residence;

int residence__open(const struct sampler_maps *maps, struct residence **ret_residence);
void residence__free(struct residence *residence);
DEFINE_FREEP(residence)

/* Writes a file's rows. -ENOSPC: no room (UNWIND_MAX_CHUNKS, pages). The caller frees *ret_table. */
int residence__add(struct residence *residence, const struct cfi_table *cfi,
		   struct binary_table **ret_table);
/* Takes a table's room back and frees it. The caller knows that no run of mappings leads there any
 * more, not even in a program that runs right now. */
void residence__remove(struct residence *residence, struct binary_table *table);
/* Returns when every BPF program that ran at the call has ended (an update of the outer map waits for
 * an RCU grace period). */
void residence__barrier(struct residence *residence);
/* Resident tables as bpf/unwind/native_step.h reads them; NULL when out of range. */
const struct unwind_page *residence__page(const struct residence *residence, uint32_t idx);
const uint32_t *residence__rows(const struct residence *residence, uint32_t pos);
const struct unwind_info *residence__info(const struct residence *residence, uint32_t idx);
uint64_t residence__bytes(const struct residence *residence); /* chunks */
