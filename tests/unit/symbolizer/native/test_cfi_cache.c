// SPDX-License-Identifier: Apache-2.0
/* Rows that were kept are those that the file itself gives; what was damaged or is another file's is not
 * taken. The subject is a copy of the running C library. */
#include "tests/unit/damage.h"
#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbolizer/native/cfi_cache.h"
#include "symbolizer/native/debug_search.h"

struct bench {
	char dir[64];
	char kept[160]; /* the file of the rows */
	int fd; /* of the subject */
	struct elf_file *file;
	struct cfi_table *fresh;
	struct kept_folder cache;
};

static void copy_libc(const char *to)
{
	char command[512];
	Dl_info libc;

	assert_int_not_equal(dladdr((void *)(uintptr_t)strlen, &libc), 0);
	snprintf(command, sizeof(command), "cp %s %s", libc.dli_fname, to);
	assert_int_equal(system(command), 0);
}

static void open_subject(struct bench *b, const char *name)
{
	char path[128], hex[2 * BUILD_ID_MAX + 1];
	struct build_id id;

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	copy_libc(path);
	b->fd = open(path, O_RDONLY);
	assert_int_equal(elf_file__open(b->fd, &b->file), 0);
	id = elf_file__build_id(b->file);
	build_id_to_hex(&id, hex);
	snprintf(b->kept, sizeof(b->kept), "%s/%s.rows", b->dir, hex);
}

static void close_subject(struct bench *b)
{
	elf_file__free(b->file);
	close(b->fd);
}

static int begin(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	strcpy(b->dir, "/tmp/sonde-rows.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	open_subject(b, "subject");
	assert_int_equal(cfi_table__load(b->file, &b->fresh), 0);
	b->cache.dir_fd = open(b->dir, O_RDONLY | O_DIRECTORY);
	b->cache.maker = (struct build_id){ "this program", 12 };
	*state = b;
	return 0;
}

static int end(void **state)
{
	struct bench *b = *state;
	char command[128];

	close_subject(b);
	close(b->cache.dir_fd);
	cfi_table__free(b->fresh);
	snprintf(command, sizeof(command), "rm -r %s", b->dir);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static void expect_fresh(struct bench *b)
{
	scope_free(cfi_table) struct cfi_table *t = NULL;
	const struct cfi_table *f = b->fresh;

	assert_int_equal(cfi_cache__load(&b->cache, b->fd, b->file, &t), 0);
	assert_int_equal(t->base_vaddr, f->base_vaddr);
	assert_int_equal(t->fde_cnt, f->fde_cnt);
	assert_int_equal(t->row_cnt, f->row_cnt);
	assert_int_equal(t->page_cnt, f->page_cnt);
	assert_int_equal(t->info_cnt, f->info_cnt);
	assert_memory_equal(t->rows, f->rows, f->row_cnt * sizeof(*f->rows));
	assert_memory_equal(t->pages, f->pages, f->page_cnt * sizeof(*f->pages));
	assert_memory_equal(t->infos, f->infos, f->info_cnt * sizeof(*f->infos));
}

static struct stat kept(const struct bench *b)
{
	struct stat st;

	assert_int_equal(stat(b->kept, &st), 0);
	return st;
}

static void kept_rows_are_read(void **state)
{
	struct bench *b = *state;
	struct stat before;

	expect_fresh(b);
	before = kept(b);
	assert_int_equal(before.st_mode & 0777, 0600);
	expect_fresh(b);
	assert_int_equal(kept(b).st_ino, before.st_ino); /* not written again */
}

static void damaged_ones_are_made_anew(void **state)
{
	struct bench *b = *state;

	expect_fresh(b);
	for (off_t off = 0; off < kept(b).st_size; off += kept(b).st_size / 50) {
		ino_t before = kept(b).st_ino;

		flip_byte(b->kept, off);
		expect_fresh(b);
		expect(kept(b).st_ino != before, off);
		if (off > kept(b).st_size / 2)
			assert_int_equal(truncate(b->kept, off), 0);
		expect_fresh(b);
	}
}

static void a_file_that_claims_the_build_id_is_another(void **state)
{
	struct bench *b = *state;
	ino_t before;

	expect_fresh(b);
	before = kept(b).st_ino;
	close_subject(b);
	open_subject(b, "impostor");
	expect_fresh(b);
	assert_int_not_equal(kept(b).st_ino, before);
}

static void another_program_makes_its_own(void **state)
{
	struct bench *b = *state;
	ino_t before;

	expect_fresh(b);
	before = kept(b).st_ino;
	b->cache.maker.bytes[0]++;
	expect_fresh(b);
	assert_int_not_equal(kept(b).st_ino, before);
}

static void without_a_folder_nothing_is_kept(void **state)
{
	struct bench *b = *state;
	int dir_fd = b->cache.dir_fd;
	struct stat st;

	b->cache.dir_fd = -1;
	expect_fresh(b);
	b->cache.dir_fd = dir_fd;
	assert_int_not_equal(stat(b->kept, &st), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(kept_rows_are_read),
		TEST(damaged_ones_are_made_anew),
		TEST(a_file_that_claims_the_build_id_is_another),
		TEST(another_program_makes_its_own),
		TEST(without_a_folder_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
