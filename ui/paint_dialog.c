#include "paint_pane.h"

#include <string.h>

#include "loop.h"
#include "text.h"

/** A line of text in one side of a frame. */
static void paint_side(const struct paint *p, int x, int y, int width, const char *text, uint16_t style)
{
	struct buf cut = BUF_INIT;

	if (!text || width < 4)
		return;
	buf_add_byte(&cut, ' ');
	text_fit(&cut, text, strlen(text), width - 2, p->text);
	buf_add_byte(&cut, ' ');
	grid_put(p->grid, x, y, width, cut.data, cut.len, style);
	buf_fini(&cut);
}

struct rect paint_frame(const struct paint *p, int w, int h, const char *title, const char *bottom)
{
	struct rect screen = { 0, 0, p->grid->cols, p->grid->rows };
	struct rect frame = rect_center(screen, w + 2, h + 2);
	struct rect inside = rect_inset(frame, 1, 1);

	grid_fill(p->grid, frame.x, frame.y, frame.w, frame.h, STYLE_NORMAL);
	if (rect_empty(&inside))
		return frame;
	grid_box(p->grid, frame.x, frame.y, frame.w, frame.h, STYLE_BORDER_ACTIVE);
	paint_side(p, frame.x + 1, frame.y, frame.w - 2, title, STYLE_TITLE_ACTIVE);
	paint_side(p, frame.x + 1, frame.y + frame.h - 1, frame.w - 2, bottom, STYLE_HINT);
	return inside;
}

void paint_facts(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out)
{
	const struct entry *entry = tree_entry(pane->tree, id);
	const struct dir *dir = tree_dir(pane->tree, id);

	if (entry->error != ERROR_NONE)
		buf_printf(out, "  %s", error_text(entry->error));
	if (!(entry->flags & ENTRY_KNOWN))
		return;
	buf_add_str(out, "  ");
	text_mode(out, entry->mode);
	buf_printf(out, "%s %04o ", entry->flags & ENTRY_ACL ? "+" : "", (unsigned)entry->mode & 07777);
	paint_owner(p, out, entry->uid, entry->gid);
	if (dir && dir->state == DIR_UNREADABLE)
		return;
	buf_add_byte(out, ' ');
	if (dir) {
		text_size(out, dir->total.size);
		buf_add_str(out, ", ");
		paint_plural(out, dir->total.entries > 0 ? dir->total.entries - 1 : 0, "entry");
		buf_add_str(out, " below");
		return;
	}
	paint_plural(out, entry->size, "byte");
	buf_add_str(out, ", ");
	paint_plural(out, entry->nlink, "link");
}

void paint_status(const struct paint *p, const struct session *session, struct rect rect)
{
	const struct pane *pane = session_pane(session);
	entry_id id = pane ? pane_current(pane) : 0;
	struct buf path = BUF_INIT;
	struct buf shown = BUF_INIT;
	struct buf facts = BUF_INIT;
	int room;
	int used;

	if (rect_empty(&rect) || id == 0)
		return;
	pane_entry_path(pane, id, &path);
	paint_path(p, &shown, path.data, path.len);
	paint_facts(p, pane, id, &facts);
	used = text_width(facts.data, facts.len);
	room = rect.w - 2 - used;
	room = room < rect.w / 3 ? rect.w / 3 : room;
	used = paint_cut(p, rect.x + 1, rect.y, room, &shown, STYLE_STATUS);
	paint_sentence(p, rect.x + 1 + used, rect.y, rect.w - 2 - used, &facts, STYLE_STATUS);
	buf_fini(&path);
	buf_fini(&shown);
	buf_fini(&facts);
}

struct rect paint_root(const struct paint *p, struct rect rect)
{
	static const char mark[] = " root ";
	int width = (int)sizeof mark - 1;

	if (!p->root || rect.w <= 2 * width || rect.h <= 0)
		return rect;
	grid_put_str(p->grid, rect.x + rect.w - width, rect.y, width, mark, STYLE_DANGER);
	rect.w -= width + 1;
	return rect;
}

/** How far, in hundredths, by bytes where there are any. */
static unsigned percent(const struct op_progress *progress)
{
	uint64_t done = progress->bytes_total ? progress->bytes : progress->items;
	uint64_t total = progress->bytes_total ? progress->bytes_total : progress->items_total;

	if (total == 0 || done >= total)
		return total == 0 ? 0 : 100;
	return (unsigned)((double)done * 100 / (double)total);
}

static void add_running(const struct paint *p, const struct job *job, struct buf *out)
{
	const struct op_progress *progress = &job->progress;
	double seconds = (double)(p->now - job->started) / (double)LOOP_SECOND;

	text_count(out, progress->items);
	buf_add_str(out, " of ");
	text_count(out, progress->items_total);
	buf_add_str(out, paint_sign(p, SIGN_DOT));
	buf_printf(out, "%u %%", percent(progress));
	if (seconds < 1 || progress->items == 0)
		return;
	buf_add_str(out, paint_sign(p, SIGN_DOT));
	text_rate(out, (double)progress->items / seconds);
	if (progress->items_total > progress->items) {
		buf_add_str(out, paint_sign(p, SIGN_DOT));
		buf_printf(out, "%.0f s left",
		           seconds * (double)(progress->items_total - progress->items) / (double)progress->items);
	}
}

/** Append ", 2 failed", unless there are none. */
static void add_if_any(struct buf *out, uint64_t count, const char *word)
{
	if (count == 0)
		return;
	buf_add_str(out, ", ");
	text_count(out, count);
	buf_add_str(out, word);
}

/** What worked on the job has gone: a worker that died, or the pane was closed or got other sources. */
static void add_interrupted(const struct job *job, struct buf *out)
{
	buf_printf(out, "interrupted, %s, after ", job->pane ? "its worker has ended" : "its pane was closed");
	text_count(out, job->progress.items);
	buf_add_str(out, " of ");
	paint_plural(out, job->progress.items_total, "item");
}

void paint_job_text(const struct paint *p, const struct job *job, struct buf *out)
{
	paint_foreign(p, out, job->title.data, job->title.len);
	buf_add_str(out, ": ");
	switch (job->state) {
	case JOB_PLANNING:
		buf_printf(out, "counting%s ", paint_sign(p, SIGN_ELLIPSIS));
		text_count(out, job->progress.items);
		break;
	case JOB_PLANNED:
		buf_add_str(out, "waits for an answer");
		break;
	case JOB_RUNNING:
		add_running(p, job, out);
		break;
	case JOB_DONE:
		text_count(out, job->result.ok);
		buf_add_str(out, " ok");
		add_if_any(out, job->result.failed, " failed");
		add_if_any(out, job->result.skipped, " skipped");
		break;
	case JOB_FAILED:
		if (job->error == ERROR_PIPE)
			add_interrupted(job, out);
		else
			buf_printf(out, "failed: %s", error_text(job->error));
		break;
	case JOB_CANCELLED:
		buf_add_str(out, "cancelled");
		break;
	}
}

void paint_job_line(const struct paint *p, const struct job *job, struct rect rect)
{
	struct buf text = BUF_INIT;

	if (rect_empty(&rect))
		return;
	grid_fill(p->grid, rect.x, rect.y, rect.w, 1, STYLE_PROGRESS);
	buf_printf(&text, "%s ", paint_spinner(p));
	paint_job_text(p, job, &text);
	paint_cut(p, rect.x + 1, rect.y, rect.w - 2, &text, STYLE_PROGRESS);
	buf_fini(&text);
}
