/*
 * Asking: a line to be typed, a yes or no, one key of a few. Dialogs with an answer to call back with.
 *
 * Thread: main, for all functions.
 */
#ifndef MUNTIN_ASK_H
#define MUNTIN_ASK_H

#include "app.h"

/** What is done with the line of a prompt. */
struct ask_line {
	const char *label;                 /* safe text before the line; copied */
	const char *text;                  /* what stands there at first; may be NULL */
	size_t len;
	enum app_history history;
	prompt_complete *complete;         /* NULL: Tab does nothing */
	bool before_extension;             /* the cursor begins before the extension */
	void (*accepted)(struct app *app, const char *text, size_t len); /* after the dialog was closed */
	void (*changed)(struct app *app, const char *text, size_t len);  /* with every key that changes it; may be NULL */
	void (*cancelled)(struct app *app);                              /* may be NULL */
};

/** Ask for a line, at the bottom of the screen. */
void ask_line(struct app *app, const struct ask_line *line);

/** Ask yes or no; the answer defaults to No. What was typed ahead is forgotten. */
void ask_yes(struct app *app, const char *question, void (*yes)(struct app *app));

/** One of the keys of a menu, and the command line that it stands for. */
struct ask_choice {
	uint32_t key;
	const char *word;
	const char *line;
};

/** Let one key choose a command; Esc leaves, other keys do nothing. `choices` must outlive the dialog. */
void ask_choice(struct app *app, const char *label, const struct ask_choice *choices, size_t count);

#endif
