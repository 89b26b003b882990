#include "confirm.h"

#include <string.h>

#include "list.h"
#include "names.h"
#include "op_list.h"
#include "text.h"

/* ---- items of a job ----------------------------------------------------------- */

static const char *status_word(unsigned status)
{
	static const char *const words[] = {
		[OP_PLAN] = "", [OP_OK] = "ok      ", [OP_FAILED] = "failed  ", [OP_SKIPPED] = "skipped "
	};

	return status < ARRAY_LEN(words) ? words[status] : "?";
}

/** Append what becomes of a mode. */
static void add_modes(const struct paint *p, const struct op_row *row, struct buf *out)
{
	if (row->old_mode)
		text_mode(out, row->old_mode);
	else
		buf_add_byte(out, '?'); /* it is closed still */
	if (row->new_mode == row->old_mode)
		return;
	buf_add_str(out, paint_sign(p, SIGN_ARROW));
	text_mode(out, row->new_mode);
}

/** Append what becomes of an owner and a group. */
static void add_owners(const struct paint *p, const struct op_owners *owners, struct buf *out)
{
	paint_owner(p, out, (uint32_t)owners->old_uid, (uint32_t)owners->old_gid);
	if (owners->new_uid == owners->old_uid && owners->new_gid == owners->old_gid)
		return;
	buf_add_str(out, paint_sign(p, SIGN_ARROW));
	paint_owner(p, out, (uint32_t)owners->new_uid, (uint32_t)owners->new_gid);
}

/** Append what becomes of the mode and of the owner, as far as the job is about them or changes them by the way. */
static void add_change(const struct paint *p, const struct job *job, size_t index, struct buf *out)
{
	const struct op_row *row = &job->list.rows[index];
	bool chmods = job->request.kind == OP_CHMOD || job->request.kind == OP_MATCH;
	bool chowns = op_kind_tells_owners(job->request.kind) && job->list.owners && job->list.owners[index].old_uid >= 0;

	if (chowns)
		add_owners(p, &job->list.owners[index], out);
	if (chowns)
		buf_add_str(out, "  ");
	if (!chmods && !(chowns && row->new_mode != row->old_mode))
		return;
	add_modes(p, row, out);
	buf_add_str(out, "  ");
}

/** Append what a rename makes of a name. */
static void add_new_name(const struct paint *p, const struct job *job, const struct op_row *row, struct buf *out)
{
	const char *name;
	size_t len;

	if (job->request.kind != OP_RENAME)
		return;
	name = op_request_new_name(&job->request, &job->request.targets[row->target], &len);
	buf_add_str(out, paint_sign(p, SIGN_ARROW));
	paint_foreign(p, out, name, len);
}

uint16_t confirm_item(const struct paint *p, const struct job *job, size_t index, struct buf *out)
{
	const struct op_row *row = &job->list.rows[index];
	const char *detail = op_list_detail(&job->list, row);
	struct buf path = BUF_INIT;

	buf_add_str(out, status_word(row->status));
	if (row->error == ERROR_NONE && (row->old_mode != 0 || job->request.kind == OP_MATCH))
		add_change(p, job, index, out);
	op_list_path(&job->list, index, &path);
	if (path.len > 0)
		paint_foreign(p, out, path.data, path.len);
	else
		buf_add_byte(out, '.');
	buf_fini(&path);
	add_new_name(p, job, row, out);
	if (row->error != ERROR_NONE)
		buf_printf(out, "  %s", error_text(row->error));
	if (detail) {
		buf_add_str(out, "  ");
		paint_foreign(p, out, detail, strlen(detail));
	}
	if (row->status == OP_FAILED)
		return STYLE_ERROR;
	return row->status == OP_SKIPPED ? STYLE_WARNING : STYLE_NORMAL;
}

/** The items of one job in an order of their own. */
struct items {
	struct job *job;
	uint32_t *order;
	size_t count;
};

