// SPDX-License-Identifier: Apache-2.0
/* What is found in the file of a CPython, or of a C library, for a judge: "NAME VALUE" a line, addresses
 * in hexadecimal as "rel". Exit code 2: it is neither. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "symbolizer/python/interpreter.h"
#include "symbolizer/python/thread_specific.h"

static void print_layout(const struct python_layout *l)
{
#define FIELD(name) printf("layout.%s %d\n", #name, l->name)
	FIELD(version);
	FIELD(newest);
	FIELD(anchor);
	FIELD(position);
	FIELD(free_threaded);
	FIELD(code_tag_mask);
	FIELD(ob_type);
	FIELD(tstate_next);
	FIELD(tstate_interp);
	FIELD(tstate_frame);
	FIELD(tstate_thread_id);
	FIELD(tstate_sentinel);
	FIELD(interp_next);
	FIELD(interp_threads);
	FIELD(cframe_current_frame);
	FIELD(cframe_previous);
	FIELD(frame_size);
	FIELD(frame_previous);
	FIELD(frame_code);
	FIELD(frame_position);
	FIELD(frame_owner);
	FIELD(frame_is_entry);
	FIELD(frame_tlbc_index);
	FIELD(code_size);
	FIELD(code_first_line);
	FIELD(code_name);
	FIELD(code_qualname);
	FIELD(code_filename);
	FIELD(code_line_table);
	FIELD(code_version);
	FIELD(code_flags);
	FIELD(code_argcount);
#undef FIELD
}

static void print_range(const char *name, const struct python_range *range)
{
	printf("%s %" PRIx64 " %" PRIx64 "\n", name, range->rel, range->size);
}

static void print_interpreter(const struct python_interpreter *p)
{
	printf("refusal %s\n", python_refusal_text(p->refusal));
	printf("hexversion %" PRIx32 "\n", p->hexversion);
	printf("free_threaded %d\n", p->free_threaded);
	printf("road %d\n", p->road);
	printf("key %" PRIx64 "\n", p->key_rel);
	printf("tls_offset %" PRId64 "\n", p->tls_offset);
	printf("code_type %" PRIx64 "\n", p->code_type_rel);
	printf("interp_head %" PRIx64 "\n", p->interp_head_rel);
	printf("current %" PRIx64 "\n", p->current_rel);
	printf("gil %" PRIx64 "\n", p->gil_rel);
	printf("interp_gil %" PRIu32 "\n", p->interp_gil);
	print_range("runtime", &p->runtime);
	print_range("text", &p->text);
	for (uint32_t i = 0; i < p->eval_cnt; i++)
		print_range("eval", &p->eval[i]);
	if (!p->refusal)
		print_layout(&p->layout);
}

int main(int argc, char **argv)
{
	scope_fd int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	scope_free(elf_file) struct elf_file *file = NULL;
	struct python_interpreter interpreter;
	struct thread_specific specific;
	bool found = false;

	if (fd < 0 || elf_file__open(fd, &file))
		return 1;
	printf("base %" PRIx64 "\n", elf_file__base_vaddr(file));
	if (!python_interpreter__inspect(file, &interpreter)) {
		print_interpreter(&interpreter);
		found = true;
	}
	if (!thread_specific__inspect(file, &specific)) {
		printf("specific %s %d\n", specific.musl ? "musl" : "glibc", specific.offset);
		found = true;
	}
	return found ? 0 : 2;
}
