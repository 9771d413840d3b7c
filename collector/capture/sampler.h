// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The BPF object: opened, configured, loaded, attached to every online CPU. */
#include <stdint.h>

#include "bpf/shared/process.h"
#include "bpf/shared/stop.h"
#include "collector/cli/options.h"
#include "common/cleanup.h"

struct sampler;
struct bpf_map;

/* Loads; nothing samples yet. Errors are logged in words that say what to do. */
int sampler__open(const struct options *options, struct sampler **ret_sampler);
void sampler__free(struct sampler *sampler);
DEFINE_FREEP(sampler)

int sampler__add_target(struct sampler *sampler, uint32_t id);
void sampler__drop_target(struct sampler *sampler, uint32_t id);
bool sampler__has_targets(const struct sampler *sampler); /* the kernel side drops those that end */
/* path: absolute, or below the cgroup v2 mount. Errors are logged. */
int sampler__set_cgroup(struct sampler *sampler, const char *path);
int sampler__follow_processes(struct sampler *sampler); /* attaches to fork, exec and exit */
int sampler__start(struct sampler *sampler); /* one sampling event per online CPU */
void sampler__stop(struct sampler *sampler);
/* CPUs come and go: attaches to new ones. fn is told of each change. */
void sampler__follow_cpus(struct sampler *sampler, void (*fn)(void *ctx, int cpu, bool online),
			  void *ctx);

/* Descriptors of maps, by use. */
struct sampler_maps {
	int samples;
	int copies;
	int events;
	int processes;
	int mappings;
	int pages;
	int chunks;
	int infos;
	int pythons;
	int programs;
	int oracle;
};
struct sampler_maps sampler__maps(const struct sampler *sampler);

int sampler__counts(const struct sampler *sampler, struct counts *ret_sum);
uint64_t sampler__map_bytes(const struct sampler *sampler);
