// SPDX-License-Identifier: Apache-2.0
/* Line tables: a byte that chooses the version, four of the first line, the table. */
#include <assert.h>

#include "common/view.h"
#include "symbolizer/python/line_table.h"

#define MOST_POSITIONS 256 /* each walks the table from its start */
#define MOST_BYTES 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_columns(const struct python_line_table *t, int32_t position, int32_t raw)
{
	struct python_columns c;

	if (!python_line_table__columns(t, position, &c))
		return;
	assert(t->version >= 0x030b && position >= 0);
	assert(c.line == raw && raw != PYTHON_NO_LINE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t versions[] = { 0x0207, 0x0306, 0x0309, 0x030a, 0x030b, 0x030f };
	struct view v = view_of(data, size);
	struct python_line_table t = {
		.version = versions[view_u8(&v) % (sizeof(versions) / sizeof(*versions))],
		.first_line = view_s32(&v),
	};
	int32_t shown = t.first_line;

	t.size = view_left(&v) < MOST_BYTES ? view_left(&v) : MOST_BYTES;
	t.bytes = view_take(&v, t.size);
	for (int32_t at = -2; at < MOST_POSITIONS; at++) {
		int32_t raw = python_line_table__raw(&t, at);

		if (at < 0)
			assert(raw == t.first_line);
		else if (raw > 0)
			shown = raw;
		assert(python_line_table__shown(&t, at) == shown);
		check_columns(&t, at, raw);
	}
	python_line_table__raw(&t, INT32_MAX);
	python_line_table__shown(&t, INT32_MAX);
	return 0;
}
