/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* The walkers' seam over BPF maps: bpf/unwind/native_step.h says what each function promises. */
#include "maps.bpf.h"
#include "task.bpf.h"

extern struct mappings_map mappings SEC(".maps");
extern struct pages_map pages SEC(".maps");
extern struct chunks_map chunks SEC(".maps");
extern struct infos_map infos SEC(".maps");

static __always_inline int seam_read_user(void *to, __u32 size, __u64 vaddr)
{
	return bpf_probe_read_user(to, size, (const void *)vaddr);
}

/* What lies in a page that could be read can be read. */
static __always_inline __u64 seam_window(__u64 vaddr)
{
	return USER_PAGE_SIZE - (vaddr & (USER_PAGE_SIZE - 1));
}

static __always_inline int seam_fs_base(__u64 *ret_fs_base)
{
	*ret_fs_base = thread_base();
	return 0;
}

static __always_inline const struct unwind_mapping *seam_mapping(__u32 idx)
{
	return bpf_map_lookup_elem(&mappings, &idx);
}

static __always_inline const struct unwind_page *seam_page(__u32 idx)
{
	return bpf_map_lookup_elem(&pages, &idx);
}

static __always_inline const __u32 *seam_rows(__u32 pos)
{
	__u32 chunk = pos >> UNWIND_CHUNK_SHIFT;
	__u32 value = (pos >> UNWIND_VALUE_SHIFT) & (UNWIND_CHUNK_VALUES - 1);
	void *inner = bpf_map_lookup_elem(&chunks, &chunk);

	if (!inner)
		return NULL;
	return bpf_map_lookup_elem(inner, &value);
}

static __always_inline const struct unwind_info *seam_info(__u32 idx)
{
	return bpf_map_lookup_elem(&infos, &idx);
}
