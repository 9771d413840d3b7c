// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What would make a recording fail is looked at before anything is measured: one line says what to do.
 * 0 or a negative errno. */
#include "collector/cli/options.h"

int preflight(const struct options *options);
