#include "command.h"

#include <signal.h>
#include <string.h>

#include "app.h"
#include "ask.h"
#include "external.h"
#include "session_compare.h"
#include "text.h"
#include "viewer.h"

/* ---- order, filter, search ---------------------------------------------------- */

static const struct {
	const char *word;
	enum rows_sort sort;
} orders[] = {
	{ "name", ROWS_NAME }, { "size", ROWS_SIZE },   { "mtime", ROWS_MTIME }, { "ext", ROWS_EXT },
	{ "mode", ROWS_MODE }, { "owner", ROWS_OWNER }, { "count", ROWS_COUNT },
};

bool command_sort(struct app *app, const struct command_call *call)
{
	static const struct ask_choice choices[] = {
		{ 'n', "name", "sort name" }, { 's', "size", "sort size" },   { 'm', "mtime", "sort mtime" },
		{ 'e', "ext", "sort ext" },   { 'p', "mode", "sort mode" },   { 'o', "owner", "sort owner" },
		{ 'c', "count", "sort count" },
	};
	struct rows *rows = &session_pane(app->session)->rows;

	if (app->session->comparison)
		return app_fail(app, "a comparison is in the order of names");
	if (call->argc == 0) {
		ask_choice(app, "sort by", choices, ARRAY_LEN(choices));
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		if (strcmp(call->argv[0].data, orders[i].word) != 0)
			continue;
		rows->sort = orders[i].sort;
		rows_touch(rows);
		return true;
	}
	return app_fail_on(app, "sort by name, size, mtime, ext, mode, owner or count, not ", call->argv[0].data,
	                   call->argv[0].len);
}

bool command_reverse(struct app *app, const struct command_call *call)
{
	struct rows *rows = &session_pane(app->session)->rows;

	(void)call;
	if (app->session->comparison)
		return app_fail(app, "a comparison is in the order of names");
	rows->reverse = !rows->reverse;
	rows_touch(rows);
	return true;
}

static void set_columns(struct app *app, const char *list, size_t len)
{
	const char *problem = columns_parse(&app->columns, list);

	app->dirty = true;
	if (problem)
		app_fail_value(app, "columns ", list, len, problem);
}

bool command_columns(struct app *app, const struct command_call *call)
{
	struct buf list = BUF_INIT;

	for (size_t i = 0; i < call->argc; i++)
		buf_printf(&list, "%s%s", i > 0 ? "," : "", call->argv[i].data);
	if (call->argc == 0)
		columns_add(&list, &app->columns);
	if (!buf_str(&list))
		app_fail(app, "out of memory");
	else if (call->argc > 0)
		set_columns(app, list.data, list.len);
	else
		ask_line(app, &(struct ask_line){ .label = "columns: ",
		                                  .text = list.data,
		                                  .len = list.len,
		                                  .history = HISTORY_COLUMNS,
		                                  .complete = command_complete_columns,
		                                  .accepted = set_columns });
	buf_fini(&list);
	return !app->failed;
}

bool command_hidden(struct app *app, const struct command_call *call)
{
	struct comparison *comparison = app->session->comparison;
	struct rows *rows = &session_pane(app->session)->rows;
	bool shown;

	(void)call;
	if (comparison) {
		shown = comparison->view.no_hidden;
		comparison->view.no_hidden = !shown;
		compare_view_touch(&comparison->view);
	} else {
		shown = rows->hidden = !rows->hidden;
		rows_touch(rows);
	}
	app_say(app, "hidden names are %s", shown ? "shown" : "left out");
	return true;
}

/** The filter of what is shown. */
static struct buf *filter_of(struct app *app)
{
	return app->session->comparison ? &app->session->comparison->view.filter : &session_pane(app->session)->rows.filter;
}

static void set_filter(struct app *app, const char *text, size_t len)
{
	struct buf *filter = filter_of(app);

	buf_clear(filter);
	buf_add(filter, text, len);
	if (app->session->comparison)
		compare_view_touch(&app->session->comparison->view);
	else
		rows_touch(&session_pane(app->session)->rows);
}

static void clear_filter(struct app *app)
{
	set_filter(app, "", 0);
}

