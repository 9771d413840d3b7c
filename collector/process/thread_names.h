// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The names that programs gave to their threads in their own memory, by what records say. */
#include "collector/source/record.h"
#include "common/cleanup.h"
#include "common/strtab.h"

struct thread_names;

/* strings: borrowed. NULL: no memory. */
struct thread_names *thread_names__new(struct strtab *strings);
void thread_names__free(struct thread_names *names);
DEFINE_FREEP(thread_names)

/* PYTHON_THREAD, EXIT. */
void thread_names__apply(struct thread_names *names, const struct record_header *rec);
/* A string's id; 0: none. */
uint32_t thread_names__find(const struct thread_names *names, uint32_t pid, uint32_t tid);
