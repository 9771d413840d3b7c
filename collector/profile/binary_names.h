// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What the symbolizer knows of the addresses of one binary, and a word where that is less than
 * could be. */
#include "collector/profile/naming.h"
#include "symbolizer/native/file_names.h"

/* elf_vaddrs: sorted, each once. -ENOENT: the file cannot be opened (any more). */
int binary_names__load(struct ingest *ingest, const struct naming_options *options,
		       struct binary *binary, const uint64_t *elf_vaddrs, uint32_t cnt,
		       struct file_names **ret_names);
