// SPDX-License-Identifier: Apache-2.0
/* What is kept of a file's symbols answers as the file itself does, at each border and around it; what was
 * damaged gives no answer, and what is of another file is not taken. The subject is a copy of the running C
 * library; that its names are right is for test_names.py. */
#include "tests/unit/damage.h"
#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbolizer/native/debug_search.h"
#include "symbolizer/native/symbol_lookup.h"

struct bench {
	char dir[64];
	char kept[160];
	int fd; /* of the subject */
	struct elf_file *file;
	struct symbol_table *fresh;
	struct kept_folder folder;
	struct kept_symbols_key key;
};

static void open_subject(struct bench *b, const char *name)
{
	char path[128], hex[2 * BUILD_ID_MAX + 1], command[512];
	struct build_id id;
	Dl_info libc;

	assert_int_not_equal(dladdr((void *)(uintptr_t)strlen, &libc), 0);
	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	snprintf(command, sizeof(command), "cp %s %s", libc.dli_fname, path);
	assert_int_equal(system(command), 0);
	b->fd = open(path, O_RDONLY);
	assert_int_equal(elf_file__open(b->fd, &b->file), 0);
	id = elf_file__build_id(b->file);
	build_id_to_hex(&id, hex);
	snprintf(b->kept, sizeof(b->kept), "%s/%s.symbols", b->dir, hex);
	assert_true(kept_symbols_key__of(&b->folder, b->fd, b->file, -1, NULL, &b->key));
}

