/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Each map once: its struct tag and what it is for. The definitions are in maps.bpf.c; the linker
 * compares all attributes, so every user declares the map by its tag. "User" is the collector. */
#include <bpf/bpf_helpers.h>

#include "../shared/event.h"
#include "../shared/process.h"
#include "../shared/python.h"
#include "../shared/stop.h"
#include "../shared/unwind.h"

#define COPY_RING_BYTES (2 * 1024 * 1024)

/* Samples; written by the sampler without wake-ups, drained by user. Size set at load. */
struct samples_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
};

/* Stacks that user space walks; drained like samples. Few, and each several KB. */
struct copies_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, COPY_RING_BYTES);
};

/* Rare records that user must see at once. */
struct events_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
};

/* pid -> run of mappings. Written by user and by fork, exec, exit programs; the sampler adds WANTED
 * entries. Preallocated: perf_event programs may use no other on 5.10. */
struct processes_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PROCESSES);
	__type(key, __u32);
	__type(value, struct process_entry);
};

/* What is known of Python processes; process_entry.python leads here. Written by user through mmap. */
struct pythons_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_PYTHON_PROCESSES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct python_process);
};

/* Programs that are Python wherever they are executed -> process_entry.python. Written by user, read at
 * exec. */
struct programs_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PROGRAMS);
	__type(key, struct program_key);
	__type(value, __u32);
};

/* Code objects that user space was told of, by python_code_key(), address and process. */
struct seen_codes_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u8);
};

/* The pool of mappings that runs lie in; written by user through mmap. */
struct mappings_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_MAPPINGS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct unwind_mapping);
};

/* 64 KB pages of files; written by user through mmap. */
struct pages_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWIND_MAX_PAGES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct unwind_page);
};

/* One chunk of rows: 1 MB. Values of 64 KB, because a lookup per row costs more. value_size and not
 * a type: clang-14 emits a forward declaration for inner types that libbpf then refuses. */
struct chunk_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWIND_CHUNK_VALUES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, UNWIND_VALUE_ROWS * sizeof(__u32));
};

/* All chunks; user adds some at start and more in the background (an update waits for RCU). */
struct chunks_map {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, UNWIND_MAX_CHUNKS);
	__type(key, __u32);
	__array(values, struct chunk_map);
};

/* Every distinct unwind rule of the host; written by user through mmap. */
struct infos_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWIND_MAX_INFOS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct unwind_info);
};

/* FILTER_PID: process ids, FILTER_TID: thread ids. User fills it; fork and exit keep it up. */
struct targets_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, __u32);
};

struct target_cgroup_map {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};

/* One set of counters per CPU: a shared one costs 150 ns a sample in cache-line traffic. */
struct stats_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counts);
};

/* The oracle's arming switch: user writes 1, the sampler writes 0 when it has sampled and stopped. */
struct oracle_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};
