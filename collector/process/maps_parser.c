// SPDX-License-Identifier: Apache-2.0
#include "collector/process/maps_parser.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
	char *at;
	bool bad;
};

/* A number, and the character that must stand behind it. strtoull() alone would take blanks and
 * signs. */
static uint64_t number(struct cursor *c, int base, char behind)
{
	unsigned long long value;
	char *end;

	if (c->bad || !isxdigit((unsigned char)*c->at)) {
		c->bad = true;
		return 0;
	}
	errno = 0;
	value = strtoull(c->at, &end, base);
	c->bad = errno || end == c->at || *end != behind;
	c->at = c->bad ? c->at : end + 1;
	return value;
}

static uint32_t small_number(struct cursor *c, int base, char behind)
{
	uint64_t value = number(c, base, behind);

	c->bad = c->bad || value > UINT32_MAX;
	return (uint32_t)value;
}

/* "r-xp " */
static bool permissions(struct cursor *c)
{
	bool executable;

	if (c->bad || strnlen(c->at, 5) < 5 || c->at[4] != ' ') {
		c->bad = true;
		return false;
	}
	executable = c->at[2] == 'x';
	c->at += 5;
	return executable;
}

static void decode_newlines(char *path)
{
	char *to = path;

	for (const char *from = path; *from; to++) {
		bool newline = !strncmp(from, "\\012", 4);

		*to = newline ? '\n' : *from;
		from += newline ? 4 : 1;
	}
	*to = 0;
}

bool maps_line__parse(char *line, struct maps_line *ret_line)
{
	struct cursor c = { .at = line };
	struct maps_line out = { 0 };
	char *path;

	out.start = number(&c, 16, '-');
	out.end = number(&c, 16, ' ');
	out.executable = permissions(&c);
	out.file_off = number(&c, 16, ' ');
	out.dev_major = small_number(&c, 16, ':');
	out.dev_minor = small_number(&c, 16, ' ');
	/* old kernels end a line without a name right here */
	path = c.at + strspn(c.at, "0123456789");
	out.inode = number(&c, 10, *path);
	if (c.bad || (*path && *path != ' ') || out.start >= out.end)
		return false;
	path += strspn(path, " ");
	decode_newlines(path);
	out.path = path;
	*ret_line = out;
	return true;
}

bool maps_path__cut_deleted(char *path)
{
	static const char suffix[] = " (deleted)";
	size_t len = strlen(path), cut = sizeof(suffix) - 1;

	if (len <= cut || strcmp(path + len - cut, suffix))
		return false;
	path[len - cut] = 0;
	return true;
}
