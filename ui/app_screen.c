#include "app.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "caution.h"
#include "diag.h"
#include "external.h"
#include "listing.h"
#include "names.h"
#include "owner.h"
#include "session_compare.h"
#include "session_link.h"
#include "supervise.h"
#include "text.h"

#define PAINT_EVERY (16 * LOOP_MS)
#define PAINT_SHARE 4  /* painting takes at most one part in so many of the time */

/* ---- what happens by itself: jobs end, names appear ------------------------------ */

static void add_outcome(const struct op_row *row, struct buf *out)
{
	buf_printf(out, ": %s", row->status == OP_OK ? "ok" : row->status == OP_FAILED ? "failed" : "skipped");
	if (row->error != ERROR_NONE)
		buf_printf(out, ": %s", error_text(row->error));
}

/** The one item of a job, for a message with its reason. */
static void say_item(struct app *app, const struct job *job)
{
	struct paint p = app_paint_now(app);
	struct buf text = BUF_INIT;
	const struct op_row *row = &job->list.rows[0];
	const char *detail = op_list_detail(&job->list, row);

	paint_foreign(&p, &text, job->title.data, job->title.len);
	if (job->request.kind == OP_MKDIR && row->status == OP_OK && detail) {
		buf_add_str(&text, ": was there already, nothing was made");
		detail = NULL;
	} else {
		add_outcome(row, &text);
	}
	if (detail) {
		buf_add_str(&text, ", ");
		paint_foreign(&p, &text, detail, strlen(detail));
	}
	if (buf_str(&text) && row->status == OP_OK && !detail)
		app_say(app, "%s", text.data);
	else if (!text.failed)
		app_fail(app, "%s", text.data);
	buf_fini(&text);
}

/** Tell how a job has ended. */
static void say_end(struct app *app, const struct job *job)
{
	struct paint p = app_paint_now(app);
	struct buf text = BUF_INIT;
	bool bad = job->state == JOB_FAILED || (job->state == JOB_DONE && job->result.failed + job->result.left_out > 0);

	if (job->state == JOB_DONE && job->list.len == 1) {
		say_item(app, job);
		return;
	}
	paint_job_text(&p, job, &text);
	if (bad && job->list.len > 0)
		buf_add_str(&text, "; t shows the reasons");
	if (buf_str(&text) && bad)
		app_fail(app, "%s", text.data);
	else if (!text.failed)
		app_say(app, "%s", text.data);
	buf_fini(&text);
}

/** Jobs that have ended since the last time. One that never ran was cancelled by somebody who knows. */
static void step_jobs(struct app *app)
{
	const struct session *session = app->session;

	if (vec_grow(&app->announced, &app->announced_cap, session->job_count, 1) != 0)
		return;
	while (app->announced_count < session->job_count)
		app->announced[app->announced_count++] = false;
	for (size_t i = 0; i < session->job_count; i++) {
		const struct job *job = session->jobs[i];

		if (app->announced[i] || job->state < JOB_DONE)
			continue;
		app->announced[i] = true;
		if (job->state != JOB_CANCELLED || job->result.ok + job->result.failed + job->result.skipped > 0)
			say_end(app, job);
	}
}

/** The cursor goes to the name that was wished for, once it is there. */
static void step_wish(struct app *app)
{
	struct app_wish *wish = &app->wish;
	entry_id id;

	if (!wish->pane)
		return;
	if (!tree_has(wish->pane->tree, wish->dir) || wish->pane->rows.dir != wish->dir) {
		wish->pane = NULL;
		return;
	}
	id = tree_find(wish->pane->tree, wish->dir, wish->name.data, wish->name.len);
	if (id)
		pane_want(wish->pane, id);
	if (id || (!session_has_jobs(app->session) && !pane_busy(wish->pane)))
		wish->pane = NULL;
}

/** Tell that a row that was looked for was not found. */
static void step_seek(struct app *app)
{
	const struct comparison *comparison = app->session->comparison;

	if (!app->seeking || (comparison && comparison->sought == SOUGHT_RUNNING))
		return;
	app->seeking = false;
	if (comparison && comparison->sought == SOUGHT_NONE)
		app_fail(app, "there is none behind this row");
	else
		app_hush(app);
}

/** The session has changed: everybody who waits for that looks at it. */
static void step_all(struct app *app)
{
	struct dialog *below;

	if (app->stepped == app->session->version)
		return;
	app->stepped = app->session->version;
	app->dirty = true;
	step_jobs(app);
	step_wish(app);
	step_seek(app);
	for (struct dialog *dialog = app->dialog; dialog; dialog = below) {
		below = dialog->below;
		if (dialog->ops->step)
			dialog->ops->step(app, dialog);
	}
}

/** Leave no lines empty below the last row while there are rows above the first one. */
static void fill_screen(struct pane *pane)
{
	struct rows *rows = &pane->rows;
	size_t last = rows->count > pane->height ? rows->count - pane->height : 0;

	if (rows->top > last)
		rows->top = last;
}

