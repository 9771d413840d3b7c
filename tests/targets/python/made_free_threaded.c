// SPDX-License-Identifier: Apache-2.0
/*
 * What stands in for CPython 3.14t and 3.15t, which no Debian package has: its own headers, compiled without
 * the GIL, say how its structs lie, and this program fills them as the interpreter does.
 *
 *   facts  prints the offsets as print_python does, and where its variables are
 *   run    prints "ready" and works for ever, as:
 *              inner  /made up/threads.py, line 31, the thread's own copy of the code
 *              work_in_c
 *              outer  /made up/threads.py, line 13, the same
 */
#define Py_BUILD_CORE 1
#include <Python.h>
#include "internal/pycore_code.h"
#include "internal/pycore_debug_offsets.h"
#include "internal/pycore_interpframe.h"
#include "internal/pycore_runtime_init.h"
#include "internal/pycore_tstate.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

#define PUBLIC __attribute__((visibility("default")))
#define FUNCTION PUBLIC __attribute__((noinline))

_Static_assert(offsetof(PyCodeObject, co_tlbc) == offsetof(PyCodeObject, co_code_adaptive) - 8, "as sonde reads it");

PUBLIC const unsigned long Py_Version = PY_VERSION_HEX;
PUBLIC _PyRuntimeState _PyRuntime = { .debug_offsets = _Py_DebugOffsets_INIT(_Py_Debug_Cookie) };

static PyMemberDef code_members[] = {
	{ "co_argcount", Py_T_INT, offsetof(PyCodeObject, co_argcount), Py_READONLY, NULL },
	{ "co_flags", Py_T_INT, offsetof(PyCodeObject, co_flags), Py_READONLY, NULL },
	{ "co_filename", _Py_T_OBJECT, offsetof(PyCodeObject, co_filename), Py_READONLY, NULL },
	{ "co_name", _Py_T_OBJECT, offsetof(PyCodeObject, co_name), Py_READONLY, NULL },
	{ "co_qualname", _Py_T_OBJECT, offsetof(PyCodeObject, co_qualname), Py_READONLY, NULL },
	{ "co_firstlineno", Py_T_INT, offsetof(PyCodeObject, co_firstlineno), Py_READONLY, NULL },
	{ "co_linetable", _Py_T_OBJECT, offsetof(PyCodeObject, co_linetable), Py_READONLY, NULL },
	{ NULL, 0, 0, 0, NULL },
};
PUBLIC PyTypeObject PyUnicode_Type = { .tp_name = "str" };
PUBLIC PyTypeObject PyCode_Type = {
	.tp_name = "code",
	.tp_basicsize = offsetof(PyCodeObject, co_code_adaptive),
	.tp_members = code_members,
};

PUBLIC int PyThread_tss_is_created(Py_tss_t *key)
{
	return key->_is_initialized;
}

FUNCTION void *PyThread_tss_get(Py_tss_t *key)
{
	return pthread_getspecific(key->_key);
}

#if PY_VERSION_HEX < 0x030f0000
FUNCTION PyThreadState *PyGILState_GetThisThreadState(void)
{
	if (!PyThread_tss_is_created(&_PyRuntime.autoTSSkey))
		return NULL;
	return PyThread_tss_get(&_PyRuntime.autoTSSkey);
}

static void bind_thread(PyThreadState *thread)
{
	pthread_key_create(&_PyRuntime.autoTSSkey._key, NULL);
	_PyRuntime.autoTSSkey._is_initialized = 1;
	pthread_setspecific(_PyRuntime.autoTSSkey._key, thread);
}
#else
static __thread PyThreadState *this_thread;

FUNCTION PyThreadState *PyGILState_GetThisThreadState(void)
{
	return this_thread;
}

static void bind_thread(PyThreadState *thread)
{
	this_thread = thread;
}
#endif

FUNCTION PyInterpreterState *PyInterpreterState_Head(void)
{
	return _PyRuntime.interpreters.head;
}

static void work_in_c(PyThreadState *thread);

FUNCTION PyObject *_PyEval_EvalFrameDefault(PyThreadState *thread, _PyInterpreterFrame *frame, int is_leaf)
{
	_PyInterpreterFrame shim = { .previous = thread->current_frame, .owner = FRAME_OWNED_BY_INTERPRETER };

	frame->previous = &shim;
	thread->current_frame = frame;
	if (!is_leaf)
		work_in_c(thread);
	for (volatile unsigned long i = 0; is_leaf; i++)
		;
	thread->current_frame = shim.previous;
	return NULL;
}

#define TEXT(literal) { ._ascii = _PyUnicode_ASCII_BASE_INIT(literal, 1), ._data = literal }
static struct {
	PyASCIIObject _ascii;
	char _data[32];
} outer_name = TEXT("outer"), inner_name = TEXT("inner"), file_name = TEXT("/made up/threads.py");

/* Three units in the line 3 below the first, four in the line 8 below that: no columns, svarint. */
#define LINES { (char)0xea, 3 << 1, (char)0xeb, 8 << 1 }
static struct {
	PyObject_VAR_HEAD
	Py_hash_t hash;
	char bytes[8];
} lines = { .ob_base = { .ob_size = 4 }, .bytes = LINES };