bool command_filter(struct app *app, const struct command_call *call)
{
	const struct buf *now = filter_of(app);

	if (call->argc > 0) {
		set_filter(app, call->argv[0].data, call->argv[0].len);
		return true;
	}
	ask_line(app, &(struct ask_line){ .label = "filter: ",
	                                  .text = now->data,
	                                  .len = now->len,
	                                  .history = HISTORY_FILTER,
	                                  .accepted = set_filter,
	                                  .changed = set_filter,
	                                  .cancelled = clear_filter });
	return true;
}

/** To the next row with the text. Returns whether there is one. */
static bool find(struct app *app, int direction)
{
	struct pane *pane = session_pane(app->session);
	size_t at;

	if (app->search.len == 0)
		return app_fail(app, "there is nothing to search for yet");
	at = pane_search(pane, app->search.data, app->search.len, direction);
	if (at == SIZE_MAX)
		return app_fail_on(app, "not found: ", app->search.data, app->search.len);
	pane_goto(pane, at);
	return true;
}

/** Back to where the search began. */
static void search_from(struct app *app)
{
	struct pane *pane = session_pane(app->session);
	size_t at = app->session->comparison ? app->searched_at : rows_find(&pane->rows, app->searched_from);

	if (at != SIZE_MAX)
		pane_goto(pane, at);
}

static void search_changed(struct app *app, const char *text, size_t len)
{
	struct pane *pane = session_pane(app->session);
	size_t at;

	search_from(app);
	at = pane_search(pane, text, len, 1);
	if (at != SIZE_MAX)
		pane_goto(pane, at);
}

static void search_accepted(struct app *app, const char *text, size_t len)
{
	search_from(app);
	buf_clear(&app->search);
	buf_add(&app->search, text, len);
	find(app, 1);
}

bool command_search(struct app *app, const struct command_call *call)
{
	app->searched_from = pane_current(session_pane(app->session));
	app->searched_at = pane_row_at(session_pane(app->session));
	if (call->argc > 0) {
		buf_clear(&app->search);
		buf_add(&app->search, call->argv[0].data, call->argv[0].len);
		return find(app, 1);
	}
	ask_line(app, &(struct ask_line){ .label = "/",
	                                  .history = HISTORY_SEARCH,
	                                  .accepted = search_accepted,
	                                  .changed = search_changed,
	                                  .cancelled = search_from });
	return true;
}

static bool find_again(struct app *app, const struct command_call *call, int direction)
{
	unsigned times = call->count ? call->count : 1;

	for (unsigned i = 0; i < times; i++)
		if (!find(app, direction))
			return false;
	return true;
}

bool command_search_next(struct app *app, const struct command_call *call)
{
	return find_again(app, call, 1);
}

bool command_search_prev(struct app *app, const struct command_call *call)
{
	return find_again(app, call, -1);
}

/* ---- marks by pattern --------------------------------------------------------- */

/** Marks that cannot be seen to have changed are told of. */
static void mark_by(struct app *app, const char *glob, bool marked)
{
	struct pane *pane = session_pane(app->session);
	size_t before = tree_marked(pane->tree, NULL);

	pane_mark_glob(pane, glob, marked);
	if (tree_marked(pane->tree, NULL) == before)
		app_say(app, marked ? "nothing to mark matches" : "nothing marked matches");
}

static void mark_matching(struct app *app, const char *text, size_t len)
{
	(void)len;
	mark_by(app, text, true);
}

static void unmark_matching(struct app *app, const char *text, size_t len)
{
	(void)len;
	mark_by(app, text, false);
}

static bool by_pattern(struct app *app, const struct command_call *call, const char *label,
                       void (*accepted)(struct app *, const char *, size_t))
{
	if (call->argc > 0)
		accepted(app, call->argv[0].data, call->argv[0].len);
	else
		ask_line(app, &(struct ask_line){
				      .label = label, .text = "*", .len = 1, .history = HISTORY_GLOB, .accepted = accepted });
	return true;
}

bool command_mark_glob(struct app *app, const struct command_call *call)
{
	return by_pattern(app, call, "mark: ", mark_matching);
}

bool command_unmark_glob(struct app *app, const struct command_call *call)
{
	return by_pattern(app, call, "unmark: ", unmark_matching);
}

/* ---- other programs ----------------------------------------------------------- */

