// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What the rings of perf_event_open(2) hold -> our records. */
#include <stddef.h>

#include "collector/source/batch.h"

/* bytes: one record, its header in front and its time behind (sample_id_all, PERF_SAMPLE_TIME). Adds
 * what MMAP2, COMM, FORK (of processes), EXIT and LOST tell; other kinds and damaged records add
 * nothing. */
void perf_record__take(const void *bytes, size_t size, struct batch *batch);
