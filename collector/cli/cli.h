// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The option table: one row per option gives getopt_long, --help, validation and what the man page
 * and the completion are checked against.
 */
#include "collector/cli/options.h"

#define EXIT_USAGE 2

/* Parses argv. 0: go on with *ret_options. CLI_DONE: --help or --version was printed. A usage error
 * is printed as one clear line and gives -EINVAL (main then exits with EXIT_USAGE). */
#define CLI_DONE 1
int cli_parse(int argc, char **argv, struct options *ret_options);

/* Commands: exit code of the program. */
int cmd_record(const struct options *options);
int cmd_replay(const struct options *options);
int cmd_report(const struct options *options);
int cmd_doctor(const struct options *options);
int cmd_dump(const struct options *options);
