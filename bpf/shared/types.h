/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * __u8 .. __s64 for both compilers. BPF sources include bpf/lib/kernel_types.bpf.h first, which
 * brings its own; user space takes them from the kernel's headers.
 */
#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
