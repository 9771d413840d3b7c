// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A file of records, gzip'd: what record --raw keeps and replay reads. It begins with eight bytes of
 * name and version; then records as they are in memory (little-endian hosts only). */
#include "collector/source/source.h"

struct raw_writer;

int raw_writer__open(int fd, struct raw_writer **ret_writer); /* fd: borrowed */
/* Also frees; a negative errno: not all was kept. */
int raw_writer__close(struct raw_writer *writer);
/* WANTED records are left out, and what stacks held: the frames found in them are records too. */
void raw_writer__add(struct raw_writer *writer, const struct record_header *rec);

/* -EBADMSG: not such a file. Reading ends with -EBADMSG where the file is damaged, cut short, or has no END
 * record as its last; what came before was handed out. */
int raw_source__open(const char *path, struct record_source **ret_source);
