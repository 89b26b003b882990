#include "options_impl.h"

#include "compare.h"
#include "text.h"
#include "wire.h"

#include <langinfo.h>
#include <string.h>

/* Where an option has a meaning; elsewhere it is a mistake. */
enum {
	BROWSE = 1 << MODE_BROWSE,
	LIST = 1 << MODE_LIST,
	DIFF = 1 << MODE_DIFF,
	DUMP = 1 << MODE_DUMP,
	PRINT = LIST | DIFF | 1 << MODE_COUNT | 1 << MODE_BATCH, /* where something has a form to choose */
	ANY = BROWSE | PRINT | DUMP,
};

#define FIELD(name) offsetof(struct options, name)

/* In the order of the help, which has to fit a screen. */
static const struct option table[] = {
	{ "list", 0, OPERAND_NONE, 0, ANY, "", "print every entry that the scanners find", option_set_mode, 0, MODE_LIST },
	{ "count", 0, OPERAND_NONE, 0, ANY, "", "print one line of totals per ROOT", option_set_mode, 0, MODE_COUNT },
	{ "diff", 0, OPERAND_NONE, 0, ANY, "", "compare ROOTs; exit 0 same, 1 different", option_set_mode, 0, MODE_DIFF },
	{ "by", 0, OPERAND_REQUIRED, OPTION_CONFIG | OPTION_JOINED, BROWSE | DIFF, "=LIST", NULL, option_set_by, 0, 0 },
	{ "all", 0, OPERAND_NONE, OPTION_CONFIG | OPTION_JOINED, DIFF, "", NULL, option_set_flag, FIELD(all), 0 },
	{ "fold", 0, OPERAND_REQUIRED, OPTION_CONFIG, BROWSE | DIFF, "=case,unicode", "by what; all; names alike", option_set_fold, 0, 0 },
	{ "time-tolerance", 0, OPERAND_REQUIRED, OPTION_CONFIG | OPTION_JOINED, BROWSE | DIFF, "=SECONDS", NULL, option_set_tolerance, 0, 0 },
	{ "time-shift", 0, OPERAND_REQUIRED, OPTION_CONFIG, BROWSE | DIFF, "=HOURS", "times that are equal", option_set_shift, 0, 0 },
	{ "dump", 0, OPERAND_NONE, 0, ANY, "", "write a recording of ROOT to stdout", option_set_mode, 0, MODE_DUMP },
	{ "batch", 0, OPERAND_REQUIRED, 0, ANY, "=FILE", "run operations below the ROOTs (-: stdin)", option_set_batch, 0, 0 },
	{ "backend", 'b', OPERAND_REQUIRED, OPTION_CONFIG, ANY, "=threads|workers", "what feeds local panes", option_set_backend, 0, 0 },
	{ "jobs", 'j', OPERAND_REQUIRED, OPTION_CONFIG, ANY, "=N", "scanner threads in all", option_set_jobs, 0, 0 },
	{ "one-file-system", 'x', OPERAND_NONE, OPTION_CONFIG | OPTION_JOINED, ANY, "", NULL, option_set_flag,
	  FIELD(session.one_file_system), 0 },
	{ "follow", 'L', OPERAND_NONE, OPTION_CONFIG, ANY, "", "stay on one filesystem; follow links", option_set_flag,
	  FIELD(session.follow), 0 },
	{ "exclude", 0, OPERAND_REQUIRED, OPTION_CONFIG | OPTION_JOINED, ANY, "=GLOB", NULL, option_set_exclude, 0, 0 },
	{ "exclude-from", 0, OPERAND_REQUIRED, OPTION_CONFIG, ANY, "=FILE", "leave out what matches", option_set_exclude_from, 0, 0 },
	{ "max-depth", 0, OPERAND_REQUIRED, OPTION_CONFIG, ANY, "=N", "levels below each ROOT", option_set_depth, 0, 0 },
	{ "depth-first", 0, OPERAND_NONE, OPTION_CONFIG | OPTION_JOINED, LIST, "", NULL, option_set_flag, FIELD(depth_first), 0 },
	{ "sort", 0, OPERAND_NONE, OPTION_CONFIG, LIST | DIFF /* that always is */, "", "list after contents; by whole path", option_set_flag, FIELD(sort), 0 },
	{ "format", 0, OPERAND_REQUIRED, OPTION_CONFIG, PRINT, "=text|typed|json|ncdu|rsync", "form of what is printed", option_set_format, 0, 0 },
	{ "null", '0', OPERAND_NONE, OPTION_CONFIG, BROWSE | PRINT, "", "end records with NUL, names raw", option_set_flag, FIELD(null), 0 },
	{ "columns", 0, OPERAND_REQUIRED, OPTION_CONFIG | OPTION_JOINED, BROWSE, "=LIST", NULL, option_set_columns, 0, 0 },
	{ "read-only", 0, OPERAND_NONE, OPTION_CONFIG, ANY, "", "what panes show; refuse every operation", option_set_flag,
	  FIELD(session.read_only), 0 },
	{ "config", 0, OPERAND_REQUIRED, OPTION_JOINED, ANY, "=FILE", NULL, option_set_string, FIELD(config), 0 },
	{ "no-config", 0, OPERAND_NONE, 0, ANY, "", "read FILE, or none, as configuration", option_set_flag, FIELD(no_config), 0 },
	{ "diff-tool", 0, OPERAND_REQUIRED, OPTION_CONFIG | OPTION_JOINED, BROWSE, "=PROGRAM", NULL, option_set_string, FIELD(diff_tool), 0 },
	{ "cwd-file", 0, OPERAND_REQUIRED, OPTION_CONFIG, ANY /* as wrappers in a shell pass it */, "=FILE", "for D; Q writes its directory", option_set_string,
	  FIELD(cwd_file), 0 },
	{ "choose", 0, OPERAND_OPTIONAL, 0, BROWSE, "[=FILE]", "pick: write the marked paths there", option_set_choose, 0, 0 },
	{ "script", 0, OPERAND_REQUIRED, OPTION_JOINED, BROWSE, "=FILE", NULL, option_set_string, FIELD(script), 0 },
	{ "headless", 0, OPERAND_OPTIONAL, 0, BROWSE, "[=COLSxROWS]", "run commands; draw in memory", option_set_headless, 0, 0 },
	{ "debug", 0, OPERAND_REQUIRED, 0, ANY, "=scan,wire,loop,paint,op:FILE", "write a debug log", option_set_string, FIELD(debug), 0 },
	{ "help", 'h', OPERAND_NONE, OPTION_JOINED, ANY, "", NULL, option_set_mode, 0, MODE_HELP },
	{ "version", 'V', OPERAND_NONE, 0, ANY, "", "this screen; versions", option_set_mode, 0, MODE_VERSION },
};

