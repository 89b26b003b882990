#include "viewer.h"

#include <string.h>

#include "external.h"
#include "text.h"
#include "wire.h"

struct viewer {
	struct dialog dialog;
	struct pane *pane;
	struct app_target target;
	bool sniffs;          /* whether it is text is not known yet */
	uint64_t top;         /* of the first line */
	uint64_t wanted;      /* the part that was asked for */
	size_t width;         /* bytes in a line, as last painted */
	size_t height;
};

enum { WIDTH_MAX = 16, OFFSET_DIGITS = 8 };

void viewer_line(struct buf *out, uint64_t offset, const char *bytes, size_t count, size_t width)
{
	buf_printf(out, "%08llx ", (unsigned long long)offset);
	for (size_t i = 0; i < width; i++) {
		if (i % 8 == 0)
			buf_add_byte(out, ' ');
		if (i < count)
			buf_printf(out, "%02x ", (unsigned char)bytes[i]);
		else
			buf_add_str(out, "   ");
	}
	buf_add_byte(out, ' ');
	for (size_t i = 0; i < count; i++)
		buf_add_byte(out, bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.');
}

/** Can it be shown by a pager? */
static bool is_text(const struct buf *bytes)
{
	return bytes->len == 0 || !memchr(bytes->data, '\0', bytes->len);
}

/** The part that is wanted is there. */
static bool has_part(const struct viewer *viewer)
{
	const struct pane_part *part = &viewer->pane->part;

	return part->answered && (part->error != ERROR_NONE || part->offset == viewer->wanted);
}

/** Go to an offset as far as the file reaches, and have what is shown there read. */
static void go(struct viewer *viewer, uint64_t to)
{
	const struct pane_part *part = &viewer->pane->part;
	uint64_t page = (uint64_t)viewer->width * viewer->height;
	uint64_t lines = (part->size + viewer->width - 1) / viewer->width;
	uint64_t last = lines > viewer->height ? (lines - viewer->height) * viewer->width : 0;
	bool inside;

	viewer->top = to < last ? to : last;
	viewer->top -= viewer->top % viewer->width;
	inside = viewer->top >= viewer->wanted && viewer->top + page <= viewer->wanted + WIRE_MAX_DATA;
	if (inside)
		return;
	viewer->wanted = viewer->top > WIRE_MAX_DATA / 2 ? viewer->top - WIRE_MAX_DATA / 2 : 0;
	pane_read(viewer->pane, viewer->target.id, viewer->wanted);
}

static void viewer_key(struct app *app, struct dialog *dialog, const struct term_event *event)
{
	struct viewer *viewer = (struct viewer *)dialog;
	uint64_t line = viewer->width;
	uint64_t page = line * (viewer->height > 1 ? viewer->height - 1 : 1);
	uint64_t top = viewer->top;

	if (event->pasted)
		return;
	switch (event->key) {
	case K_ESC:
	case 'q':
	case 'h':
	case K_LEFT:
		app_close(app, dialog);
		return;
	default:
		break;
	}
	if (viewer->sniffs || !has_part(viewer) || viewer->pane->part.error != ERROR_NONE)
		return;
	switch (event->key) {
	case 'j':
	case K_DOWN:
		go(viewer, top + line);
		break;
	case 'k':
	case K_UP:
		go(viewer, top > line ? top - line : 0);
		break;
	case ' ':
	case K_PGDN:
	case KEY_CTRL('d'):
		go(viewer, top + page);
		break;
	case K_PGUP:
	case KEY_CTRL('u'):
		go(viewer, top > page ? top - page : 0);
		break;
	case 'g':
	case K_HOME:
		go(viewer, 0);
		break;
	case 'G':
	case K_END:
		go(viewer, UINT64_MAX);
		break;
	case 'v':
		app_close(app, dialog);
		external_run(app, EXTERNAL_VIEW, 0, NULL);
		break;
	default:
		break;
	}
}

static void paint_lines(struct viewer *viewer, const struct paint *p, const struct rect *area)
{
	const struct pane_part *part = &viewer->pane->part;
	struct buf line = BUF_INIT;

	for (int y = 0; y < area->h; y++) {
		uint64_t offset = viewer->top + (uint64_t)y * viewer->width;
		size_t at = (size_t)(offset - part->offset);

		if (offset < part->offset || at >= part->bytes.len)
			break;
		buf_clear(&line);
		viewer_line(&line, offset, part->bytes.data + at, size_min(part->bytes.len - at, viewer->width), viewer->width);
		paint_cut(p, area->x, area->y + y, area->w, &line, STYLE_NORMAL);
	}
	buf_fini(&line);
}

static void viewer_paint(struct app *app, struct dialog *dialog, const struct paint *p)
{
	struct viewer *viewer = (struct viewer *)dialog;
	const struct pane_part *part = &viewer->pane->part;
	struct buf title = BUF_INIT;
	struct buf words = BUF_INIT;
	struct rect area;
	const char *name;
	size_t len;

	(void)app;
	name = tree_has(viewer->pane->tree, viewer->target.id) ? tree_name(viewer->pane->tree, viewer->target.id, &len) : NULL;
	paint_foreign(p, &title, name ? name : "", name ? len : 0);
	if (has_part(viewer) && part->error == ERROR_NONE) {
		buf_add_str(&words, "byte ");
		text_count(&words, viewer->top);
		buf_add_str(&words, " of ");
		text_count(&words, part->size);
		buf_add_str(&words, paint_sign(p, SIGN_DOT));
	}
	buf_add_str(&words, "v pager, Esc leave");
	area = paint_frame(p, p->grid->cols - 2, p->grid->rows - 2, buf_str(&title), buf_str(&words));
	buf_fini(&title);
	buf_fini(&words);
	viewer->height = area.h > 0 ? (size_t)area.h : 1;
	/* what a line takes beside its bytes, and what each byte takes */
	for (viewer->width = WIDTH_MAX; viewer->width > 1 && OFFSET_DIGITS + 4 + 4 * (int)viewer->width > area.w;)
		viewer->width /= 2;
	grid_cursor(p->grid, area.x, area.y);
	if (!has_part(viewer))
		buf_printf(&words, "%s reading", paint_spinner(p));
	else if (part->error != ERROR_NONE)
		buf_add_str(&words, error_text(part->error));
	if (words.len > 0)
		paint_cut(p, area.x, area.y, area.w, &words, STYLE_PROGRESS);
	else
		paint_lines(viewer, p, &area);
	buf_fini(&words);
}

/** The beginning is here: text goes to the pager. */
static void viewer_step(struct app *app, struct dialog *dialog)
{
	struct viewer *viewer = (struct viewer *)dialog;
	const struct pane_part *part = &viewer->pane->part;
	bool text;

	if (!viewer->sniffs || !has_part(viewer))
		return;
	viewer->sniffs = false;
	text = part->error == ERROR_NONE && is_text(&part->bytes);
	if (!text && part->error == ERROR_NONE)
		return;
	if (part->error != ERROR_NONE)
		app_fail(app, "view: %s", error_text(part->error));
	else if (app->dialog != dialog || pane_current(viewer->pane) != viewer->target.id)
		text = false;
	app_close(app, dialog);
	if (text)
		external_run(app, EXTERNAL_VIEW, 0, NULL);
}

static void viewer_free(struct dialog *dialog)
{
	struct viewer *viewer = (struct viewer *)dialog;

	viewer->pane->part.asked = false;
	buf_fini(&viewer->pane->part.bytes);
	free(viewer);
}

bool viewer_open(struct app *app, bool bytes)
{
	static const struct dialog_ops ops = { viewer_key, viewer_paint, viewer_step, viewer_free };
	struct pane *pane = session_pane(app->session);
	entry_id id = pane_current(pane);
	struct viewer *viewer;

	if (!external_may_open(app, pane, id))
		return false;
	/* a link leads anywhere: that is left to the pager, which is another process */
	if (S_ISLNK(tree_entry(pane->tree, id)->mode))
		return bytes ? app_fail(app, "hex: %s", error_text(ERROR_LINK)) : external_run(app, EXTERNAL_VIEW, 0, NULL);
	viewer = calloc(1, sizeof *viewer);
	if (!viewer)
		return app_fail(app, "out of memory");
	*viewer = (struct viewer){ .dialog = { &ops, NULL }, .pane = pane, .sniffs = !bytes, .width = WIDTH_MAX, .height = 1 };
	viewer->target = app_target_take(pane, id);
	pane_read(pane, id, 0);
	app_open(app, &viewer->dialog);
	return true;
}
