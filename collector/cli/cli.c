// SPDX-License-Identifier: Apache-2.0
#include "collector/cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/capture/event_table.h"
#include "common/log.h"

#define FOR_RECORD 1
#define FOR_REPLAY 2
#define FOR_REPORT 4
#define FOR_DOCTOR 8
#define FOR_DUMP 16
#define FOR_NAMES (FOR_RECORD | FOR_REPLAY | FOR_DUMP) /* where functions get their names */
#define FOR_ALL (FOR_RECORD | FOR_REPLAY | FOR_REPORT | FOR_DOCTOR | FOR_DUMP)
#define MAX_OPTS 64

struct cli_opt;
typedef int (*opt_parser)(const struct cli_opt *opt, const char *arg, struct options *options);

struct cli_opt {
	int short_name; /* or a number above 255 */
	const char *long_name;
	const char *arg; /* NULL: none */
	opt_parser parse;
	size_t offset; /* of the field, for parsers that want one */
	unsigned long min, max; /* numbers; min is the enum report_view of parse_view */
	unsigned int commands; /* FOR_* */
	bool hidden;
	const char *help;
};

#define FIELD(name) offsetof(struct options, name)

static int usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vprint(LOG_ERROR, format, args);
	va_end(args);
	return -EINVAL;
}

static void *field(const struct cli_opt *opt, struct options *options)
{
	return (char *)options + opt->offset;
}

static int parse_flag(const struct cli_opt *opt, const char *arg, struct options *options)
{
	(void)arg;
	*(bool *)field(opt, options) = true;
	return 0;
}

static int parse_count(const struct cli_opt *opt, const char *arg, struct options *options)
{
	(void)arg;
	++*(uint32_t *)field(opt, options);
	return 0;
}

static int parse_text(const struct cli_opt *opt, const char *arg, struct options *options)
{
	if (!*arg)
		return usage("--%s needs a value", opt->long_name);
	*(const char **)field(opt, options) = arg;
	return 0;
}

static int parse_number(const struct cli_opt *opt, const char *arg, struct options *options)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || value < opt->min || value > opt->max)
		return usage("--%s takes a number from %lu to %lu, not '%s'", opt->long_name,
			     opt->min, opt->max, arg);
	*(uint32_t *)field(opt, options) = (uint32_t)value;
	return 0;
}

