/*
 * One option of the table, and what takes its value over. Only options*.c include this.   Thread: main, for all functions.
 */
#ifndef MUNTIN_OPTIONS_IMPL_H
#define MUNTIN_OPTIONS_IMPL_H

#include "options.h"

enum option_operand { OPERAND_NONE, OPERAND_REQUIRED, OPERAND_OPTIONAL };

enum option_flags {
	OPTION_CONFIG = 1 << 0, /* may stand in a configuration */
	OPTION_JOINED = 1 << 1, /* shares its line of help with the next one */
};

struct option;

/** Take a value over; NULL where the option has none. Returns NULL, or a few words on what is wrong. */
typedef const char *option_setter(struct options *options, const struct option *option, const char *value);

struct option {
	const char *name;
	char letter;
	enum option_operand operand;
	unsigned flags;
	unsigned modes;       /* bit n: it has a meaning in mode n */
	const char *shown;    /* the operand, in the help */
	const char *help;
	option_setter *set;
	size_t field;         /* offset in struct options, for the general setters */
	int number;           /* for option_set_mode() */
};

/** One for each kind of value. */
option_setter option_set_mode, option_set_batch, option_set_flag, option_set_string, option_set_backend, option_set_jobs,
	option_set_exclude, option_set_exclude_from, option_set_depth, option_set_format, option_set_by, option_set_tolerance,
	option_set_shift, option_set_fold, option_set_choose, option_set_headless, option_set_columns;

/** Whether a value, NULL included, means yes; false in `*ok` if it means nothing. */
bool option_read_flag(const char *value, bool *ok);

extern const char option_words_memory[];

#endif
