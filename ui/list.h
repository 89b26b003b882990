/*
 * A list to read: help, fields, jobs, items of a job, sources. A dialog with a cursor, a search, and keys of its owner.
 * A line that is too long for the screen goes on below, indented.
 *
 * The owner makes the lines: all at once into a struct lines (few of them), or one by one when they are asked for.
 * Thread: main, for all functions.
 */
#ifndef MUNTIN_LIST_H
#define MUNTIN_LIST_H

#include "app.h"

/** Lines of safe text, each with a style. */
struct lines {
	struct buf text;
	struct line_end *ends;
	size_t count;
	size_t cap;
};

struct line_end {
	size_t end;       /* in `text` */
	uint16_t style;
};

/** Free them. */
void lines_fini(struct lines *lines);

/** Everything added to `lines->text` since the last call is a line. */
void lines_end(struct lines *lines, uint16_t style);

/** Break lines that are longer than `width` cells. */
void lines_wrap(struct lines *lines, int width);

struct list;

/** What makes a list. All but `line` and `count` may be NULL, and these too with `fill`. */
struct list_ops {
	const char *title;    /* safe text */
	const char *bottom;   /* safe text about keys */
	/** Make all lines anew; called before each picture. */
	void (*fill)(struct app *app, void *arg, const struct paint *p, struct lines *lines);
	size_t (*count)(struct app *app, void *arg);
	/** Append one line. Returns its style. */
	uint16_t (*line)(struct app *app, void *arg, const struct paint *p, size_t index, struct buf *out);
	/** Enter on a line. The list may be closed. Without it Enter closes. */
	void (*choose)(struct app *app, struct list *list, void *arg, size_t index);
	/** Any other key that the list does not know. */
	void (*key)(struct app *app, struct list *list, void *arg, size_t index, uint32_t key);
	void (*free)(void *arg);
};

/** Open a list. `arg` is taken over. `start` is the line of the cursor. */
void list_open(struct app *app, const struct list_ops *ops, void *arg, size_t start);

/** Close it. */
void list_close(struct app *app, struct list *list);

#endif
