// SPDX-License-Identifier: Apache-2.0
/* A ring of perf's: one record after the other, each with its size in its header. Whatever they hold,
 * our own records made of them are whole. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <linux/perf_event.h>

#include "collector/capture/perf_records.h"
#include "common/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(void *ctx, const struct record_header *rec)
{
	(void)ctx;
	assert(record_valid(rec));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_free(batch) struct batch *batch = batch__new();
	struct view v = view_of(data, size);
	struct perf_event_header h;

	while (batch && view_left(&v) >= sizeof(h)) {
		memcpy(&h, v.data + v.pos, sizeof(h));
		if (h.size < sizeof(h) || h.size > view_left(&v))
			break;
		perf_record__take(view_take(&v, h.size), h.size, batch);
	}
	if (batch)
		batch__emit(batch, UINT64_MAX, check, NULL);
	return 0;
}
