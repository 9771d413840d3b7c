// SPDX-License-Identifier: Apache-2.0
#include "collector/python/glue.h"

#include <stdlib.h>
#include <string.h>

/* Sorted; those with a dot are what a stripped file's tables call them. CPython 2.7 to 3.15, Python/ceval.c,
 * Objects/call.c, classobject.c, descrobject.c, funcobject.c, typeobject.c, genobject.c,
 * Python/pythonrun.c, Modules/main.c. */
static const char *const glue[] = {
	"PyCFunction_Call",
	"PyCFunction_Fast",
	"PyEval_CallObjectWithKeywords",
	"PyEval_EvalCode",
	"PyEval_EvalCodeEx",
	"PyEval_EvalFrame",
	"PyEval_EvalFrameEx",
	"PyFunction_Fast",
	"PyGen_am_send",
	"PyIter_Send",
	"PyObject_Call",
	"PyObject_CallFunctionObjArgs",
	"PyObject_CallMethod",
	"PyObject_CallMethodObjArgs",
	"PyObject_CallNoArgs",
	"PyObject_CallObject",
	"PyObject_CallOneArg",
	"PyObject_Vectorcall",
	"PyObject_VectorcallMethod",
	"PyRun_AnyFileExFlags",
	"PyRun_FileExFlags",
	"PyRun_SimpleFileExFlags",
	"PyRun_StringFlags",
	"PyVectorcall_Call",
	"Py_BytesMain",
	"Py_Main",
	"Py_RunMain",
	"_PyCFunction_FastCallDict",
	"_PyCFunction_FastCallKeywords",
	"_PyCallMethodDescriptorFastWithKeywords_StackRef",
	"_PyCallMethodDescriptorFast_StackRef",
	"_PyEval_EvalCode",
	"_PyEval_EvalCodeWithName",
	"_PyEval_EvalFrame",
	"_PyEval_EvalFrameDefault",
	"_PyEval_Vector",
	"_PyFunction_FastCallDict",
	"_PyFunction_FastCallKeywords",
	"_PyFunction_Vectorcall",
	"_PyMethodDef_RawFastCallDict",
	"_PyMethodDef_RawFastCallKeywords",
	"_PyMethodDescr_FastCallKeywords",
	"_PyMethodDescr_Vectorcall",
	"_PyObject_Call",
	"_PyObject_CallFunctionVa",
	"_PyObject_CallFunction_SizeT",
	"_PyObject_CallMethod",
	"_PyObject_CallMethodId",
	"_PyObject_CallMethodIdObjArgs",
	"_PyObject_CallNoArgsTstate",
	"_PyObject_Call_Prepend",
	"_PyObject_FastCall",
	"_PyObject_FastCallDict",
	"_PyObject_FastCallDictTstate",
	"_PyObject_FastCallKeywords",
	"_PyObject_FastCall_Prepend",
	"_PyObject_MakeTpCall",
	"_PyObject_Vectorcall",
	"_PyObject_VectorcallDictTstate",
	"_PyObject_VectorcallMethodId",
	"_PyObject_VectorcallTstate",
	"_PyRun_AnyFileObject",
	"_PyRun_SimpleFile",
	"_PyRun_SimpleFileObject",
	"_PyVectorcall_Call",
	"_Py_BuiltinCallFastWithKeywords_StackRef",
	"_Py_BuiltinCallFast_StackRef",
	"_Py_CallBuiltinClass_StackRef",
	"_Py_VectorCallInstrumentation_StackRefSteal",
	"_Py_VectorCall_StackRefSteal",
	"builtin_function_or_method.tp_call",
	"call_function",
	"call_method",
	"call_unbound",
	"cfunction_call",
	"cfunction_call_varargs",
	"cfunction_vectorcall_FASTCALL",
	"cfunction_vectorcall_FASTCALL_KEYWORDS",
	"cfunction_vectorcall_FASTCALL_KEYWORDS_METHOD",
	"cfunction_vectorcall_NOARGS",
	"cfunction_vectorcall_O",
	"classmethod_descriptor.tp_call",
	"classmethoddescr_call",
	"coroutine.send",
	"coroutine_wrapper.send",
	"coroutine_wrapper.tp_iternext",
	"do_call_core",
	"fast_function",
	"function.tp_call",
	"function_call",
	"function_code_fastcall",
	"gen_iternext",
	"gen_send",
	"gen_send_ex",
	"gen_send_ex2",
	"generator.send",
	"generator.tp_iternext",
	"instancemethod.tp_call",
	"instancemethod_call",
	"method-wrapper.tp_call",
	"method.tp_call",
	"method_call",
	"method_descriptor.tp_call",
	"method_vectorcall",
	"method_vectorcall_FASTCALL",
	"method_vectorcall_FASTCALL_KEYWORDS",
	"method_vectorcall_FASTCALL_KEYWORDS_METHOD",
	"method_vectorcall_NOARGS",
	"method_vectorcall_O",
	"method_vectorcall_VARARGS",
	"method_vectorcall_VARARGS_KEYWORDS",
	"object_vacall",
	"py_trampoline_evaluator",
	"pymain_main",
	"pymain_run_command",
	"pymain_run_file",
	"pymain_run_file_obj",
	"pymain_run_module",
	"pymain_run_python",
	"pymain_run_startup",
	"pyrun_file",
	"run_eval_code_obj",
	"run_file",
	"run_mod",
	"slot_tp_call",
	"slot_tp_init",
	"slot_tp_new",
	"type.tp_call",
	"type_call",
	"vectorcall_maybe",
	"vectorcall_method",
	"vectorcall_unbound",
	"wrapper_descriptor.tp_call",
	"wrapperdescr_call",
};

static int compare(const void *name, const void *entry)
{
	return strcmp(name, *(const char *const *)entry);
}

/* Without what the compiler adds: .isra.0, .constprop.0, .cold */
static size_t plain_length(const char *name)
{
	return strcspn(name, ".");
}

bool python_takes_gil(const char *name)
{
	return plain_length(name) == strlen("take_gil") && !strncmp(name, "take_gil", 8);
}

static bool is_listed(const char *name)
{
	return bsearch(name, glue, sizeof(glue) / sizeof(*glue), sizeof(*glue), compare);
}

bool python_is_glue(const char *name)
{
	size_t len = plain_length(name);
	char plain[64];

	if (is_listed(name))
		return true;
	if (len >= sizeof(plain))
		return false;
	memcpy(plain, name, len);
	plain[len] = 0;
	return is_listed(plain);
}
