// SPDX-License-Identifier: Apache-2.0
/*
 * Code objects of a running process, for a judge: print_python_code PID HEXVERSION FREE_THREADED TYPE
 * <addresses, TYPE the address of PyCode_Type. Per address a line "name TAB qualname TAB filename TAB table TAB first_line TAB flags",
 * the first four as the hexadecimal digits of their bytes; or the text of an error.
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

static void print_bytes(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const uint8_t *)bytes)[i]);
	putchar('\t');
}

static void print(const struct python_code *code)
{
	print_bytes(code->name, strlen(code->name));
	print_bytes(code->qualname, code->qualname ? strlen(code->qualname) : 0);
	print_bytes(code->filename, strlen(code->filename));
	print_bytes(code->line_table, code->line_table_size);
	printf("%d\t%u\n", code->first_line, code->flags);
}

int main(int argc, char **argv)
{
	struct python_layout layout;
	struct python_code code;
	uint64_t vaddr;
	pid_t pid;

	if (argc != 5)
		return 2;
	pid = atoi(argv[1]);
	if (python_layout__find((uint32_t)strtoul(argv[2], NULL, 16), atoi(argv[3]), &layout))
		return 1;
	while (scanf("%" SCNx64, &vaddr) == 1) {
		int err = python_code__read(&(struct python_memory){ read_process, &pid }, &layout,
					    vaddr, &code);

		if (err) {
			puts(strerror(-err));
			continue;
		}
		if (code.type == strtoull(argv[4], NULL, 16))
			print(&code);
		else
			puts("something else");
		python_code__fini(&code);
	}
	return 0;
}
