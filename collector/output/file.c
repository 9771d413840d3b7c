// SPDX-License-Identifier: Apache-2.0
#include "collector/output/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/io.h"
#include "common/log.h"

static char *folder_of(const char *path)
{
	scope_memory char *copy = strdup(path);

	return copy ? strdup(dirname(copy)) : NULL;
}

int output_check(const char *path)
{
	scope_memory char *folder = folder_of(path);
	struct stat st;

	if (!strcmp(path, "-")) {
		if (!isatty(STDOUT_FILENO))
			return 0;
		log_error("a profile is binary: send standard output to a file or a pipe, or use -o FILE");
		return -ENOTTY;
	}
	if (!folder)
		return -ENOMEM;
	if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
		log_error("%s is a folder: give -o the name of a file", path);
		return -EISDIR;
	}
	if (!access(folder, W_OK | X_OK))
		return 0;
	log_error("cannot write to folder %s: %s; choose another place with -o FILE", folder,
		  strerror(errno));
	return -EACCES;
}

/* Under sudo the file is the caller's, not root's. */
static void give_to_caller(int fd)
{
	const char *uid_text = getenv("SUDO_UID"), *gid_text = getenv("SUDO_GID");
	char *uid_end, *gid_end;
	unsigned long uid, gid;

	if (geteuid() || !uid_text || !gid_text || !*uid_text || !*gid_text)
		return;
	uid = strtoul(uid_text, &uid_end, 10);
	gid = strtoul(gid_text, &gid_end, 10);
	if (*uid_end || *gid_end || uid > INT_MAX || gid > INT_MAX)
		return;
	if (fchown(fd, (uid_t)uid, (gid_t)gid))
		log_debug("fchown: %s", strerror(errno));
}

static int write_beside(const char *temp, const void *data, size_t size)
{
	scope_fd int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	give_to_caller(fd);
	err = io_write_full(fd, data, size);
	if (!err && fsync(fd))
		err = -errno;
	return err;
}

static int put_in_place(const char *temp, const char *path)
{
	char old[PATH_MAX];
	struct stat st;

	snprintf(old, sizeof(old), "%s.old", path);
	if (!lstat(path, &st) && rename(path, old))
		return -errno;
	return rename(temp, path) ? -errno : 0;
}

static void sync_folder(const char *path)
{
	scope_memory char *folder = folder_of(path);
	scope_fd int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0)
		fsync(fd);
}

/* A device or a FIFO is written to, never replaced: as root we could put a file in /dev/null's place. */
static bool is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode);
}

static int write_special(const char *path, const void *data, size_t size)
{
	scope_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : io_write_full(fd, data, size);

	if (err)
		log_error("cannot write %s: %s", path, strerror(-err));
	return err;
}

int output_write(const char *path, const void *data, size_t size)
{
	char temp[PATH_MAX];
	int err;

	if (!strcmp(path, "-")) {
		err = io_write_full(STDOUT_FILENO, data, size);
		if (err)
			log_error("cannot write the profile to standard output: %s", strerror(-err));
		return err;
	}
	if (is_special(path))
		return write_special(path, data, size);
	if (snprintf(temp, sizeof(temp), "%s.%d.tmp", path, getpid()) >= (int)sizeof(temp) - 8)
		return -ENAMETOOLONG;
	err = write_beside(temp, data, size);
	if (!err)
		err = put_in_place(temp, path);
	if (err) {
		unlink(temp);
		log_error("cannot write %s: %s; make room there, or choose another place with -o FILE",
			  path, strerror(-err));
		return err;
	}
	sync_folder(path);
	return 0;
}
