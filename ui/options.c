#include "options.h"

#include "compare.h"
#include "fold.h"
#include "text.h"
#include "wire.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>

enum {
	MAX_JOBS = 1024,
	MAX_CELLS = 1000,
	MAX_SHIFT = 26, /* from one end of the world to the other */
};

enum option_operand { OPERAND_NONE, OPERAND_REQUIRED, OPERAND_OPTIONAL };

enum option_flags {
	OPTION_CONFIG = 1 << 0, /* may stand in a configuration */
	OPTION_JOINED = 1 << 1, /* shares its line of help with the next one */
};

struct option;

/* Take a value over; NULL where the option has none. Returns NULL, or a few words on what is wrong. */
typedef const char *option_setter(struct options *options, const struct option *option, const char *value);

struct option {
	const char *name;
	char letter;
	enum option_operand operand;
	unsigned flags;
	const char *shown;    /* the operand, in the help */
	const char *help;
	option_setter *set;
	size_t field;         /* offset in struct options, for the general setters */
	int number;           /* for set_mode() */
};

static option_setter set_mode, set_batch, set_flag, set_string, set_backend, set_jobs, set_exclude, set_exclude_from,
	set_depth, set_format, set_by, set_tolerance, set_shift, set_fold, set_choose, set_headless;

#define FIELD(name) offsetof(struct options, name)

/* In the order of the help, which has to fit a screen. */
static const struct option table[] = {
	{ "list", 0, OPERAND_NONE, 0, "", "print every entry that the scanners find", set_mode, 0, MODE_LIST },
	{ "count", 0, OPERAND_NONE, 0, "", "print one line of totals per ROOT", set_mode, 0, MODE_COUNT },
	{ "diff", 0, OPERAND_NONE, 0, "", "compare ROOTs; exit 0 same, 1 different", set_mode, 0, MODE_DIFF },
	{ "by", 0, OPERAND_REQUIRED, OPTION_CONFIG | OPTION_JOINED, "=LIST", NULL, set_by, 0, 0 },
	{ "all", 0, OPERAND_NONE, OPTION_CONFIG | OPTION_JOINED, "", NULL, set_flag, FIELD(all), 0 },
	{ "fold", 0, OPERAND_REQUIRED, OPTION_CONFIG, "=case,unicode", "by what; all; names alike", set_fold, 0, 0 },
	{ "time-tolerance", 0, OPERAND_REQUIRED, OPTION_CONFIG | OPTION_JOINED, "=SECONDS", NULL, set_tolerance, 0, 0 },
	{ "time-shift", 0, OPERAND_REQUIRED, OPTION_CONFIG, "=HOURS", "times that are equal", set_shift, 0, 0 },
	{ "dump", 0, OPERAND_NONE, 0, "", "write a recording of ROOT to stdout", set_mode, 0, MODE_DUMP },
	{ "batch", 0, OPERAND_REQUIRED, 0, "=FILE", "run operations below the ROOTs (-: stdin)", set_batch, 0, 0 },
	{ "backend", 'b', OPERAND_REQUIRED, OPTION_CONFIG, "=threads|workers", "what feeds local panes", set_backend, 0, 0 },
	{ "jobs", 'j', OPERAND_REQUIRED, OPTION_CONFIG, "=N", "scanner threads in all", set_jobs, 0, 0 },
	{ "one-file-system", 'x', OPERAND_NONE, OPTION_CONFIG | OPTION_JOINED, "", NULL, set_flag,
	  FIELD(session.one_file_system), 0 },
	{ "follow", 'L', OPERAND_NONE, OPTION_CONFIG, "", "stay on one filesystem; follow links", set_flag,
	  FIELD(session.follow), 0 },
	{ "exclude", 0, OPERAND_REQUIRED, OPTION_CONFIG | OPTION_JOINED, "=GLOB", NULL, set_exclude, 0, 0 },
	{ "exclude-from", 0, OPERAND_REQUIRED, OPTION_CONFIG, "=FILE", "leave out what matches", set_exclude_from, 0, 0 },
	{ "max-depth", 0, OPERAND_REQUIRED, OPTION_CONFIG, "=N", "levels below each ROOT", set_depth, 0, 0 },
	{ "depth-first", 0, OPERAND_NONE, OPTION_CONFIG | OPTION_JOINED, "", NULL, set_flag, FIELD(depth_first), 0 },
	{ "sort", 0, OPERAND_NONE, OPTION_CONFIG, "", "list after contents; by whole path", set_flag, FIELD(sort), 0 },
	{ "format", 0, OPERAND_REQUIRED, OPTION_CONFIG, "=text|typed|json|ncdu|rsync", "form of what is printed", set_format, 0, 0 },
	{ "null", '0', OPERAND_NONE, OPTION_CONFIG, "", "end records with NUL, names raw", set_flag, FIELD(null), 0 },
	{ "read-only", 0, OPERAND_NONE, OPTION_CONFIG, "", "refuse every operation", set_flag,
	  FIELD(session.read_only), 0 },
	{ "config", 0, OPERAND_REQUIRED, OPTION_JOINED, "=FILE", NULL, set_string, FIELD(config), 0 },
	{ "no-config", 0, OPERAND_NONE, 0, "", "read FILE, or none, as configuration", set_flag, FIELD(no_config), 0 },
	{ "diff-tool", 0, OPERAND_REQUIRED, OPTION_CONFIG | OPTION_JOINED, "=PROGRAM", NULL, set_string, FIELD(diff_tool), 0 },
	{ "cwd-file", 0, OPERAND_REQUIRED, OPTION_CONFIG, "=FILE", "for D; Q writes its directory", set_string,
	  FIELD(cwd_file), 0 },
	{ "choose", 0, OPERAND_OPTIONAL, 0, "[=FILE]", "pick: write the marked paths there", set_choose, 0, 0 },
	{ "script", 0, OPERAND_REQUIRED, OPTION_JOINED, "=FILE", NULL, set_string, FIELD(script), 0 },
	{ "headless", 0, OPERAND_OPTIONAL, 0, "[=COLSxROWS]", "run commands; draw in memory", set_headless, 0, 0 },
	{ "debug", 0, OPERAND_REQUIRED, 0, "=scan,wire,loop,paint,op:FILE", "write a debug log", set_string, FIELD(debug), 0 },
	{ "help", 'h', OPERAND_NONE, OPTION_JOINED, "", NULL, set_mode, 0, MODE_HELP },
	{ "version", 'V', OPERAND_NONE, 0, "", "this screen; versions", set_mode, 0, MODE_VERSION },
};

