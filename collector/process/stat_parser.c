// SPDX-License-Identifier: Apache-2.0
#include "collector/process/stat_parser.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_FIELD 2
#define START_FIELD 22

bool stat_line__parse(const char *text, struct stat_line *ret_line)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')'), *at = close;
	struct stat_line out = { 0 };
	size_t len;

	if (!open || !close || close < open)
		return false;
	for (int field = NAME_FIELD; at && field < START_FIELD; field++)
		at = strchr(at + 1, ' ');
	if (!at || !isdigit((unsigned char)at[1]))
		return false;
	errno = 0;
	out.start_ticks = strtoull(at + 1, NULL, 10);
	if (errno)
		return false;
	len = (size_t)(close - open) - 1;
	memcpy(out.comm, open + 1, len < COMM_LEN ? len : COMM_LEN - 1);
	*ret_line = out;
	return true;
}
