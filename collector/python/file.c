// SPDX-License-Identifier: Apache-2.0
#include "collector/python/file.h"

#include <errno.h>
#include <stdlib.h>

#include "common/clock.h"
#include "symbolizer/python/thread_specific.h"

#define KIND ".python"
#define MAGIC 0x31747970646e73ULL /* "sndpyt1" */

static int inspect(struct elf_file *file, struct python_file_record **ret_facts)
{
	struct thread_specific specific = { 0 };
	struct python_file_record *facts;
	struct python_interpreter interpreter = { 0 };
	struct python_copies copies = { 0 };
	int not_python = python_interpreter__inspect(file, &interpreter);

	if (not_python && thread_specific__inspect(file, &specific) &&
	    python_copies__inspect(file, &copies))
		return not_python;
	facts = calloc(1, sizeof(*facts));
	if (!facts)
		return -ENOMEM;
	facts->h = (struct record_header){ RECORD_PYTHON_FILE, sizeof(*facts), now_ns() };
	facts->is_python = !not_python;
	facts->musl = specific.musl;
	facts->specific = specific.offset;
	facts->interpreter = interpreter;
	facts->copies = copies;
	*ret_facts = facts;
	return 0;
}

static struct python_file_record *read_kept(const struct kept_folder *folder,
					    const struct kept_key *key)
{
	scope_memory struct python_file_record *facts = calloc(1, sizeof(*facts));

	if (!facts || !kept_value_read(folder, key, KIND, facts, sizeof(*facts)) ||
	    facts->h.type != RECORD_PYTHON_FILE || !record_valid(&facts->h))
		return NULL;
	facts->h.time_ns = now_ns();
	return take_ptr(facts);
}

int python_file_facts(const struct kept_folder *folder, int fd, uint32_t binary,
		      struct elf_file *file, struct python_file_record **ret_facts)
{
	struct python_file_record *facts = NULL;
	struct kept_key key;
	bool may_keep = kept_key__of(folder, MAGIC, fd, file, &key);
	int err = 0;

	if (may_keep)
		facts = read_kept(folder, &key);
	if (!facts) {
		err = inspect(file, &facts);
		if (!err && may_keep && facts->is_python)
			kept_value_write(folder, &key, KIND, facts, sizeof(*facts));
	}
	if (err)
		return err;
	facts->binary = binary;
	*ret_facts = facts;
	return 0;
}
