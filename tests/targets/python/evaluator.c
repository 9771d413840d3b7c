// SPDX-License-Identifier: Apache-2.0
/* A PEP 523 evaluator, built once per version: every Python function is run through evaluate(). Python
 * 3.6 and newer; install() is called by ctypes. */
#include <patchlevel.h>
#if PY_VERSION_HEX < 0x03090000
#define Py_BUILD_CORE 1
#endif
#include <Python.h>
#if PY_VERSION_HEX >= 0x03080000 && PY_VERSION_HEX < 0x03090000
#include "internal/pycore_pystate.h"
#endif
#include <frameobject.h>

#if PY_VERSION_HEX >= 0x030b0000
#define FRAME struct _PyInterpreterFrame
#else
#define FRAME PyFrameObject
#endif

static unsigned long evaluated;

#if PY_VERSION_HEX >= 0x03090000
PyObject *evaluate(PyThreadState *tstate, FRAME *frame, int exc)
{
	PyObject *result = _PyEval_EvalFrameDefault(tstate, frame, exc);

	evaluated++; /* so that it is no tail call */
	return result;
}

void install(void)
{
	_PyInterpreterState_SetEvalFrameFunc(PyThreadState_Get()->interp, evaluate);
}
#else
PyObject *evaluate(FRAME *frame, int exc)
{
	PyObject *result = _PyEval_EvalFrameDefault(frame, exc);

	evaluated++;
	return result;
}

void install(void)
{
	PyThreadState_GET()->interp->eval_frame = evaluate;
}
#endif
