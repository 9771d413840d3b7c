// SPDX-License-Identifier: Apache-2.0
#include "collector/output/id_map.h"

#include <stdlib.h>

void id_map__fini(struct id_map *map)
{
	free(map->rows);
}

bool id_map__add(struct id_map *map, uint64_t id, uint32_t idx)
{
	if (map->cnt == map->room) {
		size_t room = map->room ? 2 * map->room : 256;
		struct id_map_row *more = realloc(map->rows, room * sizeof(*more));

		if (!more)
			return false;
		map->rows = more;
		map->room = room;
	}
	map->rows[map->cnt++] = (struct id_map_row){ id, idx };
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct id_map_row *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

const char *id_map__settle(struct id_map *map)
{
	if (map->cnt)
		qsort(map->rows, map->cnt, sizeof(*map->rows), compare);
	if (map->cnt && !map->rows[0].id)
		return "a row has no id";
	for (size_t i = 1; i < map->cnt; i++)
		if (map->rows[i].id == map->rows[i - 1].id)
			return "two rows have one id (two profiles in one file?)";
	return NULL;
}

bool id_map__find(const struct id_map *map, uint64_t id, uint32_t *ret_idx)
{
	const struct id_map_row key = { .id = id }, *found = NULL;

	if (id && id <= map->cnt && map->rows[id - 1].id == id) /* nearly always 1..N */
		found = &map->rows[id - 1];
	else if (map->cnt)
		found = bsearch(&key, map->rows, map->cnt, sizeof(key), compare);
	if (found)
		*ret_idx = found->idx;
	return found;
}
