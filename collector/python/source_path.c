// SPDX-License-Identifier: Apache-2.0
#include "collector/python/source_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/io.h"
#include "symbolizer/native/rooted_path.h"

#define MAX_ENVIRONMENT (1U << 20)

struct place {
	char path[PATH_MAX];
	dev_t dev;
	ino_t inode;
};

static int open_root(uint32_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/root", pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int read_link(uint32_t pid, const char *what, char *to)
{
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, what);
	len = readlink(path, to, PATH_MAX);
	if (len < 0)
		return -errno;
	if (len == PATH_MAX)
		return -ENAMETOOLONG;
	to[len] = 0;
	return 0;
}

/* The process's current folder below its own root: the link says it below ours. */
static int current_folder(uint32_t pid, char *to)
{
	char root[PATH_MAX], folder[PATH_MAX];
	size_t len;
	int err = read_link(pid, "root", root);

	if (!err)
		err = read_link(pid, "cwd", folder);
	if (err)
		return err;
	len = strcmp(root, "/") ? strlen(root) : 0;
	if (strncmp(folder, root, len) || (len && folder[len] && folder[len] != '/'))
		return -ENOENT;
	snprintf(to, PATH_MAX, "%s", folder + len);
	return 0;
}

/* $PWD, as it was at exec. */
static int first_folder(uint32_t pid, char *to)
{
	scope_memory char *all = NULL;
	char path[64];
	size_t size;
	int err;

	snprintf(path, sizeof(path), "/proc/%u/environ", pid);
	err = io_read_file(path, MAX_ENVIRONMENT, &all, &size);
	if (err)
		return err;
	for (const char *at = all; at < all + size; at += strlen(at) + 1) {
		if (strncmp(at, "PWD=/", 5) || strlen(at) >= PATH_MAX)
			continue;
		strcpy(to, at + 4);
		return 0;
	}
	return -ENOENT;
}

static int look(int root_fd, const char *folder, const char *name, struct place *ret_place)
{
	int len = snprintf(ret_place->path, sizeof(ret_place->path), "%s/%s",
			   strcmp(folder, "/") ? folder : "", name);
	scope_fd int fd = -1;
	struct stat st;

	if (len < 0 || (size_t)len >= sizeof(ret_place->path))
		return -ENAMETOOLONG;
	fd = rooted_open(root_fd, ret_place->path);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	ret_place->dev = st.st_dev;
	ret_place->inode = st.st_ino;
	return 0;
}

static int find(uint32_t pid, const char *name, struct place *now, struct place *first,
		const struct place **ret_place)
{
	scope_fd int root = open_root(pid);
	char folder[PATH_MAX];
	int err_now, err_first;

	if (root < 0)
		return -errno;
	err_now = current_folder(pid, folder);
	if (!err_now)
		err_now = look(root, folder, name, now);
	err_first = first_folder(pid, folder);
	if (!err_first)
		err_first = look(root, folder, name, first);
	if (err_now && err_first)
		return err_now;
	if (!err_now && !err_first && (now->dev != first->dev || now->inode != first->inode))
		return -ENOTUNIQ;
	*ret_place = err_now ? first : now;
	return 0;
}

int python_source_path(uint32_t pid, const char *name, char *to, size_t size)
{
	const struct place *place = NULL;
	struct place now, first;
	int err;

	while (!strncmp(name, "./", 2))
		name += 2;
	if (!*name || *name == '/' || *name == '<') /* <string>, <frozen os> */
		return -ENOENT;
	err = find(pid, name, &now, &first, &place);
	if (err || !place)
		return err;
	return snprintf(to, size, "%s", place->path) < (int)size ? 0 : -ENAMETOOLONG;
}
