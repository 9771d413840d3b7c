// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "collector/output/pprof.h"
#include "collector/profile/profile.h"

/* One profile in words; rows are added in whatever order a test wants. */
enum { FILES = 4, FUNCTIONS = 8, LOCATIONS = 16, SAMPLES = 32 };

struct order {
	uint32_t at[SAMPLES]; /* a permutation of 0..cnt-1 */
	uint32_t cnt;
};

static struct order shuffled(uint32_t cnt, unsigned int *seed)
{
	struct order o = { .cnt = cnt };

	for (uint32_t i = 0; i < cnt; i++)
		o.at[i] = i;
	for (uint32_t i = cnt - 1; *seed && i > 0; i--) {
		uint32_t j = (uint32_t)rand_r(seed) % (i + 1), t = o.at[i];

		o.at[i] = o.at[j];
		o.at[j] = t;
	}
	return o;
}

static uint32_t text(struct profile *p, const char *kind, uint32_t number)
{
	char word[64];

	snprintf(word, sizeof(word), "%s%u", kind, number);
	return strtab__id(p->strings, word);
}

static void add_mappings(struct profile *p, struct order order, uint32_t *place)
{
	struct profile_mapping main_file = { .filename = text(p, "main", 0) };

	profile__add_mapping(p, &main_file); /* stays first, whatever it is called */
	for (uint32_t i = 0; i < order.cnt; i++) {
		uint32_t n = order.at[i];
		struct profile_mapping row = { .filename = text(p, "file", n),
					       .start = n * 0x1000,
					       .limit = n * 0x1000 + 0x1000 };

		place[n] = profile__add_mapping(p, &row);
	}
}

static void add_functions(struct profile *p, struct order order, uint32_t *place)
{
	for (uint32_t i = 0; i < order.cnt; i++) {
		struct profile_function row = { .name = text(p, "name", order.at[i]),
						.system_name = text(p, "linkage", order.at[i]) };

		place[order.at[i]] = profile__add_function(p, &row);
	}
}

/* Location n lies in file n % FILES, and has n % 3 lines. */
static void add_locations(struct profile *p, struct order order, const uint32_t *mappings,
			  const uint32_t *functions, uint32_t *place)
{
	for (uint32_t i = 0; i < order.cnt; i++) {
		uint32_t n = order.at[i];
		struct profile_location row = { .mapping = mappings[n % FILES],
						.address = n * 16,
						.first_line = p->lines_cnt,
						.line_cnt = n % 3 };

		for (uint32_t l = 0; l < row.line_cnt; l++)
			profile__add_line(p, &(struct profile_line){ functions[(n + l) % FUNCTIONS],
								     n + l, 0 });
		place[n] = profile__add_location(p, &row);
	}
}

/* Sample n and sample n + SAMPLES / 2 are the same stack with the same labels. */
static void add_samples(struct profile *p, struct order order, const uint32_t *locations,
			unsigned int *seed)
{
	for (uint32_t i = 0; i < order.cnt; i++) {
		uint32_t n = order.at[i] % (SAMPLES / 2), first = *seed & 1;
		struct profile_sample row = { .first_frame = p->frames_cnt,
					      .frame_cnt = 1 + n % 4,
					      .first_label = p->labels_cnt,
					      .label_cnt = 2 };
		int64_t values[] = { n + 1, (n % 5 + 1) * 1000 };
		struct profile_label pair[2] = {
			{ text(p, "pid", 0), 0, text(p, "unit", 0), n % 3 },
			{ text(p, "comm", 0), text(p, "x", n % 2), 0, 0 },
		};

		for (uint32_t f = 0; f < row.frame_cnt; f++)
			profile__add_frame(p, locations[(n * 3 + f) % LOCATIONS]);
		profile__add_label(p, &pair[first]);
		profile__add_label(p, &pair[!first]);
		profile__add_sample(p, &row, values);
	}
}

/* seed 0: all in order. */
static struct profile *make(unsigned int seed)
{
	uint32_t mappings[FILES], functions[FUNCTIONS], locations[LOCATIONS];
	struct profile *p = profile__new();

