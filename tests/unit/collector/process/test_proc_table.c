// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "collector/process/proc_table.h"

struct world {
	struct proc_table *table;
	struct binaries *binaries;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	w->table = proc_table__new();
	w->binaries = binaries__new();
	*state = w;
	return w->table && w->binaries ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	proc_table__free(w->table);
	binaries__free(w->binaries);
	free(w);
	return 0;
}

static void map(struct world *w, uint32_t pid, uint64_t start, uint64_t end, uint64_t off,
		char file)
{
	struct {
		struct mmap_record rec;
		char path[8];
	} r = { .rec = { .h = { RECORD_MMAP, sizeof(r), 0 },
			 .start = start,
			 .end = end,
			 .file_off = off,
			 .pid = pid,
			 .inode = (uint64_t)file,
			 .path_size = 8 },
		.path = { '/', file } };

	assert_true(record_valid(&r.rec.h));
	proc_table__apply(w->table, w->binaries, &r.rec.h);
}

static void fork_process(struct world *w, uint32_t pid, uint32_t parent)
{
	struct fork_record rec = { { RECORD_FORK, sizeof(rec), 0 }, pid, parent };

	proc_table__apply(w->table, w->binaries, &rec.h);
}

static void name(struct world *w, uint32_t pid, uint32_t tid, bool exec, const char *comm)
{
	struct comm_record rec = {
		.h = { RECORD_COMM, sizeof(rec), 0 }, .pid = pid, .tid = tid, .exec = exec
	};

	strncpy(rec.comm, comm, COMM_LEN - 1);
	proc_table__apply(w->table, w->binaries, &rec.h);
}

/* "FILE@OFF" of an address in /proc/PID/maps's terms; "" where nothing is mapped. */
static const char *at(struct world *w, uint32_t pid, uint64_t addr)
{
	static char text[64];
	struct process *p = proc_table__find(w->table, pid);
	const struct proc_mapping *m = p ? process__mapping(p, addr) : NULL;

	text[0] = 0;
	if (m)
		snprintf(text, sizeof(text), "%s@%lx",
			 binaries__at(w->binaries, m->binary)->path + 1,
			 (unsigned long)(addr - m->start + m->file_off));
	return text;
}

/* What mmap(2) with MAP_FIXED leaves of older mappings: 'a' lies at 0x3000..0x6fff with offset 0x100000,
 * 'b' is put over it with offset 0x200000. */
