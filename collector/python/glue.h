// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>

/* A C function of the interpreter's that only leads from one Python frame to the next, or from
 * main() to the first: what it does is the call. False for all that does work (sort, json, GC,
 * allocation). */
bool python_is_glue(const char *name);
/* The one in which a thread waits for the GIL. */
bool python_takes_gil(const char *name);
