// SPDX-License-Identifier: Apache-2.0
/* Lines of /proc/PID/maps: their paths are the target's. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/process/maps_parser.h"
#include "collector/process/stat_parser.h"
#include "common/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_line(char *text)
{
	struct maps_line line;
	size_t size = strlen(text) + 1;
	char *path;

	if (!maps_line__parse(text, &line))
		return;
	assert(line.start < line.end);
	assert(line.path >= text && line.path < text + size);
	path = text + (line.path - text);
	maps_path__cut_deleted(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_memory char *text = calloc(1, size + 1);
	struct stat_line stat;
	char *line, *rest;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (stat_line__parse(text, &stat))
		assert(memchr(stat.comm, 0, sizeof(stat.comm)));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		try_line(line);
	return 0;
}
