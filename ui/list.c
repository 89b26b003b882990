#include "list.h"

#include <string.h>

#include "ask.h"
#include "text.h"

struct list {
	struct dialog dialog;
	const struct list_ops *ops;
	void *arg;
	struct lines lines;  /* with ops->fill */
	struct buf search;
	size_t at;
	size_t top;
	size_t height;       /* as last painted */
};

void lines_clear(struct lines *lines)
{
	buf_clear(&lines->text);
	lines->count = 0;
}

void lines_fini(struct lines *lines)
{
	buf_fini(&lines->text);
	free(lines->ends);
	*lines = (struct lines){ .ends = NULL };
}

void lines_end(struct lines *lines, uint16_t style)
{
	if (vec_grow(&lines->ends, &lines->cap, lines->count + 1, sizeof *lines->ends) == 0)
		lines->ends[lines->count++] = (struct line_end){ lines->text.len, style };
}

static size_t list_count(struct app *app, const struct list *list)
{
	return list->ops->fill ? list->lines.count : list->ops->count(app, list->arg);
}

/** Append a line. Returns its style. */
static uint16_t list_line(struct app *app, const struct list *list, const struct paint *p, size_t index, struct buf *out)
{
	size_t begin = index > 0 && list->ops->fill ? list->lines.ends[index - 1].end : 0;

	if (!list->ops->fill)
		return list->ops->line(app, list->arg, p, index, out);
	buf_add(out, list->lines.text.data + begin, list->lines.ends[index].end - begin);
	return list->lines.ends[index].style;
}

/** Keep the cursor on a line, and that on the screen. */
static void settle(struct app *app, struct list *list)
{
	size_t count = list_count(app, list);

	list->at = count == 0 ? 0 : size_min(list->at, count - 1);
	list->top = size_min(list->top, list->at);
	if (list->height > 0 && list->at - list->top >= list->height)
		list->top = list->at - list->height + 1;
	if (list->height > 0 && list->top + list->height > count)
		list->top = count > list->height ? count - list->height : 0;
}

static bool has_text(const struct buf *line, const struct buf *wanted)
{
	return wanted->len > 0 && line->len >= wanted->len &&
	       memmem(line->data, line->len, wanted->data, wanted->len) != NULL;
}

/** Lower case, so that searching does not depend on it. */
static void fold(struct buf *buf)
{
	for (size_t i = 0; i < buf->len; i++)
		if (buf->data[i] >= 'A' && buf->data[i] <= 'Z')
			buf->data[i] = (char)(buf->data[i] - 'A' + 'a');
}

/** To the next line with the text, from the one after the cursor. */
static void find(struct app *app, struct list *list, bool forward)
{
	struct paint p = app_paint_now(app);
	struct buf line = BUF_INIT;
	size_t count = list_count(app, list);
	size_t at = list->at;

	for (size_t i = 0; i < count; i++) {
		at = forward ? (at + 1) % count : (at + count - 1) % count;
		buf_clear(&line);
		list_line(app, list, &p, at, &line);
		fold(&line);
		if (has_text(&line, &list->search)) {
			list->at = at;
			break;
		}
	}
	buf_fini(&line);
}

static void list_key(struct app *app, struct dialog *dialog, const struct term_event *event);

static void search_for(struct app *app, const char *text, size_t len)
{
	struct list *list = (struct list *)app->dialog;

	if (!app->dialog || app->dialog->ops->key != list_key)
		return;
	buf_clear(&list->search);
	buf_add(&list->search, text, len);
	fold(&list->search);
	find(app, list, true);
}

static void ask_search(struct app *app)
{
	ask_line(app, &(struct ask_line){ .label = "/", .history = HISTORY_SEARCH, .accepted = search_for });
}

/** Where a key takes the cursor. Returns whether it is a key that does. */
static bool move(struct app *app, struct list *list, uint32_t key)
{
	size_t page = list->height > 2 ? list->height - 1 : 1;
	size_t last = list_count(app, list);

	last = last > 0 ? last - 1 : 0;
	switch (key) {
	case 'j':
	case K_DOWN:
		list->at = size_min(list->at + 1, last);
		return true;
	case 'k':
	case K_UP:
		list->at -= list->at > 0 ? 1 : 0;
		return true;
	case ' ':
	case K_PGDN:
	case KEY_CTRL('d'):
		list->at = size_min(list->at + page, last);
		return true;
	case K_PGUP:
	case KEY_CTRL('u'):
		list->at -= size_min(page, list->at);
		return true;
	case 'g':
	case K_HOME:
		list->at = 0;
		return true;
	case 'G':
	case K_END:
		list->at = last;
		return true;
	default:
		return false;
	}
}

