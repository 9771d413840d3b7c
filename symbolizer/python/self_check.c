// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/self_check.h"

#include <string.h>

#define MAX_MEMBERS 64
#define MEMBER_SIZE \
	40 /* PyMemberDef {char *name; int type; Py_ssize_t offset; int flags; char *doc} */
#define MEMBER_OFFSET 16
/* PyTypeObject; 16 more where objects have the longer head. */
#define TYPE_BASICSIZE 32
#define TYPE_MEMBERS 240
#define LONGER_HEAD 16

struct expected {
	const char *name;
	uint16_t offset; /* PYTHON_NO_FIELD: need not be there */
};

static bool find_member(struct elf_image *image, uint64_t members, const char *name,
			uint64_t *ret_offset)
{
	for (unsigned int i = 0; i < MAX_MEMBERS; i++) {
		uint64_t at = members + i * MEMBER_SIZE, name_at;
		const char *text;

		if (elf_image__word(image, at, &name_at) || !name_at)
			return false;
		text = elf_image__string(image, name_at, 100);
		if (text && !strcmp(text, name))
			return !elf_image__word(image, at + MEMBER_OFFSET, ret_offset);
	}
	return false;
}

static enum python_refusal check_members(struct elf_image *image, uint64_t members,
					 const struct expected *rows, size_t cnt,
					 enum python_refusal mismatch)
{
	for (size_t i = 0; i < cnt; i++) {
		uint64_t offset;

		if (rows[i].offset == PYTHON_NO_FIELD)
			continue;
		if (!find_member(image, members, rows[i].name, &offset))
			return PYTHON_REFUSED_NO_TYPES;
		if (offset != rows[i].offset)
			return mismatch;
	}
	return PYTHON_ACCEPTED;
}

static bool type_of(struct elf_image *image, const char *symbol_name, bool longer,
		    uint64_t *ret_size, uint64_t *ret_members)
{
	uint64_t head = longer ? LONGER_HEAD : 0;
	struct elf_image_symbol type;

	return elf_image__symbol(image, symbol_name, &type) &&
	       !elf_image__word(image, type.elf_vaddr + head + TYPE_BASICSIZE, ret_size) &&
	       !elf_image__word(image, type.elf_vaddr + head + TYPE_MEMBERS, ret_members) &&
	       *ret_members;
}

static enum python_refusal check_code(struct elf_image *image, const struct python_layout *l)
{
	const struct expected rows[] = {
		{ "co_firstlineno", l->code_first_line },
		{ "co_filename", l->code_filename },
		{ "co_name", l->code_name },
		{ "co_qualname", l->code_qualname },
		{ l->version < 0x030a ? "co_lnotab" : "co_linetable", l->code_line_table },
		{ "co_flags", l->code_flags },
		{ "co_argcount", l->code_argcount },
	};
	uint64_t size, members;

	if (!type_of(image, "PyCode_Type", l->free_threaded, &size, &members))
		return PYTHON_REFUSED_NO_TYPES;
	if (size !=
	    l->code_size) /* from 3.11 on the fixed part, which co_code_adaptive[] follows */
		return PYTHON_REFUSED_CODE_MISMATCH;
	return check_members(image, members, rows, sizeof(rows) / sizeof(*rows),
			     PYTHON_REFUSED_CODE_MISMATCH);
}

/* Up to 3.10 the frames that are walked are Python objects with members of their own. */
static enum python_refusal check_frame(struct elf_image *image, const struct python_layout *l)
{
	const struct expected rows[] = {
		{ "f_back", l->frame_previous },
		{ "f_code", l->frame_code },
		{ "f_lasti", l->version < 0x030a ? l->frame_position : PYTHON_NO_FIELD },
	};
	uint64_t size, members;

	if (l->version > 0x030a)
		return PYTHON_ACCEPTED;
	if (!type_of(image, "PyFrame_Type", false, &size, &members))
		return PYTHON_REFUSED_NO_TYPES;
	return check_members(image, members, rows, sizeof(rows) / sizeof(*rows),
			     PYTHON_REFUSED_FRAME_MISMATCH);
}

enum python_refusal python_self_check(struct elf_image *image, const struct python_layout *layout)
{
	enum python_refusal refusal = check_code(image, layout);

	return refusal ? refusal : check_frame(image, layout);
}
