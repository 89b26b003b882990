#include "command.h"

#include <errno.h>
#include <string.h>

#include "app.h"
#include "ask.h"
#include "external.h"
#include "session_compare.h"

/** The comparison; NULL when app_fail() said that there is none. */
static struct comparison *comparison_of(struct app *app)
{
	if (!app->session->comparison)
		app_fail(app, "nothing is being compared; = begins");
	return app->session->comparison;
}

bool command_compare(struct app *app, const struct command_call *call)
{
	struct session *session = app->session;

	(void)call;
	if (session->comparison) {
		session_compare_end(session);
		return true;
	}
	if (session_compare(session, app->by, app->options->time_tolerance) == 0)
		return true;
	if (errno != EINVAL)
		return app_fail(app, "out of memory");
	return app_fail(app, session->pane_count < 2 ? "compare: with what? :open ROOT opens another pane" : "compare: 26 panes at most");
}

/* ---- to the next row of a kind -------------------------------------------------- */

static bool seek(struct app *app, const struct command_call *call, struct compare_seek_kind kind, const char *none)
{
	struct comparison *comparison = comparison_of(app);
	unsigned times = call->count ? call->count : 1;
	enum comparison_sought sought = SOUGHT_FOUND;

	if (!comparison)
		return false;
	kind.states &= comparison->view.show;
	kind.no_hidden = comparison->view.no_hidden;
	if (!kind.states)
		return app_fail(app, "no differences are shown");
	if (comparison->view.filter.len > 0) {
		buf_clear(&comparison->view.filter);
		compare_view_touch(&comparison->view);
	}
	for (unsigned i = 0; i < times && sought == SOUGHT_FOUND; i++) {
		if (i > 0)
			app_settle(app);
		sought = comparison_seek(comparison, &kind);
	}
	app->seeking = sought == SOUGHT_RUNNING;
	if (app->seeking)
		app_say(app, "searching");
	if (sought == SOUGHT_NONE)
		return app_fail(app, "%s%s", none, comparison_busy(comparison) ? " so far" : "");
	return true;
}

enum { DIFFERENCES = 1 << COMPARE_DIFFERENT | 1 << COMPARE_MISSING | 1 << COMPARE_ERROR };

bool command_next_difference(struct app *app, const struct command_call *call)
{
	const struct compare_seek_kind kind = { .direction = 1, .states = DIFFERENCES, .alone = SIZE_MAX };

	return seek(app, call, kind, "there is no difference behind this row");
}

bool command_prev_difference(struct app *app, const struct command_call *call)
{
	const struct compare_seek_kind kind = { .direction = -1, .states = DIFFERENCES, .alone = SIZE_MAX };

	return seek(app, call, kind, "there is no difference before this row");
}

bool command_odd(struct app *app, const struct command_call *call)
{
	const struct comparison *comparison = comparison_of(app);
	struct compare_seek_kind kind = { .direction = 1, .states = 1 << COMPARE_DIFFERENT | 1 << COMPARE_MISSING };

	if (!comparison)
		return false;
	kind.alone = comparison_index(comparison, session_pane(app->session));
	return seek(app, call, kind, "there is no row behind this one where the pane stands alone");
}

/* ---- what is compared, and what is shown of it ---------------------------------- */

static void set_by(struct app *app, const char *text, size_t len)
{
	struct options parsed;
	const char *problem;

	options_init(&parsed);
	problem = options_set(&parsed, "by", text);
	if (!problem) {
		app->by = parsed.by;
		if (app->session->comparison)
			comparison_set_by(app->session->comparison, app->by);
		else
			app_say(app, "= compares by %s", text);
	}
	options_fini(&parsed);
	if (problem)
		app_fail_value(app, "by ", text, len, problem);
}

bool command_by(struct app *app, const struct command_call *call)
{
	struct buf now = BUF_INIT;

	if (call->argc > 0) {
		set_by(app, call->argv[0].data, call->argv[0].len);
		return !app->failed;
	}
	options_add_by(&now, app->by);
	ask_line(app, &(struct ask_line){ .label = "compare by: ", .text = now.data, .len = now.len, .history = HISTORY_BY, .complete = command_complete_by, .accepted = set_by });
	buf_fini(&now);
	return true;
}

static const struct {
	const char *word;
	unsigned show;
} shows[] = {
	{ "all", COMPARE_SHOW_ALL },
	{ "same", 1 << COMPARE_SAME },
	{ "different", 1 << COMPARE_DIFFERENT },
	{ "missing", 1 << COMPARE_MISSING },
	{ "error", 1 << COMPARE_ERROR },
	{ "unreadable", 1 << COMPARE_ERROR },
	{ "pending", 1 << COMPARE_PENDING },
	{ "unknown", 1 << COMPARE_PENDING },
};

