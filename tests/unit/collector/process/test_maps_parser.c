// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "collector/process/maps_parser.h"
#include "common/io.h"

/* Lines as a kernel wrote them, and what show_map_vma() says they mean. */
static const struct {
	const char *text;
	struct maps_line line;
} good[] = {
	{ "55d0c8a00000-55d0c8a2c000 r--p 00000000 fe:01 1835043                    /usr/bin/bash",
	  { 0x55d0c8a00000, 0x55d0c8a2c000, 0, 1835043, 0xfe, 1, false, "/usr/bin/bash" } },
	{ "7f1c2a028000-7f1c2a1bd000 r-xp 00028000 08:102 17                         /a b/c  d ",
	  { 0x7f1c2a028000, 0x7f1c2a1bd000, 0x28000, 17, 8, 0x102, true, "/a b/c  d " } },
	{ "7f1c2a028000-7f1c2a1bd000 r-xp 00028000 08:01 17 /tmp/a\\012b",
	  { 0x7f1c2a028000, 0x7f1c2a1bd000, 0x28000, 17, 8, 1, true, "/tmp/a\nb" } },
	/* no other escape exists: a backslash is a backslash */
	{ "1000-2000 r-xp 00000000 08:01 17 /tmp/\\134\\040\\01\\",
	  { 0x1000, 0x2000, 0, 17, 8, 1, true, "/tmp/\\134\\040\\01\\" } },
	{ "1000-2000 rwxs 00000000 00:01 5 /memfd:jit (deleted)",
	  { 0x1000, 0x2000, 0, 5, 0, 1, true, "/memfd:jit (deleted)" } },
	{ "7ffd3b1d2000-7ffd3b1d4000 r-xp 00000000 00:00 0                          [vdso]",
	  { 0x7ffd3b1d2000, 0x7ffd3b1d4000, 0, 0, 0, 0, true, "[vdso]" } },
	{ "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
	  { 0xffffffffff600000, 0xffffffffff601000, 0, 0, 0, 0, true, "[vsyscall]" } },
	{ "7f1c2a400000-7f1c2a402000 rwxp 00000000 00:00 0 ",
	  { 0x7f1c2a400000, 0x7f1c2a402000, 0, 0, 0, 0, true, "" } },
	{ "7f1c2a400000-7f1c2a402000 rwxp 00000000 00:00 0",
	  { 0x7f1c2a400000, 0x7f1c2a402000, 0, 0, 0, 0, true, "" } },
	{ "0-ffffffffffffffff r-xp ffffffffffffffff ffffffff:ffffffff 18446744073709551615 x",
	  { 0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX, true, "x" } },
};

static bool equal(const struct maps_line *a, const struct maps_line *b)
{
	return a->start == b->start && a->end == b->end && a->file_off == b->file_off &&
	       a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && a->executable == b->executable &&
	       !strcmp(a->path, b->path);
}

static void lines_of_a_kernel(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(good); i++) {
		struct maps_line line;
		char text[256];

		strcpy(text, good[i].text);
		expect(maps_line__parse(text, &line), i);
		expect(equal(&line, &good[i].line), i);
	}
}

static void nonsense_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"1000",
		"1000-",
		"1000-2000",
		"1000-2000 ",
		"1000-2000 r-x",
		"1000-2000 r-xp",
		"1000-2000 r-xp ",
		"1000-2000 r-xpq 00000000 08:01 17 /x",
		"1000-2000 r-xp 00000000",
		"1000-2000 r-xp 00000000 08:01",
		"1000-2000 r-xp 00000000 08:01 ",
		"1000-2000 r-xp 00000000 08:01 x /x",
		"1000-2000 r-xp 00000000 08:01 17x",
		"1000-2000 r-xp 00000000 08;01 17 /x",
		"1000 2000 r-xp 00000000 08:01 17 /x",
		"-1000-2000 r-xp 00000000 08:01 17 /x",
		"1000--2000 r-xp 00000000 08:01 17 /x",
		" 1000-2000 r-xp 00000000 08:01 17 /x",
		"2000-2000 r-xp 00000000 08:01 17 /x", /* empty */
		"3000-2000 r-xp 00000000 08:01 17 /x",
		/* more than fits */
		"10000000000000000-20000000000000000 r-xp 00000000 08:01 17 /x",
		"1000-2000 r-xp 10000000000000000 08:01 17 /x",
		"1000-2000 r-xp 00000000 100000000:01 17 /x",
		"1000-2000 r-xp 00000000 08:100000000 17 /x",
		"1000-2000 r-xp 00000000 08:01 18446744073709551616 /x",
	};

	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++) {
		struct maps_line line = { .start = 77 };
		char text[256];

		strcpy(text, bad[i]);
		expect(!maps_line__parse(text, &line), i);
		expect(line.start == 77, i);
	}
}

static void deleted_is_cut_once(void **state)
{
	static const struct {
		const char *path;
		const char *cut;
		bool deleted;
	} rows[] = {
		{ "/bin/x", "/bin/x", false },
		{ "/bin/x (deleted)", "/bin/x", true },
		{ "/bin/x (deleted) (deleted)", "/bin/x (deleted)", true },
		{ "/bin/x(deleted)", "/bin/x(deleted)", false },
		{ "/bin/x (deleted) ", "/bin/x (deleted) ", false },
		{ " (deleted)", " (deleted)", false }, /* a name is left in any case */
		{ "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char path[64];

		strcpy(path, rows[i].path);
		expect(maps_path__cut_deleted(path) == rows[i].deleted, i);
		expect(!strcmp(path, rows[i].cut), i);
	}
}

/* The judge is the kernel: a file with a newline in its name, mapped and deleted. */
static void this_kernels_own_line(void **state)
{
	char name[] = "/tmp/so\nde test XXXXXX", want[64];
	int fd = mkstemp(name), found = 0;
	char *text, *rest, *at;
	size_t size;
	void *map;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 3 * 4096), 0);
	map = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 4096);
	assert_ptr_not_equal(map, MAP_FAILED);
	unlink(name);
	snprintf(want, sizeof(want), "%s (deleted)", name);
	assert_int_equal(io_read_file("/proc/self/maps", 1 << 24, &text, &size), 0);
	for (at = strtok_r(text, "\n", &rest); at; at = strtok_r(NULL, "\n", &rest)) {
		struct maps_line line;

		assert_true(maps_line__parse(at, &line));
		if (line.start != (uintptr_t)map)
			continue;
		found++;
		assert_int_equal(line.end, (uintptr_t)map + 8192);
		assert_int_equal(line.file_off, 4096);
		assert_false(line.executable);
		assert_string_equal(line.path, want);
	}
	assert_int_equal(found, 1);
	munmap(map, 8192);
	close(fd);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_a_kernel),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(deleted_is_cut_once),
		cmocka_unit_test(this_kernels_own_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
