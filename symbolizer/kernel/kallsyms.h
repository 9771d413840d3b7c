// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The kernel's symbols with modules and BPF programs, from the text of /proc/kallsyms, in a compact
 * sorted table. Format: "ADDRESS TYPE NAME[\t[MODULE]]" (kernel/kallsyms.c, s_show()); BPF programs
 * stand there as "bpf_prog_TAG_NAME\t[bpf]".
 */
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "symbolizer/symbolizer.h"

struct kallsyms;

/* text: borrowed, need not end with NUL. Data symbols are dropped. -ENODATA: no usable line.
 * -EACCES: all addresses are zero (kptr_restrict, or no CAP_SYSLOG). */
int kallsyms__parse(const char *text, size_t size, struct kallsyms **ret_kallsyms);

/* Or of certain addresses alone: what the kernel printed of each as "%pS" (symbol_text.h), at last
 * kallsyms__settle(). */
struct kernel_bounds { /* addresses; 0 when absent */
	uint64_t text_start; /* _text */
	uint64_t text_end; /* _etext */
	uint64_t code_end; /* _einittext: of all code that is built in */
};
int kallsyms__new(const struct kernel_bounds *bounds, struct kallsyms **ret_kallsyms);
/* -ENOENT: that is no name. */
int kallsyms__add_address(struct kallsyms *kallsyms, uint64_t addr, const char *text);
void kallsyms__settle(struct kallsyms *kallsyms);

void kallsyms__free(struct kallsyms *kallsyms);
DEFINE_FREEP(kallsyms)

struct kernel_symbol {
	const char *name; /* borrowed; NULL: nothing there */
	const char *module; /* borrowed; "" for the kernel itself, "bpf" for BPF programs */
	uint64_t start;
};
struct kernel_symbol kallsyms__find(const struct kallsyms *kallsyms, uint64_t addr);

/* _text and _etext (or _end); 0 when absent. */
uint64_t kallsyms__text_start(const struct kallsyms *kallsyms);
uint64_t kallsyms__text_end(const struct kallsyms *kallsyms);
/* The lowest and the highest text symbol of a module ("bpf" too), end rounded up to a page. */
int kallsyms__module_range(const struct kallsyms *kallsyms, const char *module, uint64_t *ret_start,
			   uint64_t *ret_end);
