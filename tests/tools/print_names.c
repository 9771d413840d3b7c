// SPDX-License-Identifier: Apache-2.0
/* Names of addresses of an ELF file, for a judge: reads hexadecimal addresses as linked, one a line,
 * and answers "ADDRESS SOURCE START SIZE NAME" with the source's number in enum name_source.
 * -k FOLDER: all answers of the file are kept there first, and then taken from there alone. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "symbolizer/native/symbol_lookup.h"

static void begin(struct symbol_lookup *lookup, const struct kept_folder *folder, int fd,
		  struct elf_file *file)
{
	symbol_lookup__init(lookup, folder, fd, file, -1, NULL);
}

static bool keep(const struct kept_folder *folder, int fd, struct elf_file *file)
{
	struct symbol_lookup lookup;
	struct symbol_name name;
	bool kept;

	begin(&lookup, folder, fd, file);
	kept = !symbol_lookup__find(&lookup, 0, &name) && symbol_lookup__keep(&lookup);
	symbol_lookup__fini(&lookup);
	return kept;
}

static int answer_all(struct symbol_lookup *lookup, bool from_kept)
{
	uint64_t elf_vaddr;

	while (scanf("%" SCNx64, &elf_vaddr) == 1) {
		struct symbol_name name;

		if (symbol_lookup__find(lookup, elf_vaddr, &name) || from_kept != !!lookup->kept)
			return 1;
		printf("%" PRIx64 " %d %" PRIx64 " %" PRIx64 " %s\n", elf_vaddr, name.source,
		       name.start, name.size, name.linkage ? name.linkage : "");
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct kept_folder folder = { -1, { "print_names", 11 } };
	bool from_kept = argc == 4 && !strcmp(argv[1], "-k");
	scope_fd int fd = argc > 1 ? open(argv[argc - 1], O_RDONLY) : -1;
	scope_free(elf_file) struct elf_file *file = NULL;
	struct symbol_lookup lookup;
	int code;

	if (argc != (from_kept ? 4 : 2) || fd < 0 || elf_file__open(fd, &file))
		return 2;
	if (from_kept) {
		folder.dir_fd = open(argv[2], O_RDONLY | O_DIRECTORY);
		if (!keep(&folder, fd, file))
			return 1;
	}
	begin(&lookup, &folder, fd, file);
	code = answer_all(&lookup, from_kept);
	symbol_lookup__fini(&lookup);
	return code;
}
