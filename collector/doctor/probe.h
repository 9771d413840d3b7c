// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What doctor asks of the host: one table of probes per subject. */
#include <stdbool.h>
#include <stdint.h>

#include "collector/doctor/fact.h"

struct btf;

struct host_view { /* what several probes ask for */
	struct btf *btf; /* of the kernel; NULL: none. Owned */
	uint64_t caps; /* effective capabilities, bit N is capability N */
	int cpu; /* one that is online */
	int cpu_cnt;
};

struct probe {
	const char *name;
	void (*look)(const struct host_view *host, struct fact *fact);
	const char *without; /* what is missing where the fact is not ok */
	const char *mend; /* what to do, where look() has nothing better to say */
};

extern const struct probe kernel_probes[]; /* end with a row without name, as all tables */
extern const struct probe rights_probes[];

void host_view__init(struct host_view *host);
void host_view__fini(struct host_view *host);

/* Asks, and adds what the table says to what is not ok. */
void probe__ask(const struct probe *probe, const struct host_view *host, struct fact *ret_fact);
const struct probe *probe_find(const struct probe *table, const char *name); /* NULL: none */

bool host_has_cap(const struct host_view *host, int cap);
