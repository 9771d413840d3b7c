// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What the kernel side must know of a Python process, from its mappings and their files' facts. */
#include <stdbool.h>

#include "collector/process/proc_table.h"

/* False: no mapping is of an interpreter that is understood. */
bool python_find(struct binaries *binaries, const struct process *process,
		 struct python_process *ret_python);
/* A place in a file lies in the code of an interpreter's eval loop. */
bool python_in_eval(const struct binary *binary, uint64_t file_off);
