// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/doctor/fact.h"
#include "collector/doctor/owner.h"
#include "common/cleanup.h"
#include "symbolizer/native/rooted_path.h"

static char root[64];

static void make(const char *path, const char *text)
{
	char whole[256];
	FILE *f;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	f = fopen(whole, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void make_folder(const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	assert_int_equal(mkdir(whole, 0755), 0);
}

/* A root with dpkg's lists, and among them a FIFO and a link, which nobody may wait for or follow. */
static int make_root(void **state)
{
	char path[256];

	(void)state;
	strcpy(root, "/tmp/sonde-root-XXXXXX");
	assert_non_null(mkdtemp(root));
	make_folder("/var");
	make_folder("/var/lib");
	make_folder("/var/lib/dpkg");
	make_folder("/var/lib/dpkg/info");
	make("/var/lib/dpkg/info/libc6:amd64.list", "/.\n/lib\n/lib/x86_64-linux-gnu/libc.so.6\n");
	make("/var/lib/dpkg/info/gzip.list", "/.\n/bin/gzip\n/usr/share/doc/gzip\n");
	make("/var/lib/dpkg/info/gzip.md5sums", "/usr/bin/other\n");
	make("/var/lib/dpkg/info/whole.list", "/opt/no newline at the end");
	make("/secret", "/usr/bin/secret\n");
	snprintf(path, sizeof(path), "%s/var/lib/dpkg/info/fifo.list", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/var/lib/dpkg/info/link.list", root);
	assert_int_equal(symlink("/secret", path), 0);
	snprintf(path, sizeof(path), "%s/etc", root);
	assert_int_equal(symlink("/secret", path), 0);
	return 0;
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void owners_of_files(void **state)
{
	static const struct {
		const char *path;
		const char *package;
	} cases[] = {
		{ "/usr/lib/x86_64-linux-gnu/libc.so.6", "libc6" }, /* the merged /usr */
		{ "/lib/x86_64-linux-gnu/libc.so.6", "libc6" },
		{ "/usr/bin/gzip", "gzip" },
		{ "/usr/bin/gzi", "" },
		{ "/usr/bin/other", "" },
		{ "/usr/bin/secret", "" },
		{ "/opt/no newline at the end", "whole" },
		{ "", "" },
	};
	enum { CNT = sizeof(cases) / sizeof(*cases) };
	struct owner_query queries[CNT];
	scope_fd int fd = open(root, O_PATH | O_DIRECTORY);

	(void)state;
	for (size_t i = 0; i < CNT; i++)
		queries[i].path = cases[i].path;
	owners_find(fd, queries, CNT);
	for (size_t i = 0; i < CNT; i++)
		assert_string_equal(queries[i].package, cases[i].package);
}

static void a_root_without_dpkg(void **state)
{
	struct owner_query query = { .path = "/usr/bin/gzip", .package = "old" };
	scope_fd int fd = open("/proc/self", O_PATH | O_DIRECTORY);

	(void)state;
	owners_find(fd, &query, 1);
	assert_string_equal(query.package, "");
}

static void links_stay_in_the_root(void **state)
{
	scope_fd int fd = open(root, O_PATH | O_DIRECTORY);
	scope_fd int inside = rooted_openat(fd, "/etc", O_RDONLY); /* its own /secret */

	(void)state;
	assert_true(inside >= 0);
	assert_int_equal(rooted_openat(fd, "/../../etc/passwd", O_RDONLY), -ENOTDIR);
	assert_int_equal(rooted_openat(fd, "/none", O_RDONLY), -ENOENT);
}

static void debug_packages(void **state)
{
	static const struct {
		const char *package;
		const char *debug;
	} cases[] = {
		{ "gzip", "gzip-dbgsym" },
		{ "libc6", "libc6-dbg" },
		{ "libc6-i386", "libc6-i386-dbgsym" },
		{ "python3.11-minimal", "python3.11-dbg" },
		{ "libpython3.13", "python3.13-dbg" },
		{ "python3-gi", "python3-gi-dbgsym" },
		{ "openjdk-17-jre-headless", "openjdk-17-dbg" },
	};
	char debug[PACKAGE_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		debug_package_of(cases[i].package, debug);
		assert_string_equal(debug, cases[i].debug);
	}
}

static void a_line_is_one_line(void **state)
{
	struct fact fact;
	char line[256] = "";
	FILE *to = fmemopen(line, sizeof(line), "w");

	(void)state;
	memset(&fact, 0, sizeof(fact));
	fact__set(&fact, FACT_WARN, "a\nb%c", 27);
	fact__add(&fact, "c");
	fact__mend(&fact, "do\tit");
	fact__print(to, "na\rme", &fact);
	fclose(to);
	assert_string_equal(line, "warn  na\\x0dme: a\\x0ab\\x1bc; do\\x09it\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners_of_files),	  cmocka_unit_test(a_root_without_dpkg),
		cmocka_unit_test(links_stay_in_the_root), cmocka_unit_test(debug_packages),
		cmocka_unit_test(a_line_is_one_line),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
