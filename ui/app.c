#include "app.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "error.h"
#include "external.h"
#include "listing.h"
#include "names.h"
#include "owner.h"
#include "script.h"
#include "supervise.h"
#include "text.h"

#define STEP_BUDGET (4 * LOOP_MS)
#define ANIMATE_EVERY (LOOP_SECOND / 10)

/* ---- events ------------------------------------------------------------------- */

/** We go on after a stop that nobody announced (SIGSTOP): the shell had the terminal, and has left it as it likes it. */
static void take_terminal_again(struct app *app)
{
	struct pane *pane = session_pane(app->session);

	/* waits for the foreground: until then nothing is written */
	if (app->link && app->tty >= 0 &&
	    supervise_enter(app->link, app->restore.data, size_min(app->restore.len, SUPERVISE_RESTORE_MAX)) != 0) {
		app_quit(app, 128 + SIGHUP);
		return;
	}
	app_leave(app);
	if (app_enter(app) != 0) {
		app_quit(app, 128 + SIGHUP);
		return;
	}
	pane_refresh(pane, pane->rows.dir);
}

static void on_signal(void *arg, int signo)
{
	struct app *app = arg;

	switch (signo) {
	case SIGWINCH:
		app->dirty = true;
		break;
	case SIGCHLD:
		external_reap(app);
		break;
	case SIGCONT:
		if (app->term->active && !app->suspended && !external_running(app))
			take_terminal_again(app);
		break;
	case SIGINT:
	case SIGQUIT:
		/* at the terminal they are for the program that has it */
		if (external_running(app))
			break;
		app_quit(app, 128 + signo);
		break;
	default:
		app_quit(app, 128 + signo);
		break;
	}
}

/** We are in the foreground again. */
static void resume(struct app *app)
{
	struct pane *pane = session_pane(app->session);

	app->suspended = false;
	if (external_running(app))
		return;
	if (app_enter(app) != 0) {
		app_quit(app, 128 + SIGHUP);
		return;
	}
	if (pane)
		pane_refresh(pane, pane->rows.dir);
}

static void on_link(void *arg, short revents)
{
	struct app *app = arg;

	(void)revents;
	switch (supervise_read(app->link)) {
	case SUPERVISE_NONE:
		break;
	case SUPERVISE_SUSPEND:
		app_suspend(app);
		break;
	case SUPERVISE_RESUME:
		resume(app);
		break;
	case SUPERVISE_ORPHANED:
		app->orphaned = true;
		app_quit(app, 128 + SIGHUP);
		break;
	}
}

static void read_keys(struct app *app)
{
	struct term_event event;

	while (!app->done && app->term->active) {
		term_read(app->term, &event);
		if (event.type == TERM_EVENT_NONE)
			return;
		if (event.type == TERM_EVENT_LOST) {
			app_quit(app, 128 + SIGHUP);
			return;
		}
		app_key(app, &event);
	}
}

static void on_term(void *arg, short revents)
{
	struct app *app = arg;

	if (revents & ~POLLOUT)
		read_keys(app);
}

static void on_owners(void *arg)
{
	((struct app *)arg)->dirty = true;
}

/* ---- keys --------------------------------------------------------------------- */

/** A key for the panes. */
static void pane_key(struct app *app, const struct term_event *event)
{
	const char *line;
	unsigned count;

	if (event->pasted) {
		app_say(app, "pasted text is not obeyed");
		return;
	}
	if (app->options->choose && event->key == K_ENTER && app->keys.len == 0) {
		app_quit(app, 0);
		return;
	}
	switch (keymap_key(app->keymap, &app->keys, event->key, &line, &count)) {
	case KEYMAP_UNBOUND:
	case KEYMAP_WAITING:
		break;
	case KEYMAP_COMMAND:
		command_run_key(app, line, count, event->queued);
		break;
	}
}

void app_key(struct app *app, const struct term_event *event)
{
	app_hush(app);
	app->failed = false;
	app->session->last_key = loop_now();
	app->key_seen = true;
	app->dirty = true;
	if (app->dialog)
		app->dialog->ops->key(app, app->dialog, event);
	else
		pane_key(app, event);
	app_settle(app);
}

/* ---- the loop ------------------------------------------------------------------- */

/** Does something move on the screen although nothing comes? */
static bool is_animated(const struct app *app)
{
	for (size_t i = 0; i < app->session->pane_count; i++)
		if (app->session->panes[i]->state == PANE_SCANNING)
			return true;
	for (size_t i = 0; i < app->session->job_count; i++)
		if (app->session->jobs[i]->state == JOB_PLANNING || app->session->jobs[i]->state == JOB_RUNNING)
			return true;
	return false;
}

