// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The local variables of a Python frame, by the frame and its code object as they lie in the process's
 * memory. */
#include "symbolizer/python/object_text.h"

#define PYTHON_MAX_LOCALS 100 /* of a frame that are told; the number of the others is told */

typedef void (*python_local_fn)(void *ctx, const char *name, const char *value);

/*
 * Each variable that has a value; name and value are UTF-8 and borrowed. -ENOTSUP: a version whose
 * frames are not known. -ESTALE: the frame is of other code by now. -EBADMSG: frame or code are not as this version has them; else what reading
 * failed with. fn was not called then.
 */
int python_locals__read(const struct python_memory *memory, const struct python_layout *layout,
			uint64_t frame, uint64_t code, python_local_fn fn, void *ctx);
