// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/thread_specific.h"

#include <errno.h>

#include "symbolizer/python/accessor.h"

static const char *const names[] = { "pthread_getspecific", "__pthread_getspecific", NULL };

int thread_specific__inspect(struct elf_file *file, struct thread_specific *ret_specific)
{
	scope_free(elf_image) struct elf_image *image = NULL;
	struct accessor_specific found;
	struct elf_image_symbol symbol;
	int err = elf_image__open(file, names, &image);

	if (err)
		return err == -ENOMEM ? err : -ENOENT;
	if (!elf_image__symbol(image, names[0], &symbol) &&
	    !elf_image__symbol(image, names[1], &symbol))
		return -ENOENT;
	if (accessor_specific(image, &symbol, &found))
		return -ENOTSUP;
	*ret_specific = (struct thread_specific){ found.through_pointer, found.off };
	return 0;
}
