#include "command.h"

#include <errno.h>
#include <string.h>

#include "app.h"
#include "external.h"
#include "listing.h"
#include "session_compare.h"
#include "session_link.h"
#include "text.h"

/** How often: once, unless a count was given. */
static int64_t times(const struct command_call *call)
{
	return call->count ? (int64_t)call->count : 1;
}

static bool move(struct app *app, int64_t by)
{
	pane_move(session_pane(app->session), by);
	return true;
}

bool command_down(struct app *app, const struct command_call *call)
{
	return move(app, times(call));
}

bool command_up(struct app *app, const struct command_call *call)
{
	return move(app, -times(call));
}

/** A screen of rows, one of which stays. */
static int64_t screen(struct app *app)
{
	size_t height = session_pane(app->session)->height;

	return height > 2 ? (int64_t)height - 1 : 1;
}

bool command_page_down(struct app *app, const struct command_call *call)
{
	return move(app, times(call) * screen(app));
}

bool command_page_up(struct app *app, const struct command_call *call)
{
	return move(app, -times(call) * screen(app));
}

bool command_top(struct app *app, const struct command_call *call)
{
	pane_goto(session_pane(app->session), call->count ? call->count - 1 : 0);
	return true;
}

bool command_bottom(struct app *app, const struct command_call *call)
{
	pane_goto(session_pane(app->session), call->count ? call->count - 1 : SIZE_MAX);
	return true;
}

/** A filter ends with the directory it was made for. */
static void drop_filter(struct pane *pane)
{
	struct comparison *comparison = pane->session->comparison;

	if (comparison && comparison->view.filter.len > 0) {
		buf_clear(&comparison->view.filter);
		compare_view_touch(&comparison->view);
	}
	if (pane->rows.filter.len == 0)
		return;
	buf_clear(&pane->rows.filter);
	rows_touch(&pane->rows);
}

static bool run_rule(struct app *app, size_t argc, const struct buf *argv)
{
	return external_run(app, EXTERNAL_RULE, argc, argv);
}

/** With the program that the configuration has for it, else with the pager. */
static bool open_file(struct app *app, const struct command_call *call)
{
	const struct pane *pane = session_pane(app->session);
	size_t len;
	const char *name = tree_name(pane->tree, pane_current(pane), &len);
	const char *program = app->options->headless ? NULL : external_rule(app, name, len);

	return program ? command_split(app, program, run_rule) : command_view(app, call);
}

/** Enter on a row of the comparison: a directory in all panes, what is folded, or a file of this one. */
static bool enter_compared(struct app *app, const struct command_call *call)
{
	struct comparison *comparison = app->session->comparison;
	const struct compare_item *item = compare_view_current(&comparison->view);

	if (item && item->run > 0) {
		comparison->view.fold = false;
		compare_view_touch(&comparison->view);
		return true;
	}
	if (!item || !compare_is_dir(comparison->compare, item->row))
		return pane_current(session_pane(app->session)) ? open_file(app, call) : app_fail(app, "enter: there is no entry here");
	drop_filter(session_pane(app->session));
	return comparison_enter(comparison);
}

bool command_enter(struct app *app, const struct command_call *call)
{
	struct pane *pane = session_pane(app->session);
	entry_id id = pane_current(pane);
	const struct entry *entry;

	if (app->session->comparison)
		return enter_compared(app, call);
	if (!id)
		return app_fail(app, "enter: there is no entry here");
	entry = tree_entry(pane->tree, id);
	if (!entry_is_dir(entry))
		return open_file(app, call);
	drop_filter(pane);
	if (!pane_enter(pane))
		return app_fail(app, "this directory cannot be entered: %s", error_text(entry->error));
	return true;
}

bool command_leave(struct app *app, const struct command_call *call)
{
	struct pane *pane = session_pane(app->session);

	for (int64_t i = 0; i < times(call); i++) {
		drop_filter(pane);
		if (app->session->comparison ? !comparison_leave(app->session->comparison) : !pane_leave(pane))
			return app_fail(app, "there is nothing above");
	}
	return true;
}

bool command_expand(struct app *app, const struct command_call *call)
{
	struct pane *pane = session_pane(app->session);

	(void)call;
	if (app->session->comparison)
		return comparison_expand(app->session->comparison) || app_fail(app, "only a directory can be opened in place");
	if (!pane_current(pane) || !entry_is_dir(tree_entry(pane->tree, pane_current(pane))))
		return app_fail(app, "only a directory can be opened in place");
	pane_expand(pane);
	return true;
}

bool command_mark(struct app *app, const struct command_call *call)
{
	struct pane *pane = session_pane(app->session);
	int64_t count = times(call);

	if ((uint64_t)count > pane_row_count(pane) - pane_row_at(pane))
		count = (int64_t)(pane_row_count(pane) - pane_row_at(pane));
	for (int64_t i = 0; i < count; i++)
		pane_mark(pane);
	return true;
}