static int begin(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	strcpy(b->dir, "/tmp/sonde-symbols.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	b->folder.dir_fd = open(b->dir, O_RDONLY | O_DIRECTORY);
	b->folder.maker = (struct build_id){ "this program", 12 };
	open_subject(b, "subject");
	assert_int_equal(symbol_table__load(b->file, NULL, &b->fresh), 0);
	assert_true(kept_symbols_write(&b->folder, &b->key, b->fresh));
	*state = b;
	return 0;
}

static int end(void **state)
{
	struct bench *b = *state;
	char command[128];

	symbol_table__free(b->fresh);
	elf_file__free(b->file);
	close(b->fd);
	close(b->folder.dir_fd);
	snprintf(command, sizeof(command), "rm -r %s", b->dir);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static bool is_same(const struct symbol_name *x, const struct symbol_name *y)
{
	return x->start == y->start && x->size == y->size && x->source == y->source &&
	       !x->linkage == !y->linkage && (!x->linkage || !strcmp(x->linkage, y->linkage));
}

/* How many answers there are that are not those of the file. */
static uint32_t wrong_answers(struct bench *b, struct kept_symbols *k, const uint64_t *addrs,
			      uint32_t cnt, uint32_t *ret_refused)
{
	uint32_t wrong = 0;

	*ret_refused = 0;
	for (uint32_t i = 0; i < cnt; i++) {
		struct symbol_name name, right = symbol_table__find(b->fresh, addrs[i]);

		if (!kept_symbols__find(k, addrs[i], &name))
			++*ret_refused;
		else
			wrong += !is_same(&name, &right);
	}
	return wrong;
}

struct borders {
	uint64_t *at; /* owned */
	uint32_t cnt;
};

static int take_border(void *ctx, uint64_t elf_vaddr, const struct symbol_name *name)
{
	struct borders *b = ctx;

	(void)name;
	b->at = realloc(b->at, (b->cnt + 3) * sizeof(*b->at));
	for (int i = -1; i <= 1; i++)
		b->at[b->cnt++] = elf_vaddr + (uint64_t)(int64_t)i;
	return 0;
}

static void every_border(void **state)
{
	struct bench *b = *state;
	scope_free(kept_symbols) struct kept_symbols *k = kept_symbols__open(&b->folder, &b->key);
	struct borders borders = { 0 };
	uint32_t refused;

	assert_non_null(k);
	assert_int_equal(symbol_table__each_piece(b->fresh, take_border, &borders), 0);
	assert_true(borders.cnt > 3000);
	assert_int_equal(wrong_answers(b, k, borders.at, borders.cnt, &refused), 0);
	assert_int_equal(refused, 0);
	free(borders.at);
}

/* Not the borders that the table tells: each 7th byte of the whole file, in no order, and far outside. */
static void everywhere(void **state)
{
	struct bench *b = *state;
	scope_free(kept_symbols) struct kept_symbols *k = kept_symbols__open(&b->folder, &b->key);
	uint32_t cnt = 400000, refused;
	uint64_t *addrs = malloc(cnt * sizeof(*addrs));

	assert_non_null(k);
	for (uint32_t i = 0; i < cnt; i++)
		addrs[i] = 7 * (uint64_t)(i * 30011ULL % cnt);
	addrs[0] = UINT64_MAX;
	addrs[1] = 1ULL << 63;
	assert_int_equal(wrong_answers(b, k, addrs, cnt, &refused), 0);
	assert_int_equal(refused, 0);
	free(addrs);
}

static void damaged_blocks_give_no_answer(void **state)
{
	struct bench *b = *state;
	uint64_t addrs[2000];
	struct stat st;

	for (size_t i = 0; i < ROWS(addrs); i++)
		addrs[i] = i * 997;
	assert_int_equal(stat(b->kept, &st), 0);
	for (off_t off = 0; off < st.st_size; off += st.st_size / 60) {
		struct kept_symbols *k;
		uint32_t refused = 0;

		flip_byte(b->kept, off);
		k = kept_symbols__open(&b->folder, &b->key);
		if (k)
			expect(!wrong_answers(b, k, addrs, ROWS(addrs), &refused), off);
		expect(!k || refused, off);
		kept_symbols__free(k);
		flip_byte(b->kept, off);
	}
	assert_int_equal(truncate(b->kept, st.st_size / 2), 0);
	assert_null(kept_symbols__open(&b->folder, &b->key));
}

static void lookup_mends_what_was_damaged(void **state)
{
	struct bench *b = *state;
	struct symbol_name name, right = symbol_table__find(b->fresh, b->key.file.size / 3);
	struct symbol_lookup lookup;

	for (int damaged = 0; damaged < 2; damaged++) {
		if (damaged)
			assert_int_equal(truncate(b->kept, 1000), 0);
		symbol_lookup__init(&lookup, &b->folder, b->fd, b->file, -1, NULL);
		assert_int_equal(!lookup.kept, damaged);
		assert_int_equal(symbol_lookup__find(&lookup, b->key.file.size / 3, &name), 0);
		assert_true(is_same(&name, &right));
		assert_int_equal(!!lookup.table, damaged); /* the file was not read else */
		assert_true(symbol_lookup__keep(&lookup));
		symbol_lookup__fini(&lookup);
	}
	symbol_lookup__init(&lookup, &b->folder, b->fd, b->file, -1, NULL);
	assert_non_null(lookup.kept);
	symbol_lookup__fini(&lookup);
}

static void of_another_file_or_program(void **state)
{
	struct bench *b = *state;
	struct kept_symbols_key other = b->key;

	other.file.ino++;
	assert_null(kept_symbols__open(&b->folder, &other));
	other = b->key;
	other.file.maker.bytes[0]++;
	assert_null(kept_symbols__open(&b->folder, &other));
	assert_true(kept_symbols_key__of(&b->folder, b->fd, b->file, b->fd, b->file, &other));
	assert_null(kept_symbols__open(&b->folder, &other)); /* there is a debug file now */
	elf_file__free(b->file);
	close(b->fd);
	open_subject(b, "impostor");
	assert_null(kept_symbols__open(&b->folder, &b->key));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(every_border),
		TEST(everywhere),
		TEST(damaged_blocks_give_no_answer),
		TEST(lookup_mends_what_was_damaged),
		TEST(of_another_file_or_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
