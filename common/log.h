// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Messages for people, to standard error: "sonde: text". The function that decides what happens
 * next logs, once, in words that say what to do; libraries return errors and stay below INFO.
 */
#include <stdarg.h>

enum log_level { LOG_NONE = -1, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
enum log_level log_level(void);

void log_vprint(enum log_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
void log_print(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)
