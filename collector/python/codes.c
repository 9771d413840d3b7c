// SPDX-License-Identifier: Apache-2.0
#include "collector/python/codes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash_rows.h"

#include "bpf/shared/frame.h"
#include "collector/python/pieces.h"
#include "symbolizer/python/code_object.h"
#include "symbolizer/python/line_table.h"

#define BUDGET_BYTES (64UL << 20) /* line tables and entries; what comes later has no name */

struct code_key {
	uint64_t leader_start_ns; /* a later process may have the same id */
	uint64_t code;
	uint64_t key;
};

#define RECENT 4

/* A deep stack asks for the same few places thousands of times; a table is read from its start. */
struct recent_place {
	int32_t position;
	bool known;
	struct python_place place;
};

struct code_entry {
	UT_hash_handle hh;
	struct code_key key;
	struct recent_place recent[RECENT];
	uint32_t function;
	uint32_t table_size;
	uint8_t table[]; /* co_lnotab, co_linetable */
};

struct process_codes {
	UT_hash_handle hh;
	uint32_t pid;
	struct code_entry *by_key; /* owned */
};

struct function_entry {
	UT_hash_handle hh;
	struct python_function function; /* its key, all of it */
	uint32_t idx;
};

struct python_codes {
	struct strtab *strings; /* borrowed */
	struct process_codes *by_pid; /* owned, as the rest */
	struct function_entry *functions;
	struct function_entry **by_idx;
	uint32_t function_cnt;
	uint32_t function_room;
	size_t bytes;
};

struct python_codes *python_codes__new(struct strtab *strings)
{
	struct python_codes *codes = calloc(1, sizeof(*codes));

	if (codes)
		codes->strings = strings;
	return codes;
}

static struct process_codes *process_of(const struct python_codes *codes, uint32_t pid)
{
	struct process_codes *p;

	HASH_FIND(hh, codes->by_pid, &pid, sizeof(pid), p);
	return p;
}

static void forget(struct python_codes *codes, struct process_codes *p)
{
	struct code_entry *c, *next;

	HASH_ITER(hh, p->by_key, c, next) {
		HASH_DEL(p->by_key, c);
		codes->bytes -= sizeof(*c) + c->table_size;
		free(c);
	}
	HASH_DEL(codes->by_pid, p);
	free(p);
}

void python_codes__forget(struct python_codes *codes, uint32_t pid)
{
	struct process_codes *p = process_of(codes, pid);

	if (p)
		forget(codes, p);
}

void python_codes__free(struct python_codes *codes)
{
	struct process_codes *p, *next;

	if (!codes)
		return;
	HASH_ITER(hh, codes->by_pid, p, next)
		forget(codes, p);
	HASH_FREE_ALL(codes->functions, function_entry);
	free(codes->by_idx);
	free(codes);
}

