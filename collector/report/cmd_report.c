// SPDX-License-Identifier: Apache-2.0
#include "collector/cli/cli.h"
#include "collector/output/pprof_read.h"
#include "collector/report/report.h"
#include "common/log.h"

static void print_header(const struct profile *p)
{
	if (p->mappings_cnt)
		printf("File: %s\n", strtab__text(p->strings, p->mappings[0].filename));
	for (uint32_t i = 0; i < p->comments_cnt; i++) {
		const char *comment = strtab__text(p->strings, p->comments[i]);

		if (*comment != '#')
			printf("%s\n", comment);
	}
	printf("Duration: %.2fs\n", (double)p->duration_ns / 1e9);
}

int cmd_report(const struct options *options)
{
	scope_free(profile) struct profile *profile = NULL;
	const char *why;
	int err = pprof_read(options->input, &profile, &why);

	if (err) {
		log_error("%s: %s", options->input, why);
		return 1;
	}
	print_header(profile);
	return report_by(stdout, profile, options->by, options->top, options->focus) ? 1 : 0;
}
