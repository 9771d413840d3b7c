// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What the symbolizer knows of the addresses of one binary, and a word where that is less than
 * could be. */
#include "collector/profile/naming.h"
#include "symbolizer/native/file_names.h"

struct binary_question {
	struct binary *binary;
	const uint64_t *elf_vaddrs; /* sorted, each once */
	uint8_t *verdicts; /* of each, as call_sites_judge() has them */
	uint32_t cnt;
};

/* -ENOENT: the file cannot be opened (any more). Verdicts may have been found where names were not. */
int binary_names__load(struct ingest *ingest, const struct naming_options *options,
		       const struct binary_question *question, struct file_names **ret_names);