static_assert(ARRAY_LEN(table) <= 64, "a bit for each in struct options, `locked`");

void options_init(struct options *options)
{
	*options = (struct options){
		.session = { .backend = BACKEND_THREADS, .max_depth = WIRE_DEPTH_ALL },
		.by = COMPARE_AUTO,
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
	*options = (struct options){ 0 };
}

unsigned options_text_flags(void)
{
	return TEXT_QUOTE | (strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? 0 : TEXT_ASCII);
}

/* Setters ---------------------------------------------------------------------------------------------- */

static const char words_memory[] = "out of memory";
static const char words_modes[] = "only one of --list, --count, --diff, --dump and --batch can be";

static bool is_one_of(const char *value, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(value, words[i]) == 0)
			return true;
	}
	return false;
}

/* Whether a value, NULL included, means yes; false in `*ok` if it means nothing. */
static bool read_flag(const char *value, bool *ok)
{
	static const char *const yes[] = { "yes", "true", "on" };
	static const char *const no[] = { "no", "false", "off" };

	*ok = true;
	if (!value || is_one_of(value, yes, ARRAY_LEN(yes)))
		return true;
	*ok = is_one_of(value, no, ARRAY_LEN(no));
	return false;
}

/* A decimal number from `min` to `max`: the whole of `len` bytes. */
static bool read_number(const char *text, size_t len, unsigned min, unsigned max, unsigned *number)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || value > max)
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*number = (unsigned)value;
	return len > 0 && value >= min && value <= max;
}

