// SPDX-License-Identifier: Apache-2.0
/* Names of addresses of an ELF file, for a judge: reads hexadecimal addresses as linked, one a line,
 * and answers "ADDRESS SOURCE START SIZE NAME" with the source's number in enum name_source. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "symbolizer/symbolizer.h"

static void answer(struct symbol_table *table, uint64_t elf_vaddr)
{
	struct symbol_name name = symbol_table__find(table, elf_vaddr);

	printf("%" PRIx64 " %d %" PRIx64 " %" PRIx64 " %s\n", elf_vaddr, name.source, name.start,
	       name.size, name.linkage ? name.linkage : "");
}

int main(int argc, char **argv)
{
	scope_fd int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	scope_free(elf_file) struct elf_file *file = NULL;
	scope_free(symbol_table) struct symbol_table *table = NULL;
	uint64_t elf_vaddr;

	if (fd < 0 || elf_file__open(fd, &file) || symbol_table__load(file, NULL, &table))
		return 1;
	while (scanf("%" SCNx64, &elf_vaddr) == 1)
		answer(table, elf_vaddr);
	return 0;
}
