// SPDX-License-Identifier: Apache-2.0
#pragma once

/* LEB128 numbers of DWARF. Bits above 64 are dropped; more than ten bytes make the view bad. */
#include "common/view.h"

static inline uint64_t view_uleb(struct view *v)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 70; shift += 7) {
		uint8_t byte = view_u8(v);

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	v->bad = true;
	return 0;
}

static inline int64_t view_sleb(struct view *v)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 70; shift += 7) {
		uint8_t byte = view_u8(v);

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			if ((byte & 0x40) && shift + 7 < 64)
				value |= ~0ULL << (shift + 7);
			return (int64_t)value;
		}
	}
	v->bad = true;
	return 0;
}
