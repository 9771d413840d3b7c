// SPDX-License-Identifier: Apache-2.0
/* void lying_spin(long turns), lying_start_spin(long turns): their unwind information forgets a push, so that
 * what was pushed is taken for a return address, and the word behind it, the true one, for that of the frame
 * that never was. The one pushes a place in the midst of its code, the other a pointer to a function. */
	.text
	.macro lying name, pushed
	.globl \name
	.type \name, @function
\name:
	.cfi_startproc
	lea	\pushed(%rip), %rax
	push	%rax
1:
	sub	$1, %rdi
	jnz	1b
	nop
2:
	pop	%rax
	ret
	.cfi_endproc
	.size \name, . - \name
	.endm

	lying lying_spin, 2f
	/* a row is looked for one byte before: at the function itself */
	lying lying_start_spin, lying_spin+1
	.section .note.GNU-stack, "", @progbits
