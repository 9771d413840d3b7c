// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Bytes that are packed as they come: never all of them are held unpacked. The same bytes give the same
 * file. */
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct gzip_out;

struct gzip_out *gzip_out__new(void); /* NULL: no memory */
void gzip_out__free(struct gzip_out *out);
DEFINE_FREEP(gzip_out)

/* Room for the next bytes, which the caller fills before it calls again. NULL: no memory, which
 * gzip_out__finish() tells, too. */
uint8_t *gzip_out__reserve(struct gzip_out *out, size_t size);
/* The whole file; the caller frees *ret_data. 0 or -ENOMEM. */
int gzip_out__finish(struct gzip_out *out, uint8_t **ret_data, size_t *ret_size);