static bool wants_paint(const struct app *app)
{
	return app->dirty || app->painted_version != app->session->version;
}

/** How long the loop may sleep. */
static int64_t next_wait(struct app *app, int64_t now)
{
	int64_t due = app->due;
	int64_t deadline = app->term->active ? term_deadline(app->term) : -1;
	bool behind = app->term->active && term_behind(app->term);

	if (deadline >= 0 && deadline < due)
		due = deadline;
	if (app->term->active && !behind) {
		int64_t paint = wants_paint(app) ? app->next_paint : INT64_MAX;

		if (is_animated(app) && app->painted + ANIMATE_EVERY < paint)
			paint = app->painted + ANIMATE_EVERY;
		due = paint < due ? paint : due;
	}
	if (app->script && script_deadline(app->script) < due)
		due = script_deadline(app->script);
	if (app->script && !external_running(app) && app_idle(app))
		return 0;
	app->term_watch.events = (short)(app->term->active ? POLLIN | (behind && wants_paint(app) ? POLLOUT : 0) : 0);
	if (due == INT64_MAX)
		return LOOP_FOREVER;
	return due > now ? due - now : 0;
}

/** Paint if there is something to be seen and it is time; a key is always worth it. */
static void paint_if_due(struct app *app)
{
	int64_t now = loop_now();
	bool animate = is_animated(app) && now >= app->painted + ANIMATE_EVERY;

	if (!app->term->active || (!wants_paint(app) && !animate))
		return;
	if (!app->key_seen && now < app->next_paint)
		return;
	if (term_behind(app->term))
		return;
	app_paint(app);
}

/** What comes from the sources waits for the next turn when there was a key: it is to be seen first. */
static void turn(struct app *app)
{
	int64_t now = loop_now();

	if (app->term->active && term_deadline(app->term) >= 0 && now >= term_deadline(app->term))
		read_keys(app);
	app_step(app, app->key_seen ? 0 : STEP_BUDGET);
	script_turn(app);
	app_layout(app);
	if (!app->done)
		paint_if_due(app);
}

static void run(struct app *app)
{
	app_settle(app);
	script_turn(app);
	app->dirty = true;
	if (!app->done)
		app_paint(app);
	while (!app->done) {
		if (loop_run_once(&app->loop, next_wait(app, loop_now())) < 0) {
			buf_printf(&app->last_words, "%s", strerror(errno));
			app_quit(app, APP_TROUBLE);
			return;
		}
		if (!app->done)
			turn(app);
	}
}

/* ---- begin and end --------------------------------------------------------------- */

