// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The code objects of all living processes, named when their records come. Those of the same function, in
 * whatever process or at whatever address, are one function here.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/python.h"
#include "common/cleanup.h"
#include "common/strtab.h"

struct python_function {
	uint16_t version; /* as in struct python_layout */
	bool free_threaded;
	int32_t first_line;
	uint32_t name; /* string ids: qualified from 3.11 on */
	uint32_t file;
};

struct python_codes;

#define PYTHON_NO_FUNCTION UINT32_MAX
#define PYTHON_HIDDEN_FUNCTION (UINT32_MAX - 1) /* the interpreter's own: not to be shown */

/* strings: borrowed. NULL: no memory. */
struct python_codes *python_codes__new(struct strtab *strings);
void python_codes__free(struct python_codes *codes);
DEFINE_FREEP(python_codes)

/* A checked record. */
void python_codes__learn(struct python_codes *codes, const struct python_code_record *rec);
struct python_place {
	int32_t line; /* as shown: python_line_table__shown() */
	int32_t column; /* in bytes, from 1; 0: none is known there */
};

/* The process has ended and no sample of it follows: its code objects go, their functions stay. */
void python_codes__forget(struct python_codes *codes, uint32_t pid);
size_t python_codes__bytes(const struct python_codes *codes); /* held */

/* The function and place of a frame word triple of that process; PYTHON_NO_FUNCTION: its record
 * never came, or was damaged. */
uint32_t python_codes__find(struct python_codes *codes, uint32_t pid, uint64_t leader_start_ns,
			    const __u64 *words, struct python_place *ret_place);
const struct python_function *python_codes__function(const struct python_codes *codes,
						     uint32_t idx);
