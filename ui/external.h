/*
 * Other programs on our terminal: pager, editor, and whatever the user names.
 *
 * A path goes to them as one argument, absolute, so that no name is ever taken for an option or for shell text. The
 * screen is theirs until they end; the panes go on being filled meanwhile. What one of them printed before it failed can be read
 * before the panes cover it: then it waits for Enter.   Thread: main, for all functions.
 */
#ifndef MUNTIN_EXTERNAL_H
#define MUNTIN_EXTERNAL_H

#include "base.h"
#include "buf.h"
#include "tree.h"

struct app;
struct pane;

enum external_kind {
	EXTERNAL_VIEW,  /* the pager */
	EXTERNAL_EDIT,  /* the editor */
	EXTERNAL_NAMES, /* the editor, for external_edit() */
	EXTERNAL_RULE,  /* what the configuration has for the name */
	EXTERNAL_DIFF,  /* the difference of two files: diff -u, through the pager; those that are equal are told so */
	EXTERNAL_DIFF_TOOL, /* what the user has for that */
	EXTERNAL_OPEN,  /* what the user typed: what it printed stays until Enter */
};

/** Once, before any thread: leave relative entries out of PATH, for all children. */
void external_prepare(void);

/** Append the absolute form of a path that the user gave. It is not looked up: `..` and links stay. */
void external_absolute(const struct app *app, const char *path, size_t len, struct buf *out);

/** The words of the program that the configuration has for an entry's name: of the last rule that fits. NULL for none. */
const char *external_rule(const struct app *app, const char *name, size_t len);

/**
 * Run a program on the current entry. `argc` words with the program first for EXTERNAL_RULE and EXTERNAL_OPEN; a word %f stands for the
 * path, which otherwise comes last. Returns false when app_fail() said why not.
 */
bool external_run(struct app *app, enum external_kind kind, size_t argc, const struct buf *argv);

/** A file of a pane. */
struct external_file {
	const struct pane *pane;
	entry_id id;
};

/**
 * Run a program on several files: a word %f stands for all of them, %1 and %2 for the first two, which otherwise come last.
 * Returns false when app_fail() said why not.
 */
bool external_run_files(struct app *app, enum external_kind kind, size_t argc, const struct buf *argv, const struct external_file *files,
			size_t count);

/**
 * Let the user edit a file of ours (terminated, absolute); `done` hears of the end, with 0 when all went well. Returns false when
 * app_fail() said why not.
 */
bool external_edit(struct app *app, const char *path, void (*done)(struct app *app, int status));

/** May a program be given this entry, or its bytes be shown? Returns false when app_fail() said why not. */
bool external_may_open(struct app *app, const struct pane *pane, entry_id id);

/** Is one running, and the screen its own? */
bool external_running(const struct app *app);

/** A child may have ended (SIGCHLD). */
void external_reap(struct app *app);

/** Let go of a program that still runs. */
void external_free(struct app *app);

#endif