static_assert(ARRAY_LEN(table) <= 64, "a bit for each in struct options, `locked`");

void options_init(struct options *options)
{
	*options = (struct options){
		.session = { .backend = BACKEND_THREADS, .max_depth = WIRE_DEPTH_ALL },
		.by = COMPARE_AUTO,
		.columns = columns_usual,
		.cols = 80,
		.rows = 24,
	};
}

void options_fini(struct options *options)
{
	string_list_fini(&options->roots, false);
	string_list_fini(&options->exclude, true);
	string_list_fini(&options->exclude_from, true);
	string_list_fini(&options->binds, true);
	string_list_fini(&options->colors, true);
	string_list_fini(&options->open_globs, true);
	string_list_fini(&options->open_programs, true);
	string_list_fini(&options->kept, true);
	buf_fini(&options->problems);
	*options = (struct options){ 0 };
}

unsigned options_text_flags(void)
{
	return TEXT_QUOTE | (strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? 0 : TEXT_ASCII);
}

/* Finding and setting ---------------------------------------------------------------------------------- */

static const struct option *find_name(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0)
			return &table[i];
	}
	return NULL;
}

static const struct option *find_letter(char letter)
{
	for (size_t i = 0; letter && i < ARRAY_LEN(table); i++) {
		if (table[i].letter == letter)
			return &table[i];
	}
	return NULL;
}

static uint64_t option_bit(const struct option *option)
{
	return UINT64_C(1) << (option - table);
}

/* A locked flag may be given the value that it has. */
static bool locked_differs(const struct options *options, const struct option *option, const char *value)
{
	bool has;
	bool ok;

	if (!(options->locked & option_bit(option)))
		return false;
	if (option->set != option_set_flag)
		return true;
	memcpy(&has, (const char *)options + option->field, sizeof has);
	return option_read_flag(value, &ok) != has || !ok;
}

static const char *apply(struct options *options, const struct option *option, const char *value)
{
	if (locked_differs(options, option, value))
		return "locked by the administrator";
	return option->set(options, option, value);
}

