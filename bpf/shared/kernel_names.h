/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Addresses of the kernel and what it calls them (bpf/kernel_names.bpf.c). */
#include "types.h"

#define KERNEL_NAMES 64 /* in one run of the program */
#define KERNEL_NAME_LEN 640 /* more than any kernel's KSYM_SYMBOL_LEN */

struct kernel_names_batch {
	__u64 text_start; /* _text; 0: the kernel has no such symbol, as the next ones */
	__u64 text_end; /* _etext */
	__u64 code_end; /* _einittext: of all that is built in */
	__u32 cnt;
	__s32 err; /* of the search for _text: -EPERM where /proc/kallsyms would show no addresses */
	__u64 addrs[KERNEL_NAMES];
	char texts[KERNEL_NAMES][KERNEL_NAME_LEN]; /* "name+0x12/0x34 [module]", or the address */
};