static void a_new_mapping_replaces_what_lay_there(void **state)
{
	static const struct {
		uint64_t start, end;
		const char *at_2800, *at_3800, *at_4800, *at_6800, *at_7800;
	} rows[] = {
		{ 0x3000, 0x7000, "", "b@200800", "b@201800", "b@203800", "" },
		{ 0x2000, 0x8000, "b@200800", "b@201800", "b@202800", "b@204800", "b@205800" },
		{ 0x4000, 0x5000, "", "a@100800", "b@200800", "a@103800", "" },
		{ 0x2000, 0x4000, "b@200800", "b@201800", "a@101800", "a@103800", "" },
		{ 0x6000, 0x8000, "", "a@100800", "a@101800", "b@200800", "b@201800" },
		{ 0x7000, 0x8000, "", "a@100800", "a@101800", "a@103800", "b@200800" },
		{ 0x2000, 0x3000, "b@200800", "a@100800", "a@101800", "a@103800", "" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		uint32_t pid = 10 + (uint32_t)i;

		map(w, pid, 0x3000, 0x7000, 0x100000, 'a');
		map(w, pid, rows[i].start, rows[i].end, 0x200000, 'b');
		expect(!strcmp(at(w, pid, 0x2800), rows[i].at_2800), i);
		expect(!strcmp(at(w, pid, 0x3800), rows[i].at_3800), i);
		expect(!strcmp(at(w, pid, 0x4800), rows[i].at_4800), i);
		expect(!strcmp(at(w, pid, 0x6800), rows[i].at_6800), i);
		expect(!strcmp(at(w, pid, 0x7800), rows[i].at_7800), i);
	}
}

/* Thousands of random mappings against a table of pages. */
static void like_a_table_of_pages(void **state)
{
	enum { PAGES = 64 };
	char file_of[PAGES] = { 0 };
	uint64_t off_of[PAGES] = { 0 };
	struct world *w = *state;
	unsigned int seed = 7;

	for (int step = 0; step < 3000; step++) {
		uint64_t start = (uint64_t)rand_r(&seed) % PAGES;
		uint64_t end = start + 1 + (uint64_t)rand_r(&seed) % (PAGES - start);
		char file = (char)('a' + rand_r(&seed) % 5);
		uint64_t off = (uint64_t)rand_r(&seed) % 100 * 4096;

		map(w, 5, start * 4096, end * 4096, off, file);
		for (uint64_t page = start; page < end; page++) {
			file_of[page] = file;
			off_of[page] = off + (page - start) * 4096;
		}
		for (uint64_t page = 0; page < PAGES; page++) {
			char want[64] = "";

			if (file_of[page])
				snprintf(want, sizeof(want), "%c@%lx", file_of[page],
					 (unsigned long)off_of[page] + 5);
			assert_string_equal(at(w, 5, page * 4096 + 5), want);
		}
	}
}

static void a_child_begins_as_its_parent(void **state)
{
	struct world *w = *state;

	name(w, 1, 1, false, "parent");
	map(w, 1, 0x1000, 0x2000, 0, 'a');
	fork_process(w, 2, 1);
	map(w, 1, 0x1000, 0x2000, 0, 'b');
	assert_string_equal(at(w, 2, 0x1000), "a@0");
	assert_string_equal(at(w, 1, 0x1000), "b@0");
	assert_string_equal(proc_table__find(w->table, 2)->comm, "parent");
	/* a number that comes again is another process */
	fork_process(w, 2, 99);
	assert_string_equal(at(w, 2, 0x1000), "");
}

/* Its run is the parent's, which lacks what came later, or tables that were not there yet. */
static void a_child_lacks_what_its_parent_lacks(void **state)
{
	static const struct {
		bool stale, partial;
	} rows[] = { { false, false }, { true, false }, { false, true } };
	struct world *w = *state;

	map(w, 1, 0x1000, 0x2000, 0, 'a');
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct process *parent = proc_table__find(w->table, 1), *child;

		parent->wanted = true;
		parent->stale = rows[i].stale;
		parent->partial = rows[i].partial;
		fork_process(w, 2, 1);
		child = proc_table__find(w->table, 2);
		expect(child->wanted && child->stale == rows[i].stale &&
			       child->partial == rows[i].partial,
		       i);
	}
	fork_process(w, 2, 99);
	assert_false(proc_table__find(w->table, 2)->partial);
}

static void an_exec_takes_all_mappings(void **state)
{
	struct world *w = *state;

	map(w, 1, 0x1000, 0x2000, 0, 'a');
	name(w, 1, 1, true, "other");
	assert_string_equal(at(w, 1, 0x1000), "");
	assert_string_equal(proc_table__find(w->table, 1)->comm, "other");
	map(w, 1, 0x1000, 0x2000, 0, 'b');
	name(w, 1, 1, false, "renamed");
	assert_string_equal(at(w, 1, 0x1000), "b@0");
	assert_string_equal(proc_table__find(w->table, 1)->comm, "renamed");
	name(w, 1, 7, false, "thread"); /* is not the process's name */
	assert_string_equal(proc_table__find(w->table, 1)->comm, "renamed");
}

static void a_copy_stays_as_it_was(void **state)
{
	struct world *w = *state;
	struct process *copy;

	map(w, 1, 0x1000, 0x2000, 0x5000, 'a');
	copy = process__copy(proc_table__find(w->table, 1));
	assert_non_null(copy);
	name(w, 1, 1, true, "other");
	assert_non_null(process__mapping(copy, 0x1fff));
	assert_int_equal(process__mapping(copy, 0x1fff)->file_off, 0x5000);
	assert_null(process__mapping(copy, 0x2000));
	process__free(copy);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_new_mapping_replaces_what_lay_there, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(like_a_table_of_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_child_begins_as_its_parent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_child_lacks_what_its_parent_lacks, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_exec_takes_all_mappings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_copy_stays_as_it_was, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
