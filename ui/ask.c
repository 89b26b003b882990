#include "ask.h"

#include <string.h>

#include "command.h"
#include "listing.h"
#include "text.h"

/** Where asking takes place. */
static struct rect bottom_line(const struct paint *p)
{
	int y = p->grid->rows - 1;

	return (struct rect){ 0, y < 0 ? 0 : y, p->grid->cols, 1 };
}

/* ---- a line ------------------------------------------------------------------ */

struct line_dialog {
	struct dialog dialog;
	struct prompt prompt;
	struct ask_line ask;
};

static void line_accept(struct app *app, struct line_dialog *line)
{
	void (*accepted)(struct app *, const char *, size_t) = line->ask.accepted;
	struct buf answer = BUF_INIT;
	size_t len;
	const char *text = prompt_text(&line->prompt, &len);

	buf_add(&answer, text, len);
	app_close(app, &line->dialog);
	if (answer.failed || !buf_str(&answer))
		app_fail(app, "out of memory");
	else
		accepted(app, answer.data, answer.len);
	buf_fini(&answer);
}

static void line_key(struct app *app, struct dialog *dialog, const struct term_event *event)
{
	struct line_dialog *line = (struct line_dialog *)dialog;
	void (*cancelled)(struct app *) = line->ask.cancelled;
	const char *text;
	size_t len;

	switch (prompt_key(&line->prompt, event->key, event->pasted)) {
	case PROMPT_EDITING:
		break;
	case PROMPT_CHANGED:
		text = prompt_text(&line->prompt, &len);
		if (line->ask.changed)
			line->ask.changed(app, text, len);
		break;
	case PROMPT_ACCEPTED:
		line_accept(app, line);
		break;
	case PROMPT_CANCELLED:
		app_close(app, dialog);
		if (cancelled)
			cancelled(app);
		break;
	}
}

static void line_paint(struct app *app, struct dialog *dialog, const struct paint *p)
{
	struct line_dialog *line = (struct line_dialog *)dialog;
	(void)app;
	if (p->grid->rows > 1)
		prompt_paint_words(&line->prompt, p->grid, (struct rect){ 0, 0, p->grid->cols, p->grid->rows - 1 });
	prompt_paint(&line->prompt, p->grid, bottom_line(p));
}

/** Names that completion waits for may have come. */
static void line_step(struct app *app, struct dialog *dialog)
{
	struct line_dialog *line = (struct line_dialog *)dialog;

	if (!line->prompt.waiting || !app->listing || !listing_done(app->listing))
		return;
	if (prompt_resume(&line->prompt) == PROMPT_CHANGED && line->ask.changed)
		line->ask.changed(app, line->prompt.text.data, line->prompt.text.len);
}

static void line_free(struct dialog *dialog)
{
	struct line_dialog *line = (struct line_dialog *)dialog;

	prompt_fini(&line->prompt);
	free(line);
}

void ask_line(struct app *app, const struct ask_line *ask)
{
	static const struct dialog_ops ops = { line_key, line_paint, line_step, line_free };
	struct line_dialog *line = calloc(1, sizeof *line);

	if (!line) {
		app_fail(app, "out of memory");
		return;
	}
	listing_free(app->listing); /* what it says may be old */
	app->listing = NULL;
	line->dialog.ops = &ops;
	line->ask = *ask;
	prompt_init(&line->prompt, ask->label, ask->text ? ask->text : "", ask->text ? ask->len : 0, !app->term->utf8);
	prompt_use_history(&line->prompt, &app->histories[ask->history]);
	if (ask->complete)
		prompt_use_completion(&line->prompt, ask->complete, app);
	if (ask->before_extension)
		prompt_before_extension(&line->prompt);
	app_open(app, &line->dialog);
}

/* ---- yes or no --------------------------------------------------------------- */

struct yes_dialog {
	struct dialog dialog;
	struct buf question;
	void (*yes)(struct app *app);
};

static void yes_key(struct app *app, struct dialog *dialog, const struct term_event *event)
{
	struct yes_dialog *question = (struct yes_dialog *)dialog;
	void (*yes)(struct app *) = question->yes;

	switch (question_key(event->key, event->pasted || event->queued)) {
	case QUESTION_OPEN:
		break;
	case QUESTION_YES:
		app_close(app, dialog);
		yes(app);
		break;
	case QUESTION_NO:
		app_close(app, dialog);
		break;
	}
}

static void yes_paint(struct app *app, struct dialog *dialog, const struct paint *p)
{
	const struct yes_dialog *question = (struct yes_dialog *)dialog;
	struct rect line = bottom_line(p);
	int used;

	(void)app;
	grid_fill(p->grid, line.x, line.y, line.w, 1, STYLE_PROMPT);
	used = paint_cut(p, line.x + 1, line.y, line.w - 2, &question->question, STYLE_WARNING);
	grid_cursor(p->grid, line.x + 1 + used, line.y);
}

static void yes_free(struct dialog *dialog)
{
	struct yes_dialog *question = (struct yes_dialog *)dialog;

	buf_fini(&question->question);
	free(question);
}

void ask_yes(struct app *app, const char *text, void (*yes)(struct app *app))
{
	static const struct dialog_ops ops = { yes_key, yes_paint, NULL, yes_free };
	struct yes_dialog *question = calloc(1, sizeof *question);

	if (!question) {
		app_fail(app, "out of memory");
		return;
	}
	question->dialog.ops = &ops;
	question->yes = yes;
	buf_printf(&question->question, "%s (y/N) ", text);
	app_flush(app);
	app_open(app, &question->dialog);
}

/* ---- one key of a few -------------------------------------------------------- */

struct choice_dialog {
	struct dialog dialog;
	const char *label;
	const struct ask_choice *choices;
	size_t count;
};

static void choice_key(struct app *app, struct dialog *dialog, const struct term_event *event)
{
	const struct choice_dialog *menu = (struct choice_dialog *)dialog;
	const char *line = NULL;

	if (event->pasted)
		return;
	for (size_t i = 0; i < menu->count; i++)
		if (menu->choices[i].key == event->key)
			line = menu->choices[i].line;
	/* a key that means nothing here must not leave the next ones to the panes */
	if (!line && event->key != K_ESC)
		return;
	app_close(app, dialog);
	if (line)
		command_run(app, line, strlen(line), 0);
}

static void choice_paint(struct app *app, struct dialog *dialog, const struct paint *p)
{
	const struct choice_dialog *menu = (struct choice_dialog *)dialog;
	struct paint_choice *choices = calloc(menu->count, sizeof *choices);
	struct buf label = BUF_INIT;

	(void)app;
	buf_add_str(&label, menu->label);
	for (size_t i = 0; choices && i < menu->count; i++) {
		key_add(&choices[i].key, menu->choices[i].key);
		buf_add_str(&choices[i].word, menu->choices[i].word);
	}
	paint_menu(p, &label, choices, choices ? menu->count : 0, true);
	for (size_t i = 0; choices && i < menu->count; i++) {
		buf_fini(&choices[i].key);
		buf_fini(&choices[i].word);
	}
	free(choices);
	buf_fini(&label);
}

static void choice_free(struct dialog *dialog)
{
	free(dialog);
}

void ask_choice(struct app *app, const char *label, const struct ask_choice *choices, size_t count)
{
	static const struct dialog_ops ops = { choice_key, choice_paint, NULL, choice_free };
	struct choice_dialog *menu = calloc(1, sizeof *menu);

	if (!menu) {
		app_fail(app, "out of memory");
		return;
	}
	*menu = (struct choice_dialog){ { &ops, NULL }, label, choices, count };
	app_open(app, &menu->dialog);
}
