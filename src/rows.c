#include "rows.h"

#include "rows_impl.h"

#define SLICE (SECOND / 500)

enum { GRAIN = 2048, HEIRS = 4096 };

/* The cursor -------------------------------------------------------------------------------------------- */

/* Scroll as little as brings the cursor onto the screen. */
static void scroll(struct rows *rows)
{
	if (rows->at < rows->top)
		rows->top = rows->at;
	if (rows->height > 0 && rows->at - rows->top >= rows->height)
		rows->top = rows->at - rows->height + 1;
}

/* No blank lines below the rows when there are rows above the screen. */
static void fill_screen(struct rows *rows)
{
	size_t most = rows->count > rows->height ? rows->count - rows->height : 0;

	rows->top = size_min(rows->top, most);
}

static bool shows(const struct rows *rows, entry_id id)
{
	return tree_has(rows->tree, id) && rows_pass(rows, id);
}

void rows_choose_heir(struct rows *rows)
{
	size_t end = size_min(rows->count, rows->at + HEIRS);
	size_t begin = rows->at > HEIRS ? rows->at - HEIRS : 0;

	if (!rows->cursor || shows(rows, rows->cursor))
		return;
	for (size_t i = rows->at + 1; i < end; i++) {
		if (shows(rows, rows->items[i].id)) {
			rows->cursor = rows->items[i].id;
			return;
		}
	}
	for (size_t i = size_min(rows->at, rows->count); i-- > begin;) {
		if (shows(rows, rows->items[i].id)) {
			rows->cursor = rows->items[i].id;
			return;
		}
	}
	rows->cursor = 0;
}

/* The row of the cursor's entry, or of the directory that was closed around it. */
static size_t cursor_row(const struct rows *rows)
{
	for (entry_id at = rows->cursor; at && at != rows->dir; at = entry_at(rows, at)->parent) {
		size_t index = rows_find(rows, at);

		if (index != SIZE_MAX)
			return index;
	}
	return size_min(rows->at, rows->count - 1);
}

/* Has the wanted entry got its row? The cursor goes there. */
static bool take_wanted(struct rows *rows)
{
	size_t index;

	if (rows->wanted && !tree_has(rows->tree, rows->wanted))
		rows->wanted = 0;
	index = rows->wanted ? rows_find(rows, rows->wanted) : SIZE_MAX;
	if (index == SIZE_MAX)
		return false;
	rows->wanted = 0;
	rows->held = true;
	rows->at = index;
	rows->cursor = rows->items[index].id;
	if (index < rows->top || (rows->height > 0 && index - rows->top >= rows->height))
		rows->top = index > rows->height / 2 ? index - rows->height / 2 : 0;
	return true;
}

void rows_place_cursor(struct rows *rows, size_t line)
{
	if (rows->count == 0) {
		rows->cursor = 0;
		rows->at = rows->top = 0;
		rows->held = false;
		return;
	}
	rows->top = size_min(rows->top, rows->count - 1);
	if (take_wanted(rows))
		return;
	rows->at = rows->held ? cursor_row(rows) : 0;
	rows->cursor = rows->items[rows->at].id;
	rows->top = rows->held && rows->at > line ? rows->at - line : 0;
}

/* The interface ----------------------------------------------------------------------------------------- */

void rows_init(struct rows *rows, struct tree *tree)
{
	*rows = (struct rows){ .tree = tree, .hidden = true, .filter = BUF_INIT, .made_filter = BUF_INIT,
			       .grain = GRAIN, .slice = SLICE };
	rows_show(rows, TREE_ROOT, 0);
}

void rows_fini(struct rows *rows)
{
	rows_stop_making(rows);
	rows_forget_known(rows);
	buf_fini(&rows->filter);
	buf_fini(&rows->made_filter);
	free(rows->items);
	free(rows->shown);
	free(rows->above);
	free(rows->opening);
	*rows = (struct rows){ 0 };
}

