// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The kernel's way to write a set of CPUs: "0-3,8,10-11". */

/* The first max of them; how many. -EBADMSG: not such a list. An empty text is an empty list. */
int cpu_list__parse(const char *text, int *cpus, int max);
