// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Samples summed by (stack, labels), in bounded memory. Addresses become locations when a sample is
 * applied, by the mappings of its process at that moment; after that a sample depends on no process.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/config.h"
#include "common/cleanup.h"
#include "common/strtab.h"

#define LOCATION_TRUNCATED_BINARY UINT32_MAX /* the root "[truncated]" */
/* off: a function of python_codes << 32 | its line */
#define LOCATION_PYTHON_BINARY (UINT32_MAX - 2)
#define MAX_STACK_LOCATIONS (MAX_USER_FRAMES + MAX_USER_WORDS / 3 + MAX_KERNEL_FRAMES + 4)

#define LOCATION_F_RETURN 1 /* seen as the last byte before a return address */
#define LOCATION_F_INNER 2 /* such a one with further frames beyond it */

struct location { /* off: in the file; an address for the kernel and for code in no file */
	uint64_t off;
	uint32_t binary;
	uint32_t column; /* of Python source, from 1; 0: not known, or not asked for */
	uint32_t flags; /* LOCATION_F_*; no part of what tells locations apart */
};

struct label_set {
	uint64_t timestamp_ns; /* UTC; 0: not asked for */
	uint32_t pid; /* 0 where not asked for, as the rest */
	uint32_t tid;
	uint32_t cpu; /* + 1 */
	uint32_t comm; /* string ids */
	uint32_t thread_comm;
	uint32_t stop;
	uint32_t gil; /* enum python_gil */
	uint32_t pad; /* compared with the rest */
};

struct stack {
	uint32_t id; /* the same for the same stack */
	uint32_t labels; /* index */
	uint32_t cnt;
	uint64_t samples;
	uint64_t weight;
	const uint32_t *locations; /* indexes, leaf first; borrowed */
};

struct aggregate;

struct aggregate *aggregate__new(void); /* NULL: no memory */
void aggregate__free(struct aggregate *aggregate);
DEFINE_FREEP(aggregate)

struct strtab *aggregate__strings(struct aggregate *aggregate);
/* Index of a location; UINT32_MAX: no memory. */
uint32_t aggregate__location(struct aggregate *aggregate, uint32_t binary, uint64_t off);
uint32_t aggregate__python_location(struct aggregate *aggregate, uint32_t function, uint32_t line,
				    uint32_t column);
void aggregate__mark(struct aggregate *aggregate, uint32_t location, uint32_t flags);
/* False when the budget is used up: the caller counts the sample as lost. */
bool aggregate__add(struct aggregate *aggregate, const struct label_set *labels,
		    const uint32_t *locations, uint32_t cnt, uint64_t samples, uint64_t weight);

const struct location *aggregate__locations(const struct aggregate *aggregate, uint32_t *ret_cnt);
const struct label_set *aggregate__labels(const struct aggregate *aggregate, uint32_t idx);
uint32_t aggregate__labels_cnt(const struct aggregate *aggregate);
/* Those of one stack come one after another: nothing is added after it. */
void aggregate__for_each(struct aggregate *aggregate,
			 void (*fn)(void *ctx, const struct stack *stack), void *ctx);
/* Only locations, labels and strings are left. */
void aggregate__drop_stacks(struct aggregate *aggregate);
uint64_t aggregate__samples(const struct aggregate *aggregate);
uint32_t aggregate__sums(const struct aggregate *aggregate); /* stacks with their labels */
uint64_t aggregate__bytes(const struct aggregate *aggregate); /* all that it holds */
