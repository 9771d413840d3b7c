// SPDX-License-Identifier: Apache-2.0
/*
 * /var/lib/dpkg/info/NAME.list or NAME:ARCH.list holds a package's files, a path per line. Where /usr
 * is merged a package may list /lib/x while the file is mapped as /usr/lib/x: both are looked for.
 */
#include "collector/doctor/owner.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <uthash.h>

#include "common/cleanup.h"
#include "common/io.h"
#include "symbolizer/native/rooted_path.h"

#define INFO_FOLDER "/var/lib/dpkg/info"
#define MAX_LISTS 30000
#define MAX_LIST_BYTES (16U << 20)

struct asked {
	UT_hash_handle hh;
	struct owner_query *query; /* borrowed */
	struct asked *next; /* another question with the same path; borrowed */
};

struct search {
	struct asked *table; /* borrowed entries, by path */
	bool of_length[PATH_MAX]; /* some path has it: few lines are worth a hash */
	size_t unanswered; /* queries */
};

static void ask(struct search *s, struct asked *entry, struct owner_query *query, const char *path)
{
	size_t len = strlen(path);
	struct asked *known;

	if (!len || len >= PATH_MAX)
		return;
	s->of_length[len] = true;
	entry->query = query;
	HASH_FIND(hh, s->table, path, len, known);
	if (known) {
		entry->next = known->next;
		known->next = entry;
	} else {
		HASH_ADD_KEYPTR(hh, s->table, path, len, entry);
	}
}

static void answer(struct search *s, const char *line, size_t len, const char *package)
{
	struct asked *found;

	HASH_FIND(hh, s->table, line, len, found);
	for (; found; found = found->next) {
		s->unanswered -= !*found->query->package;
		snprintf(found->query->package, PACKAGE_LEN, "%s", package);
	}
}

static void take_list(struct search *s, const char *text, size_t size, const char *package)
{
	const char *end = text + size, *line_end;

	for (const char *line = text; line < end; line = line_end + 1) {
		line_end = memchr(line, '\n', (size_t)(end - line));
		if (!line_end)
			line_end = end;
		if (line_end - line < PATH_MAX && s->of_length[line_end - line])
			answer(s, line, (size_t)(line_end - line), package);
	}
}

static void read_list(struct search *s, int folder_fd, const char *name)
{
	static const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	scope_fd int fd = openat(folder_fd, name, flags);
	scope_memory char *text = NULL;
	char package[PACKAGE_LEN];
	struct stat st;
	size_t size;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    io_read_fd(fd, MAX_LIST_BYTES, &text, &size))
		return;
	snprintf(package, sizeof(package), "%.*s", (int)(strlen(name) - strlen(".list")), name);
	package[strcspn(package, ":")] = 0;
	if (*package)
		take_list(s, text, size, package);
}

static void read_lists(struct search *s, int root_fd)
{
	int fd = rooted_openat(root_fd, INFO_FOLDER, O_RDONLY | O_DIRECTORY);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (int i = 0; s->unanswered && i < MAX_LISTS && (entry = readdir(folder)); i++) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && !strcmp(dot, ".list"))
			read_list(s, fd, entry->d_name);
	}
	closedir(folder);
}

void owners_find(int root_fd, struct owner_query *queries, size_t cnt)
{
	scope_memory struct asked *entries = calloc(2 * cnt + 1, sizeof(*entries));
	struct search s = { .unanswered = cnt };

	if (!entries)
		return;
	for (size_t i = 0; i < cnt; i++) {
		const char *path = queries[i].path;

		queries[i].package[0] = 0;
		ask(&s, &entries[2 * i], &queries[i], path);
		if (!strncmp(path, "/usr/", 5))
			ask(&s, &entries[2 * i + 1], &queries[i], path + 4);
	}
	read_lists(&s, root_fd);
	HASH_CLEAR(hh, s.table);
}

/* Packages from before Debian made NAME-dbgsym of every package. '*' is the version in the name. */
static const struct {
	const char *prefix;
	const char *debug;
} exceptions[] = {
	{ "libc6", "libc6-dbg" },
	{ "libpython3.", "python3.*-dbg" },
	{ "python3.", "python3.*-dbg" },
	{ "openjdk-", "openjdk-*-dbg" },
};

void debug_package_of(const char *package, char *to)
{
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(*exceptions); i++) {
		const char *debug = exceptions[i].debug, *star = strchr(debug, '*');
		size_t len = strlen(exceptions[i].prefix);
		int digits = 0;

		if (strncmp(package, exceptions[i].prefix, len) || (!star && package[len]))
			continue;
		while (isdigit((unsigned char)package[len + (size_t)digits]))
			digits++;
		if (star)
			snprintf(to, PACKAGE_LEN, "%.*s%.*s%s", (int)(star - debug), debug, digits,
				 package + len, star + 1);
		else
			snprintf(to, PACKAGE_LEN, "%s", debug);
		return;
	}
	snprintf(to, PACKAGE_LEN, "%.100s-dbgsym", package);
}
