// SPDX-License-Identifier: Apache-2.0
/*
 * Code objects of a running process, for a judge: print_python_code PID HEXVERSION FREE_THREADED
 * <addresses. Per address a line "name TAB qualname TAB filename TAB first_line TAB flags TAB table",
 * the table in hexadecimal; or "error TAB" and its text.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "symbolizer/python/code_object.h"
#include "symbolizer/python/layouts.h"

static int read_process(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	struct iovec local = { to, size }, remote = { (void *)vaddr, size };
	ssize_t cnt = process_vm_readv(*(const pid_t *)ctx, &local, 1, &remote, 1, 0);

	if (cnt < 0)
		return -errno;
	return (size_t)cnt == size ? 0 : -EFAULT;
}

static void print(const struct python_code *code)
{
	printf("%s\t%s\t%s\t%d\t%u\t", code->name, code->qualname ? code->qualname : "-",
	       code->filename, code->first_line, code->flags);
	for (size_t i = 0; i < code->line_table_size; i++)
		printf("%02x", code->line_table[i]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct python_layout layout;
	struct python_code code;
	uint64_t vaddr;
	pid_t pid;

	if (argc != 4)
		return 2;
	pid = atoi(argv[1]);
	if (python_layout__find((uint32_t)strtoul(argv[2], NULL, 16), atoi(argv[3]), &layout))
		return 1;
	while (scanf("%" SCNx64, &vaddr) == 1) {
		int err = python_code__read(&(struct python_memory){ read_process, &pid }, &layout,
					    vaddr, &code);

		if (err) {
			printf("error\t%s\n", strerror(-err));
			continue;
		}
		print(&code);
		python_code__fini(&code);
	}
	return 0;
}
