// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What record says at its end of frames that have no name: where most of them are, and what would
 * mend it. Nothing where no more than 1 % of them lack one. */
#include <stdio.h>

#include "collector/profile/ingest.h"
#include "collector/profile/profile.h"

void advise(FILE *to, const struct ingest *ingest, const struct profile *profile);
