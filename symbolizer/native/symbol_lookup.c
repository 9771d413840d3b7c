// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/symbol_lookup.h"

void symbol_lookup__init(struct symbol_lookup *l, const struct kept_folder *folder, int fd,
			 struct elf_file *file, int debug_fd, struct elf_file *debug)
{
	*l = (struct symbol_lookup){ .folder = folder, .file = file, .debug = debug };
	l->may_keep = kept_symbols_key__of(folder, fd, file, debug_fd, debug, &l->key);
	if (l->may_keep)
		l->kept = kept_symbols__open(folder, &l->key);
}

void symbol_lookup__fini(struct symbol_lookup *l)
{
	kept_symbols__free(l->kept);
	symbol_table__free(l->table);
}

int symbol_lookup__find(struct symbol_lookup *l, uint64_t elf_vaddr, struct symbol_name *ret_name)
{
	int err = 0;

	if (l->kept && kept_symbols__find(l->kept, elf_vaddr, ret_name))
		return 0;
	kept_symbols__free(take_ptr(l->kept)); /* damaged, if there was one */
	if (!l->table)
		err = symbol_table__load(l->file, l->debug, &l->table);
	if (!err)
		*ret_name = symbol_table__find(l->table, elf_vaddr);
	return err;
}

bool symbol_lookup__keep(struct symbol_lookup *l)
{
	if (l->kept || !l->table)
		return l->kept;
	return l->may_keep && kept_symbols_write(l->folder, &l->key, l->table);
}