static int open_signals(struct app *app)
{
	static const int wanted[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGCONT, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	signal(SIGPIPE, SIG_IGN);
	app->signals.fn = on_signal;
	app->signals.arg = app;
	return loop_signals_open(&app->loop, &app->signals, &set);
}

static int watch(struct app *app, struct loop_watch *slot, int fd, enum loop_rank rank, void (*fn)(void *, short))
{
	*slot = (struct loop_watch){ .fd = fd, .events = POLLIN, .rank = rank, .fn = fn, .arg = app };
	return fd < 0 ? 0 : loop_add(&app->loop, slot);
}

/** Keys and colours: ours, then those of the configuration. What is wrong with these is said in the status line. */
static int open_looks(struct app *app)
{
	const struct options *options = app->options;
	const char *problem;

	app->keymap = keymap_new();
	app->styles = styles_new(styles_color_wanted(getenv("NO_COLOR")));
	if (!app->keymap || !app->styles || styles_ls_colors(app->styles, getenv("LS_COLORS")) != 0)
		return -1;
	problem = command_bind(app->keymap);
	for (size_t i = 0; i < options->binds.len && !problem; i++)
		problem = keymap_set(app->keymap, options->binds.items[i]);
	for (size_t i = 0; i < options->colors.len && !problem; i++)
		problem = styles_set(app->styles, options->colors.items[i]);
	if (problem)
		app_fail(app, "configuration: %s", problem);
	return 0;
}

/** Take over the terminal, or make one in memory. Returns -1 with a reason in `last_words`. */
static int open_terminal(struct app *app)
{
	const struct options *options = app->options;
	const char *type = getenv("TERM");

	if (options->headless) {
		app->term = term_mem_new(options->cols, options->rows, !(options_text_flags() & TEXT_ASCII));
		if (!app->term)
			buf_add_str(&app->last_words, "out of memory");
		return app->term ? 0 : -1;
	}
	app->tty = term_tty_open();
	if (app->tty < 0) {
		buf_add_str(&app->last_words, "no terminal: --list, --count, --diff, --dump and --batch need none");
		return -1;
	}
	term_restore_bytes(type, &app->restore);
	if (app->link && supervise_enter(app->link, app->restore.data, size_min(app->restore.len, SUPERVISE_RESTORE_MAX)) != 0) {
		buf_printf(&app->last_words, "the terminal cannot be had: %s", strerror(errno));
		return -1;
	}
	app->term = term_curses_new(app->tty, type, &app->last_words);
	if (!app->term && app->link)
		supervise_leave(app->link);
	return app->term ? 0 : -1;
}

static int open_session(struct app *app)
{
	const struct options *options = app->options;

	app->session = session_new(&app->loop, &options->session);
	app->owners = app->session ? owners_new(&app->loop, on_owners, app) : NULL;
	if (!app->owners)
		return -1;
	for (size_t i = 0; i < options->roots.len; i++)
		if (!session_open(app->session, options->roots.items[i]))
			return -1;
	return options->roots.len > 0 || session_open(app->session, ".") ? 0 : -1;
}

static int open_all(struct app *app)
{
	if (open_signals(app) != 0 || open_looks(app) != 0 || open_session(app) != 0) {
		buf_add_str(&app->last_words, strerror(errno));
		return -1;
	}
	if (app->options->script) {
		app->script = script_new(app->options->script, &app->last_words);
		if (!app->script)
			return -1;
	}
	if (open_terminal(app) != 0)
		return -1;
	if (app->term->colors == 0)
		styles_drop_color(app->styles);
	grid_init(&app->grid, !app->term->utf8);
	if (watch(app, &app->term_watch, app->term->fd, LOOP_KEY, on_term) != 0 ||
	    watch(app, &app->link_watch, app->link ? app->link->fd : -1, LOOP_SIGNAL, on_link) != 0) {
		buf_add_str(&app->last_words, strerror(errno));
		return -1;
	}
	app_say_problems(app, app->options->problems.data, app->options->problems.len);
	return 0;
}

static void say_last_words(const struct app *app)
{
	if (app->last_words.len > 0)
		fprintf(stderr, "muntin: %.*s\n", (int)app->last_words.len, app->last_words.data);
}

static void app_free(struct app *app)
{
	while (app->dialog)
		app_close(app, app->dialog);
	external_free(app);
	names_free(app);
	listing_free(app->listing);
	listing_free(app->going);
	script_free(app->script);
	loop_remove(&app->loop, &app->link_watch);
	loop_remove(&app->loop, &app->term_watch);
	term_free(app->term);
	if (app->tty >= 0)
		close(app->tty);
	owners_free(app->owners);
	session_free(app->session);
	loop_signals_close(&app->loop, &app->signals);
	keymap_free(app->keymap);
	styles_free(app->styles);
	grid_fini(&app->grid);
	for (size_t i = 0; i < HISTORY_KINDS; i++)
		history_fini(&app->histories[i]);
	buf_fini(&app->restore);
	app_free_messages(app);
	buf_fini(&app->search);
	buf_fini(&app->wish.name);
	buf_fini(&app->last_words);
	free(app->announced);
	free(app->rects);
	loop_fini(&app->loop);
	free(app);
}

int app_run(const struct options *options, struct supervise_link *link)
{
	struct app *app = calloc(1, sizeof *app);
	int status;

	if (!app) {
		fprintf(stderr, "muntin: out of memory\n");
		return APP_TROUBLE;
	}
	*app = (struct app){ .options = options, .link = link, .loop = LOOP_INIT, .tty = -1, .due = INT64_MAX, .columns = options->columns, .by = options->by };
	tzset();
	external_prepare();
	if (open_all(app) == 0)
		run(app);
	else
		app->status = APP_TROUBLE;
	if (app->orphaned)
		supervise_abandon(app->link, app->status);
	if (app->term && app->term->active)
		app_leave(app);
	if (app->session && app->done)
		app_write_results(app);
	if (app->last_words.len == 0)
		names_left(app, &app->last_words);
	say_last_words(app);
	status = app->status;
	if (link)
		supervise_bye(link, status);
	app_free(app);
	return status;
}
