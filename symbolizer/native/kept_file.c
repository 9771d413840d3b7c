// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/kept_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"
#include "symbolizer/native/debug_search.h"

#define NAME_BYTES (2 * BUILD_ID_MAX + 16)

static bool file_name(int dir_fd, const struct build_id *id, const char *kind, char to[NAME_BYTES])
{
	char hex[2 * BUILD_ID_MAX + 1];

	build_id_to_hex(id, hex);
	snprintf(to, NAME_BYTES, "%s%s", hex, kind);
	return dir_fd >= 0 && id->size;
}

int kept_file_open(int dir_fd, const struct build_id *id, const char *kind, uint64_t max,
		   uint64_t *ret_size)
{
	char name[NAME_BYTES];
	scope_fd int fd = -1;
	struct stat st;

	if (!file_name(dir_fd, id, kind, name))
		return -ENOENT;
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return -ENOENT;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	futimens(fd, NULL); /* used of late: others go first */
	*ret_size = (uint64_t)st.st_size;
	return take_fd(&fd);
}

static int write_parts(int fd, const struct iovec *parts, int cnt)
{
	int err = 0;

	for (int i = 0; !err && i < cnt; i++)
		err = io_write_full(fd, parts[i].iov_base, parts[i].iov_len);
	return err;
}

void kept_file_write(int dir_fd, const struct build_id *id, const char *kind,
		     const struct iovec *parts, int part_cnt)
{
	char name[NAME_BYTES], beside[NAME_BYTES + 24];
	int fd, err;

	if (!file_name(dir_fd, id, kind, name))
		return;
	snprintf(beside, sizeof(beside), "%s.%d", name, getpid());
	fd = openat(dir_fd, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	err = write_parts(fd, parts, part_cnt);
	if (close(fd) || err || renameat(dir_fd, beside, dir_fd, name))
		unlinkat(dir_fd, beside, 0);
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
	int fd = dir_fd < 0 ? -1 : openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	*o = (struct oldest){ 0 };
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((e = readdir(dir)))
		look_at(dir_fd, e->d_name, o);
	closedir(dir);
	return *o->name;
}

void kept_files_prune(int dir_fd, uint64_t max_bytes)
{
	struct oldest o;

	while (find_oldest(dir_fd, &o) && o.bytes > max_bytes)
		if (unlinkat(dir_fd, o.name, 0))
			return;
}
