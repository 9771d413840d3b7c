// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/names_cache.h"

#include <stdlib.h>

#include "common/io.h"
#include "symbolizer/native/kept_file.h"

#define KIND ".names"

static struct names_image *load(int dir_fd, const struct names_key *key)
{
	uint64_t size;
	scope_fd int fd = kept_file_open(dir_fd, &key->build_id, KIND, NAMES_IMAGE_MAX, &size);
	uint8_t *data = fd < 0 ? NULL : malloc(size + 1);

	if (!data || io_pread_full(fd, data, size, 0)) {
		free(data);
		return NULL;
	}
	return names_image__take(data, size, key);
}

void names_cache_get(int dir_fd, const struct names_key *key, const uint64_t *elf_vaddrs,
		     uint32_t cnt, struct source_table *table, bool *known)
{
	scope_free(names_image) struct names_image *x = load(dir_fd, key);

	for (uint32_t i = 0; i < cnt; i++)
		known[i] = x && names_image__copy(x, elf_vaddrs[i], table, i);
}

void names_cache_put(int dir_fd, const struct names_key *key, const uint64_t *elf_vaddrs,
		     const struct source_table *table)
{
	scope_free(names_image) struct names_image *old = load(dir_fd, key);
	scope_memory uint8_t *data = NULL;
	size_t size;

	if (dir_fd < 0 || !key->build_id.size)
		return;
	/* when both together are too large, what is new */
	if (!names_image_make(key, old, elf_vaddrs, table, &data, &size) &&
	    !names_image_make(key, NULL, elf_vaddrs, table, &data, &size))
		return;
	kept_file_write(dir_fd, &key->build_id, KIND,
			&(struct iovec){ .iov_base = data, .iov_len = size }, 1);
}
