// SPDX-License-Identifier: Apache-2.0
/* Profiles of other tools: every view of what can be read, alone and less the same once more. */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "collector/output/pprof_read.h"
#include "collector/report/report.h"
#include "common/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct options choices[] = {
	{ .by = REPORT_BY_FUNCTION, .top = 5 },
	{ .by = REPORT_BY_LINE },
	{ .by = REPORT_BY_FILE, .json = true },
	{ .by = REPORT_BY_MODULE },
	{ .by = REPORT_BY_PROCESS },
	{ .by = REPORT_BY_THREAD, .json = true },
	{ .by = REPORT_BY_LINE, .focus = "a|main", .ignore = "x.*y", .sample_type = "0" },
	{ .view = REPORT_LIST, .pattern = ".", .source_path = "/nonexistent" },
	{ .view = REPORT_LIST, .pattern = ".", .source_path = "/nonexistent", .json = true },
	{ .view = REPORT_TREE },
	{ .view = REPORT_TREE, .by = REPORT_BY_FILE, .json = true },
	{ .view = REPORT_CALLERS, .by = REPORT_BY_LINE },
	{ .view = REPORT_PEEK, .pattern = "." },
	{ .view = REPORT_PEEK, .pattern = "a", .by = REPORT_BY_LINE, .json = true },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_free(profile) struct profile *profile = NULL, *old = NULL;
	const char *why = NULL;
	FILE *out;

	log_set_level(LOG_NONE);
	if (pprof_decode(data, size, &profile, &why) || pprof_decode(data, size, &old, &why))
		return 0;
	out = fopen("/dev/null", "w");
	assert(out);
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
		struct options options = choices[i];

		options.input = "fuzz";
		report(out, profile, NULL, &options);
		options.old = "fuzz";
		report(out, profile, old, &options);
	}
	fclose(out);
	return 0;
}
