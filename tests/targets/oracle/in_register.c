// SPDX-License-Identifier: Apache-2.0
/* A return address in rdi, as vfork of the C library has it for an instant: here for as long as it takes to
 * be sampled. */
#include "threads.h"

void in_rdi(void);
__asm__(".text\n"
	".globl in_rdi\n"
	".type in_rdi, @function\n"
	"in_rdi:\n"
	"	.cfi_startproc\n"
	"	pop %rdi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_register %rip, %rdi\n"
	"	mov $100000, %eax\n"
	"1:	dec %eax\n"
	"	jnz 1b\n"
	"	push %rdi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_offset %rip, -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size in_rdi, .-in_rdi\n");

static void busy_setup(void)
{
}

static void busy_once(unsigned int seed)
{
	spin(seed % 1000);
	in_rdi();
}
