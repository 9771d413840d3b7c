// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Which files a command will execute, before it does. */
#include <limits.h>
#include <stdint.h>

#define PROGRAM_FILES 2 /* a script and its interpreter */

/* argv: as for execvp(3). Returns how many paths were found. */
uint32_t program_files(char *const *argv, char (*ret_paths)[PATH_MAX]);