const char *options_set(struct options *options, const char *key, const char *value)
{
	const struct option *option = find_name(key, strlen(key));

	if (!option)
		return "unknown setting";
	if (!(option->flags & OPTION_CONFIG))
		return "only for the command line";
	return apply(options, option, value);
}

const char *options_lock(struct options *options, const char *key)
{
	const struct option *option = find_name(key, strlen(key));

	if (!option)
		return "unknown setting";
	if (!(option->flags & OPTION_CONFIG))
		return "only for the command line";
	options->locked |= option_bit(option);
	return NULL;
}

/* The command line ------------------------------------------------------------------------------------- */

struct command_line {
	struct options *options;
	char *const *argv;
	int argc;
	int at;              /* the argument that is read */
	uint64_t given;      /* bit n: option n of the table */
	struct buf *why;
};

/* `WHAT: WORDS`, where WHAT are foreign bytes. */
static int complain(struct command_line *line, const char *what, size_t len, const char *words)
{
	text_add(line->why, what, len, options_text_flags());
	buf_printf(line->why, ": %s", words);
	return -1;
}

static int apply_argument(struct command_line *line, const struct option *option, const char *shown, const char *value)
{
	const char *words = apply(line->options, option, value);

	line->given |= option_bit(option);
	return words ? complain(line, shown, strlen(shown), words) : 0;
}

/* The value of an option that needs one and stands alone. */
static int next_argument(struct command_line *line, const struct option *option, const char *shown)
{
	if (line->at + 1 >= line->argc)
		return complain(line, shown, strlen(shown), "needs a value");
	line->at++;
	return apply_argument(line, option, shown, line->argv[line->at]);
}

static int parse_long(struct command_line *line, const char *argument)
{
	const char *equals = strchr(argument, '=');
	size_t len = equals ? (size_t)(equals - argument) : strlen(argument);
	const struct option *option = find_name(argument + 2, len - 2);

	if (!option)
		return complain(line, argument, len, "unknown option");
	if (option->operand == OPERAND_NONE && equals)
		return complain(line, argument, len, "takes no value");
	if (option->operand == OPERAND_REQUIRED && !equals)
		return next_argument(line, option, argument);
	return apply_argument(line, option, argument, equals ? equals + 1 : NULL);
}

/* `-xL`, `-j4`, `-j 4` */
static int parse_short(struct command_line *line, const char *argument)
{
	for (const char *at = argument + 1; *at; at++) {
		const struct option *option = find_letter(*at);
		char shown[3] = { '-', *at, '\0' };

		if (!option)
			return complain(line, argument, strlen(argument), "unknown option");
		if (option->operand == OPERAND_REQUIRED && !at[1])
			return next_argument(line, option, shown);
		if (option->operand == OPERAND_REQUIRED)
			return apply_argument(line, option, argument, at + 1);
		if (apply_argument(line, option, argument, NULL) != 0)
			return -1;
	}
	return 0;
}

static int parse_root(struct command_line *line, const char *argument)
{
	size_t len = strcspn(argument, ":/");

	if (!*argument) {
		buf_add_str(line->why, "'': an empty ROOT; the current directory is .");
		return -1;
	}
	if (argument[len] == ':')
		return complain(line, argument, strlen(argument), "remote roots are not supported; a local one is ./NAME");
	if (string_list_add(&line->options->roots, argument) != 0)
		return complain(line, argument, strlen(argument), option_words_memory);
	return 0;
}

static int parse_argument(struct command_line *line, bool *operands)
{
	const char *argument = line->argv[line->at];

	if (*operands || argument[0] != '-' || !argument[1])
		return parse_root(line, argument);
	if (strcmp(argument, "--") == 0) {
		*operands = true;
		return 0;
	}
	return argument[1] == '-' ? parse_long(line, argument) : parse_short(line, argument);
}

/* Forms of output that a mode has, and words for what it has not. */
static const struct {
	const char *name;
	unsigned formats;
	const char *words;
} modes[] = {
	[MODE_BROWSE] = { "", ~0U, "" },
	[MODE_LIST] = { "--list", ~(1U << FORMAT_RSYNC), "not --format=rsync" },
	[MODE_COUNT] = { "--count", 1 << FORMAT_TEXT | 1 << FORMAT_JSON, "only --format=text and --format=json" },
	[MODE_DIFF] = { "--diff", 1 << FORMAT_TEXT | 1 << FORMAT_JSON | 1 << FORMAT_RSYNC,
			"only --format=text, --format=json and --format=rsync" },
	[MODE_DUMP] = { "--dump", ~0U, "" },
	[MODE_BATCH] = { "--batch", 1 << FORMAT_TEXT | 1 << FORMAT_JSON, "only --format=text and --format=json" },
};

