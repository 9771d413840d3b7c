// SPDX-License-Identifier: Apache-2.0
/*
 * host LIBPYTHON ARGS...: a program that is no Python and has none in its needed libraries: it loads
 * one by name and runs its main().
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef int bytes_main(int argc, char **argv);
typedef int wide_main(int argc, wchar_t **argv);
typedef wchar_t *decode(const char *text, size_t *ret_len);

/* 3.6 and 3.7 take wide characters only. */
static int run_wide(void *lib, int argc, char **argv)
{
	wide_main *run = (wide_main *)dlsym(lib, "Py_Main");
	decode *wide = (decode *)dlsym(lib, "Py_DecodeLocale");
	wchar_t **words = calloc((size_t)argc + 1, sizeof(*words));

	if (!run || !words)
		return 1;
	for (int i = 0; i < argc; i++)
		words[i] = wide(argv[i], NULL);
	return run(argc, words);
}

int main(int argc, char **argv)
{
	void *lib = argc > 2 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
	bytes_main *run;

	if (!lib) {
		fprintf(stderr, "host: %s\n", argc > 2 ? dlerror() : "LIBPYTHON ARGS...");
		return 1;
	}
	run = (bytes_main *)dlsym(lib, "Py_BytesMain");
	if (!run && !dlsym(lib, "Py_DecodeLocale"))
		run = (bytes_main *)dlsym(lib, "Py_Main"); /* 2.7 */
	argv[1] = argv[0];
	return run ? run(argc - 1, argv + 1) : run_wide(lib, argc - 1, argv + 1);
}
