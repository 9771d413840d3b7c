// SPDX-License-Identifier: Apache-2.0
#include "common/log.h"

#include <stdio.h>

static enum log_level current_level = LOG_WARN;

void log_set_level(enum log_level level)
{
	current_level = level;
}

enum log_level log_level(void)
{
	return current_level;
}

void log_vprint(enum log_level level, const char *format, va_list args)
{
	char line[2048];
	int len;

	if (level > current_level)
		return;
	len = vsnprintf(line, sizeof(line), format, args);
	if (len < 0)
		return;
	/* One write per message: lines of several threads do not mix. */
	fprintf(stderr, "sonde: %s\n", line);
}

void log_print(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vprint(level, format, args);
	va_end(args);
}
