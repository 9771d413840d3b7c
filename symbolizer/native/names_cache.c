// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/names_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/io.h"
#include "symbolizer/native/debug_search.h"

#define SUFFIX ".names"

static void file_name(const struct names_key *key, char to[2 * BUILD_ID_MAX + sizeof(SUFFIX)])
{
	build_id_to_hex(&key->build_id, to);
	memcpy(to + strlen(to), SUFFIX, sizeof(SUFFIX));
}

static struct names_image *load(const struct names_cache *cache, const struct names_key *key)
{
	char name[2 * BUILD_ID_MAX + sizeof(SUFFIX)];
	scope_fd int fd = -1;
	uint8_t *data;
	struct stat st;

	if (cache->dir_fd < 0 || !key->build_id.size)
		return NULL;
	file_name(key, name);
	fd = openat(cache->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > (off_t)NAMES_IMAGE_MAX)
		return NULL;
	futimens(fd, NULL); /* used of late: others go first */
	data = malloc((size_t)st.st_size + 1);
	if (!data || io_pread_full(fd, data, (size_t)st.st_size, 0)) {
		free(data);
		return NULL;
	}
	return names_image__take(data, (size_t)st.st_size, key);
}

void names_cache__get(const struct names_cache *cache, const struct names_key *key,
		      const uint64_t *elf_vaddrs, uint32_t cnt, struct source_table *table,
		      bool *known)
{
	scope_free(names_image) struct names_image *x = load(cache, key);

	for (uint32_t i = 0; i < cnt; i++)
		known[i] = x && names_image__copy(x, elf_vaddrs[i], table, i);
}

static void write_file(const struct names_cache *cache, const struct names_key *key,
		       const uint8_t *data, size_t size)
{
	char name[2 * BUILD_ID_MAX + sizeof(SUFFIX)], beside[sizeof(name) + 24];
	int fd, err;

	file_name(key, name);
	snprintf(beside, sizeof(beside), "%s.%d", name, getpid());
	fd = openat(cache->dir_fd, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return;
	err = io_write_full(fd, data, size);
	if (close(fd) || err || renameat(cache->dir_fd, beside, cache->dir_fd, name))
		unlinkat(cache->dir_fd, beside, 0);
}

struct oldest {
	uint64_t bytes; /* of all files */
	struct timespec used;
	char name[256];
};

static void look_at(int dir_fd, const char *name, struct oldest *o)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return;
	o->bytes += (uint64_t)st.st_size;
	if (*o->name &&
	    (st.st_mtim.tv_sec > o->used.tv_sec ||
	     (st.st_mtim.tv_sec == o->used.tv_sec && st.st_mtim.tv_nsec >= o->used.tv_nsec)))
		return;
	o->used = st.st_mtim;
	snprintf(o->name, sizeof(o->name), "%s", name);
}

static bool find_oldest(int dir_fd, struct oldest *o)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	*o = (struct oldest){ 0 };
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((e = readdir(dir)))
		if (strstr(e->d_name, SUFFIX))
			look_at(dir_fd, e->d_name, o);
	closedir(dir);
	return *o->name;
}

void names_cache__prune(const struct names_cache *cache)
{
	struct oldest o;

	while (cache->dir_fd >= 0 && find_oldest(cache->dir_fd, &o) && o.bytes > cache->max_bytes)
		if (unlinkat(cache->dir_fd, o.name, 0))
			return;
}

void names_cache__put(const struct names_cache *cache, const struct names_key *key,
		      const uint64_t *elf_vaddrs, const struct source_table *table)
{
	scope_free(names_image) struct names_image *old = load(cache, key);
	scope_memory uint8_t *data = NULL;
	size_t size;

	if (cache->dir_fd < 0 || !key->build_id.size)
		return;
	/* when both together are too large, what is new */
	if (!names_image_make(key, old, elf_vaddrs, table, &data, &size) &&
	    !names_image_make(key, NULL, elf_vaddrs, table, &data, &size))
		return;
	write_file(cache, key, data, size);
}