/** Failed ones first, then what was left alone, then the rest. */
static int items_sort(struct items *items)
{
	static const enum op_status order[] = { OP_FAILED, OP_SKIPPED, OP_PLAN, OP_OK };
	struct op_list *list = &items->job->list;
	const uint32_t *by_name = op_list_order(list);
	size_t cap = 0;

	free(items->order);
	items->order = NULL;
	items->count = 0;
	if (!by_name || vec_grow(&items->order, &cap, list->len, sizeof *items->order) != 0)
		return -1;
	for (size_t turn = 0; turn < ARRAY_LEN(order); turn++)
		for (size_t i = 0; i < list->len; i++)
			if (list->rows[by_name[i]].status == order[turn])
				items->order[items->count++] = by_name[i];
	return 0;
}

static size_t items_count(struct app *app, void *arg)
{
	struct items *items = arg;

	(void)app;
	if (items->count != items->job->list.len && items_sort(items) != 0)
		return 0;
	return items->count;
}

static uint16_t items_line(struct app *app, void *arg, const struct paint *p, size_t index, struct buf *out)
{
	const struct items *items = arg;

	(void)app;
	return confirm_item(p, items->job, items->order[index], out);
}

static void items_free(void *arg)
{
	struct items *items = arg;

	free(items->order);
	free(items);
}

void confirm_show_items(struct app *app, struct job *job)
{
	static const struct list_ops ops = { .title = "items",
		                             .bottom = "/ search, Esc leave",
		                             .count = items_count,
		                             .line = items_line,
		                             .free = items_free };
	struct items *items = calloc(1, sizeof *items);

	if (!items) {
		app_fail(app, "out of memory");
		return;
	}
	items->job = job;
	list_open(app, &ops, items, 0);
}

/* ---- the question ------------------------------------------------------------- */

struct confirm {
	struct dialog dialog;
	struct job *job;
	bool asked;         /* the plan is on the screen */
	bool again;         /* the first question was answered yes, and there is a second one */
};

/** What is meant, with its path: of one entry the whole, of several where they are. */
static void add_targets(const struct paint *p, const struct job *job, struct lines *lines)
{
	const struct op_request *request = &job->request;
	struct buf path = BUF_INIT;

	paint_foreign(p, &lines->text, job->title.data, job->title.len);
	lines_end(lines, STYLE_PROMPT);
	if (!job->pane || request->targets_len == 0)
		return;
	buf_add(&path, job->pane->root.data, job->pane->root.len);
	if (request->targets_len == 1 && request->targets[0].path_len > 0) {
		if (path.len > 0 && path.data[path.len - 1] != '/')
			buf_add_byte(&path, '/');
		buf_add(&path, op_request_path(request, &request->targets[0]), request->targets[0].path_len);
	} else if (request->targets_len > 1) {
		buf_add_str(&lines->text, "below ");
	}
	paint_path(p, &lines->text, path.data, path.len);
	lines_end(lines, STYLE_NORMAL);
	buf_fini(&path);
}

/** What the plan comes to. */
static void add_counts(const struct job *job, struct lines *lines)
{
	const struct op_planned *planned = &job->planned;
	struct buf *out = &lines->text;

	paint_plural(out, planned->files, "file");
	buf_add_str(out, ", ");
	text_count(out, planned->dirs);
	buf_add_str(out, planned->dirs == 1 ? " directory" : " directories");
	if (planned->others > 0) {
		buf_add_str(out, ", ");
		paint_plural(out, planned->others, "other");
	}
	if (job->request.kind == OP_DELETE) {
		buf_add_str(out, ", ");
		text_size(out, planned->bytes);
		buf_add_str(out, " (");
		paint_plural(out, planned->bytes, "byte");
		buf_add_byte(out, ')');
	}
	lines_end(lines, STYLE_NORMAL);
	if (job->request.kind == OP_CHMOD || op_kind_tells_owners(job->request.kind)) {
		paint_plural(out, planned->items, "entry");
		buf_add_str(out, ", ");
		text_count(out, planned->changes);
		buf_add_str(out, " change");
		lines_end(lines, STYLE_NORMAL);
	}
}

