// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/type_slots.h"

#include <stddef.h>

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static const struct type_slot in_type[] = {
	{ 48, "tp_dealloc" },	 { 64, "tp_getattr" },	 { 72, "tp_setattr" },
	{ 88, "tp_repr" },	 { 120, "tp_hash" },	 { 128, "tp_call" },
	{ 136, "tp_str" },	 { 144, "tp_getattro" }, { 152, "tp_setattro" },
	{ 184, "tp_traverse" },	 { 192, "tp_clear" },	 { 200, "tp_richcompare" },
	{ 216, "tp_iter" },	 { 224, "tp_iternext" }, { 272, "tp_descr_get" },
	{ 280, "tp_descr_set" }, { 296, "tp_init" },	 { 304, "tp_alloc" },
	{ 312, "tp_new" },	 { 320, "tp_free" },	 { 328, "tp_is_gc" },
	{ 376, "tp_del" },
};
static const struct type_slot old_in_type[] = { { 56, "tp_print" }, { 80, "tp_compare" } };
static const struct type_slot finalize[] = { { 392, "tp_finalize" } };
static const struct type_slot vectorcall[] = { { 400, "tp_vectorcall" } };

static const struct type_slot number[] = {
	{ 0, "nb_add" },
	{ 8, "nb_subtract" },
	{ 16, "nb_multiply" },
	{ 24, "nb_remainder" },
	{ 32, "nb_divmod" },
	{ 40, "nb_power" },
	{ 48, "nb_negative" },
	{ 56, "nb_positive" },
	{ 64, "nb_absolute" },
	{ 72, "nb_bool" },
	{ 80, "nb_invert" },
	{ 88, "nb_lshift" },
	{ 96, "nb_rshift" },
	{ 104, "nb_and" },
	{ 112, "nb_xor" },
	{ 120, "nb_or" },
	{ 128, "nb_int" },
	{ 144, "nb_float" },
	{ 152, "nb_inplace_add" },
	{ 160, "nb_inplace_subtract" },
	{ 168, "nb_inplace_multiply" },
	{ 176, "nb_inplace_remainder" },
	{ 184, "nb_inplace_power" },
	{ 192, "nb_inplace_lshift" },
	{ 200, "nb_inplace_rshift" },
	{ 208, "nb_inplace_and" },
	{ 216, "nb_inplace_xor" },
	{ 224, "nb_inplace_or" },
	{ 232, "nb_floor_divide" },
	{ 240, "nb_true_divide" },
	{ 248, "nb_inplace_floor_divide" },
	{ 256, "nb_inplace_true_divide" },
	{ 264, "nb_index" },
	{ 272, "nb_matrix_multiply" },
	{ 280, "nb_inplace_matrix_multiply" },
};

static const struct type_slot old_number[] = {
	{ 0, "nb_add" },
	{ 8, "nb_subtract" },
	{ 16, "nb_multiply" },
	{ 24, "nb_divide" },
	{ 32, "nb_remainder" },
	{ 40, "nb_divmod" },
	{ 48, "nb_power" },
	{ 56, "nb_negative" },
	{ 64, "nb_positive" },
	{ 72, "nb_absolute" },
	{ 80, "nb_nonzero" },
	{ 88, "nb_invert" },
	{ 96, "nb_lshift" },
	{ 104, "nb_rshift" },
	{ 112, "nb_and" },
	{ 120, "nb_xor" },
	{ 128, "nb_or" },
	{ 136, "nb_coerce" },
	{ 144, "nb_int" },
	{ 152, "nb_long" },
	{ 160, "nb_float" },
	{ 168, "nb_oct" },
	{ 176, "nb_hex" },
	{ 184, "nb_inplace_add" },
	{ 192, "nb_inplace_subtract" },
	{ 200, "nb_inplace_multiply" },
	{ 208, "nb_inplace_divide" },
	{ 216, "nb_inplace_remainder" },
	{ 224, "nb_inplace_power" },
	{ 232, "nb_inplace_lshift" },
	{ 240, "nb_inplace_rshift" },
	{ 248, "nb_inplace_and" },
	{ 256, "nb_inplace_xor" },
	{ 264, "nb_inplace_or" },
	{ 272, "nb_floor_divide" },
	{ 280, "nb_true_divide" },
	{ 288, "nb_inplace_floor_divide" },
	{ 296, "nb_inplace_true_divide" },
	{ 304, "nb_index" },
};

static const struct type_slot sequence[] = {
	{ 0, "sq_length" },	     { 8, "sq_concat" },	  { 16, "sq_repeat" },
	{ 24, "sq_item" },	     { 40, "sq_ass_item" },	  { 56, "sq_contains" },
	{ 64, "sq_inplace_concat" }, { 72, "sq_inplace_repeat" },
};
static const struct type_slot old_sequence[] = { { 32, "sq_slice" }, { 48, "sq_ass_slice" } };

static const struct type_slot mapping[] = {
	{ 0, "mp_length" },
	{ 8, "mp_subscript" },
	{ 16, "mp_ass_subscript" },
};

