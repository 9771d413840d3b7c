// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "bpf/shared/frame.h"
#include "collector/source/record.h"

/* Room for the largest record that a row makes, in whole words. */
static uint64_t room[MAX_USER_WORDS + 4096];

static void *fresh(uint32_t type, size_t size)
{
	struct record_header *h = (void *)room;

	memset(room, 0, sizeof(room));
	h->type = type;
	h->size = (uint32_t)size;
	return h;
}

/* As many native frames as there may be, anchors behind them. */
static void fill_words(__u64 *words, uint32_t cnt, uint32_t native)
{
	for (uint32_t i = 0; i < cnt; i++)
		words[i] = frame_word(i < native ? FRAME_NATIVE : FRAME_PYTHON_ANCHOR, 0, 1);
}

static bool sample(uint32_t user, uint32_t kernel, uint32_t stop, int more)
{
	size_t size = sizeof(struct sample_record) + (user + kernel) * 8UL;
	struct sample_record *rec = fresh(RECORD_SAMPLE, (size_t)((long)size + more));

	rec->user_words = (uint16_t)user;
	rec->kernel_cnt = (uint16_t)kernel;
	rec->stop = (uint16_t)stop;
	if (!more)
		fill_words((__u64 *)(rec + 1), user, MAX_USER_FRAMES);
	return record_valid(&rec->h);
}

/* The words that a sample, or a walked stack, may have. */
static bool words(uint32_t native, const char *behind)
{
	uint32_t cnt = native + (uint32_t)strlen(behind);
	struct sample_record *rec = fresh(RECORD_SAMPLE, sizeof(*rec) + cnt * 8UL);
	struct walked_record *walked;
	__u64 *word = (__u64 *)(rec + 1) + native;
	bool valid;

	rec->user_words = (uint16_t)cnt;
	for (; *behind; behind++)
		*word++ = *behind == 'p' ? frame_word(FRAME_PYTHON, 0, 0x1000) :
			  *behind == 'a' ? frame_word(FRAME_PYTHON_ANCHOR, 0, 1) :
			  *behind == 'k' ? frame_word(FRAME_KERNEL, 0, 1) :
			  *behind == '?' ? ~0ULL :
					   5;
	valid = record_valid(&rec->h);
	walked = malloc(sizeof(*walked) + cnt * 8UL);
	*walked = (struct walked_record){
		.h = { RECORD_WALKED, (uint32_t)(sizeof(*walked) + cnt * 8UL), 1 },
		.user_words = (uint16_t)cnt,
	};
	memcpy(walked + 1, rec + 1, cnt * 8UL);
	assert_int_equal(record_valid(&walked->h), valid);
	free(walked);
	return valid;
}

static void native_frames_come_first_and_python_frames_whole(void **state)
{
	(void)state;
	assert_true(words(0, "p55"));
	assert_true(words(3, "p55ap55p55a"));
	assert_true(words(MAX_USER_FRAMES, "p55a"));
	assert_false(words(MAX_USER_FRAMES + 1, ""));
	assert_false(words(MAX_USER_FRAMES + 1, "p55a"));
	assert_false(words(2, "p5"));
	assert_false(words(2, "p"));
	assert_false(words(2, "p555")); /* a native frame behind */
	assert_false(words(2, "k"));
	assert_false(words(2, "a?"));
}

static void samples_hold_what_they_count(void **state)
{
	(void)state;
	assert_true(sample(0, 0, 0, 0));
	assert_true(sample(MAX_USER_WORDS, MAX_KERNEL_FRAMES, STOP_CNT - 1, 0));
	assert_false(sample(MAX_USER_WORDS + 1, 0, 0, 0));
	assert_false(sample(0, MAX_KERNEL_FRAMES + 1, 0, 0));
	assert_false(sample(0, 0, STOP_CNT, 0));
	assert_false(sample(3, 4, 0, 8));
	assert_false(sample(3, 4, 0, -8));
}

static bool copy(uint32_t user, uint32_t kernel, uint32_t stack, int more)
{
	size_t size = RECORD_ALIGN(sizeof(struct copy_record) + (kernel + user) * 8UL + stack);
	struct copy_record *rec = fresh(RECORD_COPY, (size_t)((long)size + more));

	rec->sample.user_words = (uint16_t)user;
	if (!more)
		fill_words((__u64 *)(rec + 1) + kernel, user, 0);
	rec->sample.kernel_cnt = (uint16_t)kernel;
	rec->stack_size = stack;
	return record_valid(&rec->sample.h);
}

static void copies_hold_what_they_count(void **state)
{
	(void)state;
	assert_true(copy(0, 0, 0, 0));
	assert_true(copy(0, MAX_KERNEL_FRAMES, COPY_STACK_BYTES + USER_PAGE_SIZE, 0));
	assert_true(copy(0, 1, 13, 0));
	assert_true(copy(7, 1, 13, 0));
	assert_false(copy(MAX_USER_WORDS + 1, 0, 0, 0));
	assert_false(copy(0, MAX_KERNEL_FRAMES + 1, 0, 0));
	assert_false(copy(0, 0, COPY_STACK_BYTES + USER_PAGE_SIZE + 1, 0));
	assert_false(copy(0, 2, 64, 8));
	assert_false(copy(0, 2, 64, -8));
}

static bool walked(uint32_t cnt, uint32_t stop, int more)
{
	size_t size = sizeof(struct walked_record) + cnt * 8UL;
	struct walked_record *rec = fresh(RECORD_WALKED, (size_t)((long)size + more));

	rec->user_words = (uint16_t)cnt;
	rec->stop = (uint16_t)stop;
	if (!more)
		fill_words((__u64 *)(rec + 1), cnt, MAX_USER_FRAMES);
	return record_valid(&rec->h);
}