/** What the plan will not do. */
static void add_left_out(const struct op_planned *planned, struct lines *lines)
{
	struct buf *out = &lines->text;

	if (planned->mounts > 0) {
		paint_plural(out, planned->mounts, "mount");
		buf_add_str(out, " left out");
		lines_end(lines, STYLE_WARNING);
	}
	if (planned->skipped > planned->mounts) {
		text_count(out, planned->skipped - planned->mounts);
		buf_add_str(out, " more left alone");
		lines_end(lines, STYLE_WARNING);
	}
	if (planned->failed > 0) {
		text_count(out, planned->failed);
		buf_add_str(out, " cannot be done");
		lines_end(lines, STYLE_ERROR);
	}
	if (planned->unread > 0) {
		text_count(out, planned->unread);
		buf_add_str(out, " cannot be read and looked into");
		lines_end(lines, STYLE_WARNING);
	}
}

/** Make the question: all lines of the box. */
static void add_question(const struct paint *p, const struct job *job, struct lines *lines)
{
	add_targets(p, job, lines);
	if (job->state == JOB_PLANNING) {
		buf_printf(&lines->text, "%s counting: ", paint_spinner(p));
		text_count(&lines->text, job->progress.items);
		lines_end(lines, STYLE_PROGRESS);
		return;
	}
	add_counts(job, lines);
	add_left_out(&job->planned, lines);
	if (job->caution) {
		buf_printf(&lines->text, "You are root, and this %s.", job->caution);
		lines_end(lines, STYLE_DANGER);
	}
}

/** The first things that the plan names. */
static void add_items(const struct paint *p, struct job *job, size_t room, struct lines *lines)
{
	size_t count = size_min(job->list.len, room);
	const uint32_t *order;

	if (job->state != JOB_PLANNED || (job->list.len < 2 && job->request.kind != OP_RENAME && !op_kind_tells_owners(job->request.kind)))
		return;
	order = op_list_order(&job->list);
	for (size_t i = 0; i < count; i++)
		lines_end(lines, confirm_item(p, job, order ? order[i] : i, &lines->text));
	if (count < job->list.len) {
		buf_add_str(&lines->text, "and ");
		text_count(&lines->text, job->list.len - count);
		buf_add_str(&lines->text, " more");
		lines_end(lines, STYLE_DIM);
	}
}

/** How it is asked. */
struct question {
	const char *title;
	const char *question;
	uint16_t style;
};

static struct question question_about(const struct confirm *confirm)
{
	enum op_kind kind = confirm->job->request.kind;

	if (confirm->again)
		return (struct question){ "delete for good", "As root, here: really? (y/N) ", STYLE_DANGER };
	if (kind == OP_DELETE)
		return (struct question){ "delete for good", "Delete all this for good? (y/N) ", STYLE_DANGER };
	if (kind == OP_RENAME)
		return (struct question){ "rename", "Rename all this? (y/N) ", STYLE_PROMPT };
	return (struct question){ "change", "Change all this? (y/N) ", STYLE_PROMPT };
}

static void confirm_paint(struct app *app, struct dialog *dialog, const struct paint *p)
{
	struct confirm *confirm = (struct confirm *)dialog;
	struct job *job = confirm->job;
	const struct question words = question_about(confirm);
	struct lines lines = { .ends = NULL };
	struct rect area;
	size_t begin = 0;
	int width = p->grid->cols > 76 ? 72 : p->grid->cols - 4;

	(void)app;
	add_question(p, job, &lines);
	lines_wrap(&lines, width > 3 ? width - 2 : 1);
	add_items(p, job, p->grid->rows > 14 ? (size_t)p->grid->rows - 12 : 2, &lines);
	area = paint_frame(p, width, (int)lines.count + 1,
	                   words.title,
	                   job->state == JOB_PLANNED ? "y yes, l list, n Enter Esc no" : "Esc leave");
	for (size_t i = 0; i < lines.count && (int)i < area.h; i++) {
		struct buf line = { lines.text.data + begin, lines.ends[i].end - begin, 0, false };

		paint_cut(p, area.x + 1, area.y + (int)i, area.w - 2, &line, lines.ends[i].style);
		begin = lines.ends[i].end;
	}
	if (area.h > 0) {
		int y = area.y + area.h - 1;
		int used = 0;

		if (job->state == JOB_PLANNED)
			used = grid_put_str(p->grid, area.x + 1, y, area.w - 2, words.question, words.style);
		grid_cursor(p->grid, area.x + 1 + used, y);
	}
	confirm->asked = job->state == JOB_PLANNED;
	lines_fini(&lines);
}

