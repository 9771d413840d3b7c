// SPDX-License-Identifier: Apache-2.0
#pragma once

/* perf_event_open(2): sampling events, and the rings of process events. */
#include <stdbool.h>
#include <stdint.h>

#include "collector/cli/options.h"
#include "collector/source/batch.h"

/* A sampling event on a CPU, not yet enabled: fd or a negative errno. */
int perf_open_sampler(const struct options *options, int cpu);

/* Why the kernel has no such call for us, as one line; false: it is another error. */
bool perf_explain_refusal(int err);

/* The rings of MMAP2, COMM, FORK and EXIT records, one per CPU. */
struct event_rings;

/* A negative errno; -ENOBUFS: they do not fit what we may lock in memory. */
int event_rings__open(struct event_rings **ret_rings);
void event_rings__free(struct event_rings *rings);
DEFINE_FREEP(event_rings)

/* Opens a ring on a CPU that came up. 0, also when it has one already; or a negative errno. */
int event_rings__add_cpu(struct event_rings *rings, int cpu);
void event_rings__remove_cpu(struct event_rings *rings, int cpu);
/* For poll(2): readable as soon as a record waits. Returns how many descriptors were written. */
int event_rings__fds(const struct event_rings *rings, int *fds, int max);
/* Moves all waiting records to the batch. */
void event_rings__drain(struct event_rings *rings, struct batch *batch);
uint64_t event_rings__bytes(const struct event_rings *rings);

#define MAX_CPUS 1024
/* CPUs that are online, from sysfs; count, or a negative errno. */
int online_cpus(int *cpus, int max);
