// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What every test program starts with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof(*(table)))
#define TEST_SKIPPED 77 /* exit code: meson counts the program as skipped */

/* assert_*() inside a table does not say which row failed: this does, before it fails. */
#define expect(condition, row)                                              \
	do {                                                                \
		if (!(condition))                                           \
			fail_msg("row %zu: %s", (size_t)(row), #condition); \
	} while (0)
