// SPDX-License-Identifier: Apache-2.0
#include "collector/report/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/report/path.h"
#include "common/io.h"

#define MAX_SOURCE (64 << 20)

/* Files of /proc and /sys have no size: reading some of them does something. Devices are not even
 * opened, and what was looked at first is looked at again behind the descriptor. */
static bool is_plain(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_size > 0 && st->st_size <= MAX_SOURCE;
}

static char *read_plain(const char *path)
{
	struct stat st;
	scope_fd int fd = -1;
	char *text;
	size_t size;

	if (stat(path, &st) || !is_plain(&st))
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) || !is_plain(&st))
		return NULL;
	return io_read_fd(fd, MAX_SOURCE, &text, &size) ? NULL : text;
}

static bool split_lines(struct source *s)
{
	uint32_t cnt = 1;
	char *at = s->text;

	for (const char *c = at; *c; c++)
		cnt += *c == '\n';
	s->lines = calloc(cnt, sizeof(*s->lines));
	if (!s->lines)
		return false;
	while (*at) {
		size_t len = strcspn(at, "\n");
		bool last = !at[len];

		at[len] = 0;
		if (len && at[len - 1] == '\r')
			at[len - 1] = 0;
		s->lines[s->cnt++] = at;
		at += len + !last;
	}
	return true;
}

/* looked: where the path is told when nothing is there; NULL: it is not told */
static int try_path(const char *path, FILE *looked, struct source **ret_source)
{
	scope_free(source) struct source *s = NULL;
	char *text = read_plain(path);

	if (!text && looked)
		fprintf(looked, "%s%s", ftell(looked) ? ", " : "", path);
	if (!text)
		return -ENOENT;
	s = calloc(1, sizeof(*s));
	if (!s) {
		free(text);
		return -ENOMEM;
	}
	s->text = text;
	s->path = strdup(path);
	if (!s->path || !split_lines(s))
		return -ENOMEM;
	*ret_source = take_ptr(s);
	return 0;
}

/* The folder above, in place. false: there is none. */
static bool go_up(char *folder)
{
	char *slash = strrchr(folder, '/');

	if (!slash && (!*folder || !strcmp(folder, ".")))
		return false;
	if (slash)
		*slash = 0;
	else
		strcpy(folder, ".");
	return true;
}

static int try_folders(char *folder, const char *file, FILE *looked, struct source **ret_source)
{
	FILE *told = looked; /* the first alone */
	int err;

	do {
		scope_memory char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, file) < 0)
			return -ENOMEM;
		err = try_path(path, told, ret_source);
		told = NULL;
	} while (err == -ENOENT && go_up(folder));
	if (err == -ENOENT)
		fputs(" and the folders above", looked);
	return err;
}

static int search_folders(const char *search, const char *file, FILE *looked,
			  struct source **ret_source)
{
	int err = -ENOENT;

	while (err == -ENOENT && *search) {
		size_t len = strcspn(search, ":");
		scope_memory char *folder = strndup(search, len);
		char *end = folder ? folder + len : NULL;

		while (end && end > folder && end[-1] == '/')
			*--end = 0;
		if (!folder)
			return -ENOMEM;
		err = try_folders(folder, file, looked, ret_source);
		search += len + (search[len] == ':');
	}
	return err;
}

int source__find(const char *file, const char *trim, const char *search, struct source **ret_source,
		 char **ret_looked)
{
	scope_memory char *here = search ? strdup(search) : getcwd(NULL, 0);
	scope_memory char *text = NULL;
	size_t size;
	FILE *looked = open_memstream(&text, &size);
	const char *trimmed;
	int err;

	if (!looked)
		return -ENOMEM;
	trimmed = path_trim(file, trim, here ? here : "/");
	if (*trimmed == '/')
		err = try_path(trimmed, looked, ret_source);
	else
		err = search_folders(here ? here : "/", trimmed, looked, ret_source);
	if (err == -ENOENT && trimmed != file && *file == '/')
		err = try_path(file, looked, ret_source);
	fclose(looked);
	if (err == -ENOENT)
		*ret_looked = take_ptr(text);
	return err;
}

void source__free(struct source *s)
{
	if (!s)
		return;
	free(s->path);
	free(s->text);
	free(s->lines);
	free(s);
}

const char *source__line(const struct source *s, int64_t number)
{
	return number > 0 && number <= (int64_t)s->cnt ? s->lines[number - 1] : NULL;
}