static struct made_code _PyCode_DEF(64) outer_code, inner_code;

/* A frame that is at a unit of the thread's own copy of the code. */
static void make(_PyInterpreterFrame *frame, void *made, void *name, int first_line, int unit)
{
	static struct {
		Py_ssize_t size;
		char *entries[2];
	} copies[2];
	static _Py_CODEUNIT own[2][32];
	static int cnt;
	PyCodeObject *code = made;

	copies[cnt].size = 2;
	copies[cnt].entries[0] = code->co_code_adaptive;
	copies[cnt].entries[1] = (char *)own[cnt];
	code->ob_base.ob_base.ob_type = &PyCode_Type;
	code->ob_base.ob_base.ob_ref_local = 1;
	code->co_name = code->co_qualname = name;
	code->co_filename = (PyObject *)&file_name;
	code->co_linetable = (PyObject *)&lines;
	code->co_firstlineno = first_line;
	code->co_tlbc = (_PyCodeArray *)&copies[cnt];
	frame->f_executable.bits = (uintptr_t)code | 1;
	frame->instr_ptr = own[cnt++] + unit;
	frame->tlbc_index = 1;
	frame->owner = FRAME_OWNED_BY_THREAD;
}

static __attribute__((noinline)) void work_in_c(PyThreadState *thread)
{
	static _PyInterpreterFrame inner;

	make(&inner, &inner_code, &inner_name, 20, 4);
	_PyEval_EvalFrameDefault(thread, &inner, 1);
	puts("never");
}

static void print_facts(void)
{
	extern char __executable_start[];

#define FIELD(name, value) printf("layout.%s %d\n", #name, (int)(value))
	FIELD(version, PY_VERSION_HEX >> 16);
	FIELD(ob_type, offsetof(PyObject, ob_type));
	FIELD(tstate_next, offsetof(PyThreadState, next));
	FIELD(tstate_interp, offsetof(PyThreadState, interp));
	FIELD(tstate_frame, offsetof(PyThreadState, current_frame));
	FIELD(tstate_thread_id, offsetof(PyThreadState, thread_id));
	FIELD(interp_next, offsetof(PyInterpreterState, next));
	FIELD(interp_threads, offsetof(PyInterpreterState, threads.head));
	FIELD(frame_size, sizeof(_PyInterpreterFrame));
	FIELD(frame_previous, offsetof(_PyInterpreterFrame, previous));
	FIELD(frame_code, offsetof(_PyInterpreterFrame, f_executable));
	FIELD(frame_position, offsetof(_PyInterpreterFrame, instr_ptr));
	FIELD(frame_owner, offsetof(_PyInterpreterFrame, owner));
	FIELD(frame_tlbc_index, offsetof(_PyInterpreterFrame, tlbc_index));
	FIELD(code_size, offsetof(PyCodeObject, co_code_adaptive));
	FIELD(code_first_line, offsetof(PyCodeObject, co_firstlineno));
	FIELD(code_name, offsetof(PyCodeObject, co_name));
	FIELD(code_qualname, offsetof(PyCodeObject, co_qualname));
	FIELD(code_filename, offsetof(PyCodeObject, co_filename));
	FIELD(code_line_table, offsetof(PyCodeObject, co_linetable));
	FIELD(code_version, offsetof(PyCodeObject, co_version));
	FIELD(code_flags, offsetof(PyCodeObject, co_flags));
	FIELD(code_argcount, offsetof(PyCodeObject, co_argcount));
#if PY_VERSION_HEX >= 0x030f0000
	FIELD(tstate_sentinel, offsetof(_PyThreadStateImpl, base_frame));
#else
	printf("key %lx\n", (unsigned long)((char *)&_PyRuntime.autoTSSkey._key - __executable_start));
#endif
	printf("interp_head %lx\n", (unsigned long)((char *)&_PyRuntime.interpreters.head - __executable_start));
	printf("free_threaded 1\nhexversion %lx\nrefusal \n", Py_Version);
}

int main(int argc, char **argv)
{
	static _PyThreadStateImpl thread;
	static PyInterpreterState interpreter;
	static _PyInterpreterFrame outer;

	if (argc < 2 || *argv[1] == 'f') {
		print_facts();
		return 0;
	}
#if PY_VERSION_HEX >= 0x030f0000
	thread.base_frame.owner = FRAME_OWNED_BY_INTERPRETER;
	thread.base.current_frame = thread.base.base_frame = &thread.base_frame;
#endif
	_PyRuntime.interpreters.head = &interpreter;
	interpreter.threads.head = &thread.base;
	thread.base.interp = &interpreter;
	thread.base.thread_id = (unsigned long)pthread_self();
	bind_thread(&thread.base);
	puts("ready");
	fflush(stdout);
	make(&outer, &outer_code, &outer_name, 10, 1);
	_PyEval_EvalFrameDefault(&thread.base, &outer, 0);
	return 0;
}