static const char *set_mode(struct options *options, const struct option *option, const char *value)
{
	enum options_mode mode = (enum options_mode)option->number;

	(void)value;
	if (options->mode == MODE_HELP || options->mode == MODE_VERSION)
		return NULL;
	if (options->mode != MODE_BROWSE && options->mode != mode && mode < MODE_HELP)
		return words_modes;
	options->mode = mode;
	return NULL;
}

static const char *set_batch(struct options *options, const struct option *option, const char *value)
{
	static const struct option batch = { .number = MODE_BATCH };

	(void)option;
	if (options->batch)
		return "only one can be";
	options->batch = value;
	return set_mode(options, &batch, NULL);
}

static const char *set_flag(struct options *options, const struct option *option, const char *value)
{
	bool ok;
	bool flag = read_flag(value, &ok);

	if (!ok)
		return "neither yes nor no";
	memcpy((char *)options + option->field, &flag, sizeof flag);
	return NULL;
}

static const char *set_string(struct options *options, const struct option *option, const char *value)
{
	if (!*value)
		return "empty";
	memcpy((char *)options + option->field, &value, sizeof value);
	return NULL;
}

static const char *set_backend(struct options *options, const struct option *option, const char *value)
{
	(void)option;
	if (strcmp(value, "threads") == 0)
		options->session.backend = BACKEND_THREADS;
	else if (strcmp(value, "workers") == 0)
		options->session.backend = BACKEND_WORKERS;
	else
		return "neither threads nor workers";
	return NULL;
}

static const char *set_jobs(struct options *options, const struct option *option, const char *value)
{
	unsigned jobs;

	(void)option;
	if (!read_number(value, strlen(value), 1, MAX_JOBS, &jobs))
		return "not a number from 1 to 1024";
	options->session.jobs = jobs;
	return NULL;
}

static const char *set_depth(struct options *options, const struct option *option, const char *value)
{
	unsigned depth;

	(void)option;
	if (!read_number(value, strlen(value), 0, INT32_MAX, &depth))
		return "not a number";
	options->session.max_depth = depth;
	return NULL;
}

static const char *set_exclude(struct options *options, const struct option *option, const char *value)
{
	(void)option;
	if (!value[strspn(value, "/")])
		return "matches nothing";
	if (string_list_copy(&options->exclude, value, strlen(value)) != 0)
		return words_memory;
	options->session.exclude = options->exclude.items;
	options->session.exclude_count = options->exclude.len;
	return NULL;
}

static const char *set_exclude_from(struct options *options, const struct option *option, const char *value)
{
	(void)option;
	if (!*value)
		return "empty";
	return string_list_copy(&options->exclude_from, value, strlen(value)) == 0 ? NULL : words_memory;
}

static const char *set_format(struct options *options, const struct option *option, const char *value)
{
	static const char *const words[] = {
		[FORMAT_TEXT] = "text", [FORMAT_TYPED] = "typed", [FORMAT_JSON] = "json", [FORMAT_NCDU] = "ncdu",
		[FORMAT_RSYNC] = "rsync",
	};

	(void)option;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(value, words[i]) == 0) {
			options->format = (enum options_format)i;
			return NULL;
		}
	}
	return "none of text, typed, json, ncdu, rsync";
}

struct word {
	const char *word;
	unsigned flag;
};

static const struct word criteria[] = {
	{ "type", 0 },
	{ "size", COMPARE_SIZE },
	{ "mtime", COMPARE_MTIME },
	{ "content", COMPARE_CONTENT },
	{ "target", COMPARE_TARGET },
	{ "mode", COMPARE_MODE },
	{ "owner", COMPARE_OWNER },
	{ "group", COMPARE_GROUP },
	{ "auto", COMPARE_AUTO },
};

static const struct word folds[] = { { "case", FOLD_CASE }, { "unicode", FOLD_UNICODE } };

/* Words with commas between. Returns false for one that is not of the table. */
static bool read_words(const char *value, const struct word *words, size_t count, unsigned *flags)
{
	*flags = 0;
	for (;;) {
		size_t len = strcspn(value, ",");
		size_t i = 0;

		while (i < count && (strlen(words[i].word) != len || memcmp(words[i].word, value, len) != 0))
			i++;
		if (i == count)
			return false;
		*flags |= words[i].flag;
		if (!value[len])
			return true;
		value += len + 1;
	}
}