bool command_mark_range(struct app *app, const struct command_call *call)
{
	(void)call;
	pane_mark_range(session_pane(app->session));
	return true;
}

bool command_mark_invert(struct app *app, const struct command_call *call)
{
	(void)call;
	pane_mark_invert(session_pane(app->session));
	return true;
}

bool command_unmark(struct app *app, const struct command_call *call)
{
	(void)call;
	pane_mark_none(session_pane(app->session));
	return true;
}

/* ---- panes ------------------------------------------------------------------- */

static bool activate(struct app *app, size_t index)
{
	session_activate(app->session, index);
	return true;
}

/** So many panes on, of those on the screen. */
static bool walk(struct app *app, const struct command_call *call, int direction)
{
	for (int64_t i = 0; i < times(call); i++)
		activate(app, session_next(app->session, direction));
	return true;
}

bool command_pane_next(struct app *app, const struct command_call *call)
{
	return walk(app, call, 1);
}

bool command_pane_prev(struct app *app, const struct command_call *call)
{
	return walk(app, call, -1);
}

bool command_pane(struct app *app, const struct command_call *call)
{
	const struct buf *word = call->argc ? &call->argv[0] : NULL;
	size_t index;

	if (!word || word->len != 1 || word->data[0] < '1' || word->data[0] > '9')
		return app_fail(app, "pane: which one? 1 to 9");
	index = (size_t)(word->data[0] - '1');
	if (index >= app->session->pane_count)
		return app_fail(app, "there is no pane %zu", index + 1);
	return activate(app, index);
}

bool command_zoom(struct app *app, const struct command_call *call)
{
	(void)call;
	app->zoom = !app->zoom;
	return true;
}

bool command_pane_close(struct app *app, const struct command_call *call)
{
	(void)call;
	if (app->session->pane_count < 2)
		return app_fail(app, "the last pane stays");
	app_forget_pane(app, session_pane(app->session));
	return session_close(app->session, app->session->active);
}

bool command_pane_only(struct app *app, const struct command_call *call)
{
	const struct pane *keep = session_pane(app->session);

	(void)call;
	for (size_t i = app->session->pane_count; i-- > 0;) {
		if (app->session->panes[i] == keep)
			continue;
		app_forget_pane(app, app->session->panes[i]);
		if (!session_close(app->session, i))
			return app_fail(app, "a pane could not be closed");
	}
	return activate(app, 0);
}

bool command_pane_swap(struct app *app, const struct command_call *call)
{
	size_t next = session_next(app->session, 1);

	(void)call;
	if (next == app->session->active)
		return app_fail(app, "there is no other pane");
	session_swap(app->session, app->session->active, next);
	return true;
}

bool command_pane_hide(struct app *app, const struct command_call *call)
{
	(void)call;
	if (!session_hide(app->session))
		return app_fail(app, "the last pane stays");
	app_say(app, "hidden; ^w + shows it again");
	return true;
}

bool command_pane_show(struct app *app, const struct command_call *call)
{
	(void)call;
	for (size_t i = 0; i < app->session->pane_count; i++)
		app->session->panes[i]->hidden = false;
	return true;
}

bool command_link(struct app *app, const struct command_call *call)
{
	(void)call;
	if (app->session->comparison)
		return app_fail(app, "panes that are compared move together anyway");
	if (app->session->pane_count < 2 && !app->session->linked)
		return app_fail(app, "link: with what? :open ROOT opens another pane");
	session_link(app->session, !app->session->linked);
	app_say(app, app->session->linked ? "the panes move together" : "each pane moves by itself");
	return true;
}

void command_add_root(struct buf *out, const char *word, size_t len)
{
	const char *home = getenv("HOME");
	bool tilde = home && len > 0 && word[0] == '~' && (len == 1 || word[1] == '/');

	if (tilde)
		buf_add_str(out, home);
	buf_add(out, word + (tilde ? 1 : 0), len - (tilde ? 1 : 0));
}

/** Append a path to an absolute one, component by component; `..` takes the last one away, as a shell's cd does. */
static void add_components(struct buf *out, const char *path, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t part = 0;

		while (at + part < len && path[at + part] != '/')
			part++;
		if (part == 2 && memcmp(path + at, "..", 2) == 0) {
			while (out->len > 0 && out->data[--out->len] != '/')
				;
		} else if (part > 0 && !(part == 1 && path[at] == '.')) {
			buf_add_byte(out, '/');
			buf_add(out, path + at, part);
		}
		at += part + 1;
	}
}

