// SPDX-License-Identifier: Apache-2.0
/*
 * A program that exports an interpreter's symbols, and keeps in memory what a reader of such interpreters
 * must not believe: liar CASE. Works for ever. VERSION 0x0308 or 0x030f, as in made_interpreter.c.
 */
#define main nobodys_main
#include "made_interpreter.c"
#undef main

#include <stdlib.h>
#include <string.h>

#if VERSION == 0x0308
enum {
	BACK_OFF = 24,
	CODE_OFF = 32,
	TSTATE_FRAME = 24,
	TSTATE_ID = 176,
	FIRST_LINE = 40,
	FILENAME = 104,
	NAME = 112,
	TABLE = 120,
	TEXT = 48
};
#else
enum {
	BACK_OFF = 8,
	CODE_OFF = 0,
	TSTATE_FRAME = 72,
	TSTATE_ID = 176,
	FIRST_LINE = 68,
	FILENAME = 112,
	NAME = 120,
	QUALNAME = 128,
	TABLE = 136,
	TEXT = 40,
	OWNER = 74
};
#endif
#define OBJECT 1024
#define FRAMES 8
#define WILD ((void *)0xdeadbeef000)
#define KERNEL ((void *)0xffffffff81000000)

struct object {
	char bytes[OBJECT];
} __attribute__((aligned(16)));

static struct object tstate, interp, frames[FRAMES], codes[FRAMES], names[FRAMES], file, table,
	stranger;

static void set(struct object *o, int off, const void *value)
{
	__atomic_store_n((const void **)(o->bytes + off), value, __ATOMIC_RELAXED);
}

static void set_u32(struct object *o, int off, unsigned int value)
{
	memcpy(o->bytes + off, &value, sizeof(value));
}

/* Compact, of ASCII characters. */
static void make_text(struct object *o, const char *text)
{
	set(o, 0, (void *)1);
	set(o, 16, (void *)strlen(text));
	set_u32(o, 32, 1 << 2 | 1 << 5 | 1 << 6);
	strcpy(o->bytes + TEXT, text);
}

static void make_code(int i)
{
	char name[16];

	snprintf(name, sizeof(name), "good%d", i);
	make_text(&names[i], name);
	set(&codes[i], 0, (void *)1);
	set(&codes[i], 8, &PyCode_Type);
	set_u32(&codes[i], FIRST_LINE, 100 + i);
	set(&codes[i], FILENAME, &file);
	set(&codes[i], NAME, &names[i]);
#if VERSION == 0x030f
	set(&codes[i], QUALNAME, &names[i]);
#endif
	set(&codes[i], TABLE, &table);
}

/* good0 is called by good1, and so on; on 3.15 the last is the entry of the eval loop. */
static void make_good(void)
{
	make_text(&file, "/liar.py");
	set(&table, 0, (void *)1);
	for (int i = 0; i < FRAMES; i++) {
		make_code(i);
		set(&frames[i], CODE_OFF, &codes[i]);
		set(&frames[i], BACK_OFF, i + 1 < FRAMES ? &frames[i + 1] : NULL);
	}
#if VERSION == 0x030f
	frames[FRAMES - 1].bytes[OWNER] = 3;
#endif
	set(&tstate, 16, &interp);
	set(&tstate, TSTATE_FRAME, &frames[0]);
	set(&tstate, TSTATE_ID, (void *)pthread_self());
}

static void good(void)
{
}

static void cycle(void)
{
	set(&frames[3], BACK_OFF, &frames[0]);
}

static void own_caller(void)
{
	set(&frames[2], BACK_OFF, &frames[2]);
}

static void only_entries(void)
{
#if VERSION == 0x030f
	for (int i = 0; i < FRAMES; i++)
		frames[i].bytes[OWNER] = 3;
	set(&frames[7], BACK_OFF, &frames[0]);
#endif
}

static void wild_frame(void)
{
	set(&frames[2], BACK_OFF, WILD);
}

static void kernel_frame(void)
{
	set(&frames[2], BACK_OFF, KERNEL);
}

