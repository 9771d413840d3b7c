// SPDX-License-Identifier: Apache-2.0
#include "tests/bpf_host/case_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bpf/shared/frame.h"

#define TABLE_ROWS 4096

static const char *const stop_names[] = {
#define STOP(name, complete, text) #name,
#include "bpf/shared/errors.def"
};

const char *stop_name(enum stop_reason stop)
{
	return (unsigned int)stop < STOP_CNT ? stop_names[stop] : "?";
}

struct cfa_form {
	const char *text;
	enum unwind_kind kind;
	bool has_off;
};

/* By enum unwind_reg. */
static const char *const reg_names[] = { "r8",	"r9",  "r10", "r11", "r12", "r13", "r14", "r15",
					 "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx" };
_Static_assert(sizeof(reg_names) == UNWIND_REG_CNT * sizeof(*reg_names), "all registers");

static const struct cfa_form cfa_forms[] = {
	{ "sp", UNWIND_SP, true },
	{ "fp", UNWIND_FP, true },
	{ "plt", UNWIND_PLT, true },
	{ "sp-or-fp", UNWIND_SP_OR_FP, true },
	{ "sp-or-end", UNWIND_SP_OR_END, true },
	{ "sigret", UNWIND_SIGRET, false },
	{ "end", UNWIND_END, false },
	{ "unsupported", UNWIND_UNSUPPORTED, false },
	{ "no-room", UNWIND_NO_ROOM, false },
	{ "none", UNWIND_NONE, false },
};

/* "NAME" or "NAME+N". */
static bool is_form(const char *word, const char *name, bool has_off, int *ret_off)
{
	size_t len = strlen(name);
	char *end;

	if (strncmp(word, name, len))
		return false;
	if (!has_off)
		return !word[len];
	if (word[len] != '+' && word[len] != '-')
		return false;
	*ret_off = (int)strtol(word + len, &end, 10);
	return !*end;
}

/* "*fp+N" or "*fp+N+M": M is added to what lies there. */
static bool take_deref(const char *word, struct unwind_info *info)
{
	int off, add = 0;
	char base;

	if (sscanf(word, "*%cp%d+%d", &base, &off, &add) < 2 || (base != 'f' && base != 's'))
		return false;
	info->kind = base == 'f' ? UNWIND_FP_DEREF : UNWIND_SP_DEREF;
	info->cfa_off = unwind_deref_rule(off, (uint32_t)add);
	return true;
}

static bool take_reg(const char *word, struct unwind_info *info)
{
	for (uint32_t i = 0; i < UNWIND_REG_CNT; i++) {
		int off;

		if (!is_form(word, reg_names[i], true, &off))
			continue;
		info->kind = UNWIND_REG;
		info->cfa_off = unwind_reg_rule(i, off);
		return true;
	}
	return false;
}

static bool take_cfa(const char *word, struct unwind_info *info)
{
	for (size_t i = 0; i < sizeof(cfa_forms) / sizeof(*cfa_forms); i++) {
		int off = 0;

		if (!is_form(word, cfa_forms[i].text, cfa_forms[i].has_off, &off))
			continue;
		info->kind = cfa_forms[i].kind;
		info->cfa_off = off;
		return true;
	}
	return take_deref(word, info) || take_reg(word, info);
}

/* The register that the return address is in. */
static bool take_return(const char *word, struct unwind_info *info)
{
	for (uint32_t i = 0; info->kind == UNWIND_SP && i < UNWIND_REG_CNT; i++) {
		if (strcmp(word, reg_names[i]))
			continue;
		info->kind = UNWIND_RA_REG;
		info->cfa_off = unwind_reg_rule(i, info->cfa_off);
	}
	return info->kind == UNWIND_RA_REG;
}

static bool take_caller(const char *word, struct unwind_info *info)
{
	int off = 0, bx_off = 0;

	if (!strncmp(word, "ra=", 3))
		return take_return(word + 3, info);
	if (!strcmp(word, "fp=lost"))
		info->fp_rule = UNWIND_FP_OTHER;
	else if (is_form(word, "fp=*cfa", true, &off))
		info->fp_rule = UNWIND_FP_AT_CFA;
	else if (is_form(word, "fp=*fp", true, &off))
		info->fp_rule = UNWIND_FP_AT_FP;
	else if (!strcmp(word, "bx=same"))
		info->bx_rule = UNWIND_BX_SAME;
	else if (is_form(word, "bx=*cfa", true, &bx_off))
		info->bx_rule = (uint8_t)(-bx_off / 8);
	else
		return false;
	if (off)
		info->fp_word = (int8_t)(off / 8);
	return true;
}