/* "10", "10s", "500ms", "2m", "1h" */
static int parse_duration(const struct cli_opt *opt, const char *arg, struct options *options)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = { { "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "m", 60e9 }, { "h", 3600e9 } };
	char *end;
	double value = strtod(arg, &end);

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (end != arg && !strcmp(end, units[i].unit) && value < 1e6 &&
		    value * units[i].ns >= 1) {
			*(uint64_t *)field(opt, options) = (uint64_t)(value * units[i].ns);
			return 0;
		}
	return usage("--%s takes a time such as 10, 10s, 500ms, 2m, 1h, not '%s'", opt->long_name,
		     arg);
}

static int set_filter(struct options *options, enum filter_kind filter)
{
	if (options->filter != FILTER_NONE && options->filter != filter)
		return usage("choose one of -p, -t, --comm, --cgroup");
	options->filter = filter;
	return 0;
}

static int parse_ids(struct options *options, const char *arg, enum filter_kind filter)
{
	const char *at = arg;

	while (*at) {
		char *end;
		unsigned long id = strtoul(at, &end, 10);

		if (!isdigit((unsigned char)*at) || (*end && *end != ',') || (*end && !end[1]) ||
		    !id || id > INT32_MAX)
			return usage("'%s' is not a list of process or thread ids such as 12,345",
				     arg);
		if (options->ids_cnt == OPTIONS_MAX_IDS)
			return usage("at most %d ids", OPTIONS_MAX_IDS);
		options->ids[options->ids_cnt++] = (uint32_t)id;
		at = *end ? end + 1 : end;
	}
	return options->ids_cnt ? set_filter(options, filter) : usage("no id in '%s'", arg);
}

static int parse_pids(const struct cli_opt *opt, const char *arg, struct options *options)
{
	(void)opt;
	return parse_ids(options, arg, FILTER_PID);
}

static int parse_tids(const struct cli_opt *opt, const char *arg, struct options *options)
{
	(void)opt;
	return parse_ids(options, arg, FILTER_TID);
}

static int parse_comm(const struct cli_opt *opt, const char *arg, struct options *options)
{
	if (strlen(arg) >= COMM_LEN)
		log_warn(
			"the kernel keeps %d characters of a name: sampling processes named '%.*s'",
			COMM_LEN - 1, COMM_LEN - 1, arg);
	return parse_text(opt, arg, options) ? -EINVAL : set_filter(options, FILTER_COMM);
}

static int parse_cgroup(const struct cli_opt *opt, const char *arg, struct options *options)
{
	return parse_text(opt, arg, options) ? -EINVAL : set_filter(options, FILTER_CGROUP);
}

static int parse_event(const struct cli_opt *opt, const char *arg, struct options *options)
{
	char known[512];
	int len = 0;

	(void)opt;
	options->event = event_find(arg);
	if (options->event)
		return 0;
	for (unsigned int i = 0; event_at(i) && len < (int)sizeof(known); i++)
		len += snprintf(known + len, sizeof(known) - (size_t)len, " %s", event_at(i)->name);
	return usage("no event '%s'; there are:%s", arg, known);
}

static int parse_frequency(const struct cli_opt *opt, const char *arg, struct options *options)
{
	options->frequency_given = true;
	return parse_number(opt, arg, options);
}

static int parse_labels(const struct cli_opt *opt, const char *arg, struct options *options)
{
	static const struct {
		const char *name;
		uint32_t flag;
	} names[] = { { "pid", LABEL_PID },
		      { "comm", LABEL_COMM },
		      { "thread_comm", LABEL_THREAD_COMM },
		      { "tid", LABEL_TID },
		      { "cpu", LABEL_CPU },
		      { "timestamps", LABEL_TIMESTAMP },
		      { "stop", LABEL_STOP },
		      { "class", LABEL_CLASS },
		      { "python_version", LABEL_PYTHON_VERSION },
		      { "gil", LABEL_GIL } };

	(void)opt;
	while (*arg) {
		size_t len = strcspn(arg, ","), i;

		for (i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (strlen(names[i].name) == len && !strncmp(names[i].name, arg, len))
				break;
		if (i == sizeof(names) / sizeof(*names))
			return usage(
				"no label '%.*s'; there are: pid comm thread_comm tid cpu timestamps stop "
				"class python_version gil",
				(int)len, arg);
		options->labels |= names[i].flag;
		arg += len + (arg[len] == ',');
	}
	return 0;
}

static int parse_debug_dir(const struct cli_opt *opt, const char *arg, struct options *options)
{
	if (*arg != '/')
		return usage("--%s takes an absolute path, not '%s'", opt->long_name, arg);
	if (options->debug_dir_cnt == OPTIONS_MAX_DEBUG_DIRS)
		return usage("at most %d --%s", OPTIONS_MAX_DEBUG_DIRS, opt->long_name);
	options->debug_dirs[options->debug_dir_cnt++] = arg;
	return 0;
}

static int parse_by(const struct cli_opt *opt, const char *arg, struct options *options)
{
	static const char *const names[] = { "function", "line",    "file",
					     "module",	 "process", "thread" };

	(void)opt;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(arg, names[i])) {
			options->by = (enum report_by)i;
			return 0;
		}
	return usage("no view '%s'; there are: function line file module process thread", arg);
}

static int parse_view(const struct cli_opt *opt, const char *arg, struct options *options)
{
	if (options->view != REPORT_TABLE)
		return usage("choose one of --list, --peek, --tree, --callers");
	options->view = (enum report_view)opt->min;
	return opt->arg ? parse_text(opt, arg, options) : 0;
}

static const struct cli_opt opts[] = {
	{ 'a', "all", NULL, parse_flag, FIELD(all), 0, 0, FOR_RECORD | FOR_DUMP, false,
	  "the whole host, also with a command; dump: every Python on it" },
	{ 'p', "pid", "PID,...", parse_pids, 0, 0, 0, FOR_RECORD, false,
	  "these processes: all threads, and children forked from now on" },
	{ 't', "tid", "TID,...", parse_tids, 0, 0, 0, FOR_RECORD, false, "these threads alone" },
	{ 256, "comm", "NAME", parse_comm, FIELD(comm), 0, 0, FOR_RECORD, false,
	  "processes of this name" },
	{ 257, "cgroup", "PATH", parse_cgroup, FIELD(cgroup), 0, 0, FOR_RECORD, false,
	  "a cgroup v2 and everything below it" },
	{ 258, "no-children", NULL, parse_flag, FIELD(no_children), 0, 0, FOR_RECORD, false,
	  "-p: not the children forked later" },
	{ 'e', "event", "EVENT", parse_event, 0, 0, 0, FOR_RECORD, false,
	  "what to sample (cpu-clock)" },
	{ 'F', "frequency", "HZ", parse_frequency, FIELD(frequency), 1, 10000, FOR_RECORD, false,
	  "samples per second and CPU, 1 to 10000 (99)" },
	{ 'd', "duration", "TIME", parse_duration, FIELD(duration_ns), 0, 0, FOR_RECORD, false,
	  "stop after that time: 10, 10s, 500ms, 2m, 1h" },
	{ 259, "max-depth", "N", parse_number, FIELD(max_depth), 1, MAX_USER_FRAMES,
	  FOR_RECORD | FOR_DUMP, false, "user frames of a stack, 1 to 4096 (1024)" },
	{ 260, "no-kernel", NULL, parse_flag, FIELD(no_kernel), 0, 0, FOR_RECORD | FOR_DUMP, false,
	  "without kernel frames" },
	{ 272, "no-python", NULL, parse_flag, FIELD(no_python), 0, 0, FOR_RECORD | FOR_DUMP, false,
	  "without Python frames: the interpreter's own are shown" },
	{ 273, "python-internals", NULL, parse_flag, FIELD(python_internals), 0, 0, FOR_NAMES,
	  false, "also the interpreter's frames between Python frames" },
	{ 274, "columns", NULL, parse_flag, FIELD(columns), 0, 0, FOR_RECORD | FOR_REPLAY, false,
	  "columns of Python lines too: calls on one line are told apart (3.11 and newer)" },
	{ 'l', "locals", NULL, parse_flag, FIELD(locals), 0, 0, FOR_DUMP, false,
	  "with the local variables of Python frames" },
	{ 320, "stop", NULL, parse_flag, FIELD(freeze), 0, 0, FOR_DUMP, false,
	  "hold the process still meanwhile: all stacks are of one moment" },
	{ 'o', "output", "FILE", parse_text, FIELD(output), 0, 0, FOR_RECORD | FOR_REPLAY, false,
	  "the profile (sonde.pb.gz); - is standard output" },
	{ 261, "raw", "FILE", parse_text, FIELD(raw), 0, 0, FOR_RECORD, false,
	  "keep the records too, for sonde replay" },
	{ 262, "labels", "LIST", parse_labels, 0, 0, 0, FOR_RECORD | FOR_REPLAY, false,
	  "more labels: tid,cpu,timestamps,stop,class,python_version,gil (pid, comm and thread_comm "
	  "are always there)" },
	{ 268, "debug-dir", "DIR", parse_debug_dir, 0, 0, 0, FOR_NAMES | FOR_DOCTOR, false,
	  "debug files lie there too, as in /usr/lib/debug" },
	{ 271, "debuginfod", NULL, parse_flag, FIELD(debuginfod), 0, 0, FOR_NAMES, false,
	  "ask the servers in DEBUGINFOD_URLS for debug files" },
	{ 269, "symbol-timeout", "TIME", parse_duration, FIELD(symbol_timeout_ns), 0, 0, FOR_NAMES,
	  false, "for the debug information of one file (10s)" },
	{ 270, "no-cache", NULL, parse_flag, FIELD(no_cache), 0, 0, FOR_NAMES, false,
	  "what earlier runs found in files is neither used nor kept" },
	{ 263, "by", "WHAT", parse_by, 0, 0, 0, FOR_REPORT, false,
	  "function, line, file, module, process or thread (function)" },
	{ 'n', "top", "N", parse_number, FIELD(top), 1, 1000000, FOR_REPORT, false,
	  "rows: 30 of a table, 100 of a tree, else all; in JSON all" },
	{ 300, "list", "REGEX", parse_view, FIELD(pattern), REPORT_LIST, 0, FOR_REPORT, false,
	  "source lines of functions that match, with self and total" },
	{ 301, "peek", "REGEX", parse_view, FIELD(pattern), REPORT_PEEK, 0, FOR_REPORT, false,
	  "functions that match with their callers and callees" },
	{ 302, "tree", NULL, parse_view, 0, REPORT_TREE, 0, FOR_REPORT, false,
	  "calls from the root down" },
	{ 303, "callers", NULL, parse_view, 0, REPORT_CALLERS, 0, FOR_REPORT, false,
	  "the inverted tree: functions with self time, below each who called it" },
	{ 304, "diff", "OLD", parse_text, FIELD(old), 0, 0, FOR_REPORT, false,
	  "what is more or less than in that profile" },
	{ 264, "focus", "REGEX", parse_text, FIELD(focus), 0, 0, FOR_REPORT, false,
	  "only samples with a function, file or module that matches" },
	{ 305, "ignore", "REGEX", parse_text, FIELD(ignore), 0, 0, FOR_REPORT, false,
	  "no samples with a function, file or module that matches" },
	{ 306, "sample-type", "NAME", parse_text, FIELD(sample_type), 0, 0, FOR_REPORT, false,
	  "which value of a sample, by name or number (the profile's default)" },
	{ 307, "source-path", "DIR:...", parse_text, FIELD(source_path), 0, 0, FOR_REPORT, false,
	  "where --list looks for source files (the current folder)" },
	{ 308, "trim-path", "PREFIX:...", parse_text, FIELD(trim_path), 0, 0, FOR_REPORT, false,
	  "what to take off the names of source files" },
	{ 309, "json", NULL, parse_flag, FIELD(json), 0, 0, FOR_REPORT, false,
	  "the same as JSON, complete, values in the profile's own unit" },
	{ 'v', "verbose", NULL, parse_count, FIELD(verbose), 0, 0, FOR_NAMES | FOR_REPORT, false,
	  "more words; twice: the verifier's too" },
	{ 265, "debug-stop", NULL, parse_flag, FIELD(stop_sampled), 0, 0, FOR_RECORD, true,
	  "SIGSTOP to the thread just sampled" },
	{ 290, "debug-copy", NULL, parse_flag, FIELD(copy_all), 0, 0, FOR_RECORD, true,
	  "walk every stack in user space" },
	{ 266, "debug-no-unwind", NULL, parse_flag, FIELD(no_unwind), 0, 0, FOR_RECORD, true,
	  "no user stacks" },
	{ 267, "debug-faults", "N", parse_number, FIELD(fault_rate), 0, 1024, FOR_RECORD, true,
	  "N of 1,024 map updates and reservations fail" },
	{ 'h', "help", NULL, NULL, 0, 0, 0, FOR_ALL, false, "this text" },
};
#define OPT_CNT (sizeof(opts) / sizeof(*opts))

static const struct {
	const char *name;
	unsigned int bit;
	const char *line;
} commands[] = {
	{ "record", FOR_RECORD,
	  "sonde record [-a | -p PID,... | -t TID,... | --comm NAME | --cgroup PATH] [OPTION...] "
	  "[-- COMMAND ARG...]" },
	{ "replay", FOR_REPLAY, "sonde replay FILE [-o PROFILE]" },
	{ "report", FOR_REPORT, "sonde report [FILE] [OPTION...]" },
	{ "doctor", FOR_DOCTOR, "sonde doctor [--debug-dir DIR] [PID]" },
	{ "dump", FOR_DUMP, "sonde dump PID,... | -a [OPTION...]" },
};
#define COMMAND_CNT (sizeof(commands) / sizeof(*commands))

static void print_option(const struct cli_opt *opt)
{
	char left[64];
	int len = opt->short_name < 256 ? snprintf(left, sizeof(left), "-%c, ", opt->short_name) :
					  snprintf(left, sizeof(left), "    ");

	snprintf(left + len, sizeof(left) - (size_t)len, "--%s%s%s", opt->long_name,
		 opt->arg ? " " : "", opt->arg ? opt->arg : "");
	printf("  %-26s %s\n", left, opt->help);
}

static int print_help(unsigned int which)
{
	printf("sonde: a sampling profiler for everything that runs on this host\n\n");
	for (size_t i = 0; i < COMMAND_CNT; i++)
		if (commands[i].bit & which)
			printf("usage: %s\n", commands[i].line);
	printf("\n");
	for (size_t i = 0; i < OPT_CNT; i++)
		if ((opts[i].commands & which) && !opts[i].hidden)
			print_option(&opts[i]);
	return CLI_DONE;
}

static void fill_getopt(unsigned int which, char *shorts, struct option *longs)
{
	size_t cnt = 0;

	if (which == FOR_RECORD) /* what follows the command's name is its own */
		*shorts++ = '+';
	*shorts++ = ':';
	for (size_t i = 0; i < OPT_CNT; i++) {
		const struct cli_opt *opt = &opts[i];

		if (!(opt->commands & which))
			continue;
		longs[cnt++] = (struct option){ opt->long_name,
						opt->arg ? required_argument : no_argument, NULL,
						opt->short_name };
		if (opt->short_name > 255)
			continue;
		*shorts++ = (char)opt->short_name;
		if (opt->arg)
			*shorts++ = ':';
	}
	*shorts = 0;
	longs[cnt] = (struct option){ 0 };
}

/* getopt_long() tells of a single letter, or of a long option that has a value but takes none. */
static int unknown(const char *arg)
{
	for (size_t i = 0; optopt > 0 && i < OPT_CNT; i++)
		if (opts[i].short_name == optopt && !opts[i].arg && !strncmp(arg, "--", 2))
			return usage("--%s takes no value; see sonde --help", opts[i].long_name);
	if (optopt > 0 && optopt < 256)
		return usage("no option '-%c'; see sonde --help", optopt);
	return usage("no option '%s'; see sonde --help", arg);
}

static int parse_options(int argc, char **argv, unsigned int which, struct options *options)
{
	char shorts[2 * MAX_OPTS + 3];
	struct option longs[MAX_OPTS + 1];
	int c;

	fill_getopt(which, shorts, longs);
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int err = -EINVAL;

		if (c == ':')
			return usage("%s needs a value; see sonde --help", argv[optind - 1]);
		if (c == '?')
			return unknown(argv[optind - 1]);
		if (c == 'h')
			return print_help(which);
		for (size_t i = 0; i < OPT_CNT; i++)
			if (opts[i].short_name == c)
				err = opts[i].parse(&opts[i], optarg, options);
		if (err)
			return err;
	}
	return 0;
}

