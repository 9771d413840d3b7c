// SPDX-License-Identifier: Apache-2.0
#include "collector/report/path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Where the last component of the len bytes at out starts. */
static size_t last_component(const char *out, size_t len)
{
	while (len && out[len - 1] != '/')
		len--;
	return len;
}

static bool is_dot_dot(const char *at, size_t len)
{
	return len == 2 && at[0] == '.' && at[1] == '.';
}

/* Adds one component to a clean path of len bytes; the new length. */
static size_t add_component(char *out, size_t len, const char *at, size_t at_len)
{
	size_t last = last_component(out, len);
	bool absolute = len && out[0] == '/';

	if (!at_len || (at_len == 1 && *at == '.'))
		return len;
	if (is_dot_dot(at, at_len) && len == 1 && absolute)
		return len;
	if (is_dot_dot(at, at_len) && len && !is_dot_dot(out + last, len - last))
		return last > 1 ? last - 1 : last;
	if (len && out[len - 1] != '/')
		out[len++] = '/';
	memmove(out + len, at, at_len);
	return len + at_len;
}

char *path_clean(const char *path)
{
	char *out = malloc(strlen(path) + 2);
	size_t len = 0;

	if (!out)
		return NULL;
	if (*path == '/')
		out[len++] = '/';
	while (*path) {
		size_t at_len = strcspn(path, "/");

		len = add_component(out, len, path, at_len);
		path += at_len + (path[at_len] == '/');
	}
	if (!len)
		out[len++] = '.';
	out[len] = 0;
	return out;
}

/* Behind "/name/" in path; NULL: not there. */
static const char *behind(const char *path, const char *name, size_t len)
{
	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/'))
		if (!strncmp(at + 1, name, len) && at[1 + len] == '/')
			return at + len + 2;
	return NULL;
}

static const char *behind_a_folder(const char *path, const char *search)
{
	while (*search) {
		size_t len = strcspn(search, ":"), end = len, start;
		const char *found = NULL;

		while (end && search[end - 1] == '/')
			end--;
		start = last_component(search, end);
		if (end > start)
			found = behind(path, search + start, end - start);
		if (found)
			return found;
		search += len + (search[len] == ':');
	}
	return NULL;
}

static const char *behind_prefix(const char *path, const char *prefix, size_t len)
{
	if (!len || strncmp(path, prefix, len))
		return NULL;
	if (prefix[len - 1] == '/')
		return path + len;
	return path[len] == '/' ? path + len + 1 : NULL;
}

const char *path_trim(const char *path, const char *trim, const char *search)
{
	const char *found = trim || !search ? NULL : behind_a_folder(path, search);

	while (!found && trim && *trim) {
		size_t len = strcspn(trim, ":");

		found = behind_prefix(path, trim, len);
		trim += len + (trim[len] == ':');
	}
	if (!found)
		found = behind_prefix(path, "/proc/self/cwd/./", 17);
	if (!found)
		found = behind_prefix(path, "/proc/self/cwd/", 15);
	return found ? found : path;
}
