// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Completes the record of a code object from the memory of its process, where that did not fit:
 * long names, characters of two or four bytes, line tables above 4 KB, pages that were not there
 * just then.
 */
#include <stddef.h>
#include <stdint.h>

#include "bpf/shared/python.h"

/* rec: checked. NULL: nothing is missing, or the process has nothing more to give. Else a whole
 * record, which the caller frees. */
struct python_code_record *python_reader__complete(const struct python_code_record *rec);

/* All of a range of a process's memory, or none: 0 or negative errno. */
int python_reader__live(uint32_t pid, void *to, size_t size, uint64_t vaddr);
/* The same of any code object, whose record has no pieces yet; its type's address is known. */
struct python_code_record *python_reader__read(const struct python_code_record *rec,
					       uint64_t code_type);
