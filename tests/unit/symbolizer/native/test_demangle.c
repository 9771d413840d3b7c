// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "symbolizer/symbolizer.h"

/* What c++filt -p -i (binutils 2.40) prints; NULL where it gives the name back as it was. */
static const struct {
	const char *linkage;
	const char *name;
} rows[] = {
	{ "_ZN3fooEv", "foo" },
	{ "_ZNSt6vectorIiSaIiEE9push_backEOi",
	  "std::vector<int, std::allocator<int> >::push_back" },
	{ "_ZNKSt8functionIFvRKSsEEclES1_",
	  "std::function<void (std::string const&)>::operator()" },
	{ "_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()" },
	{ "_Z1fIJidEEvDpT_", "f<int, double>" },
	{ "_ZdlPv", "operator delete" },
	{ "_ZTV1A", "vtable for A" },
	{ "_ZN12_GLOBAL__N_11fEv", "(anonymous namespace)::f" },
	{ "_ZN1AD2Ev", "A::~A" },
	{ "_ZN1AC1Ei", "A::A" },
	{ "_ZN1AcvbEv", "A::operator bool" },
	{ "_Z3barILi5EEvv.constprop.0", "bar<5>" },
	{ "main", NULL },
	{ "_Z", NULL },
	{ "_", NULL },
	{ "", NULL },
	{ "_start", NULL },
	{ "_ZN3foo", NULL },
};

/* What llvm-cxxfilt 14 prints of Rust's names; of the old form it leaves the hash, which is no part of
 * a name for people. */
static const struct {
	const char *linkage;
	const char *name;
} rust[] = {
	{ "_RNvCs1234_7mycrate3foo", "mycrate::foo" },
	{ "_RINvNtC3std3mem8align_ofjdE", "std::mem::align_of::<usize, f64>" },
	{ "_RNCNvC4main4main0", "main::main::{closure#0}" },
	{ "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad" },
};

static void check(const char *linkage, const char *expected, size_t row)
{
	scope_memory char *name = demangle(linkage);

	expect(!name == !expected, row);
	if (name && strcmp(name, expected))
		fail_msg("row %zu: %s, not %s", row, name, expected);
}

static void as_binutils(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		check(rows[i].linkage, rows[i].name, i);
}

static void rust_as_llvm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rust); i++)
		check(rust[i].linkage, rust[i].name, i);
}

/* A name that has no end is not looked at. */
static void a_name_out_of_bounds_is_none(void **state)
{
	scope_memory char *linkage = malloc(20001);
	scope_memory char *name = NULL;

	(void)state;
	assert_non_null(linkage);
	memset(linkage, 'P', 20000);
	memcpy(linkage, "_Z1f", 4);
	strcpy(linkage + 19999, "i");
	name = demangle(linkage);
	assert_null(name);
	strcpy(linkage + 100, "i");
	name = demangle(linkage);
	assert_string_equal(name, "f");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_binutils),
		cmocka_unit_test(rust_as_llvm),
		cmocka_unit_test(a_name_out_of_bounds_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