/* A word without a flag stands where no other does. */
static void add_words(struct buf *out, const struct word *words, size_t count, unsigned flags)
{
	const char *comma = "";

	for (size_t i = 0; i < count; i++) {
		if (words[i].flag ? !(flags & words[i].flag) : flags != 0)
			continue;
		buf_add_str(out, comma);
		buf_add_str(out, words[i].word);
		comma = ",";
	}
}

static const char *set_by(struct options *options, const struct option *option, const char *value)
{
	unsigned by;

	(void)option;
	if (!read_words(value, criteria, ARRAY_LEN(criteria), &by))
		return "not of type, size, mtime, content, target, mode, owner, group, auto";
	options->by = by;
	return NULL;
}

void options_add_by(struct buf *out, unsigned by)
{
	add_words(out, criteria, ARRAY_LEN(criteria), by);
}

static const char *set_fold(struct options *options, const struct option *option, const char *value)
{
	unsigned fold;

	(void)option;
	if (!read_words(value, folds, ARRAY_LEN(folds), &fold))
		return "not of case, unicode";
	options->fold = fold;
	return NULL;
}

void options_add_fold(struct buf *out, unsigned flags)
{
	add_words(out, folds, ARRAY_LEN(folds), flags);
}

/* Seconds with at most nine places behind a point. */
static const char *set_tolerance(struct options *options, const struct option *option, const char *value)
{
	static const char wrong[] = "not a number of seconds";
	size_t whole = strcspn(value, ".");
	const char *part = value[whole] ? value + whole + 1 : "0";
	unsigned seconds;
	unsigned nanoseconds;

	(void)option;
	if (!read_number(value, whole, 0, INT32_MAX, &seconds) || strlen(part) > 9 ||
	    !read_number(part, strlen(part), 0, 999999999, &nanoseconds))
		return wrong;
	for (size_t places = strlen(part); places < 9; places++)
		nanoseconds *= 10;
	options->time_tolerance = (int64_t)seconds * 1000000000 + nanoseconds;
	return NULL;
}

static const char *set_shift(struct options *options, const struct option *option, const char *value)
{
	unsigned hours;

	(void)option;
	if (!read_number(value, strlen(value), 0, MAX_SHIFT, &hours))
		return "not a number of hours from 0 to 26";
	options->time_shift = hours;
	return NULL;
}

static const char *set_choose(struct options *options, const struct option *option, const char *value)
{
	(void)option;
	if (value && !*value)
		return "empty";
	options->choose = true;
	options->choose_file = value;
	return NULL;
}

static const char *set_headless(struct options *options, const struct option *option, const char *value)
{
	const char *cross = value ? strchr(value, 'x') : NULL;
	unsigned cols;
	unsigned rows;

	(void)option;
	options->headless = true;
	if (!value)
		return NULL;
	if (!cross || !read_number(value, (size_t)(cross - value), 1, MAX_CELLS, &cols) ||
	    !read_number(cross + 1, strlen(cross + 1), 1, MAX_CELLS, &rows))
		return "not COLSxROWS, each from 1 to 1000";
	options->cols = (int)cols;
	options->rows = (int)rows;
	return NULL;
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
	if (option->set != set_flag)
		return true;
	memcpy(&has, (const char *)options + option->field, sizeof has);
	return read_flag(value, &ok) != has || !ok;
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
		return "unknown key";
	if (!(option->flags & OPTION_CONFIG))
		return "only for the command line";
	return apply(options, option, value);
}

const char *options_lock(struct options *options, const char *key)
{
	const struct option *option = find_name(key, strlen(key));

	if (!option)
		return "unknown key";
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

	if (argument[len] == ':')
		return complain(line, argument, strlen(argument), "remote roots are not supported; a local one is ./NAME");
	if (string_list_add(&line->options->roots, argument) != 0)
		return complain(line, argument, strlen(argument), words_memory);
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

/* What no single option can see. */
static int check(struct command_line *line)
{
	struct options *options = line->options;
	const char *mode = modes[options->mode].name;

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
	struct command_line line = { options, argv, argc, 1, why };
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
