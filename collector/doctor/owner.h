// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Which Debian package a file belongs to, by dpkg's own lists below a root; dpkg is not run. */
#include <stddef.h>

#define PACKAGE_LEN 128

struct owner_query {
	const char *path; /* borrowed */
	char package[PACKAGE_LEN]; /* "": no package's, or the root is no Debian's */
};

/* One pass over the lists for all questions. */
void owners_find(int root_fd, struct owner_query *queries, size_t cnt);

/* The package with a package's debug files; needs PACKAGE_LEN bytes. */
void debug_package_of(const char *package, char *to);