/* Does the form of output fit what is to be printed? Adds to `why` if not. */
static int check_format(struct command_line *line, const char *mode)
{
	const struct options *options = line->options;

	if (options->roots.len > 1 && options->mode == MODE_LIST && options->format == FORMAT_NCDU)
		return complain(line, "--format=ncdu", strlen("--format=ncdu"), "only for one ROOT");
	if (options->null && options->mode == MODE_LIST && options->format == FORMAT_NCDU)
		return complain(line, "--format=ncdu", strlen("--format=ncdu"), "is one record, without --null");
	if (options->roots.len != 2 && options->mode == MODE_DIFF && options->format == FORMAT_RSYNC)
		return complain(line, "--format=rsync", strlen("--format=rsync"), "only for two ROOTs");
	if (!(modes[options->mode].formats & 1U << options->format))
		return complain(line, mode, strlen(mode), modes[options->mode].words);
	return 0;
}

/* Is there an option that has no meaning where it was given? Adds to `why` if so. */
static int check_meaning(struct command_line *line)
{
	unsigned mode = line->options->mode;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const char *comma = ": needs ";

		if (!(line->given & option_bit(&table[i])) || table[i].modes & 1U << mode)
			continue;
		buf_printf(line->why, "--%s", table[i].name);
		if (mode != MODE_BROWSE) {
			buf_printf(line->why, ": means nothing with %s", modes[mode].name);
			return -1;
		}
		for (size_t other = MODE_BROWSE + 1; other < ARRAY_LEN(modes); other++) {
			if (!(table[i].modes & 1U << other))
				continue;
			buf_printf(line->why, "%s%s", comma, modes[other].name);
			comma = " or ";
		}
		return -1;
	}
	return 0;
}

/* What no single option can see. */
static int check(struct command_line *line)
{
	struct options *options = line->options;
	const char *mode = modes[options->mode].name;

	if (check_meaning(line) != 0)
		return -1;
	if (options->headless && !options->script)
		return complain(line, "--headless", strlen("--headless"), "needs --script");
	if (options->mode == MODE_BROWSE)
		return options->roots.len > 0 ? 0 : parse_root(line, ".");
	if (options->roots.len == 0)
		return complain(line, mode, strlen(mode), "no ROOT given");
	if (options->roots.len > 1 && options->mode == MODE_DUMP)
		return complain(line, mode, strlen(mode), "only one ROOT can be recorded");
	if (options->roots.len < 2 && options->mode == MODE_DIFF)
		return complain(line, mode, strlen(mode), "two ROOTs or more are needed");
	if (options->roots.len > COMPARE_MAX_PANES && options->mode == MODE_DIFF)
		return complain(line, mode, strlen(mode), "more than 26 ROOTs");
	if (check_format(line, mode) == 0)
		return 0;
	if (!options->configured)
		return -1;
	buf_clear(line->why);
	options->format = FORMAT_TEXT;
	return 0;
}

int options_parse(struct options *options, int argc, char *const *argv, struct buf *why)
{
	struct command_line line = { .options = options, .argv = argv, .argc = argc, .at = 1, .why = why };
	bool operands = false;

	for (; line.at < argc; line.at++) {
		if (parse_argument(&line, &operands) != 0)
			return -1;
	}
	return options->mode >= MODE_HELP ? 0 : check(&line);
}

/* Help ------------------------------------------------------------------------------------------------- */

enum { HELP_COLUMN = 37 };

void options_help(struct buf *out)
{
	buf_add_str(out, "usage: muntin [OPTION]... [ROOT]...  browse; default: the current directory\n");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		size_t start = out->len;

		buf_add_str(out, "  ");
		for (;; i++) {
			if (table[i].letter)
				buf_printf(out, "-%c, ", table[i].letter);
			buf_printf(out, "--%s%s", table[i].name, table[i].shown);
			if (!(table[i].flags & OPTION_JOINED))
				break;
			buf_add_str(out, ", ");
		}
		buf_printf(out, "%*s%s\n", (int)(HELP_COLUMN - size_min(out->len - start, HELP_COLUMN - 2)), "", table[i].help);
	}
	buf_add_str(out, "Keys: ? in the browser. More: man muntin\n");
}
