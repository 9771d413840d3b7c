// SPDX-License-Identifier: Apache-2.0
/* Small functions behind lazy PLT entries: much of the time is spent in the entries themselves. */
#include <stdlib.h>

int plt_leaf(int n);
int plt_mid(int n);
int plt_top(int n);

int plt_leaf(int n)
{
	return n ^ 5;
}

int plt_mid(int n)
{
	return plt_leaf(n) + abs(n) + plt_leaf(n + 1);
}

int plt_top(int n)
{
	return plt_mid(n) + plt_mid(-n) + 1;
}