bool command_show(struct app *app, const struct command_call *call)
{
	static const struct ask_choice choices[] = {
		{ 'a', "all", "show all" },           { 'd', "differences", "show different missing error" },
		{ 's', "same", "show same" },         { 'm', "missing", "show missing" },
		{ 'e', "error", "show error" },       { 'p', "pending", "show pending" },
	};
	struct comparison *comparison = comparison_of(app);
	unsigned show = 0;

	if (!comparison)
		return false;
	if (call->argc == 0)
		ask_choice(app, "show", choices, ARRAY_LEN(choices));
	for (size_t i = 0; i < call->argc; i++) {
		size_t at = 0;

		while (at < ARRAY_LEN(shows) && strcmp(call->argv[i].data, shows[at].word) != 0)
			at++;
		if (at == ARRAY_LEN(shows))
			return app_fail_on(app, "show all, same, different, missing, error or pending, not ", call->argv[i].data,
			                   call->argv[i].len);
		show |= shows[at].show;
	}
	if (show) {
		comparison->view.show = show;
		compare_view_touch(&comparison->view);
	}
	return true;
}

bool command_fold(struct app *app, const struct command_call *call)
{
	struct comparison *comparison = comparison_of(app);

	(void)call;
	if (!comparison)
		return false;
	comparison->view.fold = !comparison->view.fold;
	compare_view_touch(&comparison->view);
	app_say(app, comparison->view.fold ? "rows that are the same are folded" : "all rows are shown one by one");
	return true;
}

bool command_reference(struct app *app, const struct command_call *call)
{
	struct comparison *comparison = comparison_of(app);
	const struct pane *pane = session_pane(app->session);

	(void)call;
	if (!comparison)
		return false;
	comparison->reference = comparison->reference == pane ? NULL : pane;
	if (comparison->reference)
		app_say(app, "the others are measured against this pane");
	else
		app_say(app, "the panes are measured against each other");
	app->session->version++;
	return true;
}

bool command_contents(struct app *app, const struct command_call *call)
{
	struct comparison *comparison = comparison_of(app);

	(void)call;
	if (!comparison)
		return false;
	comparison_pause(comparison, !comparison->paused);
	if (comparison->paused)
		app_say(app, "contents are not read any more; what was read stays known");
	else
		app_say(app, "contents are read where nothing else can tell");
	return true;
}

/* ---- the difference in a program of the user's ---------------------------------- */

/** Is this a file that a program can read? */
static bool is_file(const struct pane *pane, entry_id id)
{
	return id != 0 && S_ISREG(tree_entry(pane->tree, id)->mode);
}

/** Does a pane have another version of the current row than the active one? */
static bool is_other(const struct app *app, size_t index)
{
	const struct comparison *comparison = app->session->comparison;
	compare_id row = comparison ? comparison_row(comparison) : 0;
	struct compare_look look;

	if (!row)
		return true;
	comparison_look(comparison, row, &look);
	return look.letters[index] != look.letters[app->session->active];
}

/** Which pane's file the active one's is held against: the reference, one with another version, or any. The active one: none. */
static size_t other_pane(const struct app *app)
{
	const struct session *session = app->session;
	const struct pane *reference = session->comparison ? session->comparison->reference : NULL;
	size_t other = session->active;

	for (size_t i = session->pane_count; i-- > 1;) {
		size_t at = (session->active + i) % session->pane_count;

		if (!is_file(session->panes[at], pane_current(session->panes[at])))
			continue;
		if (session->panes[at] == reference)
			return at;
		if (other == session->active || is_other(app, at) || !is_other(app, other))
			other = at;
	}
	return other;
}

/** The active pane's file and the other, in the order of the panes, the reference first; then those of the other panes. Returns how many. */
static size_t take_files(const struct app *app, size_t other, struct external_file *files)
{
	const struct session *session = app->session;
	bool turn = session->comparison && session->comparison->reference ? session->comparison->reference == session->panes[other] :
	                                                                      other < session->active;
	const size_t first[] = { turn ? other : session->active, turn ? session->active : other };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		files[count++] = (struct external_file){ session->panes[first[i]], pane_current(session->panes[first[i]]) };
	for (size_t i = 0; i < session->pane_count && count < COMPARE_MAX_PANES; i++) {
		const struct pane *pane = session->panes[i];

		if (i != session->active && i != other && is_file(pane, pane_current(pane)))
			files[count++] = (struct external_file){ pane, pane_current(pane) };
	}
	return count;
}

bool command_diff(struct app *app, const struct command_call *call)
{
	const struct pane *pane = session_pane(app->session);
	const char *tool = app->options->diff_tool;
	struct external_file files[COMPARE_MAX_PANES];
	struct buf line = BUF_INIT;
	size_t other;
	bool done;

	if (!is_file(pane, pane_current(pane)))
		return app_fail(app, "diff: only of files; i shows what else differs");
	other = other_pane(app);
	if (other == app->session->active)
		return app_fail(app, "diff: no other pane has a file here");
	if (call->argc > 0 || !tool || tool[strspn(tool, " \t")] == '\0')
		return external_run_files(app, call->argc > 0 ? EXTERNAL_DIFF_TOOL : EXTERNAL_DIFF, call->argc, call->argv, files,
		                          take_files(app, other, files));
	buf_add_str(&line, "diff ");
	buf_add_str(&line, tool);
	done = line.failed ? app_fail(app, "out of memory") : command_run(app, line.data, line.len, 0);
	buf_fini(&line);
	return done;
}
