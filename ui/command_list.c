#include "command.h"

#include <string.h>

#include "app.h"
#include "ask.h"
#include "confirm.h"
#include "list.h"
#include "session_compare.h"

static void fill_info(struct app *app, void *arg, const struct paint *p, struct lines *lines)
{
	const struct pane *pane = session_pane(app->session);

	(void)arg;
	if (app->session->comparison) {
		paint_compared_info(p, app->session, lines);
		if (pane_current(pane) == 0)
			return;
		lines_end(lines, STYLE_NORMAL);
	}
	paint_info(p, pane, lines);
}

bool command_info(struct app *app, const struct command_call *call)
{
	static const struct list_ops ops = { .title = "info", .bottom = "Esc leave", .fill = fill_info };
	struct pane *pane = session_pane(app->session);

	(void)call;
	if (pane_current(pane) == 0 && !(app->session->comparison && comparison_row(app->session->comparison)))
		return app_fail(app, "info: there is no entry here");
	if (pane_current(pane) != 0)
		pane_look(pane, pane_current(pane));
	list_open(app, &ops, NULL, 0);
	return true;
}

static void fill_why(struct app *app, void *arg, const struct paint *p, struct lines *lines)
{
	(void)arg;
	paint_why(p, session_pane(app->session), lines);
}

static void why_user(struct app *app, const char *user, size_t len)
{
	struct pane *pane = session_pane(app->session);

	if (tree_has(pane->tree, pane->why.id))
		pane_why(pane, pane->why.id, user, len);
}

static void why_key(struct app *app, struct list *list, void *arg, size_t index, uint32_t key)
{
	(void)list;
	(void)arg;
	(void)index;
	if (key == 'w')
		ask_line(app, &(struct ask_line){ .label = "why for user: ", .history = HISTORY_USER, .accepted = why_user });
}

bool command_why(struct app *app, const struct command_call *call)
{
	static const struct list_ops ops = { .title = "why", .bottom = "w another user, Esc leave", .fill = fill_why, .key = why_key };
	struct pane *pane = session_pane(app->session);
	const char *user = call->argc > 0 ? call->argv[0].data : "";

	if (pane->recording)
		return app_fail(app, "why: a recording does not tell");
	pane_why(pane, pane_current(pane), user, strlen(user));
	list_open(app, &ops, NULL, 0);
	return true;
}

static void fill_workers(struct app *app, void *arg, const struct paint *p, struct lines *lines)
{
	(void)arg;
	paint_workers(p, app->session, lines);
}

bool command_workers(struct app *app, const struct command_call *call)
{
	static const struct list_ops ops = { .title = "sources", .bottom = "Esc leave", .fill = fill_workers };

	(void)call;
	list_open(app, &ops, NULL, app->session->active);
	return true;
}

static void fill_tasks(struct app *app, void *arg, const struct paint *p, struct lines *lines)
{
	(void)arg;
	paint_tasks(p, app->session, lines);
}

/** The newest job stands first. */
static struct job *task_at(struct app *app, size_t index)
{
	return index < app->session->job_count ? app->session->jobs[app->session->job_count - 1 - index] : NULL;
}

static void choose_task(struct app *app, struct list *list, void *arg, size_t index)
{
	struct job *job = task_at(app, index);

	(void)list;
	(void)arg;
	if (job)
		confirm_show_items(app, job);
}

static void task_key(struct app *app, struct list *list, void *arg, size_t index, uint32_t key)
{
	struct job *job = task_at(app, index);

	(void)list;
	(void)arg;
	if (job && key == 'x')
		job_cancel(app->session, job);
}

bool command_tasks(struct app *app, const struct command_call *call)
{
	static const struct list_ops ops = { .title = "operations",
		                             .bottom = "Enter items, x cancel, Esc leave",
		                             .fill = fill_tasks,
		                             .choose = choose_task,
		                             .key = task_key };

	(void)call;
	list_open(app, &ops, NULL, 0);
	return true;
}

static void fill_help(struct app *app, void *arg, const struct paint *p, struct lines *lines)
{
	(void)arg;
	paint_help(p, app->keymap, lines);
}

bool command_help(struct app *app, const struct command_call *call)
{
	static const struct list_ops ops = { .title = "keys and commands",
		                             .bottom = "/ search, n next, Esc leave",
		                             .fill = fill_help };

	(void)call;
	list_open(app, &ops, NULL, 0);
	return true;
}

static void fill_messages(struct app *app, void *arg, const struct paint *p, struct lines *lines)
{
	(void)arg;
	(void)p;
	for (size_t i = 0; i < app->said_count; i++) {
		buf_add(&lines->text, app->said[i].text.data, app->said[i].text.len);
		lines_end(lines, app->said[i].style);
	}
}

bool command_messages(struct app *app, const struct command_call *call)
{
	static const struct list_ops ops = { .title = "messages", .bottom = "Esc leave", .fill = fill_messages };

	(void)call;
	if (app->said_count == 0)
		return app_fail(app, "messages: there was none");
	list_open(app, &ops, NULL, app->said_count - 1);
	return true;
}
