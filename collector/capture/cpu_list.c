// SPDX-License-Identifier: Apache-2.0
#include "collector/capture/cpu_list.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

static bool number(const char **at, int *ret_value)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	value = strtoul(*at, &end, 10);
	if (value >= INT_MAX)
		return false;
	*at = end;
	*ret_value = (int)value;
	return true;
}

int cpu_list__parse(const char *text, int *cpus, int max)
{
	const char *at = text;
	int cnt = 0;

	while (*at && *at != '\n') {
		int first, last;

		if (!number(&at, &first))
			return -EBADMSG;
		last = first;
		if (*at == '-') {
			at++;
			if (!number(&at, &last) || last < first)
				return -EBADMSG;
		}
		for (int cpu = first; cpu <= last && cnt < max; cpu++)
			cpus[cnt++] = cpu;
		if (*at == ',')
			at++;
		else if (*at && *at != '\n')
			return -EBADMSG;
	}
	return cnt;
}
