/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Whether a thread has the GIL, waits for it, or neither. Who has it: up to 3.11 a pointer to that
 * thread's state, which is null when nobody has; from 3.12 on each interpreter's own struct:
 *
 *   0   interval
 *   8   the last thread state that had it
 *   16  1: it has it still (i32)
 *   32  conditions and mutexes, on which a thread that waits sleeps in futex(2)
 *
 * That a thread waits is seen by the address that it sleeps on, which must lie inside that struct
 * (2.7: inside the semaphore); no name is needed. CPython 3.7 to 3.15, Include/internal/
 * pycore_gil.h; 2.7, Python/thread_pthread.h.
 */
#include "python_step.h"

#define PYTHON_3 0x0300 /* as layout.version */
#define GIL_SIZE 208
#define GIL_HOLDER 8
#define GIL_LOCKED 16

/* Where the GIL is, and who has it. Non-zero: not readable, or this version's place is not known. */
static __always_inline int find_gil(const struct python_walk *w, __u64 *ret_gil, __u64 *ret_holder)
{
	const struct python_process *p = &w->process;
	__u64 interp, locked;

	*ret_gil = p->gil_vaddr;
	if (p->current_vaddr) {
		if (p->layout.version < PYTHON_3 && p->gil_vaddr &&
		    python_pointer(ret_gil, p->gil_vaddr))
			return -1;
		return python_pointer(ret_holder, p->current_vaddr);
	}
	if (!p->interp_gil || python_pointer(&interp, w->tstate + p->layout.tstate_interp) ||
	    python_pointer(ret_gil, interp + p->interp_gil) ||
	    python_pointer(ret_holder, *ret_gil + GIL_HOLDER) ||
	    python_pointer(&locked, *ret_gil + GIL_LOCKED))
		return -1;
	if ((__u32)locked != 1)
		*ret_holder = 0;
	return 0;
}

/* asleep_on: the futex that the thread sleeps on; 0: none. After python_walk_start(). */
static __always_inline enum python_gil python_gil(const struct python_walk *w, __u64 asleep_on)
{
	__u64 gil, holder;

	if (w->process.layout.free_threaded)
		return PYTHON_GIL_UNKNOWN;
	if (!w->tstate)
		return PYTHON_GIL_NONE;
	if (find_gil(w, &gil, &holder))
		return PYTHON_GIL_UNKNOWN;
	if (holder == w->tstate)
		return PYTHON_GIL_HOLDS;
	return gil && asleep_on - gil < GIL_SIZE ? PYTHON_GIL_WAITS : PYTHON_GIL_NONE;
}
