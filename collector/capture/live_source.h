// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The live record source: the BPF object, its sample ring and its event ring, and perf's rings of
 * process events, brought into one order of time.
 */
#include "collector/capture/sampler.h"
#include "collector/source/source.h"

struct live_source;

/* Loads and opens everything; nothing samples yet. Errors are logged. */
int live_source__open(const struct options *options, struct live_source **ret_live);
void live_source__free(struct live_source *live);
DEFINE_FREEP(live_source)

struct record_source *live_source__records(struct live_source *live); /* borrowed */
struct sampler_maps live_source__maps(const struct live_source *live);
int live_source__add_target(struct live_source *live, uint32_t id);
void live_source__drop_target(struct live_source *live, uint32_t id);
/* Those that end leave by themselves. */
bool live_source__has_targets(const struct live_source *live);
void live_source__watch(struct live_source *live, int fd); /* readable: read() returns as well */

/* Follows processes from here on: events first, then /proc, so that what happens in between is seen
 * twice, not missed. */
int live_source__follow(struct live_source *live);
int live_source__sample(struct live_source *live); /* sampling begins */
/* Sampling ends. The next read() hands out the rest of the rings, the one after it counters and the
 * end (for a raw file kallsyms too), and returns 0. */
void live_source__stop(struct live_source *live);

/* Reads a process's mappings, or all of them, from /proc again; they come with the next read(). */
void live_source__rescan(struct live_source *live, uint32_t pid);
void live_source__rescan_all(struct live_source *live);
int live_source__counts(const struct live_source *live, struct counts *ret_sum);
uint64_t live_source__bytes(const struct live_source *live); /* of BPF maps and rings */