static void list_key(struct app *app, struct dialog *dialog, const struct term_event *event)
{
	struct list *list = (struct list *)dialog;

	if (event->pasted || move(app, list, event->key))
		return;
	switch (event->key) {
	case K_ESC:
	case 'q':
	case KEY_CTRL('c'):
	case K_F1 + 9:
		app_close(app, dialog);
		break;
	case '/':
		ask_search(app);
		break;
	case 'n':
	case 'N':
		find(app, list, event->key == 'n');
		break;
	case K_ENTER:
		if (list->ops->choose && list_count(app, list) > 0)
			list->ops->choose(app, list, list->arg, list->at);
		else if (!list->ops->choose)
			app_close(app, dialog);
		break;
	default:
		if (list->ops->key && list_count(app, list) > 0)
			list->ops->key(app, list, list->arg, list->at, event->key);
		break;
	}
}

/** How wide the widest of the lines on the screen would be. */
static int widest(struct app *app, const struct list *list, const struct paint *p)
{
	struct buf line = BUF_INIT;
	int width = text_width(list->ops->title, strlen(list->ops->title)) + 4;
	int bottom = list->ops->bottom ? text_width(list->ops->bottom, strlen(list->ops->bottom)) + 4 : 0;

	width = width < bottom ? bottom : width;
	for (size_t i = list->top; i < list_count(app, list) && i < list->top + (size_t)p->grid->rows; i++) {
		int len;

		buf_clear(&line);
		list_line(app, list, p, i, &line);
		len = text_width(line.data, line.len);
		width = width < len ? len : width;
	}
	buf_fini(&line);
	return width;
}

static void list_paint(struct app *app, struct dialog *dialog, const struct paint *p)
{
	struct list *list = (struct list *)dialog;
	struct buf line = BUF_INIT;
	struct rect area;
	size_t count;

	if (list->ops->fill) {
		lines_clear(&list->lines);
		list->ops->fill(app, list->arg, p, &list->lines);
	}
	count = list_count(app, list);
	area = paint_frame(p, widest(app, list, p) + 2, (int)size_min(size_max(count, 1), GRID_SIDE),
	                   list->ops->title, list->ops->bottom);
	list->height = area.h > 0 ? (size_t)area.h : 0;
	settle(app, list);
	if (area.h > 0)
		grid_cursor(p->grid, area.x, area.y);
	for (size_t i = 0; i < list->height && list->top + i < count; i++) {
		bool current = list->top + i == list->at;
		uint16_t style;

		buf_clear(&line);
		style = list_line(app, list, p, list->top + i, &line);
		style = current ? (uint16_t)(style | STYLE_CURSOR) : style;
		grid_fill(p->grid, area.x, area.y + (int)i, area.w, 1, style);
		(list->ops->sentences ? paint_sentence : paint_cut)(p, area.x + 1, area.y + (int)i, area.w - 2, &line, style);
		if (current)
			grid_cursor(p->grid, area.x + 1, area.y + (int)i);
	}
	buf_fini(&line);
}

static void list_free(struct dialog *dialog)
{
	struct list *list = (struct list *)dialog;

	if (list->ops->free)
		list->ops->free(list->arg);
	lines_fini(&list->lines);
	buf_fini(&list->search);
	free(list);
}

void list_open(struct app *app, const struct list_ops *ops, void *arg, size_t start)
{
	static const struct dialog_ops dialog_ops = { list_key, list_paint, NULL, list_free };
	struct list *list = calloc(1, sizeof *list);
	struct paint p = app_paint_now(app);

	if (!list) {
		if (ops->free)
			ops->free(arg);
		app_fail(app, "out of memory");
		return;
	}
	list->dialog.ops = &dialog_ops;
	list->ops = ops;
	list->arg = arg;
	list->at = start;
	if (ops->fill)
		ops->fill(app, arg, &p, &list->lines);
	app_open(app, &list->dialog);
}

void list_close(struct app *app, struct list *list)
{
	app_close(app, &list->dialog);
}
