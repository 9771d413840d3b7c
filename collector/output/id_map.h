// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The ids of a foreign table, which need not be 1..N, to indexes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_map_row {
	uint64_t id;
	uint32_t idx;
};

struct id_map {
	struct id_map_row *rows; /* owned */
	size_t cnt, room;
};

void id_map__fini(struct id_map *map);
bool id_map__add(struct id_map *map, uint64_t id, uint32_t idx); /* false: no memory */
/* After the last id, before the first search. NULL, or what is wrong with the ids. */
const char *id_map__settle(struct id_map *map);
bool id_map__find(const struct id_map *map, uint64_t id, uint32_t *ret_idx);
