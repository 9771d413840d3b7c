// SPDX-License-Identifier: Apache-2.0
#include "collector/doctor/file_facts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Shares of a file's code. */
#define GOOD_ROWS 0.98
#define POOR_ROWS 0.5
#define GOOD_NAMES 0.95
#define POOR_NAMES 0.05
#define NO_NAMES 0.005
#define LITTLE_CODE 256 /* bytes: a file of data with a few instructions */

/* A descriptor of the debug file, or a negative errno. */
static int open_debug_file(struct file_view *view, struct elf_file *file,
			   const struct debug_search *search)
{
	struct debug_refusal refusal = { .path = "" };
	struct debug_file found;
	int err = debug_search__find(search, file, view->path, &found, &refusal);

	snprintf(view->refused, sizeof(view->refused), "%.255s", refusal.path);
	view->refused_for = refusal.reason;
	if (err)
		return err;
	snprintf(view->debug_file, sizeof(view->debug_file), "%.255s", found.path);
	return found.fd;
}

struct both { /* owned */
	struct elf_file *file;
	struct elf_file *debug; /* NULL: none */
	int debug_fd; /* stays open for it */
};

static void open_both(struct file_view *view, int fd, const struct debug_search *search,
		      struct both *both)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		view->error = -ENOEXEC;
	else
		view->error = elf_file__open(fd, &both->file);
	if (view->error)
		return;
	both->debug_fd = open_debug_file(view, both->file, search);
	if (both->debug_fd >= 0 && elf_file__open(both->debug_fd, &both->debug))
		both->debug = NULL;
}

static void close_both(struct both *both)
{
	elf_file__free(both->file);
	elf_file__free(both->debug);
	if (both->debug_fd >= 0)
		close(both->debug_fd);
}

void file_view__look(struct file_view *view, int fd, const struct debug_search *search)
{
	struct both both = { .debug_fd = -1 };

	open_both(view, fd, search, &both);
	if (!view->error)
		view->error = code_look(both.file, both.debug, &view->code);
	if (!view->error)
		view->is_python = !python_interpreter__inspect(both.file, &view->python);
	close_both(&both);
}

void file_view__of_frames(struct file_view *view, int fd, const struct debug_search *search,
			  uint64_t named, uint64_t placed)
{
	struct both both = { .debug_fd = -1 };

	view->of_frames = true;
	open_both(view, fd, search, &both);
	if (!view->error)
		code_of_frames(both.file, both.debug, named, placed, &view->code);
	close_both(&both);
}

static void error_fact(const struct file_view *view, struct fact *fact)
{
	if (view->error == -ENOEXEC) {
		fact__set(fact, FACT_BAD, "not a 64-bit ELF file");
		return;
	}
	fact__set(fact, FACT_WARN, "not to be opened: %s", strerror(-view->error));
	if (view->error == -EACCES || view->error == -EPERM)
		fact__mend(fact, "run it as root");
	else if (view->deleted)
		fact__mend(fact, "it was replaced or deleted: start the process again");
}

/* What happens in code without rows. */
static void bare_fact(const struct code_view *code, struct fact *fact)
{
	fact__add(fact, "; %.1f KB of code ", (double)code_bare_bytes(code) / 1e3);
	if (code->go) {
		fact__add(fact, "by frame pointers, as all of Go: a stack ends where the runtime "
				"goes over to one of its own, as its garbage collector does");
		return;
	}
	if (code_keeps_frame_pointers(code)) {
		fact__add(fact, "by frame pointers, which it seems to keep");
	} else {
		fact__add(fact, "without frame pointers: a stack that enters it ends there");
		if (code_unwind_share(code) < POOR_ROWS)
			fact->level = FACT_BAD;
	}
	if (fact->level != FACT_OK)
		fact__mend(fact, "build it with -fasynchronous-unwind-tables");
}

void file_unwind_fact(const struct file_view *view, struct fact *ret_fact)
{
	double share = code_unwind_share(&view->code);
	struct fact fact = { .level = FACT_OK };

	if (view->error) {
		error_fact(view, &fact);
		*ret_fact = fact;
		return;
	}
	if (share < GOOD_ROWS && view->code.bytes > LITTLE_CODE)
		fact.level = FACT_WARN;
	if (view->code.function_cnt)
		fact__set(&fact, fact.level, "rows of %u functions%s, %.0f%% of its code",
			  view->code.function_cnt, view->code.go ? " by Go's own table" : "",
			  100 * share);
	else
		fact__set(&fact, fact.level, "no .eh_frame");
	if (code_bare_bytes(&view->code) > LITTLE_CODE)
		bare_fact(&view->code, &fact);
	*ret_fact = fact;
}

