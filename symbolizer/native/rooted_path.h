// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Files of a target's own file system, which may be a container's: its symbolic links must not lead
 * out of it, its FIFOs must not hold us. */

/* openat2(2) below root_fd, links that are absolute too. Give O_NONBLOCK for what may be a FIFO: it has it
 * not with O_PATH. A negative errno. */
int rooted_openat(int root_fd, const char *path, int flags);

/* A descriptor of a regular file by its path below root_fd (a directory; -1: our own root), or a
 * negative errno. */
int rooted_open(int root_fd, const char *path);

/* Of a process behind chroot(2) /proc shows paths from outside: what is behind the root's own path. Others
 * stay as they are. */
const char *path_below(const char *root, const char *path);

/* "/usr/lib/x.so", "y" -> "/usr/lib/y"; an absolute name stays. -ENAMETOOLONG. */
int path_beside(const char *path, const char *name, char *to, unsigned long size);
