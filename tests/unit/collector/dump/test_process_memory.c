// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/dump/process_memory.h"
#include "tests/unit/unit.h"

#define PAGE 4096UL

/* Three pages, the last of which cannot be read. */
static uint8_t *make_pages(void)
{
	uint8_t *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	for (size_t i = 0; i < 2 * PAGE; i++)
		pages[i] = (uint8_t)(i / 7);
	assert_int_equal(mprotect(pages + 2 * PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

static void test_reads(void **state)
{
	scope_free(process_memory) struct process_memory *m = process_memory__new();
	uint8_t *pages = make_pages(), got[256];
	static const struct {
		size_t off, size;
		int err;
	} rows[] = {
		{ 0, 1, 0 },
		{ 10, 256, 0 },
		{ PAGE - 1, 2, 0 },
		{ 2 * PAGE - 256, 256, 0 },
		{ 2 * PAGE - 255, 256, -EFAULT },
		{ 2 * PAGE, 1, -EFAULT },
	};

	(void)state;
	process_memory__forget(m, (uint32_t)getpid());
	for (size_t i = 0; i < ROWS(rows); i++) {
		uint64_t vaddr = (uintptr_t)pages + rows[i].off;

		expect(process_memory__read(m, got, rows[i].size, vaddr) == rows[i].err, i);
		expect(rows[i].err || !memcmp(got, pages + rows[i].off, rows[i].size), i);
	}
	assert_int_equal(process_memory__read(m, got, 8, UINT64_MAX - 3), -EFAULT);
	assert_int_equal(process_memory__read(m, got, 8, 0), -EFAULT);
	munmap(pages, 3 * PAGE);
}

/* What was read stays as it was, until it is forgotten. */
static void test_one_moment(void **state)
{
	scope_free(process_memory) struct process_memory *m = process_memory__new();
	uint8_t *pages = make_pages(), got = 0;
	uint64_t vaddr = (uintptr_t)pages;

	(void)state;
	pages[0] = 1;
	process_memory__forget(m, (uint32_t)getpid());
	assert_int_equal(process_memory__read(m, &got, 1, vaddr), 0);
	pages[0] = 2;
	assert_int_equal(process_memory__read(m, &got, 1, vaddr), 0);
	assert_int_equal(got, 1);
	process_memory__forget(m, (uint32_t)getpid());
	assert_int_equal(process_memory__read(m, &got, 1, vaddr), 0);
	assert_int_equal(got, 2);
	munmap(pages, 3 * PAGE);
}

/* A process whose pointers lead through more memory than any stack has. */
static void test_bounded(void **state)
{
	scope_free(process_memory) struct process_memory *m = process_memory__new();
	size_t size = 5000 * PAGE, i;
	uint8_t *pages = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), got;
	int err = 0;

	(void)state;
	process_memory__forget(m, (uint32_t)getpid());
	for (i = 0; i < 5000 && !err; i++)
		err = process_memory__read(m, &got, 1, (uintptr_t)pages + i * PAGE);
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(i - 1, 4096);
	munmap(pages, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_one_moment),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
