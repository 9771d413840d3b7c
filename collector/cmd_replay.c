// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/capture/event_table.h"
#include "collector/cli/cli.h"
#include "collector/finish.h"
#include "collector/output/file.h"
#include "collector/source/raw_file.h"
#include "common/log.h"

static void apply(void *ctx, const struct record_header *rec)
{
	ingest__apply(ctx, rec);
}

/* The event and the frequency are those of the recording. */
static struct options as_recorded(const struct ingest *ingest, const struct options *options)
{
	scope_memory char *event = ingest__host_value(ingest, "event");
	scope_memory char *frequency = ingest__host_value(ingest, "frequency");
	scope_memory char *period = ingest__host_value(ingest, "period");
	struct options recorded = *options;

	recorded.event = event ? event_find(event) : NULL;
	if (!recorded.event)
		recorded.event = event_at(0);
	recorded.frequency = frequency ? (uint32_t)strtoul(frequency, NULL, 10) : 0;
	if (!recorded.frequency)
		recorded.frequency = 99;
	recorded.frequency_given = !period || !strtoul(period, NULL, 10);
	return recorded;
}

static int read_all(const char *path, struct ingest *ingest)
{
	scope_free(record_source) struct record_source *source = NULL;
	int more = raw_source__open(path, &source);

	if (more)
		return more;
	do
		more = source->read(source, 0, apply, ingest);
	while (more > 0);
	return more;
}

int cmd_replay(const struct options *options)
{
	struct options recorded;
	struct ingest ingest;
	int err = output_check(options->output, "-o");

	if (err || ingest__init(&ingest, options))
		return 1;
	err = read_all(options->input, &ingest);
	if (err)
		log_error("%s: %s", options->input,
			  err == -EBADMSG ?
				  "not a whole file of sonde record --raw; what could be read "
				  "is used" :
				  strerror(-err));
	if (!err || aggregate__samples(ingest.aggregate)) {
		int bad = err;

		recorded = as_recorded(&ingest, options);
		err = write_profile(&ingest, &recorded, 0);
		err = err ? err : bad;
	}
	ingest__fini(&ingest);
	return err ? 1 : 0;
}
