// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/radix_sort.h"

#define CNT 5000

struct row {
	uint64_t key;
	uint32_t at; /* before sorting */
	uint32_t more;
};

/* The order that the C library gives when ties are broken by the old place. */
static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void order_is_that_of_qsort(void **state)
{
	static const uint64_t masks[] = { 0, 1, 0xff, 0xffff00, 0xffffffff, UINT64_MAX };
	static struct row rows[CNT], wanted[CNT];

	(void)state;
	srandom(1);
	for (size_t m = 0; m < sizeof(masks) / sizeof(*masks); m++) {
		for (uint32_t i = 0; i < CNT; i++) {
			uint64_t key = (uint64_t)random() << 33 ^ (uint64_t)random();

			rows[i] = (struct row){ key & masks[m], i, 7 };
			wanted[i] = rows[i];
		}
		qsort(wanted, CNT, sizeof(*wanted), compare);
		assert_int_equal(radix_sort(rows, CNT, sizeof(*rows)), 0);
		assert_memory_equal(rows, wanted, sizeof(rows));
	}
	assert_int_equal(radix_sort(rows, 0, sizeof(*rows)), 0);
	assert_int_equal(radix_sort(rows, 1, sizeof(*rows)), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(order_is_that_of_qsort) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
