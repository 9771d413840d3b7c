// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What a question says of each text of a table, asked once for each: many functions may share one text
 * of megabytes. */
#include <stdbool.h>

#include "common/strtab.h"

struct answers {
	const struct strtab *texts; /* borrowed */
	bool (*ask)(void *ctx, const char *text);
	void *ctx;
	uint8_t *known; /* owned; by string id */
};

/* No text is added to the table while the answers live. 0 or -ENOMEM. */
int answers__init(struct answers *answers, const struct strtab *texts,
		  bool (*ask)(void *ctx, const char *text), void *ctx);
void answers__fini(struct answers *answers);

bool answers__get(struct answers *answers, uint32_t id);
