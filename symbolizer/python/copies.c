// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/copies.h"

#include <errno.h>

#include "symbolizer/native/elf_image.h"

enum { CODE_TYPE, RUNTIME, CURRENT };
static const char *const names[] = { "PyCode_Type", "_PyRuntime", "_PyThreadState_Current", NULL };

static uint64_t copy_of(const struct elf_image *image, uint64_t base, const char *name)
{
	struct elf_image_symbol symbol;

	return elf_image__symbol(image, name, &symbol) ? symbol.elf_vaddr - base : 0;
}

int python_copies__inspect(struct elf_file *file, struct python_copies *ret_copies)
{
	scope_free(elf_image) struct elf_image *image = NULL;
	uint64_t base = elf_file__base_vaddr(file);
	struct python_copies copies;
	int err = elf_image__open(file, names, &image);

	if (err)
		return err == -ENOMEM ? err : -ENOENT;
	copies.code_type_rel = copy_of(image, base, names[CODE_TYPE]);
	copies.runtime_rel = copy_of(image, base, names[RUNTIME]);
	copies.current_rel = copy_of(image, base, names[CURRENT]);
	if (!copies.code_type_rel && !copies.runtime_rel && !copies.current_rel)
		return -ENOENT;
	*ret_copies = copies;
	return 0;
}