void app_step(struct app *app, int64_t budget)
{
	app->due = session_step(app->session, loop_now(), budget);
	step_all(app);
}

void app_settle(struct app *app)
{
	session_follow(app->session);
	app_step(app, 0);
	app_layout(app);
	fill_screen(session_pane(app->session));
}

bool app_idle(const struct app *app)
{
	const struct session *session = app->session;

	for (size_t i = 0; i < session->pane_count; i++) {
		const struct pane *pane = session->panes[i];

		if (pane_busy(pane) || (pane->look.asked && !pane->look.answered && pane->source))
			return false;
	}
	for (size_t i = 0; i < session->job_count; i++)
		if (session->jobs[i]->state == JOB_PLANNING || session->jobs[i]->state == JOB_RUNNING)
			return false;
	if (session->comparison && comparison_busy(session->comparison))
		return false;
	if (app->going || (app->dialog && app->listing && !listing_done(app->listing)))
		return false;
	return !app->dirty && app->painted_version == session->version && owners_settled(app->owners) && !app->external &&
	       !names_busy(app);
}

/* ---- dialogs -------------------------------------------------------------------- */

void app_open(struct app *app, struct dialog *dialog)
{
	dialog->below = app->dialog;
	app->dialog = dialog;
	app->keys = (struct key_state){ .len = 0 };
	app->dirty = true;
}

void app_close(struct app *app, struct dialog *dialog)
{
	for (struct dialog **at = &app->dialog; *at; at = &(*at)->below) {
		if (*at != dialog)
			continue;
		*at = dialog->below;
		dialog->ops->free(dialog);
		app->dirty = true;
		return;
	}
}

void app_quit(struct app *app, int status)
{
	if (app->done)
		return;
	app->done = true;
	app->status = status;
}

void app_flush(struct app *app)
{
	if (app->term)
		term_flush(app->term);
}

void app_forget_pane(struct app *app, const struct pane *pane)
{
	while (app->dialog)
		app_close(app, app->dialog);
	if (app->wish.pane == pane)
		app->wish.pane = NULL;
	if (app->renamed.pane == pane)
		app->renamed.pane = NULL;
	if (app->going_from == pane)
		app->going_from = NULL;
	app->searched_from = 0;
	names_free(app);
}

void app_wish(struct app *app, entry_id dir, const char *name, size_t len)
{
	const char *slash = memchr(name, '/', len);

	app->wish.pane = session_pane(app->session);
	app->wish.dir = dir;
	buf_clear(&app->wish.name);
	buf_add(&app->wish.name, name, slash ? (size_t)(slash - name) : len);
}

struct app_target app_target_take(const struct pane *pane, entry_id id)
{
	return (struct app_target){ pane, id, tree_identity(pane->tree, id) };
}

bool app_target_holds(const struct app *app, const struct app_target *target)
{
	struct identity now;

	if (!target->pane || target->pane != session_pane(app->session) || !tree_has(target->pane->tree, target->id))
		return false;
	now = tree_identity(target->pane->tree, target->id);
	return now.dev == target->identity.dev && now.ino == target->identity.ino && now.btime == target->identity.btime &&
	       now.type == target->identity.type;
}

/* ---- the screen ----------------------------------------------------------------- */

void app_leave(struct app *app)
{
	if (!app->term->active)
		return;
	term_leave(app->term);
	if (app->link && app->tty >= 0)
		supervise_leave(app->link);
}

int app_enter(struct app *app)
{
	app->dirty = true;
	if (app->link && app->tty >= 0 &&
	    supervise_enter(app->link, app->restore.data, size_min(app->restore.len, SUPERVISE_RESTORE_MAX)) != 0)
		return -1;
	if (term_enter(app->term) != 0)
		return -1;
	term_redraw(app->term);
	return 0;
}

void app_suspend(struct app *app)
{
	if (!app->link || app->tty < 0 || app->suspended) {
		app_say(app, "there is nobody to come back to");
		return;
	}
	if (app->term->active)
		term_leave(app->term);
	app->suspended = true;
	supervise_suspended(app->link);
}

struct paint app_paint_now(struct app *app)
{
	const struct buf *cwd = &app->session->directory;
	struct timespec clock;

	clock_gettime(CLOCK_REALTIME, &clock);
	return (struct paint){
		.grid = &app->grid,
		.styles = app->styles,
		.owners = app->owners,
		.columns = &app->columns,
		.text = app->term && app->term->utf8 ? 0 : TEXT_ASCII,
		.root = caution_is_root(),
		.now = loop_now(),
		.clock = (int64_t)clock.tv_sec * LOOP_SECOND + clock.tv_nsec,
		.home = getenv("HOME"),
		.cwd = cwd->len > 0 ? cwd->data : NULL,
		.cwd_len = cwd->len,
	};
}

