// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/debug_offsets.h"

#include <errno.h>
#include <string.h>

#define COOKIE "xdebugpy"
#define MAX_SIZE (1U << 20) /* of a struct; 3.14's interpreter has 225 KB */
#define FIRST_MINOR 13
#define MINOR_CNT 3
/* A field came into 3.15's struct behind this place after its sources were frozen: of files
 * older than that all that follows stands 8 bytes before. */
#define LAST_OLD_PLACE 224

static const uint16_t places[][MINOR_CNT] = {
#define FIELD(name, in_3_13, in_3_14, in_3_15) { in_3_13, in_3_14, in_3_15 },
	PYTHON_DEBUG_FIELDS
#undef FIELD
};

/* The size before it in the list bounds a field. */
static bool is_size(unsigned int field)
{
	switch (field) {
	case PYTHON_DEBUG_RUNTIME_SIZE:
	case PYTHON_DEBUG_INTERP_SIZE:
	case PYTHON_DEBUG_TSTATE_SIZE:
	case PYTHON_DEBUG_FRAME_SIZE:
	case PYTHON_DEBUG_CODE_SIZE:
	case PYTHON_DEBUG_OBJECT_SIZE:
		return true;
	default:
		return false;
	}
}

static bool read_fields(const struct view *v, unsigned int minor, bool old,
			struct python_debug_offsets *offsets)
{
	uint64_t size = 0;

	for (unsigned int i = 0; i < PYTHON_DEBUG_FIELD_CNT; i++) {
		uint16_t place = places[i][minor - FIRST_MINOR];
		struct view word = view_sub(v, old && place > LAST_OLD_PLACE ? place - 8U : place,
					    8);
		uint64_t value = view_u64(&word);

		if (!place)
			continue;
		if (word.bad || value >= (is_size(i) ? MAX_SIZE : size))
			return false;
		if (is_size(i))
			size = value;
		offsets->values[i] = (uint32_t)value;
	}
	/* co_code_adaptive[] ends the struct but for alignment */
	return offsets->values[PYTHON_DEBUG_CODE_SIZE] ==
	       offsets->values[PYTHON_DEBUG_CODE_ADAPTIVE] + 8;
}

int python_debug_offsets__read(struct elf_image *image, uint64_t runtime_elf_vaddr,
			       uint32_t hexversion, struct python_debug_offsets *ret_offsets)
{
	struct python_debug_offsets offsets = { 0 };
	unsigned int minor = hexversion >> 16 & 0xff;
	uint64_t version, free_threaded;
	struct view v, head;

	if (hexversion >> 24 != 3 || minor < FIRST_MINOR || minor >= FIRST_MINOR + MINOR_CNT ||
	    elf_image__bytes(image, runtime_elf_vaddr, &v))
		return -ENOENT;
	head = view_sub(&v, 0, 24);
	if (head.bad || memcmp(view_take(&head, 8), COOKIE, 8))
		return -ENOENT;
	version = view_u64(&head);
	free_threaded = view_u64(&head);
	if (version != hexversion || free_threaded > 1)
		return -EINVAL;
	if (!read_fields(&v, minor, false, &offsets) &&
	    (minor != 15 || !read_fields(&v, minor, true, &offsets)))
		return -EINVAL;
	offsets.free_threaded = free_threaded;
	*ret_offsets = offsets;
	return 0;
}

void python_debug_offsets__apply(const struct python_debug_offsets *offsets,
				 struct python_layout *layout)
{
#define TAKE(member, field) layout->member = (uint16_t)offsets->values[PYTHON_DEBUG_##field]
	TAKE(ob_type, OBJECT_TYPE);
	TAKE(tstate_next, TSTATE_NEXT);
	TAKE(tstate_interp, TSTATE_INTERP);
	TAKE(tstate_frame, TSTATE_FRAME);
	TAKE(tstate_thread_id, TSTATE_THREAD_ID);
	TAKE(interp_next, INTERP_NEXT);
	TAKE(interp_threads, INTERP_THREADS);
	TAKE(frame_size, FRAME_SIZE);
	TAKE(frame_previous, FRAME_PREVIOUS);
	TAKE(frame_code, FRAME_CODE);
	TAKE(frame_position, FRAME_POSITION);
	TAKE(frame_owner, FRAME_OWNER);
	TAKE(code_size, CODE_ADAPTIVE);
	TAKE(code_filename, CODE_FILENAME);
	TAKE(code_name, CODE_NAME);
	TAKE(code_qualname, CODE_QUALNAME);
	TAKE(code_line_table, CODE_LINE_TABLE);
	TAKE(code_first_line, CODE_FIRST_LINE);
	TAKE(code_argcount, CODE_ARGCOUNT);
	if (layout->frame_tlbc_index != PYTHON_NO_FIELD)
		TAKE(frame_tlbc_index, FRAME_TLBC_INDEX);
#undef TAKE
}
