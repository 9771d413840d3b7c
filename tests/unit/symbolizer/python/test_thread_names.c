// SPDX-License-Identifier: Apache-2.0
/* Memory of real interpreters with one thread named "worker", whose id is 4711 (tests/fuzz/python_seeds.py), and what
 * becomes of damaged copies. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/io.h"
#include "common/view.h"
#include "symbolizer/python/dict_object.h"
#include "symbolizer/python/layouts.h"
#include "symbolizer/python/string_object.h"
#include "symbolizer/python/thread_names.h"

#define BASE 0x10000

static const char *folder;
static const struct {
	const char *name;
	uint32_t hexversion;
} files[] = {
	{ "2.7-active", PYTHON_HEX(2, 7, 18) },	 { "3.6-active", PYTHON_HEX(3, 6, 15) },
	{ "3.8-active", PYTHON_HEX(3, 8, 18) },	 { "3.10-active", PYTHON_HEX(3, 10, 13) },
	{ "3.11-active", PYTHON_HEX(3, 11, 7) }, { "3.12-active", PYTHON_HEX(3, 12, 1) },
	{ "3.13-active", PYTHON_HEX(3, 13, 0) },
};

struct image {
	char *bytes; /* with the byte that chooses the version */
	size_t size;
	struct python_layout layout;
	uint32_t cnt; /* names found */
};

static int read_image(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	const struct image *image = ctx;

	if (vaddr < BASE || vaddr - BASE > image->size - 1 ||
	    size > image->size - 1 - (vaddr - BASE))
		return -EFAULT;
	memcpy(to, image->bytes + 1 + (vaddr - BASE), size);
	return 0;
}

static void load(size_t i, struct image *ret_image)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
	assert_int_equal(io_read_file(path, 1 << 20, &ret_image->bytes, &ret_image->size), 0);
	assert_int_equal(python_layout__find(files[i].hexversion, false, &ret_image->layout), 0);
}

static uint64_t word(const struct image *image, size_t i)
{
	uint64_t value;

	memcpy(&value, image->bytes + 1 + 8 * i, sizeof(value));
	return value;
}

static void is_worker(void *ctx, uint32_t tid, const char *name)
{
	struct image *image = ctx;

	assert_int_equal(tid, 4711);
	assert_string_equal(name, "worker");
	image->cnt++;
}

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(files); i++) {
		struct image image = { 0 };
		struct python_memory memory = { read_image, &image };
		struct python_thread_place place = { 0 };

		load(i, &image);
		expect(!python_threads__read(&memory, &image.layout, &place, word(&image, 1),
					     is_worker, &image) &&
			       image.cnt == 1,
		       i);
		free(image.bytes);
	}
}

static void test_attributes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(files); i++) {
		struct image image = { 0 };
		struct python_memory memory = { read_image, &image };
		uint64_t value = 1;

		load(i, &image);
		expect(python_attribute__find(&memory, &image.layout, word(&image, 2), "absent",
					      &value) == -ENOENT &&
			       value == 1,
		       i);
		expect(!python_attribute__find(&memory, &image.layout, word(&image, 2),
					       i ? "_name" : "_Thread__name", &value) &&
			       value > BASE,
		       i);
		free(image.bytes);
	}
}

static void ignore_name(void *ctx, uint32_t tid, const char *name)
{
	(void)ctx;
	(void)tid;
	(void)name;
}

/* Each word in turn is what a hostile process likes best. */
static void test_damaged(void **state)
{
	static const uint64_t values[] = { 0, UINT64_MAX, BASE, 0x7fffffff00000000 };

	(void)state;
	for (size_t i = 0; i < ROWS(files); i++) {
		struct image image = { 0 };
		struct python_memory memory = { read_image, &image };
		struct python_thread_place place = { 0 };

		load(i, &image);
		for (size_t w = 8; w < (image.size - 1) / 8; w++)
			for (size_t v = 0; v < ROWS(values); v++) {
				uint64_t kept = word(&image, w);

				memcpy(image.bytes + 1 + 8 * w, &values[v], 8);
				python_threads__read(&memory, &image.layout, &place,
						     word(&image, 1), ignore_name, NULL);
				memcpy(image.bytes + 1 + 8 * w, &kept, 8);
			}
		free(image.bytes);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_damaged),
	};

	if (argc != 2)
		return 1;
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
