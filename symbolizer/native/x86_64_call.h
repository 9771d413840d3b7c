// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Calls of x86-64, read backwards from the address that they return to (Intel SDM volume 2, CALL). */
#include "common/view.h"

/* Without prefixes (REX, bnd, notrack, data16): they stand in front, and change nothing here. */
#define X86_64_CALL_MAX 7

struct x86_64_call { /* what can end there: bytes read backwards may have two meanings */
	bool indirect; /* by register or memory: FF /2 */
	bool direct; /* E8 */
	int32_t rel; /* direct: from the return address to the target */
};

/* code: ends at the return address. More than X86_64_CALL_MAX bytes are not looked at. Far calls are none:
 * what they push is no address alone. */
struct x86_64_call x86_64_call_before(struct view code);
