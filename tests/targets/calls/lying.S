// SPDX-License-Identifier: Apache-2.0
/* void lying_spin(long turns): its unwind information forgets a push, so that what was pushed is taken for a
 * return address, and the word behind it, the true one, for that of the frame that never was. */
	.text
	.globl lying_spin
	.type lying_spin, @function
lying_spin:
	.cfi_startproc
	lea	planted(%rip), %rax
	push	%rax
spin:
	sub	$1, %rdi
	jnz	spin
	nop
planted:
	pop	%rax
	ret
	.cfi_endproc
	.size lying_spin, . - lying_spin
	.section .note.GNU-stack, "", @progbits
