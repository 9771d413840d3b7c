// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "bpf/shared/frame.h"
#include "collector/python/merge.h"

/*
 * Stacks as a line: native frames "n" (in the eval loop: "e", in no file: "j"), then Python frames "p" and anchors
 * "0" to "9" ("-": of no native frame). Merged: "n", "e" for native ones, "p" for Python ones; each with
 * the number of its kind: "p0 e1" is the first Python frame, then the second native one.
 */
struct row {
	const char *stack;
	bool native_whole;
	enum { CUT = -1, BROKEN, WHOLE } python;
	const char *merged;
};

static const struct row rows[] = {
	{ "nnn", true, WHOLE, "n0 n1 n2" },
	/* anchors */
	{ "nenenpp1p3", true, WHOLE, "n0 p0 p1 e1 n2 p2 e3 n4" },
	{ "enpp0", true, WHOLE, "p0 p1 e0 n1" },
	{ "nnnp1", true, WHOLE, "n0 p0 e1 n2" }, /* an eval loop that nobody knows by its code */
	{ "enenp2", true, WHOLE, "e0 n1 p0 e2 n3" }, /* the youngest has no anchor yet */
	{ "nen1", true, WHOLE, "n0 e1 n2" }, /* nor any Python frame any more */
	{ "nnep2pp-", false, WHOLE, "n0 n1 p0 e2 p1 p2" }, /* the native stack broke */
	{ "nep1pp", true, BROKEN, "n0 p0 e1 p1 p2" }, /* the Python stack did */
	{ "nennpp-", true, CUT, "n0 p0 p1 e1" }, /* its oldest frames are missing */
	{ "nenenp1pp-", true, CUT, "n0 p0 e1 n2 p1 p2 e3" },
	{ "nenp1pp-p-", false, CUT, "n0 p0 e1 n2 p1 p2 p3" }, /* and the native frames as well */
	{ "nejnejnp1p4", true, WHOLE, "n0 p0 e1 e2 n3 p1 e4 e5 n6" }, /* -X perf */
	{ "jnejjp2", true, WHOLE, "n0 n1 p0 e2 e3 e4" },
	{ "nennenp1", true, WHOLE, "n0 p0 e1 n2 n3" }, /* a greenlet: another's loop ends it */
	{ "nennenp1", true, BROKEN, "n0 p0 e1 n2 n3 n4 n5" },
	{ "nenjp1", false, WHOLE, "n0 p0 e1 n2" }, /* the native stack broke */
	/* counted */
	{ "nenepp", true, WHOLE, "n0 p0 e1 n2 p1 e3" },
	{ "eneepp", true, WHOLE, "e0 n1 p0 e2 p1 e3" }, /* its frame is not linked yet */
	{ "neppp", false, WHOLE, "n0 p0 e1 p1 p2" }, /* from the innermost */
	{ "neppp", true, WHOLE, "n0 p0 p1 p2 e1" },
	{ "nnpp", true, WHOLE, "n0 n1 p0 p1" },
	{ "nnenp", true, WHOLE, "n0 n1 p0 e2 n3" },
	{ "nnenenp", true, WHOLE, "n0 n1 e2 n3 p0 e4 n5" }, /* its result is checked */
	{ "nnenenenp", true, WHOLE, "n0 n1 p0 e2 n3" }, /* a greenlet's */
	{ "neenp", true, BROKEN, "n0 p0 e1 n2 n3" },
	{ "nenenpp", true, CUT, "n0 p0 e1 n2 p1 e3" },
	{ "nenppp", false, CUT, "n0 p0 e1 n2 p1 p2" },
};

static uint32_t parse(const char *text, __u64 *words, bool *in_eval, bool *in_no_file)
{
	uint32_t cnt = 0;

	for (; *text; text++) {
		in_eval[cnt] = *text == 'e';
		in_no_file[cnt] = *text == 'j';
		if (strchr("nej", *text)) {
			words[cnt++] = frame_word(FRAME_NATIVE, 0, 0x1000);
		} else if (*text == 'p') {
			words[cnt++] = frame_word(FRAME_PYTHON, 0, 0x2000);
			words[cnt++] = 4;
			words[cnt++] = 5;
		} else {
			words[cnt++] = frame_word(FRAME_PYTHON_ANCHOR, 0,
						  *text == '-' ? PYTHON_NO_NATIVE :
								 (__u64)(*text - '0'));
		}
	}
	return cnt;
}

static void print(const struct merged_frame *frames, uint32_t cnt, const __u64 *words, char *to)
{
	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t number = 0;

		if (frames[i].kind == MERGED_PYTHON)
			for (uint32_t w = 0; w < frames[i].word; w++)
				number += frame_kind(words[w]) == FRAME_PYTHON;
		else
			number = frames[i].word;
		to += sprintf(to, "%s%c%u", i ? " " : "", "nep"[frames[i].kind], number);
	}
}

static void test_stacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct merged_frame merged[64];
		__u64 words[64];
		bool in_eval[64], in_no_file[64];
		char text[256] = "";
		struct unmerged_stack stack = { words,
						parse(rows[i].stack, words, in_eval, in_no_file),
						in_eval,
						in_no_file,
						rows[i].native_whole,
						rows[i].python == WHOLE,
						rows[i].python == CUT };

		print(merged, merge_stack(&stack, merged), words, text);
		if (strcmp(text, rows[i].merged))
			fail_msg("row %zu, %s: %s, not %s", i, rows[i].stack, text, rows[i].merged);
	}
}

/* A recording may be cut anywhere, and name native frames that are not there. */
static void test_damaged(void **state)
{
	__u64 words[] = {
		frame_word(FRAME_NATIVE, 0, 1),	       frame_word(FRAME_PYTHON, 0, 2), 3, 4,
		frame_word(FRAME_PYTHON_ANCHOR, 0, 7), frame_word(FRAME_PYTHON, 0, 2), 3
	};
	struct merged_frame merged[8];
	bool in_eval[8] = { false };

	(void)state;
	for (uint32_t cnt = 0; cnt <= ROWS(words); cnt++) {
		struct unmerged_stack stack = { words, cnt, in_eval, in_eval, true, true };

		assert_int_equal(merge_stack(&stack, merged), cnt < 1 ? 0 : cnt < 4 ? 1 : 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
