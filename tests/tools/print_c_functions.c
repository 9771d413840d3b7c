// SPDX-License-Identifier: Apache-2.0
/* The C functions that tables of a Python interpreter or extension module name, for a judge: "START SIZE NAME",
 * a line each, and how long it took. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/clock.h"
#include "symbolizer/python/c_functions.h"

static void print(void *ctx, const struct cfi_range *function, const char *name)
{
	(void)ctx;
	printf("%" PRIx64 " %" PRIx64 " %s\n", function->elf_vaddr, function->size, name);
}

int main(int argc, char **argv)
{
	scope_fd int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	scope_free(elf_file) struct elf_file *file = NULL;
	scope_memory struct cfi_range *ranges = NULL;
	size_t cnt;
	uint64_t start;

	if (fd < 0 || elf_file__open(fd, &file) || cfi_ranges__load(file, &ranges, &cnt))
		return 1;
	start = now_ns();
	python_c_functions_each(file, ranges, cnt, print, NULL);
	fprintf(stderr, "%zu functions, %.1f ms\n", cnt, (double)(now_ns() - start) / 1e6);
	return 0;
}