static uint32_t info_index(struct cfi_table *t, const struct unwind_info *info)
{
	for (uint32_t i = 0; i < t->info_cnt; i++)
		if (!memcmp(&t->infos[i], info, sizeof(*info)))
			return i;
	t->infos[t->info_cnt] = *info;
	return t->info_cnt++;
}

static bool take_row(struct case_file *file, char *line)
{
	struct cfi_table *t = file->table_cnt ? &file->tables[file->table_cnt - 1].cfi : NULL;
	struct unwind_info info = { 0 };
	char *rest, *word = strtok_r(line, " ", &rest);
	uint64_t pc = word ? strtoull(word, NULL, 16) : 0;

	word = strtok_r(NULL, " ", &rest);
	if (!t || !t->page_cnt || t->row_cnt == TABLE_ROWS || !word || !take_cfa(word, &info))
		return false;
	while ((word = strtok_r(NULL, " ", &rest)))
		if (!take_caller(word, &info))
			return false;
	t->rows[t->row_cnt++] = unwind_row((uint32_t)pc, info_index(t, &info));
	t->pages[t->page_cnt - 1].row_cnt++;
	return true;
}

static bool take_table(struct case_file *file, char *line)
{
	struct case_table *t = &file->tables[file->table_cnt];

	if (file->table_cnt == CASE_TABLES || sscanf(line, "table %31s", t->name) != 1)
		return false;
	file->table_cnt++;
	t->cfi.rows = calloc(TABLE_ROWS, sizeof(*t->cfi.rows));
	t->cfi.infos = calloc(TABLE_ROWS, sizeof(*t->cfi.infos));
	t->cfi.pages = calloc(256, sizeof(*t->cfi.pages));
	return t->cfi.rows && t->cfi.infos && t->cfi.pages;
}

/* Pages in between have no rows. */
static bool take_page(struct case_file *file, char *line)
{
	struct cfi_table *t = file->table_cnt ? &file->tables[file->table_cnt - 1].cfi : NULL;
	uint32_t page;

	if (!t || sscanf(line, "page %" SCNx32, &page) != 1 || page < t->page_cnt || page >= 256)
		return false;
	while (t->page_cnt <= page)
		t->pages[t->page_cnt++].first_row = t->row_cnt;
	return true;
}

static const struct case_table *table_named(const struct case_file *file, const char *name)
{
	for (uint32_t i = 0; i < file->table_cnt; i++)
		if (!strcmp(file->tables[i].name, name))
			return &file->tables[i];
	return NULL;
}

static bool take_mapping(struct case_file *file, char *line)
{
	struct case_mapping *m = &file->mappings[file->mapping_cnt];
	char how[64], name[32];

	if (file->mapping_cnt == CASE_MAPPINGS)
		return false;
	file->mapping_cnt++;
	if (sscanf(line, "mapping %" SCNx64 "-%" SCNx64 " bias=%" SCNx64 " table=%31s",
		   (uint64_t *)&m->mapping.start, (uint64_t *)&m->mapping.end,
		   (uint64_t *)&m->mapping.bias, name) == 4)
		return (m->table = table_named(file, name));
	if (sscanf(line, "mapping %" SCNx64 "-%" SCNx64 " %63s", (uint64_t *)&m->mapping.start,
		   (uint64_t *)&m->mapping.end, how) != 3)
		return false;
	m->mapping.flags = !strcmp(how, "frame-pointer") ? MAPPING_F_FP :
			   !strcmp(how, "pending")	 ? MAPPING_F_PENDING :
			   !strcmp(how, "no-room")	 ? MAPPING_F_NO_ROOM :
							   0;
	return m->mapping.flags;
}