void command_add_directory(const struct app *app, struct buf *out, const char *word, size_t len)
{
	struct buf shown = BUF_INIT;
	struct buf base = BUF_INIT;
	struct buf typed = BUF_INIT;
	size_t begin = out->len;

	command_add_root(&typed, word, len);
	if (typed.len == 0 || typed.data[0] != '/') {
		pane_directory(session_pane(app->session), &shown);
		external_absolute(app, shown.data, shown.len, &base);
		add_components(out, base.data, base.len);
	}
	add_components(out, typed.data, typed.len);
	if (out->len == begin)
		buf_add_byte(out, '/');
	out->failed |= shown.failed || base.failed || typed.failed;
	buf_fini(&shown);
	buf_fini(&base);
	buf_fini(&typed);
}

/** The directory of an absolute path in the pane's own tree, or 0. */
static entry_id find_below(const struct app *app, const struct pane *pane, const struct buf *path)
{
	struct buf root = BUF_INIT;
	size_t skip;
	entry_id dir = 0;

	external_absolute(app, pane->root.data, pane->root.len, &root);
	skip = root.len == 1 ? 0 : root.len;
	if (!root.failed && path->len >= skip && memcmp(path->data, root.data, skip) == 0 &&
	    (path->len == skip || path->data[skip] == '/'))
		dir = tree_lookup(pane->tree, path->data + size_min(skip + 1, path->len), path->len - size_min(skip + 1, path->len));
	buf_fini(&root);
	return dir && tree_dir(pane->tree, dir) ? dir : 0;
}

static bool may_cd(struct app *app)
{
	if (app->session->comparison || app->session->linked)
		return app_fail(app, "cd: not while panes move together");
	return !session_has_jobs(app->session) || app_fail(app, "cd: not while an operation runs");
}

/** Another root takes the place of the active pane. */
static bool replace_pane(struct app *app, const char *root)
{
	struct session *session = app->session;
	size_t at = session->active;

	if (!session_open(session, root))
		return app_fail(app, "out of memory");
	app_forget_pane(app, session->panes[at]);
	session_swap(session, at, session->pane_count - 1);
	session_close(session, session->pane_count - 1);
	return activate(app, at);
}

/** The directory of `cd` has been read, or cannot be: then the pane stays where it is. */
static void arrived(void *arg)
{
	struct app *app = arg;
	struct listing *going = app->going;
	const char *path = listing_path(going);
	enum error error = listing_error(going);
	struct paint p = app_paint_now(app);
	struct buf shown = BUF_INIT;

	app->going = NULL;
	paint_path(&p, &shown, path, strlen(path));
	if (error != ERROR_NONE)
		app_fail(app, "cd: %s: %s", buf_str(&shown), error_text(error));
	else if (app->going_from == session_pane(app->session) && may_cd(app))
		replace_pane(app, path);
	if (error == ERROR_NONE)
		buf_clear(&app->message);
	app->session->version++;
	buf_fini(&shown);
	listing_free(going);
}

bool command_cd(struct app *app, const struct command_call *call)
{
	struct pane *pane = session_pane(app->session);
	struct paint p = app_paint_now(app);
	struct buf path = BUF_INIT;
	entry_id dir;

	if (!may_cd(app))
		return false;
	if (call->argc > 0)
		command_add_directory(app, &path, call->argv[0].data, call->argv[0].len);
	else
		command_add_directory(app, &path, "~", 1);
	if (!buf_str(&path)) {
		buf_fini(&path);
		return app_fail(app, "out of memory");
	}
	dir = find_below(app, pane, &path);
	listing_free(app->going);
	app->going = NULL;
	app->going_from = pane;
	if (dir)
		pane_show(pane, dir, 0);
	else
		app->going = listing_new(&app->loop, path.data, false, arrived, app);
	buf_fini(&path);
	if (app->going)
		app_say(app, "cd: looking%s", paint_sign(&p, SIGN_ELLIPSIS));
	return dir || app->going || app_fail(app, "cd: %s", error_text(error_from_errno(errno)));
}

static bool open_root(struct app *app, const struct buf *word)
{
	struct buf root = BUF_INIT;
	bool opened;

	if (word->len == 0)
		return app_fail(app, "open: no root is given");
	command_add_root(&root, word->data, word->len);
	opened = buf_str(&root) && session_open(app->session, root.data);
	buf_fini(&root);
	if (!opened)
		return app_fail(app, "out of memory");
	app->zoom = false;
	return activate(app, app->session->pane_count - 1);
}

bool command_open(struct app *app, const struct command_call *call)
{
	struct command_call program = *call;

	if (call->argc > 0)
		return open_root(app, &call->argv[0]);
	program.command = command_find("open-with", strlen("open-with"));
	if (app->options->headless)
		return app_fail(app, "open: not without a terminal");
	if (pane_current(session_pane(app->session)) == 0)
		return app_fail(app, "open: there is no entry here");
	return command_open_with(app, &program);
}