static int take_pid(int argc, char **argv, struct options *options)
{
	if (optind + 1 < argc)
		return usage("one process at a time: '%s' is too much", argv[optind + 1]);
	if (optind == argc)
		return 0;
	if (parse_ids(options, argv[optind], FILTER_PID))
		return -EINVAL;
	return options->ids_cnt == 1 ? 0 : usage("one process at a time, not '%s'", argv[optind]);
}

static int take_dumped(int argc, char **argv, struct options *options)
{
	for (; optind < argc; optind++)
		if (parse_ids(options, argv[optind], FILTER_PID))
			return -EINVAL;
	if (options->all && options->ids_cnt)
		return usage("-a means every Python: leave out the process");
	if (!options->all && !options->ids_cnt)
		return usage("which process? sonde dump PID, or sonde dump -a for every Python");
	return 0;
}

/* What is left after the options: a command, the name of a file, a process. */
static int take_rest(int argc, char **argv, unsigned int which, struct options *options)
{
	if (which == FOR_RECORD) {
		if (optind < argc)
			options->command = argv + optind;
		else if (!strcmp(argv[argc - 1], "--"))
			return usage(
				"no command after --; leave it out, or: sonde record -- COMMAND ARG...");
		if (options->raw && !strcmp(options->raw, options->output))
			return usage("-o and --raw write two things: give them two names");
		if (options->all && options->filter != FILTER_NONE)
			return usage(
				"-a means the whole host: leave out -p, -t, --comm and --cgroup");
		if (options->command && !options->all && options->filter == FILTER_NONE)
			options->filter = FILTER_PID;
		return 0;
	}
	if (which == FOR_DOCTOR)
		return take_pid(argc, argv, options);
	if (which == FOR_DUMP)
		return take_dumped(argc, argv, options);
	if (optind < argc)
		options->input = argv[optind++];
	if (optind < argc)
		return usage("one file at a time: '%s' is too much", argv[optind]);
	if (!options->input && which == FOR_REPLAY)
		return usage("which file? sonde replay FILE, made by sonde record --raw FILE");
	if (!options->input)
		options->input = "sonde.pb.gz";
	if (options->by >= REPORT_BY_PROCESS && options->view != REPORT_TABLE)
		return usage("--by process and --by thread go with the table alone");
	return 0;
}

int cli_parse(int argc, char **argv, struct options *ret_options)
{
	struct options options = {
		.event = event_at(0),
		.frequency = 99,
		.max_depth = DEFAULT_USER_FRAMES,
		.output = "sonde.pb.gz",
		.labels = LABEL_DEFAULT,
		.symbol_timeout_ns = 10000000000ULL,
	};
	int err;

	if (argc < 2)
		return usage("what shall I do? try: sonde record -d 10; see sonde --help");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_help(FOR_ALL);
	if (!strcmp(argv[1], "--version")) {
		printf("sonde %s\n", SONDE_VERSION);
		return CLI_DONE;
	}
	for (size_t i = 0; i < COMMAND_CNT; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		options.command_name = commands[i].name;
		err = parse_options(argc - 1, argv + 1, commands[i].bit, &options);
		if (!err)
			optind++; /* counted from the command's name */
		if (!err)
			err = take_rest(argc, argv, commands[i].bit, &options);
		if (!err)
			*ret_options = options;
		return err;
	}
	return usage("no command '%s'; there are: record, replay, report, doctor, dump", argv[1]);
}
