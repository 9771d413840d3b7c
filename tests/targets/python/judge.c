// SPDX-License-Identifier: Apache-2.0
/*
 * A judge inside the interpreter, built once per version against that version's own headers: on a signal
 * it writes the Python stack of the thread that it interrupted,
 *
 *   K:HEX K:HEX LINE	one frame, youngest first: name (qualified from 3.11 on) and file, as bytes per
 *			character and the characters; line -1: the table has none for this instruction
 *   end TID WHY GIL	ok; none: no Python thread; torn: the chain could not be followed. GIL: holds, free
 *
 * Whatever is read is asked for by process_vm_readv() first: in the middle of an instruction that links a
 * frame, the chain may end in memory that is no frame.
 */
#include <patchlevel.h>
#if PY_VERSION_HEX >= 0x030b0000
#define Py_BUILD_CORE 1
#endif
#include <Python.h>
#include <frameobject.h>
#if PY_VERSION_HEX >= 0x030b0000
#include "internal/pycore_frame.h"
#endif
#if PY_VERSION_HEX >= 0x030e0000
#include "internal/pycore_interpframe.h"
#endif

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FRAMES 100000

static char text[32 << 20];
static size_t used;
static char busy;
static int out;

static int readable(const void *at, size_t size)
{
	static char copy[4096];
	struct iovec from = { (void *)at, size }, to = { copy, size };

	return size <= sizeof(copy) &&
	       syscall(SYS_process_vm_readv, getpid(), &to, 1, &from, 1, 0) == (long)size;
}

static void put(const char *words)
{
	while (*words && used < sizeof(text))
		text[used++] = *words++;
}

static void put_number(long value)
{
	char digits[24], *at = digits + sizeof(digits);
	unsigned long rest = value < 0 ? 0UL - (unsigned long)value : (unsigned long)value;

	*--at = 0;
	do {
		*--at = (char)('0' + rest % 10);
	} while (rest /= 10);
	if (value < 0)
		*--at = '-';
	put(at);
}

static void put_hex(const unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size && used + 2 < sizeof(text); i++) {
		text[used++] = "0123456789abcdef"[data[i] >> 4];
		text[used++] = "0123456789abcdef"[data[i] & 15];
	}
}

#if PY_MAJOR_VERSION == 2
static void put_string(PyObject *s)
{
	put("1:");
	put_hex((const unsigned char *)PyString_AS_STRING(s), (size_t)PyString_GET_SIZE(s));
}
#else
static void put_string(PyObject *s)
{
	put_number((long)PyUnicode_KIND(s));
	put(":");
	put_hex(PyUnicode_DATA(s), (size_t)PyUnicode_KIND(s) * (size_t)PyUnicode_GET_LENGTH(s));
}
#endif

static void put_frame(PyCodeObject *code, int line)
{
#if PY_VERSION_HEX >= 0x030b0000
	put_string(code->co_qualname);
#else
	put_string(code->co_name);
#endif
	put(" ");
	put_string(code->co_filename);
	put(" ");
	put_number(line);
	put("\n");
}

static int is_code(const void *code)
{
	return readable(code, sizeof(PyCodeObject)) && Py_TYPE((PyObject *)code) == &PyCode_Type;
}

#if PY_VERSION_HEX < 0x030b0000

static const char *put_stack(PyThreadState *thread)
{
	PyFrameObject *frame = thread->frame;

	for (int i = 0; frame; i++, frame = frame->f_back) {
		if (i == MAX_FRAMES || !readable(frame, sizeof(*frame)) || !is_code(frame->f_code))
			return "torn";
		put_frame(frame->f_code, PyFrame_GetLineNumber(frame));
	}
	return "ok";
}

#else

#if PY_VERSION_HEX < 0x030d0000
#define NEWEST(thread) ((thread)->cframe->current_frame)
#else
#define NEWEST(thread) ((thread)->current_frame)
#endif

#if PY_VERSION_HEX < 0x030c0000
#define IS_PYTHON(frame) 1
#elif PY_VERSION_HEX < 0x030e0000
#define IS_PYTHON(frame) ((frame)->owner < FRAME_OWNED_BY_CSTACK)
#else
#define IS_PYTHON(frame) ((frame)->owner < FRAME_OWNED_BY_INTERPRETER)
#endif

static const void *code_of(_PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030e0000
	return PyStackRef_AsPyObjectBorrow(frame->f_executable);
#elif PY_VERSION_HEX >= 0x030d0000
	return frame->f_executable;
#else
	return frame->f_code;
#endif
}

static const char *put_stack(PyThreadState *thread)
{
	_PyInterpreterFrame *frame = NEWEST(thread);

	for (int i = 0; frame; i++, frame = frame->previous) {
		PyCodeObject *code;

		if (i == MAX_FRAMES || !readable(frame, offsetof(_PyInterpreterFrame, localsplus)))
			return "torn";
		if (!IS_PYTHON(frame))
			continue;
		code = (PyCodeObject *)code_of(frame);
		if (!is_code(code))
			return "torn";
		put_frame(code, PyCode_Addr2Line(code, (int)(_PyInterpreterFrame_LASTI(frame) *
							      (int)sizeof(_Py_CODEUNIT))));
	}
	return "ok";
}

#endif

/* 2.7 keeps its key under a lock: by the lists instead. */
static PyThreadState *this_thread(void)
{
#if PY_MAJOR_VERSION == 2
	for (PyInterpreterState *i = PyInterpreterState_Head(); i; i = PyInterpreterState_Next(i))
		for (PyThreadState *t = PyInterpreterState_ThreadHead(i); t; t = PyThreadState_Next(t))
			if (t->thread_id == (long)pthread_self())
				return t;
	return NULL;
#else
	return PyGILState_GetThisThreadState();
#endif
}

/* PyGILState_Check() came with 3.4. */
static int holds_gil(PyThreadState *thread)
{
#if PY_MAJOR_VERSION == 2
	return thread && thread == _PyThreadState_Current;
#else
	return thread && PyGILState_Check();
#endif
}

static void on_signal(int signal)
{
	PyThreadState *thread = this_thread();
	int saved = errno;
	const char *why;

	(void)signal;
	while (__atomic_test_and_set(&busy, __ATOMIC_ACQUIRE)) /* another thread's answer first */
		sched_yield();
	used = 0;
	why = thread ? put_stack(thread) : "none";
	put("end ");
	put_number(syscall(SYS_gettid));
	put(" ");
	put(why);
	put(holds_gil(thread) ? " holds" : " free");
	put("\n");
	for (size_t done = 0; done < used;) {
		ssize_t wrote = write(out, text + done, used - done);

		if (wrote <= 0)
			break;
		done += (size_t)wrote;
	}
	__atomic_clear(&busy, __ATOMIC_RELEASE);
	errno = saved;
}

/* On the thread's own stack. */
int judge_install(int signal, int fd)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	out = fd;
	return sigaction(signal, &action, NULL);
}
