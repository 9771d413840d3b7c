// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Text and JSON views of a profile: self ("flat" in pprof) and total ("cum") by function, line, file,
 * module, process or thread; annotated source; trees; callers and callees; differences.
 */
#include <stdio.h>

#include "collector/cli/options.h"
#include "collector/profile/profile.h"

/* old: NULL or the profile to subtract. A negative errno, logged. */
int report(FILE *out, const struct profile *profile, const struct profile *old,
	   const struct options *options);
/* The n functions with most self time. */
int report_top(FILE *out, const struct profile *profile, unsigned int n);
