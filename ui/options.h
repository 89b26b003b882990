/*
 * What the command line asks for. One table of options drives parsing, --help and the options of the configuration.
 *
 * Parsing is pure: it reads no file. What a file holds (the configuration, patterns to leave out) is added later by
 * config_load(), in the process that the supervisor started.   Thread: main, for all functions.
 */
#ifndef MUNTIN_OPTIONS_H
#define MUNTIN_OPTIONS_H

#include "buf.h"
#include "columns.h"
#include "session.h"
#include "string_list.h"

/** What the program is to do. */
enum options_mode {
	MODE_BROWSE,
	MODE_LIST,
	MODE_COUNT,
	MODE_DIFF,
	MODE_DUMP,
	MODE_BATCH,
	MODE_HELP,
	MODE_VERSION,
};

/** The form of headless output. */
enum options_format { FORMAT_TEXT, FORMAT_TYPED, FORMAT_JSON, FORMAT_NCDU, FORMAT_RSYNC };

/** All of it. Strings are borrowed from argv, or owned by the lists that say so. */
struct options {
	enum options_mode mode;
	struct string_list roots;       /* as given; MODE_BROWSE: never empty */
	struct session_options session; /* its patterns are those of `exclude` */
	struct string_list exclude;     /* owned copies: patterns of --exclude and of the files of --exclude-from */
	struct string_list exclude_from; /* owned copies: file names */
	enum options_format format;
	bool null;                      /* records end with NUL, names are raw */
	bool sort;
	bool depth_first;
	unsigned by;                    /* MODE_DIFF: enum compare_by */
	int64_t time_tolerance;         /* nanoseconds */
	bool all;                       /* rows that are the same too */
	const char *batch;              /* the file of MODE_BATCH, may be "-" */

	/* the browser's */
	const char *script;             /* NULL: none */
	bool headless;                  /* draw into memory */
	int cols;                       /* of the headless screen */
	int rows;
	const char *cwd_file;           /* NULL: none */
	const char *diff_tool;          /* words of a program for the command `diff`; NULL: diff -u */
	struct columns columns;         /* of the panes */
	bool choose;                    /* a picker */
	const char *choose_file;        /* NULL: standard output */
	struct string_list binds;       /* owned: `KEYS = COMMAND` as keymap_set() takes it, in order */
	struct string_list colors;      /* owned: `MEANING = WORD...` as styles_set() takes it, in order */
	struct string_list open_globs;  /* owned: names that a program opens, in order … */
	struct string_list open_programs; /* owned: … and the words of each program, as at the prompt of `x` */
	struct string_list kept;        /* owned: values of the configuration that others point to */

	const char *debug;              /* CATEGORIES:FILE for diag_open(); NULL: none */
	const char *config;             /* the file that replaces the user's; NULL: the usual one */
	bool no_config;
	struct buf problems;            /* owned: lines for people on what is wrong with the configuration */
	bool configured;                /* a configuration was read before the command line: a form that does not fit is its */
	uint64_t locked;                /* bit n: option n of the table keeps the administrator's value */
};

/** Defaults; needs no memory. */
void options_init(struct options *options);

/** Give the memory back. */
void options_fini(struct options *options);

/**
 * Read a command line over what `options` holds already. `argv` must outlive them.
 * Returns 0; or -1 after adding one line for people, without a newline, to `why`.
 */
MUN_NODISCARD int options_parse(struct options *options, int argc, char *const *argv, struct buf *why);

/**
 * `KEY = VALUE` of a configuration, KEY an option's long name. Returns NULL, or a few words on what is wrong; nothing
 * is changed then.
 */
MUN_NODISCARD const char *options_set(struct options *options, const char *key, const char *value);

/** Keep an option's value from now on. Returns NULL, or a few words on what is wrong. */
MUN_NODISCARD const char *options_lock(struct options *options, const char *key);

/** Append the words of criteria (enum compare_by) as --by takes them. */
void options_add_by(struct buf *out, unsigned by);

/** Append the words of fold_flags as --fold takes them. */
void options_add_fold(struct buf *out, unsigned flags);

/** Append the screen of --help. */
void options_help(struct buf *out);

/** How foreign bytes are to be rendered on standard output and standard error: enum text_flags. */
unsigned options_text_flags(void);

#endif
