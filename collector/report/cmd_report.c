// SPDX-License-Identifier: Apache-2.0
#include "collector/cli/cli.h"
#include "collector/output/pprof_read.h"
#include "collector/report/report.h"
#include "common/log.h"

static int read_profile(const char *path, struct profile **ret_profile)
{
	const char *why;
	int err = pprof_read(path, ret_profile, &why);

	if (err)
		log_error("%s: %s", path, why);
	return err;
}

int cmd_report(const struct options *options)
{
	scope_free(profile) struct profile *profile = NULL, *old = NULL;
	int err = read_profile(options->input, &profile);

	if (!err && options->old)
		err = read_profile(options->old, &old);
	if (!err)
		err = report(stdout, profile, old, options);
	return err ? 1 : 0;
}
