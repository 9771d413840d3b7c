/* SPDX-License-Identifier: Apache-2.0 */
/* An assembler file: lines, but (before binutils 2.40) no functions. */
	.text
	.globl sum_of
	.type sum_of, @function
sum_of:
	xorl %eax, %eax
	testq %rsi, %rsi
	je 2f
1:	addq (%rdi), %rax
	addq $8, %rdi
	decq %rsi
	jne 1b
2:	ret
	.size sum_of, . - sum_of

	.type square_of, @function
	.globl square_of
square_of:
	movq %rdi, %rax
	imulq %rax, %rax
	ret
	.size square_of, . - square_of
	.section .note.GNU-stack, "", @progbits
