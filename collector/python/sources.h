// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Makes file names of code objects absolute, when their process is still there to be asked: once for
 * each process and name, so that a program that changes its folder keeps its files. */
#include <stdint.h>

#include "bpf/shared/python.h"
#include "common/cleanup.h"

struct python_sources;

struct python_sources *python_sources__new(void); /* NULL: no memory */
void python_sources__free(struct python_sources *sources);
DEFINE_FREEP(python_sources)

/* rec: checked and whole. NULL: its file name is absolute, or nothing better is known. Else a record
 * that has the path, too (pieces.h), which the caller frees. */
struct python_code_record *python_sources__complete(struct python_sources *sources,
						    const struct python_code_record *rec);
/* The process has ended. */
void python_sources__forget(struct python_sources *sources, uint32_t pid);