	assert_non_null(p);
	p->value_types[0] = (struct profile_value_type){ text(p, "samples", 0),
							 text(p, "count", 0) };
	p->value_types[1] = (struct profile_value_type){ text(p, "cpu", 0), text(p, "ns", 0) };
	p->value_type_cnt = 2;
	p->period_type = p->value_types[1];
	add_mappings(p, shuffled(FILES, &seed), mappings);
	add_functions(p, shuffled(FUNCTIONS, &seed), functions);
	add_locations(p, shuffled(LOCATIONS, &seed), mappings, functions, locations);
	add_samples(p, shuffled(SAMPLES, &seed), locations, &seed);
	return p;
}

static void the_order_of_rows_does_not_matter(void **state)
{
	scope_free(profile) struct profile *plain = make(0);
	scope_memory uint8_t *bytes = NULL;
	size_t size;

	(void)state;
	assert_int_equal(profile__normalize(plain), 0);
	assert_int_equal(pprof_encode(plain, &bytes, &size), 0);
	for (unsigned int seed = 1; seed < 50; seed++) {
		scope_free(profile) struct profile *other = make(seed);
		scope_memory uint8_t *other_bytes = NULL;
		size_t other_size;

		assert_int_equal(profile__normalize(other), 0);
		assert_int_equal(pprof_encode(other, &other_bytes, &other_size), 0);
		expect(other_size == size && !memcmp(bytes, other_bytes, size), seed);
	}
}

static void equal_samples_are_summed(void **state)
{
	scope_free(profile) struct profile *p = make(3);
	int64_t first = 0, second = 0;

	(void)state;
	assert_int_equal(profile__normalize(p), 0);
	assert_int_equal(p->samples_cnt, SAMPLES / 2);
	for (uint32_t i = 0; i < p->samples_cnt; i++) {
		first += profile__value(p, &p->samples[i], 0);
		second += profile__value(p, &p->samples[i], 1);
		assert_true(!i || profile__value(p, &p->samples[i - 1], 0) >=
					  profile__value(p, &p->samples[i], 0));
	}
	assert_int_equal(first, 2 * (16 * 17 / 2));
	assert_int_equal(second, 2 * 1000 * (3 * (1 + 2 + 3 + 4 + 5) + 1));
}

static void unused_rows_are_dropped(void **state)
{
	scope_free(profile) struct profile *p = make(0);
	struct profile_mapping mapping = { .filename = text(p, "unused", 0) };
	struct profile_location location = { .mapping = PROFILE_NONE };
	struct profile_function function = { .name = text(p, "unused", 0) };

	(void)state;
	profile__add_mapping(p, &mapping);
	profile__add_location(p, &location);
	profile__add_function(p, &function);
	assert_int_equal(profile__normalize(p), 0);
	assert_int_equal(p->mappings_cnt, FILES + 1);
	assert_int_equal(p->locations_cnt, LOCATIONS);
	assert_int_equal(p->functions_cnt, FUNCTIONS);
	assert_string_equal(strtab__text(p->strings, p->mappings[0].filename), "main0");
}

static void an_empty_profile_stays_one(void **state)
{
	scope_free(profile) struct profile *p = profile__new();

	(void)state;
	assert_int_equal(profile__normalize(p), 0);
	assert_int_equal(p->samples_cnt, 0);
}

/* Of foreign files: a sum that does not fit. */
static void sums_stay_in_range(void **state)
{
	static const struct {
		int64_t a, b, sum;
	} rows[] = {
		{ 1, 2, 3 },
		{ INT64_MAX, 1, INT64_MAX },
		{ INT64_MIN, -1, INT64_MIN },
		{ INT64_MIN, INT64_MAX, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		scope_free(profile) struct profile *p = profile__new();

		p->value_type_cnt = 1;
		profile__add_sample(p, &(struct profile_sample){ 0 }, &rows[i].a);
		profile__add_sample(p, &(struct profile_sample){ 0 }, &rows[i].b);
		assert_int_equal(profile__normalize(p), 0);
		expect(p->samples_cnt == 1 && profile__value(p, &p->samples[0], 0) == rows[i].sum,
		       i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_of_rows_does_not_matter),
		cmocka_unit_test(equal_samples_are_summed),
		cmocka_unit_test(unused_rows_are_dropped),
		cmocka_unit_test(an_empty_profile_stays_one),
		cmocka_unit_test(sums_stay_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