void rows_show(struct rows *rows, entry_id dir, entry_id cursor)
{
	size_t depth = 0;

	for (entry_id at = dir; at != TREE_ROOT; at = entry_at(rows, at)->parent)
		depth++;
	rows->above_count = vec_grow(&rows->above, &rows->above_cap, depth, sizeof *rows->above) == 0 ? depth : 0;
	for (entry_id at = dir; depth > 0 && rows->above_count > 0;)
		rows->above[--depth] = at = entry_at(rows, at)->parent;
	rows->dir = dir;
	rows->count = rows->shown_count = 0;
	rows->cursor = 0;
	rows->at = rows->top = 0;
	rows->wanted = cursor;
	rows->held = false;
	rows_stop_making(rows);
	rows_forget_known(rows);
	rows->opening_count = 0;
	rows->made = rows->untrue = false;
	rows->order = ROWS_ORDER_GOOD;
	rows->fresh = rows->stale = true;
	rows->version++;
}

/* The shown directory has gone, or is none any more: show the nearest one above it that is there. */
static void find_dir(struct rows *rows)
{
	entry_id dir = rows->dir;

	while (dir != TREE_ROOT && !(tree_has(rows->tree, dir) && tree_dir(rows->tree, dir)))
		dir = rows->above_count > 0 ? rows->above[--rows->above_count] : TREE_ROOT;
	if (dir != rows->dir)
		rows_show(rows, dir, 0);
}

void rows_touch(struct rows *rows)
{
	rows->stale = true;
	rows->held = rows->held || rows->count > 0;
}

int64_t rows_update(struct rows *rows, int64_t now, int64_t last_key)
{
	size_t line = rows->at - rows->top;

	if (rows_settled(rows) && rows->seen == tree_version(rows->tree))
		return INT64_MAX;
	find_dir(rows);
	if (rows->cursor && !tree_has(rows->tree, rows->cursor))
		rows_choose_heir(rows);
	if (rows_work(rows, now, last_key, line) != 0) {
		rows_drop_gone(rows);
		rows_place_cursor(rows, line);
		return now + SECOND;
	}
	if (rows_has_work(rows))
		return now;
	if (rows->ready)
		return rows_key_due(rows, last_key);
	return rows->order == ROWS_ORDER_GOOD ? INT64_MAX : rows_sort_due(rows, last_key);
}

bool rows_settled(const struct rows *rows)
{
	return !rows->stale && rows->looked && rows->order == ROWS_ORDER_GOOD && !rows->make && !rows->untrue &&
	       rows->opening_count == 0 && !rows_is_behind(rows);
}

void rows_view(struct rows *rows, size_t height)
{
	bool changed = height != rows->height;

	rows->height = height;
	if (changed)
		fill_screen(rows);
	scroll(rows);
}

void rows_move(struct rows *rows, int64_t by)
{
	uint64_t far = by < 0 ? -(uint64_t)by : (uint64_t)by;

	if (by < 0)
		rows_goto(rows, rows->at > far ? rows->at - (size_t)far : 0);
	else
		rows_goto(rows, rows->count - rows->at > far ? rows->at + (size_t)far : SIZE_MAX);
}

void rows_goto(struct rows *rows, size_t index)
{
	rows->wanted = 0;
	if (rows->count == 0)
		return;
	rows->held = true;
	rows->at = size_min(index, rows->count - 1);
	rows->cursor = rows->items[rows->at].id;
	fill_screen(rows);
	scroll(rows);
}

void rows_want(struct rows *rows, entry_id id)
{
	rows->wanted = id;
	if (!rows->stale)
		take_wanted(rows);
}

size_t rows_find(const struct rows *rows, entry_id id)
{
	if (rows->at < rows->count && rows->items[rows->at].id == id)
		return rows->at;
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->items[i].id == id)
			return i;
	}
	return SIZE_MAX;
}

size_t rows_search(const struct rows *rows, const char *text, size_t len, int direction)
{
	size_t at = rows->at;

	for (size_t i = 0; len > 0 && i < rows->count; i++) {
		if (direction > 0)
			at = at + 1 < rows->count ? at + 1 : 0;
		else
			at = at > 0 ? at - 1 : rows->count - 1;
		if (rows_match(rows, rows->items[at].id, text, len))
			return at;
	}
	return SIZE_MAX;
}
