// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * A return address stands behind a call. One that does not, by the bytes of its file, refutes the frame
 * that it was found for: something else on the stack was taken for it.
 *
 *   ... e8 xx xx xx xx | 48 89 c3         the call may have any of its forms; the bytes are read
 *       call           ^ return address   backwards, so that some wrong addresses pass
 *
 * Legal without a call: where somebody wrote the address down for others to return to, a function's start
 * (makecontext(), signal handlers of musl), or one byte behind it (Go's goexit, for unwinders that look one
 * byte before). That is the end of a stack: what is found beyond it refutes it all the same, for pointers to
 * functions lie about on stacks too.
 */
#include "symbolizer/native/elf_file.h"

enum call_verdict {
	CALL_NOT_ASKED = 0,
	CALL_NOT_JUDGED, /* no bytes, or of a machine that is not known here */
	CALL_FOUND,
	CALL_START, /* no call, but a function's start */
	CALL_REFUTED,
};

/* elf_vaddrs: sorted, of the byte before each return address. Verdicts other than CALL_NOT_ASKED are
 * written anew. */
void call_sites_judge(struct elf_file *file, const uint64_t *elf_vaddrs, uint32_t cnt,
		      uint8_t *verdicts);
