// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What a profile needs to know of this host, as records. */
#include "collector/cli/options.h"
#include "collector/source/batch.h"

void host_add_facts(const struct options *options, struct batch *batch); /* HOST and VDSO */
/* The KALLSYMS record, handed to fn. Says what to do where the kernel shows no addresses. */
void host_read_kallsyms(record_fn fn, void *ctx);
/* The image of the vdso in our own address space: the same in every process. */
int host_vdso(const void **ret_image, size_t *ret_size);
