// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * What a short function computes, as far as its code tells: x86_64_follow.h fills this in,
 * accessor.h reads it. All addresses as linked.
 */
#include <stdint.h>

enum code_value_kind {
	CODE_UNKNOWN,
	CODE_NUMBER, /* off + key_scale * the function's first argument */
	CODE_WORD, /* the word that stands at vaddr, + off */
	CODE_THREAD, /* the thread's base (+ the word at vaddr, unless 0) + off + key_scale * argument */
	CODE_THREAD_WORD, /* the word at that base + place, + off + key_scale * argument */
	CODE_TLS, /* what __tls_get_addr() says of {module, offset} at vaddr, + off */
	CODE_TLS_WORD, /* the word at that address + place */
};

struct code_value {
	uint8_t kind; /* enum code_value_kind */
	uint8_t key_scale;
	uint64_t vaddr;
	int64_t place;
	int64_t off;
};

enum code_end { CODE_LOST, CODE_RETURNS, CODE_CALLS };

#define CODE_MAX_LOADS 16

struct code_outcome {
	uint8_t end; /* enum code_end; CODE_CALLS: a jump out is one too */
	uint8_t load_cnt;
	struct code_value result; /* CODE_RETURNS */
	struct code_value argument; /* CODE_CALLS: of the first call */
	struct code_value loads[CODE_MAX_LOADS]; /* addresses read from, in order */
};
