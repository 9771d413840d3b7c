// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What the parts of naming.c share. */
#include "collector/profile/naming.h"
#include "symbolizer/native/source_table.h"

/* What a location is to Python. */
enum frame_role {
	ROLE_NATIVE = 0,
	ROLE_PYTHON,
	ROLE_GLUE, /* the interpreter's calls, from one Python frame to the next */
	ROLE_NAMELESS, /* in the interpreter's code */
	ROLE_TAKES_GIL,
	ROLE_TIMED_WAIT, /* the C library's, on a condition */
	ROLE_KERNEL,
};

/* The labels in the profile of one set of labels, as they were last. */
struct label_run {
	uint32_t first;
	uint32_t cnt;
};

/* The stack that was last named. */
struct named_stack {
	uint32_t id;
	uint32_t first_frame;
	uint32_t frame_cnt;
	enum frame_role ran; /* its innermost frame */
	bool refuted;
	bool known;
};

struct naming {
	struct ingest *ingest;
	const struct naming_options *options;
	struct profile *profile; /* owned until done */
	struct file_place
		*places; /* owned; naming_files.c. Of all files, those of one file together */
	uint32_t place_cnt;
	struct function_entry *functions; /* owned */
	struct module_entry *modules; /* owned */
	uint32_t *location_of; /* owned; by location index of the aggregate */
	uint8_t *roles; /* owned; enum frame_role, by the same */
	bool *refuted; /* owned; by the same: it does not follow a call */
	struct label_run *runs; /* owned; by index of the aggregate's sets of labels */
	struct named_stack last;
	struct call_counts calls;
	uint64_t named;
	uint64_t placed;
	uint64_t started_ns;
	bool shown; /* a progress line */
	int64_t period;
};

/* Rows of the profile; equal functions are one. naming_rows.c */
uint32_t naming__string(struct naming *n, const char *text);
uint32_t naming__add_line(struct naming *n, uint32_t mapping, const char *name, const char *linkage,
			  const char *source, const struct source_frame *frame);
uint32_t naming__add_location(struct naming *n, uint32_t mapping, uint64_t address,
			      const char *name, const char *linkage);
uint32_t naming__add_synthetic(struct naming *n, const char *name); /* "[lost]" */
void naming__widen(struct naming *n, uint32_t mapping, uint64_t addr);
/* A mapping that is found by a name of its own; PROFILE_NONE: not there yet. */
uint32_t naming__module(struct naming *n, const char *name);
uint32_t naming__add_module(struct naming *n, const char *name, const struct profile_mapping *m);
void naming__free_rows(struct naming *n);

/* Each returns the location's index in the profile. naming_kernel.c, naming_python.c */
uint32_t naming__kernel(struct naming *n, uint64_t addr);
uint32_t naming__anon(struct naming *n, uint64_t addr); /* code in no file */
uint32_t naming__python(struct naming *n, const struct location *l);
void python_version_text(const struct python_function *f, char text[16]);

/* Of a stack; ran: its innermost frame. naming_labels.c */
void naming__labels(struct naming *n, const struct stack *stack, enum frame_role ran,
		    struct profile_sample *sample);

/* Places in files are gathered, then named file by file: 0 or -ENOMEM. naming_files.c */
int naming__reserve_places(struct naming *n, uint32_t cnt); /* room for so many */
void naming__add_place(struct naming *n, struct binary *named, const struct location *l,
		       uint32_t location);
int naming__files(struct naming *n);
