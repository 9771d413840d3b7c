// SPDX-License-Identifier: Apache-2.0
/* What CPython's file looks like to one who looks for it, without CPython: the symbols it exports, their
 * data and the functions whose code tells of static variables. Built for VERSION 0x0308, 0x030c or 0x030f, in
 * all the forms that compilers and linkers have, with BACK, CODE_SIZE, NO_MEMBERS and HEAD_ELSEWHERE to be refused,
 * with RUNTIME_SIZE to be small.
 * Offsets are those of 3.8.18, 3.12.1 and 3.15.2. */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PUBLIC __attribute__((visibility("default")))

struct member {
	const char *name;
	int type;
	ptrdiff_t offset;
	int flags;
	const char *doc;
};

struct type {
	ptrdiff_t refcnt;
	void *type;
	ptrdiff_t size;
	const char *name;
	ptrdiff_t basicsize;
	void *more[25];
	struct member *members;
	void *rest[20];
};
_Static_assert(offsetof(struct type, members) == 240, "as in CPython");

extern PUBLIC struct type PyType_Type, PyCode_Type, PyFrame_Type;

struct type PyType_Type = { 1, &PyType_Type, 0, "type", 880, { 0 }, NULL, { 0 } };

static struct member code_members[] = {
#if VERSION < 0x030b
	{ "co_argcount", 1, 16, 1, NULL },
	{ "co_flags", 1, 36, 1, NULL },
	{ "co_filename", 6, 104, 1, NULL },
	{ "co_name", 6, 112, 1, NULL },
	{ "co_firstlineno", 1, 40, 1, NULL },
	{ "co_lnotab", 6, 120, 1, NULL },
#else
	{ "co_argcount", 1, 52, 1, NULL },
	{ "co_flags", 1, 48, 1, NULL },
	{ "co_filename", 6, 112, 1, NULL },
	{ "co_name", 6, 120, 1, NULL },
	{ "co_qualname", 6, 128, 1, NULL },
	{ "co_firstlineno", 1, 68, 1, NULL },
	{ "co_linetable", 6, 136, 1, NULL },
#endif
	{ NULL, 0, 0, 0, NULL },
};
#ifndef BACK
#define BACK 24
#endif
static struct member frame_members[] = {
	{ "f_back", 6, BACK, 1, NULL },
	{ "f_code", 6, 32, 1, NULL },
	{ "f_lasti", 1, 104, 1, NULL },
	{ NULL, 0, 0, 0, NULL },
};
#ifdef NO_MEMBERS
#define code_members NULL
#endif
#ifndef CODE_SIZE
#define CODE_SIZE (VERSION == 0x0308 ? 176 : VERSION == 0x030c ? 192 : 208)
#endif
struct type PyCode_Type = { 1, &PyType_Type, 0, "code", CODE_SIZE, { 0 }, code_members, { 0 } };
struct type PyFrame_Type = { 1, &PyType_Type, 0, "frame", 416, { 0 }, frame_members, { 0 } };

struct tss {
	int created;
	unsigned int key;
};
PUBLIC int PyThread_tss_is_created(struct tss *tss);
PUBLIC void *PyThread_tss_get(struct tss *tss);
PUBLIC void *PyInterpreterState_Head(void);
PUBLIC void *PyGILState_GetThisThreadState(void);
PUBLIC void *_PyEval_EvalFrameDefault(void *tstate, void *frame, int throw);
PUBLIC const char *Py_GetVersion(void);

#ifndef RUNTIME_SIZE
#define RUNTIME_SIZE (VERSION == 0x030c ? 459944 : 346568)
#endif
extern PUBLIC struct runtime _PyRuntime;

#if VERSION == 0x0308
struct runtime {
	char begin[32];
	void *head;
	char middle[1368 - 40];
	void *current;
	void *frame_getter;
	void *auto_interpreter;
	struct tss key;
	char end[64];
} _PyRuntime;
_Static_assert(sizeof(struct runtime) == 1464, "as in CPython");
_Static_assert(offsetof(struct runtime, key) == 1392, "as in CPython");