static const char *free_threaded_words(const struct python_interpreter *p)
{
	if (!p->free_threaded)
		return "";
	return p->layout.version < 0x030e ? ", free-threaded" :
					    ", free-threaded (sonde was never run on one)";
}

void file_python_fact(const struct file_view *view, struct fact *ret_fact)
{
	const struct python_interpreter *p = &view->python;
	struct fact fact = { .level = FACT_OK };

	if (p->refusal) {
		fact__set(&fact, FACT_BAD, "CPython, but its frames are not to be had: %s",
			  python_refusal_text(p->refusal));
		fact__mend(&fact, "its C functions are shown instead; tell us of this build");
	} else {
		fact__set(&fact, FACT_OK, "CPython %u.%u.%u%s: functions, files and lines",
			  p->hexversion >> 24, p->hexversion >> 16 & 0xff,
			  p->hexversion >> 8 & 0xff, free_threaded_words(p));
	}
	*ret_fact = fact;
}

static const char *source_words(const struct code_view *code)
{
	if (code->has_symtab)
		return ".symtab";
	if (code->by_source[NAME_SYMTAB])
		return ".symtab of its debug file";
	if (code->by_source[NAME_DEBUGDATA])
		return ".gnu_debugdata";
	if (code->by_source[NAME_PYTHON])
		return ".dynsym and Python's tables of methods (stripped)";
	return ".dynsym alone (stripped)";
}

static void add_build_id(const struct file_view *view, struct fact *fact)
{
	const struct build_id *id = &view->code.build_id;

	fact__add(fact, id->size ? "; build id " : "; no build id");
	for (int i = 0; i < id->size; i++)
		fact__add(fact, "%02x", id->bytes[i]);
	if (*view->debug_file)
		fact__add(fact, ", debug file %s", view->debug_file);
	else if (*view->refused)
		fact__add(fact, ", %s is not its debug file: %s", view->refused, view->refused_for);
	else if (id->size)
		fact__add(fact, ", no debug file");
}

static void mend_names(const struct file_view *view, struct fact *fact)
{
	char package[PACKAGE_LEN];

	if (*view->debug_file || view->code.has_symtab)
		return;
	if (view->deleted) {
		fact__mend(fact, "start the process again, its file was replaced; then ask again");
	} else if (*view->package) {
		debug_package_of(view->package, package);
		fact__mend(fact, "apt-get install %s%s, or record --debuginfod", package,
			   strstr(package, "-dbgsym") ? " (from the suite's -debug archive)" : "");
	} else if (view->code.go) {
		fact__mend(fact, "build it without -ldflags=-s");
	} else {
		fact__mend(fact, "do not strip it (strip -g leaves the names), or record "
				 "--debug-dir with its debug file");
	}
}

static enum fact_level names_level(const struct file_view *view)
{
	double share = code_named_share(&view->code);

	if (share < POOR_NAMES)
		return FACT_BAD;
	if (share < GOOD_NAMES)
		return FACT_WARN;
	/* what is missing in a profile is worth a word where there may be more to have */
	return view->of_frames && !view->code.by_source[NAME_SYMTAB] ? FACT_WARN : FACT_OK;
}

void file_names_fact(const struct file_view *view, struct fact *ret_fact)
{
	struct fact fact = { .level = FACT_OK };
	double share = code_named_share(&view->code);

	if (view->error) {
		error_fact(view, &fact);
		*ret_fact = fact;
		return;
	}
	fact.level = names_level(view);
	if (share < NO_NAMES && !view->code.has_symtab)
		fact__set(&fact, FACT_BAD, "none (stripped): its functions are placed by address");
	else
		fact__set(&fact, fact.level, "%s, %.0f%% of its %s", source_words(&view->code),
			  100 * share, view->of_frames ? "frames" : "code");
	add_build_id(view, &fact);
	if (view->deleted)
		fact__add(&fact, ", deleted since it was mapped");
	if (fact.level != FACT_OK)
		mend_names(view, &fact);
	*ret_fact = fact;
}

static void jit_size(uint64_t bytes, struct fact *fact)
{
	if (bytes)
		fact__set(fact, FACT_WARN, "%.0f KB of code in no file", (double)bytes / 1e3);
	else
		fact__set(fact, FACT_WARN, "code in no file");
	fact__add(fact, ", a JIT compiler's as a rule");
}

void jit_unwind_fact(uint64_t bytes, struct fact *ret_fact)
{
	struct fact fact = { .level = FACT_OK };

	jit_size(bytes, &fact);
	fact__add(&fact, ": by frame pointers, where it keeps them");
	*ret_fact = fact;
}

void jit_names_fact(uint64_t bytes, struct fact *ret_fact)
{
	struct fact fact = { .level = FACT_OK };

	jit_size(bytes, &fact);
	fact__add(&fact, ": placed by address, sonde reads no perf maps yet");
	*ret_fact = fact;
}