static void unaligned_frame(void)
{
	set(&frames[2], BACK_OFF, frames[3].bytes + 3);
}

static void wild_code(void)
{
	set(&frames[2], CODE_OFF, WILD);
}

static void kernel_code(void)
{
	set(&frames[2], CODE_OFF, KERNEL);
}

static void no_code(void)
{
	set(&frames[2], CODE_OFF, &stranger);
}

static void huge_name(void)
{
	set(&names[0], 16, (void *)(1L << 60));
}

static void negative_name(void)
{
	set(&names[0], 16, (void *)-8L);
}

static void wild_name(void)
{
	set(&codes[0], NAME, WILD);
#if VERSION == 0x030f
	set(&codes[0], QUALNAME, WILD);
#endif
}

static void strange_name(void)
{
	set_u32(&names[0], 32, 7 << 2 | 1 << 5);
}

static void name_elsewhere(void)
{
	set_u32(&names[0], 32, 4 << 2); /* not compact: a pointer to its characters */
	for (int off = 40; off < 120; off += 8)
		set(&names[0], off, WILD);
}

static void huge_table(void)
{
	set(&table, 16, (void *)(1L << 62));
}

static void wild_table(void)
{
	set(&codes[0], TABLE, KERNEL);
}

static void *wild_state;

static void state_nowhere(void)
{
	wild_state = (void *)0x4141414141414141;
}

static void state_in_kernel(void)
{
	wild_state = KERNEL;
}

static void key_nowhere(void)
{
#if VERSION == 0x0308
	_PyRuntime.key.key = 1 << 30;
#endif
}

static void nothing(void)
{
	memset(&tstate, 0, sizeof(tstate));
}

/* Another thread changes what leads from frame to frame, right and wrong places. */
static void *change(void *unused)
{
	static void *const places[] = { &frames[0], &frames[3], &frames[5], &stranger,
					WILD,	    KERNEL,	NULL,	    &tstate };
	unsigned int seed = 1;

	for (;;) {
		set(&frames[rand_r(&seed) % FRAMES], BACK_OFF, places[rand_r(&seed) % 8]);
		set(&frames[rand_r(&seed) % FRAMES], CODE_OFF,
		    rand_r(&seed) % 4 ? &codes[2] : places[rand_r(&seed) % 8]);
	}
	return unused;
}

static void changing(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, change, NULL))
		exit(1);
}

static const struct {
	const char *name;
	void (*spoil)(void);
} cases[] = {
#define CASE(name)          \
	{                   \
#name, name \
	}
	CASE(good),	   CASE(cycle),		CASE(own_caller),      CASE(only_entries),
	CASE(wild_frame),  CASE(kernel_frame),	CASE(unaligned_frame), CASE(wild_code),
	CASE(kernel_code), CASE(no_code),	CASE(huge_name),       CASE(negative_name),
	CASE(wild_name),   CASE(strange_name),	CASE(name_elsewhere),  CASE(huge_table),
	CASE(wild_table),  CASE(state_nowhere), CASE(state_in_kernel), CASE(key_nowhere),
	CASE(nothing),	   CASE(changing),
};

static void publish(void *state)
{
#if VERSION == 0x0308
	if (!_PyRuntime.key.created)
		pthread_key_create(&_PyRuntime.key.key, NULL);
	_PyRuntime.key.created = 1;
	pthread_setspecific(_PyRuntime.key.key, state);
	_PyRuntime.head = &interp;
	_PyRuntime.auto_interpreter = &interp;
#else
	_PyRuntime.head = &interp;
	set_gilstate(state);
#endif
}

static volatile unsigned long turns;

__attribute__((noinline)) static void busy(void)
{
	for (;;)
		turns++;
}

int main(int argc, char **argv)
{
	make_good();
	publish(&tstate);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (argc > 1 && !strcmp(argv[1], cases[i].name))
			cases[i].spoil();
	if (wild_state)
		publish(wild_state);
	puts("ready");
	fflush(stdout);
	busy();
	return nobodys_main();
}
