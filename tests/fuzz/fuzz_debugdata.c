// SPDX-License-Identifier: Apache-2.0
/* The bytes of a .gnu_debugdata section, in a file made around them. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/native/debugdata.h"
#include "symbolizer/symbolizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char section_names[] = "\0.gnu_debugdata\0.shstrtab";

struct image {
	Elf64_Ehdr head;
	Elf64_Shdr sections[3];
	char names[sizeof(section_names)];
	uint8_t packed[];
};

static struct image *wrap(const uint8_t *data, size_t size)
{
	struct image *image = calloc(1, sizeof(*image) + size);

	if (!image)
		return NULL;
	memcpy(image->head.e_ident, ELFMAG "\2\1\1", SELFMAG + 3);
	image->head.e_type = ET_DYN;
	image->head.e_machine = EM_X86_64;
	image->head.e_version = EV_CURRENT;
	image->head.e_ehsize = sizeof(Elf64_Ehdr);
	image->head.e_shoff = offsetof(struct image, sections);
	image->head.e_shentsize = sizeof(Elf64_Shdr);
	image->head.e_shnum = 3;
	image->head.e_shstrndx = 2;
	image->sections[1] = (Elf64_Shdr){ .sh_name = 1,
					   .sh_type = SHT_PROGBITS,
					   .sh_size = size,
					   .sh_offset = offsetof(struct image, packed) };
	image->sections[2] = (Elf64_Shdr){ .sh_name = 16,
					   .sh_type = SHT_STRTAB,
					   .sh_size = sizeof(section_names),
					   .sh_offset = offsetof(struct image, names) };
	memcpy(image->names, section_names, sizeof(section_names));
	if (size)
		memcpy(image->packed, data, size);
	return image;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_memory struct image *image = wrap(data, size);
	scope_free(elf_file) struct elf_file *file = NULL;
	scope_free(symbol_table) struct symbol_table *table = NULL;

	if (!image || elf_file__open_memory(image, sizeof(*image) + size, &file))
		abort();
	if (!symbol_table__load(file, NULL, &table))
		symbol_table__find(table, 0x1000);
	return 0;
}
