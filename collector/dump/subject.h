// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A process that is dumped, as it was found. */
#include <stdbool.h>
#include <stdint.h>

#include "collector/process/proc_table.h"

struct subject {
	uint32_t pid;
	char *command; /* owned; its arguments as text, or its name */
	uint32_t hexversion; /* of its interpreter; 0: it has none */
	bool free_threaded;
	enum python_refusal refusal;
	bool is_python; /* python holds */
	bool frozen; /* it is held still */
	struct python_process python;
};

/* Its files are known to binaries as far as they ever will. False: it has no interpreter in it. */
bool subject__init(struct subject *subject, uint32_t pid, struct proc_table *processes,
		   struct binaries *binaries);
void subject__fini(struct subject *subject);
int subject__compare(const void *a, const void *b); /* by pid, for qsort() */
