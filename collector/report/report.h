// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Text views of a profile: self ("flat") and total ("cum") by function, line, file, ... */
#include <stdio.h>

#include "collector/cli/options.h"
#include "collector/profile/profile.h"

/* focus: extended regular expression or NULL. A negative errno; -EINVAL: bad expression, logged. */
int report_by(FILE *out, const struct profile *profile, enum report_by by, unsigned int n,
	      const char *focus);
/* The n functions with most self time. */
int report_top(FILE *out, const struct profile *profile, unsigned int n);
