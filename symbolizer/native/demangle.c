// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "symbolizer/symbolizer.h"

#define MAX_LINKAGE 16384
#define MAX_NAME 65536

char *demangle(const char *linkage)
{
	size_t len = strlen(linkage);
	char *name;

	if (len > MAX_LINKAGE || len < 3 || linkage[0] != '_')
		return NULL;
	name = rust_demangle(linkage, DMGL_NO_OPTS);
	if (!name)
		/* without DMGL_PARAMS: the list and the return type go, template arguments stay */
		name = cplus_demangle_v3(linkage, DMGL_ANSI);
	if (name && strlen(name) > MAX_NAME)
		name[MAX_NAME] = 0;
	return name;
}
