// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Names of source files, by pprof's rules. Nothing here looks at the file system. */

/* The shortest name for the same path: no "//", "/./", "dir/.."; "" becomes ".". The caller frees. */
char *path_clean(const char *path);

/*
 * The part of path behind a prefix of trim (a list with ':'), or behind /proc/self/cwd/. Without trim,
 * the part behind the last component of a folder of search (a list with ':') where that occurs in path:
 * /build/work/app/src/x.c with the search folder /home/me/app is src/x.c. Points into path.
 */
const char *path_trim(const char *path, const char *trim, const char *search);

const char *path_base(const char *path); /* behind the last '/'; points into path */