static void confirm_key(struct app *app, struct dialog *dialog, const struct term_event *event)
{
	struct confirm *confirm = (struct confirm *)dialog;
	struct job *job = confirm->job;

	if (event->key == 'l' && !event->pasted && job->state == JOB_PLANNED) {
		confirm_show_items(app, job);
		return;
	}
	switch (question_key(event->key, event->pasted || event->queued)) {
	case QUESTION_OPEN:
		break;
	case QUESTION_YES:
		if (!confirm->asked || job->state != JOB_PLANNED)
			break;
		if (job->caution && job->request.kind == OP_DELETE && !confirm->again) {
			confirm->again = true;
			app_flush(app);
			break;
		}
		app_close(app, dialog);
		job_confirm(app->session, job);
		break;
	case QUESTION_NO:
		job_cancel(app->session, job);
		app_close(app, dialog);
		app_say(app, "nothing was changed");
		break;
	}
}

/** The first item that cannot be done, and not only because of another one. Returns the number of all if there is none. */
static size_t first_trouble(const struct job *job)
{
	size_t at = 0;

	while (at < job->list.len && (job->list.rows[at].error == ERROR_NONE || job->list.rows[at].error == ERROR_TOGETHER))
		at++;
	return at;
}

/** The plan has nothing to do: say why. */
static void say_nothing(struct app *app, const struct job *job)
{
	size_t at = first_trouble(job);
	const char *reason = at < job->list.len ? error_text(job->list.rows[at].error) : "it is as it should be already";
	struct paint p = app_paint_now(app);
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;

	if (at < job->list.len && (job->list.len > 1 || job->request.kind == OP_RENAME)) {
		op_list_path(&job->list, at, &path);
		paint_foreign(&p, &text, path.data, path.len);
		add_new_name(&p, job, &job->list.rows[at], &text);
		buf_add_str(&text, ": ");
	}
	buf_add_str(&text, reason);
	if (buf_str(&text) && names_own(app, job))
		app_fail(app, "no name was touched: %s; r goes on with what was written", text.data);
	else if (!text.failed)
		app_fail(app, "nothing to %s: %s", op_kind_name(job->request.kind), text.data);
	buf_fini(&path);
	buf_fini(&text);
}

static void confirm_step(struct app *app, struct dialog *dialog)
{
	struct confirm *confirm = (struct confirm *)dialog;
	struct job *job = confirm->job;

	if (job->state == JOB_PLANNING)
		return;
	if (job->state != JOB_PLANNED) {
		app_close(app, dialog);
		return;
	}
	if (job->planned.changes == 0) {
		say_nothing(app, job);
		job_cancel(app->session, job);
		app_close(app, dialog);
		return;
	}
	if (!confirm->asked)
		app_flush(app);
}

static void confirm_free(struct dialog *dialog)
{
	free(dialog);
}

void confirm_open(struct app *app, struct job *job)
{
	static const struct dialog_ops ops = { confirm_key, confirm_paint, confirm_step, confirm_free };
	struct confirm *confirm = calloc(1, sizeof *confirm);

	if (!confirm) {
		job_cancel(app->session, job);
		app_fail(app, "out of memory");
		return;
	}
	confirm->dialog.ops = &ops;
	confirm->job = job;
	app_flush(app);
	app_open(app, &confirm->dialog);
}
