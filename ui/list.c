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
	size_t height;       /* rows, as last painted */
	int width;           /* cells of a row */
};

/* No lines any more; the memory is kept. */
static void lines_clear(struct lines *lines)
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

void lines_wrap(struct lines *lines, int width)
{
	struct lines wrapped = { .ends = NULL };
	size_t begin = 0;

	for (size_t i = 0; i < lines->count; i++) {
		struct buf line = BUF_INIT;
		size_t at = 0;
		size_t len;

		buf_add(&line, lines->text.data + begin, lines->ends[i].end - begin);
		for (len = paint_next_row(&line, &at, width); len > 0 || at == 0; len = paint_next_row(&line, &at, width)) {
			buf_add(&wrapped.text, line.data + at, len);
			lines_end(&wrapped, lines->ends[i].style);
			at += len > 0 ? len : 1;
		}
		begin = lines->ends[i].end;
		buf_fini(&line);
	}
	lines_fini(lines);
	*lines = wrapped;
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

enum { INDENT = 2, ROOM_TO_INDENT = 16 };

/** How many cells the second and later rows of a line are indented. */
static int indent_of(const struct list *list)
{
	return list->width >= ROOM_TO_INDENT ? INDENT : 0;
}

/** The next row of a line, the rest of which begins at `*at`. Returns its bytes; 0 when there is none. */
static size_t next_row(const struct list *list, const struct buf *line, size_t *at)
{
	int width = list->width - (*at > 0 ? indent_of(list) : 0);

	return paint_next_row(line, at, width);
}

/** How many rows a line takes. */
static size_t rows_of(struct app *app, const struct list *list, const struct paint *p, size_t index)
{
	struct buf line = BUF_INIT;
	size_t count = 0;
	size_t at = 0;
	size_t len;

	list_line(app, list, p, index, &line);
	for (; (len = next_row(list, &line, &at)) > 0; at += len)
		count++;
	buf_fini(&line);
	return size_max(count, 1);
}

/** How many rows the lines from one on take, up to `most`. */
static size_t rows_from(struct app *app, const struct list *list, const struct paint *p, size_t index, size_t most)
{
	size_t count = list_count(app, list);
	size_t rows = 0;

	for (; index < count && rows < most; index++)
		rows += rows_of(app, list, p, index);
	return size_min(rows, most);
}

/** Keep the cursor on a line, and that on the screen; and no rows empty while there are lines above. */
static void settle(struct app *app, struct list *list, const struct paint *p)
{
	size_t count = list_count(app, list);
	size_t height = size_max(list->height, 1);
	size_t rows = 0;

	list->at = count == 0 ? 0 : size_min(list->at, count - 1);
	list->top = size_min(list->top, list->at);
	list->top = size_max(list->top, list->at - size_min(list->at, height - 1));
	for (size_t i = list->top; i < count && i <= list->at; i++)
		rows += rows_of(app, list, p, i);
	while (rows > height && list->top < list->at)
		rows -= rows_of(app, list, p, list->top++);
	if (count == 0)
		return;
	rows += rows_from(app, list, p, list->at + 1, height);
	while (list->top > 0 && rows + rows_of(app, list, p, list->top - 1) <= height)
		rows += rows_of(app, list, p, --list->top);
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

/** The rows of a line, from row `y` of an area on. Returns the row behind; a line that has no room ends with an ellipsis. */
static int paint_line(const struct list *list, const struct paint *p, const struct buf *line, struct rect area, int y, uint16_t style)
{
	size_t at = 0;
	size_t len = next_row(list, line, &at);
	int indent = 0;

	do {
		struct buf row = BUF_INIT;

		buf_add(&row, line->data + at, y + 1 < area.h ? len : line->len - at);
		grid_fill(p->grid, area.x, area.y + y, area.w, 1, style);
		paint_sentence(p, area.x + 1 + indent, area.y + y, list->width - indent, &row, style);
		buf_fini(&row);
		at += len;
		len = next_row(list, line, &at);
		indent = indent_of(list);
		y++;
	} while (len > 0 && y < area.h);
	return y;
}

/** Where in a list we are that has more lines than the screen, in the upper side of its frame. */
static void paint_place(const struct list *list, const struct paint *p, struct rect area, size_t count)
{
	struct buf place = BUF_INIT;
	int title = text_width(list->ops->title, strlen(list->ops->title)) + 3;
	int width;

	buf_printf(&place, " %zu of %zu ", list->at + 1, count);
	width = (int)place.len;
	if (area.h > 0 && title + width <= area.w)
		grid_put(p->grid, area.x + area.w - width, area.y - 1, width, place.data, place.len, STYLE_HINT);
	buf_fini(&place);
}

static void list_paint(struct app *app, struct dialog *dialog, const struct paint *p)
{
	struct list *list = (struct list *)dialog;
	struct buf line = BUF_INIT;
	struct rect area;
	size_t count;
	size_t rows;
	int width;
	int y = 0;

	if (list->ops->fill) {
		lines_clear(&list->lines);
		list->ops->fill(app, list->arg, p, &list->lines);
	}
	count = list_count(app, list);
	width = widest(app, list, p) + 2;
	width = width < p->grid->cols - 2 ? width : p->grid->cols - 2;
	list->width = width > 3 ? width - 2 : 1;
	rows = rows_from(app, list, p, 0, (size_t)p->grid->rows);
	area = paint_frame(p, width, (int)size_max(rows, 1), list->ops->title, list->ops->bottom);
	list->height = area.h > 0 ? (size_t)area.h : 0;
	settle(app, list, p);
	if (rows > list->height)
		paint_place(list, p, area, count);
	if (area.h > 0)
		grid_cursor(p->grid, area.x, area.y);
	for (size_t i = list->top; i < count && y < area.h; i++) {
		uint16_t style;

		buf_clear(&line);
		style = list_line(app, list, p, i, &line);
		if (i == list->at)
			grid_cursor(p->grid, area.x + 1, area.y + y);
		y = paint_line(list, p, &line, area, y, i == list->at ? (uint16_t)(style | STYLE_CURSOR) : style);
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
