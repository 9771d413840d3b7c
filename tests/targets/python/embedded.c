// SPDX-License-Identifier: Apache-2.0
/*
 * A program that is linked against an interpreter's library and, being of fixed address, has copies of that
 * library's data in itself: the linker makes one for each object whose address its code says. 2.7, 3.8 and newer.
 */
#include <Python.h>

#if PY_MAJOR_VERSION == 2
#define RUN Py_Main
extern PyThreadState *_PyThreadState_Current;
#define OTHER &_PyThreadState_Current
#else
#define RUN Py_BytesMain
extern char _PyRuntime[];
#define OTHER _PyRuntime
#endif

static const void *volatile used;

int main(int argc, char **argv)
{
	used = &PyCode_Type;
#ifdef COPY_BOTH
	used = OTHER;
#endif
	return RUN(argc, argv);
}
