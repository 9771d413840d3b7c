// SPDX-License-Identifier: Apache-2.0
#include "collector/python/file.h"

#include <errno.h>
#include <stdlib.h>

#include "common/clock.h"
#include "symbolizer/python/thread_specific.h"

int python_file_facts(uint32_t binary, struct elf_file *file, struct python_file_record **ret_facts)
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
	facts->binary = binary;
	facts->is_python = !not_python;
	facts->musl = specific.musl;
	facts->specific = specific.offset;
	facts->interpreter = interpreter;
	facts->copies = copies;
	*ret_facts = facts;
	return 0;
}