static uint32_t add_function(struct python_codes *codes, const struct python_function *function)
{
	struct function_entry *f;

	HASH_FIND(hh, codes->functions, function, sizeof(*function), f);
	if (f)
		return f->idx;
	if (codes->function_cnt == codes->function_room) {
		uint32_t room = codes->function_room ? codes->function_room * 2 : 256;
		struct function_entry **more = realloc(codes->by_idx, room * sizeof(*more));

		if (!more)
			return PYTHON_NO_FUNCTION;
		codes->by_idx = more;
		codes->function_room = room;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return PYTHON_NO_FUNCTION;
	f->function = *function;
	f->idx = codes->function_cnt++;
	codes->by_idx[f->idx] = f;
	codes->bytes += sizeof(*f);
	HASH_ADD(hh, codes->functions, function, sizeof(f->function), f);
	return f->idx;
}

/* CPython 3.13 and newer puts a frame of its own between the call of a class and its __init__. */
static bool is_hidden(const struct python_code *code)
{
	return !code->first_line && !strcmp(code->name, "__init__") &&
	       !strcmp(code->filename, "__init__");
}

static void add_code(struct python_codes *codes, const struct python_code_record *rec,
		     const struct python_code *code)
{
	struct process_codes *p = HASH_GET(codes->by_pid, process_codes, pid, rec->pid);
	struct code_entry *c = p ? calloc(1, sizeof(*c) + code->line_table_size) : NULL;
	const char *path = python_pieces__path(rec);
	struct python_function function;

	if (!c)
		return;
	memset(&function, 0, sizeof(function)); /* it is hashed, with its padding */
	function.version = rec->layout.version;
	function.free_threaded = rec->layout.free_threaded;
	function.first_line = code->first_line;
	function.name = strtab__id(codes->strings, code->qualname ? code->qualname : code->name);
	function.file = strtab__id(codes->strings, path ? path : code->filename);
	c->key = (struct code_key){ rec->leader_start_ns, rec->code, rec->key };
	c->function = is_hidden(code) ? PYTHON_HIDDEN_FUNCTION : add_function(codes, &function);
	c->table_size = (uint32_t)code->line_table_size;
	if (code->line_table)
		memcpy(c->table, code->line_table, code->line_table_size);
	codes->bytes += sizeof(*c) + c->table_size;
	HASH_ADD(hh, p->by_key, key, sizeof(c->key), c);
}

static struct code_entry *find(const struct python_codes *codes, uint32_t pid,
			       const struct code_key *key)
{
	const struct process_codes *p = process_of(codes, pid);
	struct code_entry *c = NULL;

	if (p)
		HASH_FIND(hh, p->by_key, key, sizeof(*key), c);
	return c;
}

void python_codes__learn(struct python_codes *codes, const struct python_code_record *rec)
{
	struct code_key key = { rec->leader_start_ns, rec->code, rec->key };
	struct python_memory memory = { python_pieces__read, (void *)rec };
	struct python_code code = { 0 };

	if (codes->bytes > BUDGET_BYTES || find(codes, rec->pid, &key))
		return;
	if (python_code__read(&memory, &rec->layout, rec->code, &code))
		return;
	add_code(codes, rec, &code);
	python_code__fini(&code);
}

/* What is shown in place of no line has no column. */
static struct python_place place_of(const struct python_line_table *table, int32_t position)
{
	struct python_place place = { .line = python_line_table__shown(table, position) };
	struct python_columns at;

	if (python_line_table__columns(table, position, &at) && at.line == place.line &&
	    at.column >= 0)
		place.column = at.column + 1;
	return place;
}

static struct python_place recent_place_of(struct code_entry *c, const struct python_function *f,
					   int32_t position)
{
	/* an instruction has two bytes */
	struct recent_place *recent = &c->recent[(uint32_t)position / 2 % RECENT];

	if (!recent->known || recent->position != position)
		*recent = (struct recent_place){
			position, true,
			place_of(&(struct python_line_table){ f->version, f->first_line, c->table,
							      c->table_size },
				 position)
		};
	return recent->place;
}

uint32_t python_codes__find(struct python_codes *codes, uint32_t pid, uint64_t leader_start_ns,
			    const __u64 *words, struct python_place *ret_place)
{
	struct code_key key = { leader_start_ns, frame_payload(words[0]), words[2] };
	struct code_entry *c = find(codes, pid, &key);

	if (!c || c->function == PYTHON_NO_FUNCTION)
		return PYTHON_NO_FUNCTION;
	if (c->function == PYTHON_HIDDEN_FUNCTION)
		return PYTHON_HIDDEN_FUNCTION;
	*ret_place = recent_place_of(c, python_codes__function(codes, c->function),
				     (int32_t)words[1]);
	return c->function;
}

const struct python_function *python_codes__function(const struct python_codes *codes, uint32_t idx)
{
	return &codes->by_idx[idx]->function;
}

size_t python_codes__bytes(const struct python_codes *codes)
{
	return codes->bytes;
}