static const struct type_slot async[] = {
	{ 0, "am_await" },
	{ 8, "am_aiter" },
	{ 16, "am_anext" },
};
static const struct type_slot async_send[] = { { 24, "am_send" } };

static const struct type_slot buffer[] = { { 0, "bf_getbuffer" }, { 8, "bf_releasebuffer" } };
static const struct type_slot old_buffer[] = {
	{ 0, "bf_getreadbuffer" },  { 8, "bf_getwritebuffer" }, { 16, "bf_getsegcount" },
	{ 24, "bf_getcharbuffer" }, { 32, "bf_getbuffer" },	{ 40, "bf_releasebuffer" },
};

#define ASYNC 80
#define NUMBER 96
#define SEQUENCE 104
#define MAPPING 112
#define BUFFER 160
#define GROUP(pointer, list)               \
	{                                  \
		pointer, COUNT(list), list \
	}

static const struct slot_group python2[] = {
	GROUP(0, in_type),
	GROUP(0, old_in_type),
	GROUP(NUMBER, old_number),
	GROUP(SEQUENCE, sequence),
	GROUP(SEQUENCE, old_sequence),
	GROUP(MAPPING, mapping),
	GROUP(BUFFER, old_buffer),
	{ 0 },
};
#define PYTHON3                                                                                  \
	GROUP(0, in_type), GROUP(0, finalize), GROUP(NUMBER, number), GROUP(SEQUENCE, sequence), \
		GROUP(MAPPING, mapping), GROUP(ASYNC, async), GROUP(BUFFER, buffer)
static const struct slot_group python3[] = { PYTHON3, { 0 } };
static const struct slot_group python38[] = { PYTHON3, GROUP(0, vectorcall), { 0 } };
static const struct slot_group python310[] = {
	PYTHON3, GROUP(0, vectorcall), GROUP(ASYNC, async_send), { 0 }
};

const struct slot_group *type_slot_groups(const struct python_abi *abi)
{
	if (abi->python2)
		return python2;
	if (abi->has_am_send)
		return python310;
	return abi->has_vectorcall ? python38 : python3;
}

/* Of typeslots.h; what is no function (methods, members, doc, bases) has no name. */
static const char *const by_id[SLOT_MAX + 1] = {
	[1] = "bf_getbuffer",
	[2] = "bf_releasebuffer",
	[3] = "mp_ass_subscript",
	[4] = "mp_length",
	[5] = "mp_subscript",
	[6] = "nb_absolute",
	[7] = "nb_add",
	[8] = "nb_and",
	[9] = "nb_bool",
	[10] = "nb_divmod",
	[11] = "nb_float",
	[12] = "nb_floor_divide",
	[13] = "nb_index",
	[14] = "nb_inplace_add",
	[15] = "nb_inplace_and",
	[16] = "nb_inplace_floor_divide",
	[17] = "nb_inplace_lshift",
	[18] = "nb_inplace_multiply",
	[19] = "nb_inplace_or",
	[20] = "nb_inplace_power",
	[21] = "nb_inplace_remainder",
	[22] = "nb_inplace_rshift",
	[23] = "nb_inplace_subtract",
	[24] = "nb_inplace_true_divide",
	[25] = "nb_inplace_xor",
	[26] = "nb_int",
	[27] = "nb_invert",
	[28] = "nb_lshift",
	[29] = "nb_multiply",
	[30] = "nb_negative",
	[31] = "nb_or",
	[32] = "nb_positive",
	[33] = "nb_power",
	[34] = "nb_remainder",
	[35] = "nb_rshift",
	[36] = "nb_subtract",
	[37] = "nb_true_divide",
	[38] = "nb_xor",
	[39] = "sq_ass_item",
	[40] = "sq_concat",
	[41] = "sq_contains",
	[42] = "sq_inplace_concat",
	[43] = "sq_inplace_repeat",
	[44] = "sq_item",
	[45] = "sq_length",
	[46] = "sq_repeat",
	[47] = "tp_alloc",
	[50] = "tp_call",
	[51] = "tp_clear",
	[52] = "tp_dealloc",
	[53] = "tp_del",
	[54] = "tp_descr_get",
	[55] = "tp_descr_set",
	[57] = "tp_getattr",
	[58] = "tp_getattro",
	[59] = "tp_hash",
	[60] = "tp_init",
	[61] = "tp_is_gc",
	[62] = "tp_iter",
	[63] = "tp_iternext",
	[65] = "tp_new",
	[66] = "tp_repr",
	[67] = "tp_richcompare",
	[68] = "tp_setattr",
	[69] = "tp_setattro",
	[70] = "tp_str",
	[71] = "tp_traverse",
	[74] = "tp_free",
	[75] = "nb_matrix_multiply",
	[76] = "nb_inplace_matrix_multiply",
	[77] = "am_await",
	[78] = "am_aiter",
	[79] = "am_anext",
	[80] = "tp_finalize",
	[81] = "am_send",
	[82] = "tp_vectorcall",
};

const char *type_slot_name(uint64_t id)
{
	return id <= SLOT_MAX ? by_id[id] : NULL;
}