bool command_view(struct app *app, const struct command_call *call)
{
	(void)call;
	if (app->options->headless)
		return app_fail(app, "view: not without a terminal");
	return viewer_open(app, false);
}

bool command_hex(struct app *app, const struct command_call *call)
{
	(void)call;
	return viewer_open(app, true);
}

bool command_edit(struct app *app, const struct command_call *call)
{
	(void)call;
	return external_run(app, EXTERNAL_EDIT, 0, NULL);
}

static void open_accepted(struct app *app, const char *text, size_t len)
{
	struct buf line = BUF_INIT;

	buf_add_str(&line, "open-with ");
	buf_add(&line, text, len);
	if (line.failed)
		app_fail(app, "out of memory");
	else
		command_run(app, line.data, line.len, 0);
	buf_fini(&line);
}

bool command_open_with(struct app *app, const struct command_call *call)
{
	const struct pane *pane = session_pane(app->session);
	const char *program;
	const char *name;
	size_t len;

	if (call->argc > 0)
		return external_run(app, EXTERNAL_OPEN, call->argc, call->argv);
	name = tree_name(pane->tree, pane_current(pane), &len);
	program = external_rule(app, name, len);
	ask_line(app, &(struct ask_line){ .label = "open with: ",
	                                  .text = program,
	                                  .len = program ? strlen(program) : 0,
	                                  .history = HISTORY_PROGRAM,
	                                  .accepted = open_accepted });
	return true;
}

/* ---- scanning ----------------------------------------------------------------- */

bool command_backend(struct app *app, const struct command_call *call)
{
	enum session_backend now = app->session->options.backend;
	enum session_backend wanted = now == BACKEND_THREADS ? BACKEND_WORKERS : BACKEND_THREADS;

	if (call->argc > 0 && strcmp(call->argv[0].data, "threads") == 0)
		wanted = BACKEND_THREADS;
	else if (call->argc > 0 && strcmp(call->argv[0].data, "workers") == 0)
		wanted = BACKEND_WORKERS;
	else if (call->argc > 0)
		return app_fail_on(app, "backend: threads or workers, not ", call->argv[0].data, call->argv[0].len);
	if (!session_set_backend(app->session, wanted))
		return app_fail(app, "backend: not while an operation runs");
	app_say(app, "scanning by %s", wanted == BACKEND_THREADS ? "threads" : "workers");
	return true;
}

bool command_rescan(struct app *app, const struct command_call *call)
{
	(void)call;
	pane_rescan(session_pane(app->session));
	return true;
}

bool command_redraw(struct app *app, const struct command_call *call)
{
	(void)call;
	term_redraw(app->term);
	return true;
}

bool command_stop(struct app *app, const struct command_call *call)
{
	struct comparison *comparison = app->session->comparison;
	struct pane *pane = session_pane(app->session);

	(void)call;
	if (app->options->choose) {
		app_quit(app, 1);
		return true;
	}
	if (pane_stop(pane))
		app_say(app, "stopped; R reads again");
	else if (comparison && !comparison->paused && comparison_to_read(comparison) > 0)
		command_contents(app, call);
	else if (filter_of(app)->len > 0)
		clear_filter(app);
	return true;
}

/* ---- the program -------------------------------------------------------------- */

static void command_accepted(struct app *app, const char *text, size_t len)
{
	command_run(app, text, len, 0);
}

bool command_command(struct app *app, const struct command_call *call)
{
	(void)call;
	ask_line(app, &(struct ask_line){ .label = ":",
	                                  .history = HISTORY_COMMAND,
	                                  .complete = command_complete,
	                                  .accepted = command_accepted });
	return true;
}

bool command_suspend(struct app *app, const struct command_call *call)
{
	(void)call;
	app_suspend(app);
	return true;
}

static void quit_now(struct app *app)
{
	app_quit(app, 0);
}

bool command_quit(struct app *app, const struct command_call *call)
{
	(void)call;
	if (session_has_jobs(app->session))
		ask_yes(app, "An operation is not done yet. Quit all the same?", quit_now);
	else
		app_quit(app, 0);
	return true;
}

bool command_quit_cd(struct app *app, const struct command_call *call)
{
	app->leave_directory = true;
	return command_quit(app, call);
}