static void walks_hold_what_they_count(void **state)
{
	(void)state;
	assert_true(walked(0, 0, 0));
	assert_true(walked(MAX_USER_WORDS, STOP_CNT - 1, 0));
	assert_false(walked(MAX_USER_WORDS + 1, 0, 0));
	assert_false(walked(1, STOP_CNT, 0));
	assert_false(walked(1, 0, -8));
	assert_false(walked(1, 0, 8));
}

static bool mapping(uint64_t start, uint64_t end, const char *path, uint32_t path_size, size_t size,
		    uint8_t id_size)
{
	struct mmap_record *rec = fresh(RECORD_MMAP, sizeof(*rec) + size);

	rec->start = start;
	rec->end = end;
	rec->path_size = path_size;
	rec->build_id.size = id_size;
	memcpy(rec + 1, path, size);
	return record_valid(&rec->h);
}

static void mappings_have_a_range_and_a_name(void **state)
{
	(void)state;
	assert_true(mapping(1, 2, "/a\0\0\0\0\0", 8, 8, 0));
	assert_true(mapping(1, 2, "/a\0\0\0\0\0", 8, 8, BUILD_ID_MAX));
	assert_false(mapping(1, 2, "/a\0\0\0\0\0", 8, 8, BUILD_ID_MAX + 1));
	assert_false(mapping(2, 2, "/a\0\0\0\0\0", 8, 8, 0));
	assert_false(mapping(3, 2, "/a\0\0\0\0\0", 8, 8, 0));
	assert_false(mapping(1, 2, "/a234567", 8, 8, 0)); /* no end */
	assert_false(mapping(1, 2, "/a\0\0\0\0\0", 16, 8, 0));
	assert_false(mapping(1, 2, "", 0, 0, 0));
	assert_false(mapping(1, 2, "", UINT32_MAX - 7, 0, 0));
}

static bool file(uint32_t segments, uint8_t id_size, int more)
{
	size_t size = sizeof(struct file_record) + segments * sizeof(struct elf_segment);
	struct file_record *rec = fresh(RECORD_FILE, (size_t)((long)size + more));

	rec->segment_cnt = segments;
	rec->build_id.size = id_size;
	return record_valid(&rec->h);
}

static void files_hold_their_segments(void **state)
{
	(void)state;
	assert_true(file(0, 0, 0));
	assert_true(file(7, BUILD_ID_MAX, 0));
	assert_false(file(7, BUILD_ID_MAX + 1, 0));
	assert_false(file(7, 0, -8));
	assert_false(file(7, 0, 8));
	assert_false(file(4097, 0, 0));
}

static bool thread(const char *name, uint32_t name_size, uint32_t behind)
{
	struct python_thread_record *rec = fresh(RECORD_PYTHON_THREAD,
						 sizeof(struct python_thread_record) + behind);

	rec->name_size = name_size;
	memset(rec + 1, 'x', behind);
	if (name)
		memcpy(rec + 1, name, strlen(name) + 1);
	return record_valid(&rec->h);
}

static void names_of_threads_end(void **state)
{
	(void)state;
	assert_true(thread("worker", 8, 8));
	assert_true(thread("", 8, 8));
	assert_false(thread(NULL, 8, 8)); /* without an end */
	assert_false(thread("worker", 16, 8));
	assert_false(thread("worker", 8, 16));
	assert_false(thread(NULL, 0, 0));
}

static void the_gil_is_one_of_a_few_words(void **state)
{
	struct sample_record *rec = fresh(RECORD_SAMPLE, sizeof(*rec));

	(void)state;
	for (uint32_t gil = 0; gil < PYTHON_GIL_CNT; gil++) {
		rec->gil = (__u16)gil;
		assert_true(record_valid(&rec->h));
	}
	rec->gil = PYTHON_GIL_CNT;
	assert_false(record_valid(&rec->h));
}

static void every_type_has_its_smallest_size(void **state)
{
	static const struct {
		uint32_t type;
		size_t size;
	} rows[] = {
		{ RECORD_WANTED, sizeof(struct wanted_record) },
		{ RECORD_HOST, sizeof(struct record_header) },
		{ RECORD_PROCESS, sizeof(struct process_record) },
		{ RECORD_FORK, sizeof(struct fork_record) },
		{ RECORD_COMM, sizeof(struct comm_record) },
		{ RECORD_EXIT, sizeof(struct exit_record) },
		{ RECORD_LOST, sizeof(struct lost_record) },
		{ RECORD_VDSO, sizeof(struct record_header) },
		{ RECORD_KALLSYMS, sizeof(struct record_header) },
		{ RECORD_COUNTERS, sizeof(struct counters_record) },
		{ RECORD_END, sizeof(struct end_record) },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		expect(record_valid(fresh(rows[i].type, rows[i].size)), i);
		expect(!record_valid(fresh(rows[i].type, rows[i].size - 8)), i);
	}
	assert_false(record_valid(fresh(0, 64)));
	assert_false(record_valid(fresh(RECORD_TYPE_END, 64)));
	assert_false(record_valid(fresh(UINT32_MAX, 64)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_hold_what_they_count),
		cmocka_unit_test(native_frames_come_first_and_python_frames_whole),
		cmocka_unit_test(copies_hold_what_they_count),
		cmocka_unit_test(walks_hold_what_they_count),
		cmocka_unit_test(mappings_have_a_range_and_a_name),
		cmocka_unit_test(files_hold_their_segments),
		cmocka_unit_test(names_of_threads_end),
		cmocka_unit_test(the_gil_is_one_of_a_few_words),
		cmocka_unit_test(every_type_has_its_smallest_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
