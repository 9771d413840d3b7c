// SPDX-License-Identifier: Apache-2.0
/* A kept value is taken for the very file and by the very program, undamaged. The subject is a copy of the
 * running C library. */
#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbolizer/native/debug_search.h"
#include "symbolizer/native/kept_key.h"

#define KIND ".kind"
#define MAGIC 7

static const char value[] = "what was found";

struct bench {
	char dir[64];
	struct kept_folder folder;
	struct kept_key key;
};

static void run(const char *program, const char *a, const char *b)
{
	char command[512];

	snprintf(command, sizeof(command), "%s %s %s", program, a, b);
	assert_int_equal(system(command), 0);
}

/* The key of a fresh copy. */
static struct kept_key key_of_copy(struct bench *b, const char *name)
{
	struct elf_file *file;
	struct kept_key key;
	char path[128];
	Dl_info libc;
	int fd;

	assert_int_not_equal(dladdr((void *)(uintptr_t)strlen, &libc), 0);
	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	run("cp", libc.dli_fname, path);
	fd = open(path, O_RDONLY);
	assert_int_equal(elf_file__open(fd, &file), 0);
	assert_true(kept_key__of(&b->folder, MAGIC, fd, file, &key));
	assert_false(kept_key__of(&b->folder, MAGIC, -1, file, &key));
	assert_false(
		kept_key__of(&(struct kept_folder){ -1, b->folder.maker }, MAGIC, fd, file, &key));
	assert_false(kept_key__of(&(struct kept_folder){ b->folder.dir_fd, { .size = 0 } }, MAGIC,
				  fd, file, &key));
	elf_file__free(file);
	close(fd);
	return key;
}

static int begin(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	strcpy(b->dir, "/tmp/sonde-kept.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	b->folder.dir_fd = open(b->dir, O_RDONLY | O_DIRECTORY);
	b->folder.maker = (struct build_id){ "this program", 12 };
	b->key = key_of_copy(b, "subject");
	kept_value_write(&b->folder, &b->key, KIND, value, sizeof(value));
	*state = b;
	return 0;
}

static int end(void **state)
{
	struct bench *b = *state;

	close(b->folder.dir_fd);
	run("rm", "-r", b->dir);
	free(b);
	return 0;
}

static bool is_there(const struct bench *b, const struct kept_key *key, const char *kind)
{
	char got[sizeof(value)] = "untouched";
	bool there = kept_value_read(&b->folder, key, kind, got, sizeof(got));

	assert_string_equal(got, there ? value : "untouched");
	return there;
}

static void a_value_comes_back(void **state)
{
	struct bench *b = *state;
	char larger[sizeof(value) + 1], smaller[sizeof(value) - 1];

	assert_true(is_there(b, &b->key, KIND));
	assert_false(is_there(b, &b->key, ".other"));
	assert_false(kept_value_read(&b->folder, &b->key, KIND, larger, sizeof(larger)));
	assert_false(kept_value_read(&b->folder, &b->key, KIND, smaller, sizeof(smaller)));
}

static void it_is_nobody_elses(void **state)
{
	struct bench *b = *state;
	struct kept_key impostor = key_of_copy(b, "impostor"), key = b->key;

	assert_memory_equal(&impostor.build_id, &key.build_id, sizeof(key.build_id));
	assert_false(is_there(b, &impostor, KIND));
	key.maker.bytes[0]++;
	assert_false(is_there(b, &key, KIND));
	key = b->key;
	key.magic++;
	assert_false(is_there(b, &key, KIND));
}

static void a_damaged_one_is_not_taken(void **state)
{
	struct bench *b = *state;
	char path[160], hex[2 * BUILD_ID_MAX + 1];
	struct stat st;
	uint8_t byte;
	int fd;

	build_id_to_hex(&b->key.build_id, hex);
	snprintf(path, sizeof(path), "%s/%s" KIND, b->dir, hex);
	fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (off_t off = 0; off < st.st_size; off++) {
		assert_int_equal(pread(fd, &byte, 1, off), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, off), 1);
		/* but the four bytes between the checksum and the value */
		if (off < (off_t)(st.st_size - sizeof(value) - 4) ||
		    off >= (off_t)(st.st_size - sizeof(value)))
			expect(!is_there(b, &b->key, KIND), off);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, off), 1);
	}
	assert_true(is_there(b, &b->key, KIND));
	assert_int_equal(ftruncate(fd, st.st_size - 1), 0);
	assert_false(is_there(b, &b->key, KIND));
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_value_comes_back),
		TEST(it_is_nobody_elses),
		TEST(a_damaged_one_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
