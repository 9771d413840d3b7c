/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* A load-time switch for proofs: what may fail in an NMI fails at random. */
#include <bpf/bpf_helpers.h>

#include "../shared/config.h"

extern const volatile struct sampler_config config;

static __always_inline int fault(void)
{
	return config.fault_rate && (bpf_get_prandom_u32() & 1023) < config.fault_rate;
}
