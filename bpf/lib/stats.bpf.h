/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Counters made from errors.def, one set per CPU. */
#include "maps.bpf.h"

extern struct stats_map stats SEC(".maps");

static __always_inline struct counts *this_cpu_counts(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&stats, &zero);
}

static __always_inline void count(enum counter which, __u64 add)
{
	struct counts *c = this_cpu_counts();

	if (c)
		c->counters[which] += add;
}
