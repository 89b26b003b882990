/*
 * Renaming several entries: their names as a text, a line each, that is edited with $EDITOR.
 *
 * What is not plain text stands as $'...', as in all text output, and is read back exactly. A text that does not fit, an
 * editor that fails, a plan that cannot be carried out: nothing is touched, and the text is kept for the next try with the
 * same entries.   Thread: main, for all functions.
 */
#ifndef MUNTIN_NAMES_H
#define MUNTIN_NAMES_H

#include "app.h"

struct names;

/** Let all marked entries of the active pane be renamed. Returns false when app_fail() said why not. */
bool names_edit(struct app *app);

/** What is wrong with the name of an entry; NULL if nothing is. */
const char *names_problem(const char *name, size_t len);

/** Is a text written, edited or read? */
bool names_busy(const struct app *app);

/** Is it the job of the text that is kept? */
bool names_own(const struct app *app, const struct job *job);

/** Append where the file of a text is that was not read back: the program ends while it is edited, and it stays. */
void names_left(const struct app *app, struct buf *out);

/** Forget the text that is kept. */
void names_free(struct app *app);

/**
 * Read the edited text of `count` paths (terminated, as they were written) into new last components. Returns NULL; else what is
 * wrong, with `*line` the line from 1 on, 0 for all of them. `names` are empty ones, of the caller.
 */
const char *names_parse(const char *text, size_t len, const struct buf *paths, size_t count, struct buf *names, size_t *line);

/** Append the line of a path. `flags` as for text_add(). */
void names_add(struct buf *out, const struct buf *path, unsigned flags);

#endif
