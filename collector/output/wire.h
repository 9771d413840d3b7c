// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The fields of a protobuf message, one after the other, straight from foreign bytes. The reader of
 * profiles does not unpack with protobuf-c, whose allocation for every sub-message makes gigabytes of
 * a few megabytes that were written for it; here nothing is allocated.
 */
#include "common/leb128.h"

enum wire_type { WIRE_NUMBER = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire_field {
	uint64_t id;
	uint32_t type; /* enum wire_type */
	uint64_t number; /* WIRE_NUMBER */
	struct view bytes; /* WIRE_BYTES; borrowed */
};

/* false at the end and when the message is bad (message->bad). */
static inline bool wire_next(struct view *message, struct wire_field *ret_field)
{
	uint64_t tag, size;

	if (!view_left(message))
		return false;
	tag = view_uleb(message);
	*ret_field = (struct wire_field){ .id = tag >> 3, .type = tag & 7 };
	switch (ret_field->type) {
	case WIRE_NUMBER:
		ret_field->number = view_uleb(message);
		break;
	case WIRE_BYTES:
		size = view_uleb(message);
		ret_field->bytes = view_cut(message, size);
		break;
	case WIRE_FIXED64:
		view_u64(message);
		break;
	case WIRE_FIXED32:
		view_u32(message);
		break;
	default:
		message->bad = true;
	}
	return !message->bad;
}