void *PyGILState_GetThisThreadState(void)
{
	if (!_PyRuntime.auto_interpreter)
		return NULL;
	return PyThread_tss_get(&_PyRuntime.key);
}

const char *Py_GetVersion(void)
{
	static char version[250];

	snprintf(version, sizeof(version), "%.80s (%.80s) %.80s", "3.8.18", "default", "[GCC]");
	return version;
}
const char *const longer = "/opt/versions/3.8.18"; /* linkers put the text above at its end */
#elif VERSION == 0x030c
struct runtime {
	char begin[40];
	void *head;
	char middle[1544 - 48];
	struct tss key;
	char end[RUNTIME_SIZE - 1552];
} _PyRuntime;

void *PyGILState_GetThisThreadState(void)
{
	if (!PyThread_tss_is_created(&_PyRuntime.key))
		return NULL;
	return PyThread_tss_get(&_PyRuntime.key);
}
#else
struct runtime {
	uint64_t offsets[111];
	char begin[936 - 888];
	void *head;
	char end[RUNTIME_SIZE - 944];
} _PyRuntime = { .offsets = {
			 0x7970677562656478,
			 0x030f02f0,
			 0, /* "xdebugpy" */
			 [3] = RUNTIME_SIZE,
			 912,
			 936,
			 [6] = 226240,
			 7272,
			 7264,
			 7336,
			 [15] = 16,
			 [22] = 888,
			 0,
			 8,
			 16,
			 72,
			 80,
			 88,
			 96,
			 [30] = 176,
			 184,
			 256,
			 32,
			 [39] = 88,
			 8,
			 0,
			 56,
			 80,
			 74,
			 64,
			 0,
			 [47] = 216,
			 112,
			 120,
			 128,
			 136,
			 68,
			 52,
			 96,
			 104,
			 208,
			 0,
			 [58] = 16,
			 8,
		 } };
_Static_assert(sizeof(struct runtime) == RUNTIME_SIZE, "as in CPython");

static __thread void *other[4] = { &PyType_Type };
static __thread void *_Py_tss_gilstate;

void *PyGILState_GetThisThreadState(void)
{
	return _Py_tss_gilstate;
}

PUBLIC void set_gilstate(void *tstate)
{
	_Py_tss_gilstate = tstate;
	other[0] = tstate;
}
#endif

#if VERSION >= 0x030b
extern PUBLIC const unsigned long Py_Version;
const unsigned long Py_Version = VERSION == 0x030c ? 0x030c01f0 : 0x030f02f0;
#endif

void *PyInterpreterState_Head(void)
{
#ifdef HEAD_ELSEWHERE
	return *(void **)&_PyRuntime.begin[8];
#else
	return _PyRuntime.head;
#endif
}

int PyThread_tss_is_created(struct tss *tss)
{
	return tss->created;
}

void *PyThread_tss_get(struct tss *tss)
{
	return pthread_getspecific(tss->key);
}

/* With a rare half that is worth a place of its own. */
__attribute__((cold, noinline)) static void rare(void *tstate, int code)
{
	fprintf(stderr, "%p %d\n", tstate, code);
}

void *_PyEval_EvalFrameDefault(void *tstate, void *frame, int throw)
{
	volatile char room[200];

	for (int i = 0; i < throw; i++) {
		room[i & 127] = ((char *)frame)[i];
		if (__builtin_expect(room[i & 127] == 1, 0)) {
			rare(tstate, i);
			room[i & 63] = 2;
			rare(frame, room[3]);
		}
	}
	return (void *)(uintptr_t)room[throw &127];
}

int main(void)
{
	return _PyEval_EvalFrameDefault(NULL, "", 0) && Py_GetVersion;
}
