// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Files that appear whole or not at all: written beside their name, synced, renamed; an existing file
 * is kept as NAME.old. Mode 0600; under sudo they belong to the caller. "-" and /dev/stdout are
 * standard output; it, devices and FIFOs are written to as they are.
 */
#include <stddef.h>

#include "common/cleanup.h"

struct output_file;

int output_file__open(const char *path, struct output_file **ret_file); /* a negative errno */
int output_file__fd(const struct output_file *file); /* borrowed */
int output_file__commit(struct output_file *file); /* all is written: in place with it */
void output_file__free(struct output_file *file); /* what was not committed is removed */
DEFINE_FREEP(output_file)

/* Before anything is measured: can a file be made there? Logs one line that names the option. */
int output_check(const char *path, const char *option);

/* A whole file at once. On failure *ret_rescued is the name of a file in $TMPDIR, /var/tmp or /tmp that
 * holds the data, or NULL; the caller frees it. */
int output_write(const char *path, const void *data, size_t size, char **ret_rescued);

/* In a signal handler, before _exit(): removes what is not finished. */
void output_give_up(void);
