// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What stands above a report: whose profile, of what, how long. */
#include "collector/report/view.h"

void header_print(const struct view_context *view, const struct profile *profile);
void header_json(const struct view_context *view, const struct profile *profile,
		 const char *view_name);
