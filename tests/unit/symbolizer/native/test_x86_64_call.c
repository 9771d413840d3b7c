// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "symbolizer/native/x86_64_call.h"

#define BYTES(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })

enum form { NO_CALL, DIRECT, INDIRECT };

/* Assembled by gas, read back by objdump (binutils 2.40); what stands in the comments is its text. */
static const struct {
	uint8_t code[8];
	uint8_t size;
	uint8_t form; /* enum form */
	int32_t rel;
} rows[] = {
	{ BYTES(0xe8, 0xfb, 0xff, 0xff, 0xff), DIRECT, -5 }, /* call 0 <f> */
	{ BYTES(0xf2, 0xe8, 0xf5, 0xff, 0xff, 0xff), DIRECT, -11 }, /* bnd call */
	/* data16 data16 rex.W call: __tls_get_addr's */
	{ BYTES(0x66, 0x66, 0x48, 0xe8, 0xed, 0xff, 0xff, 0xff), DIRECT, -19 },
	{ BYTES(0xff, 0xd0), INDIRECT, 0 }, /* call *%rax */
	{ BYTES(0x41, 0xff, 0xd4), INDIRECT, 0 }, /* call *%r12 */
	{ BYTES(0x3e, 0xff, 0xd2), INDIRECT, 0 }, /* notrack call *%rdx */
	{ BYTES(0xf2, 0xff, 0xd5), INDIRECT, 0 }, /* bnd call *%rbp */
	{ BYTES(0xff, 0x10), INDIRECT, 0 }, /* call *(%rax) */
	{ BYTES(0x41, 0xff, 0x11), INDIRECT, 0 }, /* call *(%r9) */
	{ BYTES(0xff, 0x14, 0x24), INDIRECT, 0 }, /* call *(%rsp) */
	{ BYTES(0x41, 0xff, 0x14, 0x24), INDIRECT, 0 }, /* call *(%r12) */
	{ BYTES(0xff, 0x53, 0x10), INDIRECT, 0 }, /* call *0x10(%rbx) */
	{ BYTES(0xff, 0x54, 0x24, 0x10), INDIRECT, 0 }, /* call *0x10(%rsp) */
	{ BYTES(0xff, 0x55, 0x10), INDIRECT, 0 }, /* call *0x10(%rbp) */
	{ BYTES(0xff, 0x97, 0x34, 0x12, 0, 0), INDIRECT, 0 }, /* call *0x1234(%rdi) */
	{ BYTES(0x41, 0xff, 0x94, 0xcc, 0x34, 0x12, 0, 0), INDIRECT, 0 }, /* *0x1234(%r12,%rcx,8) */
	{ BYTES(0x41, 0xff, 0x54, 0x85, 0x40), INDIRECT, 0 }, /* call *0x40(%r13,%rax,4) */
	{ BYTES(0xff, 0x54, 0x05, 0x00), INDIRECT, 0 }, /* call *0x0(%rbp,%rax,1) */
	{ BYTES(0xff, 0x14, 0xc8), INDIRECT, 0 }, /* call *(%rax,%rcx,8) */
	{ BYTES(0xff, 0x14, 0xdd, 0x34, 0x12, 0, 0), INDIRECT, 0 }, /* call *0x1234(,%rbx,8) */
	{ BYTES(0xff, 0x14, 0x25, 0x34, 0x12, 0, 0), INDIRECT, 0 }, /* call *0x1234 */
	{ BYTES(0xff, 0x15, 0x34, 0x12, 0, 0), INDIRECT, 0 }, /* call *0x1234(%rip) */
	{ BYTES(0x64, 0xff, 0x14, 0x25, 0x10, 0, 0, 0), INDIRECT, 0 }, /* call *%fs:0x10 */
	{ BYTES(0x65, 0xff, 0x50, 0x28), INDIRECT, 0 }, /* call *%gs:0x28(%rax) */
	{ BYTES(0x3e, 0xff, 0x50, 0x18), INDIRECT, 0 }, /* notrack call *0x18(%rax) */
	{ BYTES(0xff, 0x18), NO_CALL, 0 }, /* lcall *(%rax) */
	{ BYTES(0xff, 0x5c, 0x24, 0x10), NO_CALL, 0 }, /* lcall *0x10(%rsp) */
	{ BYTES(0xff, 0xe0), NO_CALL, 0 }, /* jmp *%rax */
	{ BYTES(0xff, 0x60, 0x10), NO_CALL, 0 }, /* jmp *0x10(%rax) */
	{ BYTES(0xff, 0x30), NO_CALL, 0 }, /* push (%rax) */
	{ BYTES(0xff, 0x00), NO_CALL, 0 }, /* incl (%rax) */
	{ BYTES(0xe9, 0x76, 0xff, 0xff, 0xff), NO_CALL, 0 }, /* jmp 0 <f> */
	{ BYTES(0xc3), NO_CALL, 0 }, /* ret */
	/* cut off: neither ends where the code ends */
	{ BYTES(0xff, 0x14), NO_CALL, 0 },
	{ BYTES(0xff, 0x15, 0x34, 0x12, 0), NO_CALL, 0 },
	{ BYTES(0xe8, 0xfb, 0xff, 0xff), NO_CALL, 0 },
	{ BYTES(0xff, 0xd0, 0x90), NO_CALL, 0 }, /* call *%rax; nop */
};

static enum form form_of(struct x86_64_call call)
{
	return call.direct ? DIRECT : call.indirect ? INDIRECT : NO_CALL;
}

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct x86_64_call call = x86_64_call_before(view_of(rows[i].code, rows[i].size));

		expect(form_of(call) == rows[i].form, i);
		expect(!call.direct || call.rel == rows[i].rel, i);
	}
}

/* Whatever stands in front of a call changes nothing. */
static void test_behind_other_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		uint8_t code[16];
		struct x86_64_call call;

		memset(code, 0x90, sizeof(code));
		memcpy(code + sizeof(code) - rows[i].size, rows[i].code, rows[i].size);
		call = x86_64_call_before(view_of(code, sizeof(code)));
		expect(form_of(call) == rows[i].form, i);
	}
}

static void test_no_bytes(void **state)
{
	(void)state;
	assert_int_equal(form_of(x86_64_call_before(view_of("", 0))), NO_CALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_behind_other_bytes),
		cmocka_unit_test(test_no_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
