// SPDX-License-Identifier: Apache-2.0
/* The records of a raw file of somebody else, without the gzip around them, up to the profile that
 * sonde replay makes of them. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/output/pprof.h"
#include "collector/profile/naming.h"
#include "common/view.h"

static const struct options all_labels = { .labels = UINT32_MAX };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int open_nothing(const struct binary *binary)
{
	(void)binary;
	return -ENOENT;
}

/* Each in memory of its own, so that a step behind its end is seen. */
static bool apply_next(struct ingest *ingest, struct view *v)
{
	scope_memory struct record_header *rec = NULL;
	struct record_header h;

	if (view_left(v) < sizeof(h))
		return false;
	memcpy(&h, v->data + v->pos, sizeof(h));
	if (h.size < sizeof(h) || h.size % 8 || h.size > view_left(v))
		return false;
	rec = malloc(h.size);
	if (!rec)
		return false;
	memcpy(rec, view_take(v, h.size), h.size);
	if (!record_valid(rec))
		return false;
	ingest__apply(ingest, rec);
	return true;
}

static void write_profile(struct ingest *ingest)
{
	const struct event_choice *event = event_at(0);
	struct naming_options options = { .event = event,
					  .frequency = 99,
					  .open_binary = open_nothing,
					  .symbol_timeout_ns = 1000000000,
					  .kept.dir_fd = -1 };
	scope_free(profile) struct profile *profile = NULL;
	struct call_counts calls;
	scope_memory uint8_t *bytes = NULL;
	size_t size;

	ingest__finish(ingest);
	if (!profile_from(ingest, &options, &profile, &calls))
		assert(!pprof_encode(profile, &bytes, &size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);
	struct ingest ingest;

	if (ingest__init(&ingest, &all_labels))
		return 0;
	while (apply_next(&ingest, &v))
		;
	write_profile(&ingest);
	ingest__fini(&ingest);
	return 0;
}
