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

#include "common/io.h"
#include "common/log.h"

struct output_file {
	char *path; /* owned, as the next */
	char *temp; /* where it is written until it is whole; NULL: in place */
	int fd; /* owned */
};

#define MAX_UNFINISHED 4
static const char *volatile unfinished[MAX_UNFINISHED]; /* for output_give_up(); borrowed */

static void remember(const char *temp, const char *instead_of)
{
	for (int i = 0; i < MAX_UNFINISHED; i++)
		if (unfinished[i] == instead_of) {
			unfinished[i] = temp;
			return;
		}
}

void output_give_up(void)
{
	for (int i = 0; i < MAX_UNFINISHED; i++)
		if (unfinished[i])
			unlink(unfinished[i]);
}

static bool is_stdout(const char *path)
{
	return !strcmp(path, "-") || !strcmp(path, "/dev/stdout");
}

/* A device or a FIFO is written to, never replaced: as root we could put a file in /dev/null's place. */
static bool is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode));
}

static int refuse(const char *path)
{
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return -EISDIR;
	return !stat(path, &st) && !S_ISREG(st.st_mode) ? -EINVAL : 0; /* a disk, a socket */
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

static int open_beside(struct output_file *file)
{
	int err = refuse(file->path);

	if (err)
		return err;
	if (asprintf(&file->temp, "%s.%d.tmp", file->path, getpid()) < 0) {
		file->temp = NULL;
		return -ENOMEM;
	}
	file->fd = open(file->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file->fd < 0) {
		err = -errno;
		free(take_ptr(file->temp));
		return err;
	}
	remember(file->temp, NULL);
	give_to_caller(file->fd);
	return 0;
}

static int open_file(struct output_file *file)
{
	if (is_stdout(file->path))
		file->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	else if (is_special(file->path))
		file->fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	else
		return open_beside(file);
	return file->fd < 0 ? -errno : 0;
}

int output_file__open(const char *path, struct output_file **ret_file)
{
	scope_free(output_file) struct output_file *file = calloc(1, sizeof(*file));
	int err;

	if (!file)
		return -ENOMEM;
	file->fd = -1;
	file->path = strdup(path);
	if (!file->path)
		return -ENOMEM;
	err = open_file(file);
	if (err)
		return err;
	*ret_file = take_ptr(file);
	return 0;
}

int output_file__fd(const struct output_file *file)
{
	return file->fd;
}

static int put_in_place(const char *temp, const char *path)
{
	char old[PATH_MAX];
	struct stat st;
	bool kept;
	int err;

	if (snprintf(old, sizeof(old), "%s.old", path) >= (int)sizeof(old))
		return -ENAMETOOLONG;
	kept = !lstat(path, &st);
	if (kept && rename(path, old))
		return -errno;
	if (!rename(temp, path))
		return 0;
	err = -errno;
	if (kept && rename(old, path))
		log_debug("%s stays %s: %s", path, old, strerror(errno));
	return err;
}

static void sync_folder(const char *path)
{
	scope_memory char *copy = strdup(path);
	scope_fd int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0)
		fsync(fd);
}

int output_file__commit(struct output_file *file)
{
	int err;

	if (!file->temp)
		return 0;
	err = fsync(file->fd) ? -errno : put_in_place(file->temp, file->path);
	if (err)
		return err;
	remember(NULL, file->temp);
	free(take_ptr(file->temp));
	sync_folder(file->path);
	return 0;
}

void output_file__free(struct output_file *file)
{
	if (!file)
		return;
	if (file->temp) {
		unlink(file->temp);
		remember(NULL, file->temp);
	}
	if (file->fd >= 0)
		close(file->fd);
	free(file->temp);
	free(file->path);
	free(file);
}

static int try_file(const char *path)
{
	scope_free(output_file) struct output_file *file = NULL;

	if (!is_stdout(path) && is_special(path)) /* opening a FIFO would wait for its reader */
		return access(path, W_OK) ? -errno : 0;
	return output_file__open(path, &file);
}

int output_check(const char *path, const char *option)
{
	int err = try_file(path);

	if (err == -EISDIR) {
		log_error("%s is a folder: give %s the name of a file", path, option);
	} else if (err) {
		log_error("cannot write %s: %s; choose another place with %s FILE", path,
			  strerror(-err), option);
	} else if (is_stdout(path) && isatty(STDOUT_FILENO)) {
		log_error(
			"%s would write bytes that no terminal understands: send standard output to "
			"a file or a pipe, or use %s FILE",
			option, option);
		err = -ENOTTY;
	}
	return err;
}

static int write_file(const char *path, const void *data, size_t size)
{
	scope_free(output_file) struct output_file *file = NULL;
	int err = output_file__open(path, &file);

	if (!err)
		err = io_write_full(file->fd, data, size);
	return err ? err : output_file__commit(file);
}

static char *rescue_in(const char *folder, const void *data, size_t size)
{
	scope_memory char *path = NULL;
	scope_fd int fd = -1;

	if (asprintf(&path, "%s/sonde-XXXXXX.pb.gz", folder) < 0) {
		path = NULL;
		return NULL;
	}
	fd = mkostemps(path, (int)strlen(".pb.gz"), O_CLOEXEC);
	if (fd < 0)
		return NULL;
	give_to_caller(fd);
	if (!io_write_full(fd, data, size) && !fsync(fd))
		return take_ptr(path);
	unlink(path);
	return NULL;
}

/* What was gathered is not lost because its place was full. */
static char *rescue(const void *data, size_t size)
{
	const char *const folders[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };
	char *path = NULL;

	for (size_t i = 0; !path && i < sizeof(folders) / sizeof(*folders); i++)
		if (folders[i] && *folders[i] == '/')
			path = rescue_in(folders[i], data, size);
	return path;
}

int output_write(const char *path, const void *data, size_t size, char **ret_rescued)
{
	int err = write_file(path, data, size);

	*ret_rescued = err ? rescue(data, size) : NULL;
	return err;
}