/** The comparison has a line of its own, where one can be spared; all panes show its rows, and as many of them as the lowest can. */
static void layout_comparison(struct app *app, struct layout *layout)
{
	app->compared_rect = (struct rect){ 0, 0, 0, 0 };
	if (!app->session->comparison || layout->panes.h < LAYOUT_SPARE)
		return;
	layout->panes.h--;
	app->compared_rect = (struct rect){ layout->panes.x, layout->panes.y + layout->panes.h, layout->panes.w, 1 };
}

/** Share an area among the panes that are on the screen. */
static void layout_shown(struct app *app, struct rect area)
{
	const struct session *session = app->session;
	size_t active = 0;
	size_t count = 0;

	for (size_t i = 0; i < session->pane_count; i++) {
		active = i == session->active ? count : active;
		count += !session->panes[i]->hidden;
	}
	layout_panes(area, count, active, app->zoom, app->rects);
	for (size_t i = session->pane_count; i-- > 0;)
		app->rects[i] = session->panes[i]->hidden ? (struct rect){ 0, 0, 0, 0 } : app->rects[--count];
}

static void layout_rows(struct app *app)
{
	struct comparison *comparison = app->session->comparison;
	size_t lowest = SIZE_MAX;

	for (size_t i = 0; i < app->session->pane_count; i++) {
		struct pane *pane = app->session->panes[i];

		pane->height = paint_pane_height(&app->rects[i]);
		rows_view(&pane->rows, pane->height);
		if (!rect_empty(&app->rects[i]))
			lowest = size_min(lowest, pane->height);
	}
	if (comparison)
		compare_view_height(&comparison->view, lowest == SIZE_MAX ? 0 : lowest);
}

void app_layout(struct app *app)
{
	struct session *session = app->session;
	struct layout layout;
	int cols;
	int rows;

	if (vec_grow(&app->rects, &app->rects_cap, session->pane_count, sizeof *app->rects) != 0)
		return;
	term_size(app->term, &cols, &rows);
	layout_screen(cols, rows, &layout);
	layout_comparison(app, &layout);
	layout_shown(app, layout.panes);
	app->status_rect = layout.status;
	app->hint_rect = layout.hint;
	layout_rows(app);
}

/** The newest job that is at work, or NULL. */
static const struct job *busy_job(const struct app *app)
{
	for (size_t i = app->session->job_count; i-- > 0;) {
		const struct job *job = app->session->jobs[i];

		if (job->state == JOB_RUNNING || (job->state == JOB_PLANNING && !app->dialog))
			return job;
	}
	return NULL;
}

static void paint_bottom(struct app *app, const struct paint *p)
{
	const struct job *job = busy_job(app);
	bool waits = app->keys.len > 0 || app->keys.count > 0;
	struct rect hint = waits ? app->hint_rect : paint_root(p, app->hint_rect);

	if (app->session->comparison)
		paint_comparison(p, app->session, app->compared_rect);
	if (app->message.len > 0)
		paint_message(p, app->status_rect, &app->message, app->message_style);
	else if (app->session->comparison)
		paint_compared_status(p, app->session, app->status_rect);
	else
		paint_status(p, app->session, app->status_rect);
	if (waits)
		paint_prefix(p, app->keymap, &app->keys);
	else if (job)
		paint_job_line(p, job, hint);
	else
		paint_hint(p, app->keymap, hint);
}

static void paint_dialogs(struct app *app, struct dialog *dialog, const struct paint *p)
{
	if (!dialog)
		return;
	paint_dialogs(app, dialog->below, p);
	dialog->ops->paint(app, dialog, p);
}

/** Make the picture. Returns -1 with ENOMEM. */
static int make_picture(struct app *app)
{
	struct paint p;
	int cols;
	int rows;

	term_size(app->term, &cols, &rows);
	if (cols != app->grid.cols || rows != app->grid.rows) {
		if (grid_resize(&app->grid, cols, rows) != 0)
			return -1;
	} else {
		grid_clear(&app->grid);
	}
	app_layout(app);
	p = app_paint_now(app);
	paint_panes(&p, app->session, app->rects, app->dialog == NULL);
	paint_bottom(app, &p);
	paint_dialogs(app, app->dialog, &p);
	return 0;
}

void app_paint(struct app *app)
{
	int64_t begin = loop_now();
	int64_t cost;

	if (!app->term->active)
		return;
	app->dirty = false;
	app->key_seen = false;
	app->painted_version = app->session->version;
	if (make_picture(app) == 0 && term_show(app->term, &app->grid, app->styles) != 0) {
		app_quit(app, 128 + SIGHUP);
		return;
	}
	app->painted = loop_now();
	cost = (app->painted - begin) * PAINT_SHARE;
	app->next_paint = app->painted + (cost > PAINT_EVERY ? cost : PAINT_EVERY);
	diag_log(DIAG_PAINT, "painted %dx%d in %lld us", app->grid.cols, app->grid.rows,
	         (long long)(app->painted - begin) / 1000);
}
