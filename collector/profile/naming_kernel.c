// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>

#include "collector/profile/naming_parts.h"
#include "symbolizer/kernel/kallsyms.h"

/* Kernel, modules and BPF programs: one mapping each, by kallsyms. */
static uint32_t kernel_mapping(struct naming *n, const char *module, uint64_t addr)
{
	struct profile_mapping m = { .has_functions = true };
	uint32_t known = naming__module(n, module);
	char filename[64];

	if (known != PROFILE_NONE)
		return known;
	if (!*module) {
		snprintf(filename, sizeof(filename), "[kernel.kallsyms]_text");
		m.start = n->ingest->kallsyms ? kallsyms__text_start(n->ingest->kallsyms) : 0;
		m.limit = n->ingest->kallsyms ? kallsyms__text_end(n->ingest->kallsyms) : 0;
		m.file_off = m.start;
	} else {
		snprintf(filename, sizeof(filename), "[%s]", module);
		if (!n->ingest->kallsyms ||
		    kallsyms__module_range(n->ingest->kallsyms, module, &m.start, &m.limit))
			m.start = addr;
	}
	m.filename = naming__string(n, filename);
	return naming__add_module(n, module, &m);
}

uint32_t naming__kernel(struct naming *n, uint64_t addr)
{
	struct kernel_symbol sym = { .name = NULL };
	char placed[64];
	uint32_t mapping;

	if (n->ingest->kallsyms)
		sym = kallsyms__find(n->ingest->kallsyms, addr);
	mapping = kernel_mapping(n, sym.name ? sym.module : "", addr);
	if (n->profile->mappings[mapping].limit <= addr ||
	    n->profile->mappings[mapping].start > addr)
		naming__widen(n, mapping, addr);
	if (sym.name) {
		n->named++;
		return naming__add_location(n, mapping, addr, sym.name, sym.name);
	}
	n->placed++;
	snprintf(placed, sizeof(placed), "[kernel+0x%" PRIx64 "]", addr);
	return naming__add_location(n, mapping, addr, placed, "");
}

uint32_t naming__anon(struct naming *n, uint64_t addr)
{
	uint32_t mapping = naming__module(n, "[jit]");
	char placed[64];

	if (mapping == PROFILE_NONE)
		mapping = naming__add_module(n, "[jit]",
					     &(struct profile_mapping){
						     .filename = naming__string(n, "[jit]"),
						     .has_functions = true });
	naming__widen(n, mapping, addr);
	n->placed++;
	snprintf(placed, sizeof(placed), "[jit+0x%" PRIx64 "]", addr);
	return naming__add_location(n, mapping, addr, placed, "");
}
