/*
 * The values of options: from their words to struct options, and back.
 */
#include "options_impl.h"

#include "compare.h"
#include "fold.h"

#include <string.h>

enum {
	MAX_JOBS = 1024,
	MAX_CELLS = 1000,
	MAX_SHIFT = 26, /* from one end of the world to the other */
};

const char option_words_memory[] = "out of memory";
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
bool option_read_flag(const char *value, bool *ok)
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

const char *option_set_mode(struct options *options, const struct option *option, const char *value)
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

const char *option_set_batch(struct options *options, const struct option *option, const char *value)
{
	static const struct option batch = { .number = MODE_BATCH };

	(void)option;
	if (options->batch)
		return "only one can be";
	options->batch = value;
	return option_set_mode(options, &batch, NULL);
}

const char *option_set_flag(struct options *options, const struct option *option, const char *value)
{
	bool ok;
	bool flag = option_read_flag(value, &ok);

	if (!ok)
		return "neither yes nor no";
	memcpy((char *)options + option->field, &flag, sizeof flag);
	return NULL;
}

const char *option_set_string(struct options *options, const struct option *option, const char *value)
{
	if (!*value)
		return "empty";
	memcpy((char *)options + option->field, &value, sizeof value);
	return NULL;
}

const char *option_set_backend(struct options *options, const struct option *option, const char *value)
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

const char *option_set_jobs(struct options *options, const struct option *option, const char *value)
{
	unsigned jobs;

	(void)option;
	if (!read_number(value, strlen(value), 1, MAX_JOBS, &jobs))
		return "not a number from 1 to 1024";
	options->session.jobs = jobs;
	return NULL;
}

const char *option_set_depth(struct options *options, const struct option *option, const char *value)
{
	unsigned depth;

	(void)option;
	if (!read_number(value, strlen(value), 0, INT32_MAX, &depth))
		return "not a number";
	options->session.max_depth = depth;
	return NULL;
}

const char *option_set_exclude(struct options *options, const struct option *option, const char *value)
{
	(void)option;
	if (!value[strspn(value, "/")])
		return "matches nothing";
	if (string_list_copy(&options->exclude, value, strlen(value)) != 0)
		return option_words_memory;
	options->session.exclude = options->exclude.items;
	options->session.exclude_count = options->exclude.len;
	return NULL;
}

const char *option_set_exclude_from(struct options *options, const struct option *option, const char *value)
{
	(void)option;
	if (!*value)
		return "empty";
	return string_list_copy(&options->exclude_from, value, strlen(value)) == 0 ? NULL : option_words_memory;
}

const char *option_set_format(struct options *options, const struct option *option, const char *value)
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

const char *option_set_by(struct options *options, const struct option *option, const char *value)
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

const char *option_set_fold(struct options *options, const struct option *option, const char *value)
{
	unsigned fold;

	(void)option;
	if (!read_words(value, folds, ARRAY_LEN(folds), &fold))
		return "not of case, unicode";
	options->session.fold = fold;
	return NULL;
}

void options_add_fold(struct buf *out, unsigned flags)
{
	add_words(out, folds, ARRAY_LEN(folds), flags);
}

/* Seconds with at most nine places behind a point. */
const char *option_set_tolerance(struct options *options, const struct option *option, const char *value)
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

const char *option_set_shift(struct options *options, const struct option *option, const char *value)
{
	unsigned hours;

	(void)option;
	if (!read_number(value, strlen(value), 0, MAX_SHIFT, &hours))
		return "not a number of hours from 0 to 26";
	options->session.time_shift = hours;
	return NULL;
}

const char *option_set_columns(struct options *options, const struct option *option, const char *value)
{
	(void)option;
	return columns_parse(&options->columns, value);
}

const char *option_set_choose(struct options *options, const struct option *option, const char *value)
{
	(void)option;
	if (value && !*value)
		return "empty";
	options->choose = true;
	options->choose_file = value;
	return NULL;
}

const char *option_set_headless(struct options *options, const struct option *option, const char *value)
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
