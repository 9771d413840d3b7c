// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/x86_64_call.h"

#define CALL_REL32 0xe8
#define DIRECT_SIZE 5
#define GROUP_5 0xff
#define GROUP_5_CALL 2
#define RM_SIB 4
#define BASE_NONE 5 /* of a SIB byte; of ModRM: by rip */

/* Bytes from the opcode on of FF /2 with such a ModRM byte (and the SIB byte behind it). */
static size_t indirect_size(uint8_t modrm, uint8_t sib)
{
	uint8_t mod = modrm >> 6, rm = modrm & 7;
	size_t size = 2 + (mod != 3 && rm == RM_SIB);

	if (mod == 1)
		return size + 1;
	if (mod == 2)
		return size + 4;
	if (mod == 0 && (rm == BASE_NONE || (rm == RM_SIB && (sib & 7) == BASE_NONE)))
		return size + 4;
	return size;
}

static bool is_indirect(struct view insn)
{
	uint8_t opcode = view_u8(&insn), modrm = view_u8(&insn);

	return opcode == GROUP_5 && (modrm >> 3 & 7) == GROUP_5_CALL &&
	       indirect_size(modrm, view_u8(&insn)) == insn.size;
}

struct x86_64_call x86_64_call_before(struct view code)
{
	struct x86_64_call call = { .indirect = false };
	struct view direct = view_sub(&code, code.size - DIRECT_SIZE, DIRECT_SIZE);

	for (size_t n = 2; n <= code.size && n <= X86_64_CALL_MAX; n++)
		if (is_indirect(view_sub(&code, code.size - n, n)))
			call.indirect = true;
	call.direct = view_u8(&direct) == CALL_REL32;
	call.rel = view_s32(&direct);
	return call;
}
