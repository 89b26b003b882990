#include "command.h"

#include <errno.h>
#include <string.h>

#include "app.h"
#include "ask.h"
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

	(void)len;
	options_init(&parsed);
	problem = options_set(&parsed, "by", text);
	if (!problem) {
		app->by = parsed.by;
		if (app->session->comparison)
			comparison_set_by(app->session->comparison, app->by);
	}
	options_fini(&parsed);
	if (problem)
		app_fail(app, "by: %s", problem);
}

bool command_by(struct app *app, const struct command_call *call)
{
	struct buf now = BUF_INIT;

	if (call->argc > 0) {
		set_by(app, call->argv[0].data, call->argv[0].len);
		return !app->failed;
	}
	options_add_by(&now, app->by);
	ask_line(app, &(struct ask_line){ .label = "compare by: ", .text = now.data, .len = now.len, .history = HISTORY_BY, .accepted = set_by });
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
	{ "pending", 1 << COMPARE_PENDING },
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
