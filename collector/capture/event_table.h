// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "collector/cli/options.h"

/* The row of an event, or NULL; the default is events[0], cpu-clock. */
const struct event_choice *event_find(const char *name);
const struct event_choice *event_at(unsigned int idx); /* NULL behind the last */
/* How much of the event lies between two samples; 0: it varies, so that the frequency is kept. */
uint64_t event_period(const struct options *options);
