// SPDX-License-Identifier: Apache-2.0
/* Built without unwind information, twice: into the program as NAME=gap, into a library as bare. */
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)

int JOIN(NAME, top)(int n, int (*fn)(int));

__attribute__((noipa)) static int JOIN(NAME, leaf)(int n, int (*fn)(int))
{
	return fn(n + 1) * 3;
}

__attribute__((noipa)) static int JOIN(NAME, mid)(int n, int (*fn)(int))
{
	return JOIN(NAME, leaf)(n, fn) + n;
}

int JOIN(NAME, top)(int n, int (*fn)(int))
{
	return JOIN(NAME, mid)(n, fn) + JOIN(NAME, mid)(n + 2, fn);
}