static uint64_t *register_named(struct walk_start *start, const char *name)
{
	if (!strcmp(name, "ip"))
		return &start->ip;
	if (!strcmp(name, "sp"))
		return &start->sp;
	if (!strcmp(name, "fp"))
		return &start->fp;
	for (size_t i = 0; i < UNWIND_REG_CNT; i++)
		if (!strcmp(name, reg_names[i]))
			return &start->regs[i];
	return NULL;
}

static bool take_registers(struct case_file *file, char *line)
{
	char *rest, *word = strtok_r(line, " ", &rest);

	while ((word = strtok_r(NULL, " ", &rest))) {
		char name[8];
		uint64_t value, *to;

		if (!strcmp(word, "entered")) {
			file->registers.entered = true;
			continue;
		}
		if (sscanf(word, "%7[^=]=%" SCNx64, name, &value) != 2)
			return false;
		to = register_named(&file->registers, name);
		if (!to)
			return false;
		*to = value;
	}
	return true;
}

static bool take_words(struct case_file *file, char *line)
{
	char *rest, *word = strtok_r(line, ": ", &rest);
	uint64_t vaddr = strtoull(word, NULL, 16);

	while ((word = strtok_r(NULL, " ", &rest))) {
		if (file->word_cnt == CASE_WORDS)
			return false;
		file->words[file->word_cnt++] = (struct case_word){ vaddr,
								    strtoull(word, NULL, 16) };
		vaddr += 8;
	}
	return true;
}

static bool take_frame(struct case_file *file, char *line)
{
	uint64_t vaddr;
	char how[16];

	if (file->frame_cnt == CASE_FRAMES ||
	    sscanf(line, "frame %" SCNx64 " %15s", &vaddr, how) != 2 ||
	    (strcmp(how, "exact") && strcmp(how, "return")))
		return false;
	file->frames[file->frame_cnt++] = frame_word(FRAME_NATIVE, *how == 'r' ? FRAME_F_RETURN : 0,
						     vaddr);
	return true;
}

static bool take_stop(struct case_file *file, char *line)
{
	for (int i = 0; i < STOP_CNT; i++) {
		if (strcmp(line + 5, stop_names[i]))
			continue;
		file->stop = (enum stop_reason)i;
		return true;
	}
	return false;
}

static bool take_depth(struct case_file *file, char *line)
{
	return sscanf(line, "depth %" SCNu32, &file->registers.max_depth) == 1;
}

static bool take_nothing(struct case_file *file, char *line)
{
	file->oracle_named = file->oracle_named || !strncmp(line, "# oracle: ", 10);
	return true;
}

static const struct {
	const char *word;
	bool (*take)(struct case_file *file, char *line);
} line_kinds[] = {
	{ "#", take_nothing },	      { "memory", take_nothing }, { "registers ", take_registers },
	{ "depth ", take_depth },     { "table ", take_table },	  { "page ", take_page },
	{ "mapping ", take_mapping }, { "stop ", take_stop },	  { "frame ", take_frame },
};

static bool take_line(struct case_file *file, char *line)
{
	line[strcspn(line, "\n")] = 0;
	if (!*line)
		return true;
	for (size_t i = 0; i < sizeof(line_kinds) / sizeof(*line_kinds); i++)
		if (!strncmp(line, line_kinds[i].word, strlen(line_kinds[i].word)))
			return line_kinds[i].take(file, line);
	return strchr(line, ':') ? take_words(file, line) : take_row(file, line);
}

struct case_file *case_file__load(const char *path)
{
	scope_free(case_file) struct case_file *file = calloc(1, sizeof(*file));
	scope_file FILE *text = fopen(path, "r");
	char line[1024], kept[1024];

	if (!file || !text) {
		perror(path);
		return NULL;
	}
	file->path = path;
	for (int number = 1; fgets(line, sizeof(line), text); number++) {
		strcpy(kept, line);
		if (take_line(file, line))
			continue;
		fprintf(stderr, "%s:%d: not understood: %s", path, number, kept);
		return NULL;
	}
	return take_ptr(file);
}

void case_file__free(struct case_file *file)
{
	if (!file)
		return;
	for (uint32_t i = 0; i < file->table_cnt; i++) {
		free(file->tables[i].cfi.rows);
		free(file->tables[i].cfi.infos);
		free(file->tables[i].cfi.pages);
	}
	free(file);
}
