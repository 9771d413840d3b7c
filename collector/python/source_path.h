// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Where a process's source file is that its code objects name by a relative path: a script, up to
 * 3.8, and modules found by relative folders. Such a name was meant from the folder that the process
 * stood in when it was read, which may be long ago. So two folders are tried, the one where it
 * stands now and the one where its shell stood ($PWD at exec), and a file has to be there.
 */
#include <stddef.h>
#include <stdint.h>

/* The absolute path, as the process itself sees it. -ENOENT: the name is no relative path, or no such
 * file; -ENOTUNIQ: each folder has one of its own; else what /proc could not tell. */
int python_source_path(uint32_t pid, const char *name, char *to, size_t size);
