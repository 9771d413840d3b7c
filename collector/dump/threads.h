// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The threads of processes, as the kernel has them at this moment: bpf/dump.bpf.c. */
#include <stdint.h>

#include "bpf/shared/dump.h"
#include "common/cleanup.h"

struct threads;

/* Loads. Errors are logged. */
int threads__open(struct threads **ret_threads);
void threads__free(struct threads *threads);
DEFINE_FREEP(threads)

int threads__add_process(struct threads *threads, uint32_t pid);
/* All their threads, each as it was when the kernel came to it; fn borrows. 0 or a negative errno. */
int threads__each(struct threads *threads,
		  void (*fn)(void *ctx, const struct dumped_thread *thread), void *ctx);
