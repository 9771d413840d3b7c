// SPDX-License-Identifier: Apache-2.0
/* Two seconds of CPU on a stack that makecontext made. */
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>

static ucontext_t caller, coroutine;
static volatile unsigned long sink;

__attribute__((noipa)) static void coroutine_leaf(void)
{
	for (unsigned int i = 0; i < 100000; i++)
		sink += i * 7;
}

static void coroutine_root(void)
{
	for (;;) {
		coroutine_leaf();
		swapcontext(&coroutine, &caller);
	}
}

int main(void)
{
	getcontext(&coroutine);
	coroutine.uc_stack.ss_size = 65536;
	coroutine.uc_stack.ss_sp = malloc(coroutine.uc_stack.ss_size);
	coroutine.uc_link = &caller;
	makecontext(&coroutine, coroutine_root, 0);
	while (clock() < 2 * CLOCKS_PER_SEC)
		swapcontext(&caller, &coroutine);
}
