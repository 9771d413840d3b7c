// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An object of its own, run once at the end of a recording: the kernel names the few addresses that
 * occurred. To print all its symbols into /proc/kallsyms, and to read them, costs some 40 ms. Needs a
 * kernel of 5.16 (bpf_kallsyms_lookup_name, which asks for the same rights as /proc/kallsyms).
 */
#include "lib/kernel_types.bpf.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "shared/kernel_names.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct kernel_names_batch batch;

SEC("syscall")
int find_text(void *ctx)
{
	batch.err = bpf_kallsyms_lookup_name("_text", sizeof("_text"), 0, &batch.text_start);
	bpf_kallsyms_lookup_name("_etext", sizeof("_etext"), 0, &batch.text_end);
	bpf_kallsyms_lookup_name("_einittext", sizeof("_einittext"), 0, &batch.code_end);
	return 0;
}

SEC("syscall")
int name_addresses(void *ctx)
{
	for (__u32 i = 0; i < KERNEL_NAMES && i < batch.cnt; i++)
		BPF_SNPRINTF(batch.texts[i], KERNEL_NAME_LEN, "%pS", batch.addrs[i]);
	return 0;
}
