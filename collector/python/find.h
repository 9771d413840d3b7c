// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What the kernel side must know of a Python process, from its mappings and their files' facts. */
#include <stdbool.h>

#include "collector/process/proc_table.h"

/* False: no mapping is of an interpreter that is understood. */
bool python_find(struct binaries *binaries, const struct process *process,
		 struct python_process *ret_python);
/* The same of an executable with an interpreter in it that lies where it was linked, before it runs. */
bool python_find_program(const struct binary *binary, struct python_process *ret_python);
/* The interpreter of a process, understood or refused, and where its "rel" addresses count from. NULL:
 * no mapping is of one. Borrowed from the binary. */
const struct python_interpreter *
python_interpreter_of(struct binaries *binaries, const struct process *process, uint64_t *ret_base);
/* A place in a file lies in the code of an interpreter's eval loop. */
bool python_in_eval(const struct binary *binary, uint64_t file_off);
