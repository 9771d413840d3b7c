// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Records on their way from several rings into one order of time. Samples are drained before events,
 * so whatever happened before a drained sample is in the batch with it; what is younger than the
 * moment at which draining began stays for the next turn, because an older sample may still come.
 */
#include <stdbool.h>

#include "collector/source/record.h"
#include "common/cleanup.h"

struct batch;

struct batch *batch__new(void); /* NULL: no memory */
void batch__free(struct batch *batch);
DEFINE_FREEP(batch)

/* Room for a record of that size (a multiple of 8); type and size are filled in. The address holds
 * until the next call. NULL, counted, when memory is short. */
void *batch__add(struct batch *batch, uint32_t type, uint32_t size, uint64_t time_ns);
/* A whole record as it is. */
void batch__add_record(struct batch *batch, const struct record_header *rec);

/* Hands out all records older than horizon_ns, oldest first, records of equal time in the order in
 * which they were added; keeps the rest. fn may add records: they wait for the next call. */
void batch__emit(struct batch *batch, uint64_t horizon_ns, record_fn fn, void *ctx);
bool batch__empty(const struct batch *batch);
uint64_t batch__dropped(const struct batch *batch); /* no memory for them */
