// SPDX-License-Identifier: Apache-2.0
#include "common/own_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/io.h"

uint64_t own_status(const char *field, int base)
{
	scope_memory char *status = NULL;
	const char *line;
	char head[32];
	size_t size;

	snprintf(head, sizeof(head), "\n%s:", field);
	if (io_read_file("/proc/self/status", 65536, &status, &size))
		return 0;
	line = strstr(status, head);
	return line ? strtoull(line + strlen(head), NULL, base) : 0;
}
