// SPDX-License-Identifier: Apache-2.0
/* Stacks whose outermost return addresses no call has left: a context made by makecontext(), and a coroutine
 * of our own whose first frame is a function's address: starts SECONDS. */
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>

static volatile unsigned long sink;
static ucontext_t home, context;
static time_t end;

__attribute__((noipa)) static void in_context(void)
{
	while (time(NULL) <= end)
		for (unsigned long i = 0; i < 1000000; i++)
			sink += i;
}

int main(int argc, char **argv)
{
	static char stack[65536];

	end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	if (getcontext(&context))
		return 1;
	context.uc_stack.ss_sp = stack;
	context.uc_stack.ss_size = sizeof(stack);
	context.uc_link = &home;
	makecontext(&context, in_context, 0);
	return swapcontext(&home, &context) ? 1 : 0;
}
