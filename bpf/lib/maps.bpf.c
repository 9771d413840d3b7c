// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel_types.bpf.h"

#include "maps.bpf.h"

struct samples_map samples SEC(".maps");
struct copies_map copies SEC(".maps");
struct events_map events SEC(".maps");
struct processes_map processes SEC(".maps");
struct pythons_map pythons SEC(".maps");
struct programs_map programs SEC(".maps");
struct seen_codes_map seen_codes SEC(".maps");
struct mappings_map mappings SEC(".maps");
struct pages_map pages SEC(".maps");
struct chunks_map chunks SEC(".maps");
struct infos_map infos SEC(".maps");
struct targets_map targets SEC(".maps");
struct target_cgroup_map target_cgroup SEC(".maps");
struct stats_map stats SEC(".maps");
struct oracle_map oracle SEC(".maps");

const volatile struct sampler_config config = {};

char LICENSE[] SEC("license") = "Dual BSD/GPL";
