// SPDX-License-Identifier: Apache-2.0
#include "collector/source/record.h"

#include <string.h>

#include "bpf/shared/frame.h"

/* Whole frames and anchors. */
static bool python_words_valid(const __u64 *words, uint32_t cnt)
{
	uint32_t size;

	for (uint32_t i = 0; i < cnt; i += size) {
		uint32_t kind = frame_kind(words[i]);

		size = 1 + frame_extra_words(kind);
		if ((kind != FRAME_PYTHON && kind != FRAME_PYTHON_ANCHOR) || size > cnt - i)
			return false;
	}
	return true;
}

/* Readers have room for so many native frames, and look for no others behind them. */
static bool user_words_valid(const __u64 *words, uint32_t cnt)
{
	uint32_t native = 0;

	while (native < cnt && frame_kind(words[native]) == FRAME_NATIVE)
		native++;
	return native <= MAX_USER_FRAMES && python_words_valid(words + native, cnt - native);
}

static bool sample_valid(const struct record_header *h)
{
	const struct sample_record *rec = (const void *)h;

	return rec->user_words <= MAX_USER_WORDS && rec->kernel_cnt <= MAX_KERNEL_FRAMES &&
	       h->size == sizeof(*rec) + (rec->user_words + rec->kernel_cnt) * 8UL &&
	       rec->stop < STOP_CNT && rec->python_end < PYTHON_END_CNT &&
	       rec->gil < PYTHON_GIL_CNT && user_words_valid(sample_words(rec), rec->user_words);
}

static bool copy_valid(const struct record_header *h)
{
	const struct copy_record *rec = (const void *)h;
	size_t words = (size_t)rec->sample.kernel_cnt + rec->sample.user_words;

	return rec->sample.user_words <= MAX_USER_WORDS &&
	       rec->sample.kernel_cnt <= MAX_KERNEL_FRAMES &&
	       rec->stack_size <= COPY_STACK_BYTES + USER_PAGE_SIZE &&
	       h->size == RECORD_ALIGN(sizeof(*rec) + words * 8 + rec->stack_size) &&
	       rec->sample.stop < STOP_CNT && rec->sample.python_end < PYTHON_END_CNT &&
	       rec->sample.gil < PYTHON_GIL_CNT &&
	       python_words_valid(copy_python_words(rec), rec->sample.user_words);
}

static bool walked_valid(const struct record_header *h)
{
	const struct walked_record *rec = (const void *)h;

	return rec->user_words <= MAX_USER_WORDS && rec->stop < STOP_CNT &&
	       h->size == sizeof(*rec) + rec->user_words * 8U &&
	       user_words_valid((const __u64 *)(rec + 1), rec->user_words);
}

static bool mmap_valid(const struct record_header *h)
{
	const struct mmap_record *rec = (const void *)h;

	return rec->path_size && rec->path_size == h->size - sizeof(*rec) &&
	       memchr(mmap_record_path(rec), 0, rec->path_size) && rec->start < rec->end &&
	       rec->build_id.size <= BUILD_ID_MAX;
}

static bool file_valid(const struct record_header *h)
{
	const struct file_record *rec = (const void *)h;

	return rec->segment_cnt <= 4096 && rec->build_id.size <= BUILD_ID_MAX &&
	       h->size ==
		       RECORD_ALIGN(sizeof(*rec) + rec->segment_cnt * sizeof(struct elf_segment));
}

static bool python_code_valid(const struct record_header *h)
{
	const struct python_code_record *rec = (const void *)h;
	const uint8_t *at = (const uint8_t *)(rec + 1), *end = (const uint8_t *)rec + h->size;

	if (rec->piece_cnt > PYTHON_MAX_PIECES)
		return false;
	for (uint32_t i = 0; i < rec->piece_cnt; i++) {
		const struct python_piece *piece = (const void *)at;

		if ((size_t)(end - at) < sizeof(*piece) ||
		    RECORD_ALIGN((uint64_t)piece->size) > (uint64_t)(end - at) - sizeof(*piece))
			return false;
		at += sizeof(*piece) + RECORD_ALIGN((uint64_t)piece->size);
	}
	return at == end;
}

static bool python_file_valid(const struct record_header *h)
{
	const struct python_file_record *rec = (const void *)h;

	return h->size == sizeof(*rec) && rec->interpreter.eval_cnt <= PYTHON_EVAL_RANGES &&
	       rec->interpreter.refusal < PYTHON_REFUSAL_CNT &&
	       *(const uint8_t *)&rec->interpreter.free_threaded <= 1; /* a bool */
}

static bool python_thread_valid(const struct record_header *h)
{
	const struct python_thread_record *rec = (const void *)h;

	return rec->name_size && rec->name_size == h->size - sizeof(*rec) &&
	       memchr(python_thread_record_name(rec), 0, rec->name_size);
}

/* The smallest size of each type; types with a tail have a check of their own. */
static const struct {
	uint32_t type;
	uint32_t min_size;
	bool (*check)(const struct record_header *h);
} rules[] = {
	{ RECORD_SAMPLE, sizeof(struct sample_record), sample_valid },
	{ RECORD_COPY, sizeof(struct copy_record), copy_valid },
	{ RECORD_WALKED, sizeof(struct walked_record), walked_valid },
	{ RECORD_WANTED, sizeof(struct wanted_record), NULL },
	{ RECORD_HOST, sizeof(struct record_header), NULL },
	{ RECORD_PROCESS, sizeof(struct process_record), NULL },
	{ RECORD_FORK, sizeof(struct fork_record), NULL },
	{ RECORD_COMM, sizeof(struct comm_record), NULL },
	{ RECORD_MMAP, sizeof(struct mmap_record), mmap_valid },
	{ RECORD_EXIT, sizeof(struct exit_record), NULL },
	{ RECORD_LOST, sizeof(struct lost_record), NULL },
	{ RECORD_FILE, sizeof(struct file_record), file_valid },
	{ RECORD_VDSO, sizeof(struct record_header), NULL },
	{ RECORD_KALLSYMS, sizeof(struct record_header), NULL },
	{ RECORD_COUNTERS, sizeof(struct counters_record), NULL },
	{ RECORD_END, sizeof(struct end_record), NULL },
	{ RECORD_PYTHON_CODE, sizeof(struct python_code_record), python_code_valid },
	{ RECORD_PYTHON_FILE, sizeof(struct python_file_record), python_file_valid },
	{ RECORD_PYTHON_THREAD, sizeof(struct python_thread_record), python_thread_valid },
	{ RECORD_GONE, sizeof(struct gone_record), NULL },
};

bool record_valid(const struct record_header *rec)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		if (rules[i].type != rec->type)
			continue;
		return rec->size >= rules[i].min_size && (!rules[i].check || rules[i].check(rec));
	}
	return false;
}
