// SPDX-License-Identifier: Apache-2.0
/*
 * The thread states and frames of a Python process that lies: a byte that chooses the version, the ways to
 * a thread's state, and memory most of whose words lead into it. Whatever it says, a walk ends, with whole
 * frames.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/shared/frame.h"
#include "collector/walk/walker.h"
#include "common/view.h"
#include "symbolizer/python/layouts.h"

#define BASE 0x10000ULL
#define WORDS 512
#define READS_PER_TURN 8
#define TURNS (2 * MAX_PYTHON_FRAMES + 80) /* and a list of threads */

struct world {
	uint64_t words[WORDS];
	uint32_t word_cnt;
	uint64_t reads;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	uint8_t major, minor;
	bool free_threaded;
} versions[] = {
	{ 2, 7, false },  { 3, 6, false },  { 3, 10, false }, { 3, 11, false }, { 3, 12, false },
	{ 3, 13, false }, { 3, 14, false }, { 3, 15, false }, { 3, 13, true },	{ 3, 14, true },
};

static void check(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fuzz_python_walk: %s\n", what);
	__builtin_trap();
}

/* Most lead to memory, some are the type of code objects. */
static uint64_t take_word(struct view *v)
{
	uint64_t word = view_u64(v);

	return word >> 62 ? BASE + (word & (8 * WORDS - 8)) : word;
}

static int read_world(void *ctx, void *to, uint32_t size, uint64_t vaddr)
{
	struct world *w = ctx;
	uint64_t off = vaddr - BASE;

	check(size && size <= 512, "size of a read");
	w->reads++;
	if (vaddr < BASE || off > 8ULL * w->word_cnt || size > 8ULL * w->word_cnt - off)
		return -EFAULT;
	memcpy(to, (const uint8_t *)w->words + off, size);
	return 0;
}

static struct python_process take_process(struct view *v)
{
	size_t i = view_u8(v) % (sizeof(versions) / sizeof(*versions));
	struct python_process p = { .road = view_u8(v) % 6, .musl = view_u8(v) & 1 };

	check(!python_layout__find(PYTHON_HEX(versions[i].major, versions[i].minor, 0),
				   versions[i].free_threaded, &p.layout),
	      "layout");
	p.specific = view_u16(v);
	p.key_vaddr = take_word(v);
	p.tls_offset = (int16_t)view_u16(v);
	p.code_type = take_word(v);
	p.interp_head = take_word(v);
	p.current_vaddr = take_word(v);
	return p;
}

static void check_words(const struct walked_python *walked)
{
	uint32_t frames = 0;

	check(walked->word_cnt <= MAX_USER_WORDS && walked->frame_cnt <= MAX_PYTHON_FRAMES, "room");
	for (uint32_t i = 0; i < walked->word_cnt;) {
		uint32_t kind = frame_kind(walked->words[i]);

		check(kind == FRAME_PYTHON || kind == FRAME_PYTHON_ANCHOR, "kind of word");
		frames += kind == FRAME_PYTHON;
		i += 1 + frame_extra_words(kind);
		check(i <= walked->word_cnt, "a frame cut off");
	}
	check(frames == walked->frame_cnt, "a frame without its address");
	check(walked->end < PYTHON_END_CNT, "reason");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct walk_seam seam = { .read = read_world };
	struct view v = view_of(data, size);
	struct python_process process = take_process(&v);
	struct python_start start = { .process = &process, .alone = true };
	struct world w = { .word_cnt = 0 };
	scope_free(walker) struct walker *walker = walker__new();
	struct walked_python walked;

	start.fs_base = take_word(&v);
	while (view_left(&v) >= 8 && w.word_cnt < WORDS)
		w.words[w.word_cnt++] = take_word(&v);
	if (!walker)
		return 0;
	walked = walker__walk_python(walker, &seam, &w, &start);
	check(w.reads <= READS_PER_TURN * TURNS, "too many reads");
	check_words(&walked);
	return 0;
}
