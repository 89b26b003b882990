#include "compare_view.h"

#include "compare_view_make.h"
#include "rows_make.h"


#define SECOND INT64_C(1000000000)
#define AGAIN (SECOND / 10)     /* a list is made anew no sooner after it was */

enum { GRAIN = 1024, NEW_ROWS = 4096, COST_SHARE = 10 };

bool compare_view_can_show(const struct compare_view *view, compare_id row)
{
	for (size_t pane = 0; pane < compare_panes(view->compare); pane++) {
		entry_id id = compare_entry(view->compare, row, pane);

		if (id && tree_dir(compare_tree(view->compare, pane), id))
			return true;
	}
	return false;
}

static void stop_making(struct compare_view *view)
{
	compare_make_free(view->make);
	view->make = NULL;
}

static int begin_making(struct compare_view *view)
{
	view->seen = compare_version(view->compare);
	view->come = compare_come(view->compare);
	view->stale = false;
	return compare_make_begin(view);
}

/* The cursor --------------------------------------------------------------------------------------------- */

/* Keep the cursor's line on the screen. */
static void scroll(struct compare_view *view)
{
	size_t last = view->count > view->height ? view->count - view->height : 0;

	if (view->at < view->top)
		view->top = view->at;
	if (view->height > 0 && view->at >= view->top + view->height)
		view->top = view->at - view->height + 1;
	if (view->top > last)
		view->top = last;
}

/* The cursor's row has a line, or had (`at`) and takes the next one; its line on the screen stays. */
static void place_cursor(struct compare_view *view, size_t at, bool found)
{
	size_t line = view->at - view->top;

	if (view->count == 0) {
		view->cursor = found ? view->cursor : 0;
		view->at = view->top = 0;
		return;
	}
	if (!view->held)
		at = 0;
	view->at = size_min(at, view->count - 1);
	if (!view->held || !found)
		view->cursor = view->items[view->at].row;
	view->top = view->at > line ? view->at - line : 0;
	scroll(view);
}

/* The line of the cursor's row in the list that was made; SIZE_MAX: none. */
static size_t find_cursor(const struct compare_view *view)
{
	const struct compare_make *make = view->make;

	if (make->cursor && make->cursor == view->cursor)
		return make->cursor_at;
	for (size_t i = 0; i < make->count; i++) {
		if (make->items[i].row == view->cursor)
			return i;
	}
	return SIZE_MAX;
}

static void finish(struct compare_view *view, int64_t now)
{
	struct compare_make *make = view->make;
	size_t at = find_cursor(view);

	free(view->items);
	view->items = make->items;
	view->count = make->count;
	view->cap = make->cap;
	view->last = make->last;
	view->made_at = now;
	view->cost = make->cost;
	make->items = NULL;
	place_cursor(view, at != SIZE_MAX ? at : view->at, at != SIZE_MAX);
	stop_making(view);
	view->version++;
}

/* What happens meanwhile ------------------------------------------------------------------------------- */

/* Take the rows that have gone out of the list. */
static void sweep(struct compare_view *view)
{
	size_t kept = 0;
	size_t at = view->at;
	bool found = false;

	for (size_t i = 0; i < view->count; i++) {
		if (i == view->at)
			at = kept;
		if (!compare_has(view->compare, view->items[i].row))
			continue;
		found |= view->items[i].row == view->cursor;
		view->items[kept++] = view->items[i];
	}
	view->gone = compare_gone(view->compare);
	view->stale |= view->last && !compare_has(view->compare, view->last);
	if (kept == view->count)
		return;
	view->count = kept;
	place_cursor(view, at, found);
	view->stale |= view->fold;
	view->version++;
}

/* Put the rows that have come into the shown directory behind the others. Returns whether there are more. */
static bool add_new(struct compare_view *view)
{
	compare_id row = view->last;

	if (row && !compare_has(view->compare, row))
		return false;
	row = row ? compare_next(view->compare, row) : compare_any(view->compare, view->dir);
	for (size_t i = 0; row; row = compare_next(view->compare, row), i++) {
		if (i == NEW_ROWS)
			return true;
		view->last = row;
		if (!compare_has(view->compare, row) || !compare_view_pass(view, row))
			continue;
		if (vec_grow(&view->items, &view->cap, view->count + 1, sizeof *view->items) != 0) {
			view->failed = true;
			return false;
		}
		view->items[view->count++] = (struct compare_item){ .row = row };
		if (view->count == 1 && !view->cursor)
			view->cursor = row;
		view->version++;
	}
	return false;
}

/* The shown directory may have gone, or be one no more: show the nearest one above that is there. */
static void check_dir(struct compare_view *view)
{
	size_t count = view->above_count;
	compare_id from;

	if (view->dir == COMPARE_TOP || (compare_has(view->compare, view->dir) && compare_view_can_show(view, view->dir)))
		return;
	while (count > 1 && !(compare_has(view->compare, view->above[count - 1]) && compare_view_can_show(view, view->above[count - 1])))
		count--;
	from = count < view->above_count ? view->above[count] : view->dir;
	compare_view_show(view, view->above[count - 1], compare_has(view->compare, from) ? from : 0);
}

/* May there be rows in the wrong place, or that stand in the list or not by what is known of them now? */
static bool is_old(const struct compare_view *view)
{
	if (view->stale || view->come != compare_come(view->compare))
		return true;
	return (view->fold || view->show != COMPARE_SHOW_ALL) && view->seen != compare_version(view->compare);
}

/* When may the list be made anew because of what has changed? */
static int64_t make_due(const struct compare_view *view, int64_t now, int64_t last_key)
{
	int64_t due = view->made_at + AGAIN;

	if (!view->made_at)
		return 0;
	if (view->cost * COST_SHARE > AGAIN)
		due = view->made_at + view->cost * COST_SHARE;
	if (now - view->shown_at < SECOND)
		return due;
	due = due < view->made_at + SECOND ? view->made_at + SECOND : due;
	return due < last_key + 2 * SECOND ? last_key + 2 * SECOND : due;
}

/* A slice of the making. */
static void step_making(struct compare_view *view, int64_t now, int64_t slice)
{
	int64_t begin = rows_clock();
	int64_t at;
	int done;

	do {
		done = compare_make_some(view, GRAIN);
		at = rows_clock();
	} while (done == 0 && at - begin < slice);
	view->make->cost += at - begin;
	if (done > 0) {
		finish(view, now);
	} else if (done < 0) {
		view->failed = true;
		view->made_at = now;
		stop_making(view);
	}
}

int64_t compare_view_update(struct compare_view *view, int64_t now, int64_t last_key, int64_t slice)
{
	bool more = false;

	check_dir(view);
	if (!view->shown_at)
		view->shown_at = now;
	if (view->gone != compare_gone(view->compare))
		sweep(view);
	if (view->stale)
		stop_making(view);
	if (!view->make && (view->stale || (is_old(view) && now >= make_due(view, now, last_key))) &&
	    begin_making(view) != 0) {
		view->failed = true;
		view->made_at = now;
		stop_making(view);
	}
	if (view->make)
		step_making(view, now, slice);
	more = add_new(view);
	if (view->make || more)
		return now;
	return is_old(view) ? make_due(view, now, last_key) : INT64_MAX;
}

bool compare_view_settled(const struct compare_view *view)
{
	return !view->make && !is_old(view) && view->gone == compare_gone(view->compare);
}

/* Settings and moves ------------------------------------------------------------------------------------- */

void compare_view_init(struct compare_view *view)
{
	*view = (struct compare_view){ .dir = COMPARE_TOP, .show = COMPARE_SHOW_ALL };
}

void compare_view_renew(struct compare_view *view, struct compare *compare)
{
	stop_making(view);
	view->compare = compare;
	view->seen = view->come = view->gone = 0;
	if (compare)
		compare_view_show(view, COMPARE_TOP, 0);
	else
		view->count = 0;
}

void compare_view_fini(struct compare_view *view)
{
	stop_making(view);
	free(view->items);
	free(view->above);
	buf_fini(&view->filter);
}

/* Remember what is above a directory. Without memory it is the top alone. */
static void set_above(struct compare_view *view, compare_id dir)
{
	size_t count = 0;

	for (compare_id at = dir; at != COMPARE_TOP; at = compare_parent(view->compare, at))
		count++;
	view->above_count = 0;
	if (vec_grow(&view->above, &view->above_cap, count, sizeof *view->above) != 0) {
		view->failed = true;
		return;
	}
	view->above_count = count;
	for (compare_id at = dir; at != COMPARE_TOP; at = view->above[count])
		view->above[--count] = compare_parent(view->compare, at);
}

void compare_view_show(struct compare_view *view, compare_id dir, compare_id cursor)
{
	set_above(view, dir);
	if (dir != COMPARE_TOP && view->above_count == 0)
		return;
	(void)compare_hold(view->compare, dir);
	view->dir = dir;
	view->cursor = cursor;
	view->held = cursor != 0;
	view->count = view->at = view->top = 0;
	view->last = 0;
	view->shown_at = view->made_at = 0;
	compare_view_touch(view);
}

void compare_view_touch(struct compare_view *view)
{
	view->stale = true;
	view->version++;
}

void compare_view_height(struct compare_view *view, size_t height)
{
	view->height = height;
	scroll(view);
}

void compare_view_move(struct compare_view *view, int64_t by)
{
	uint64_t far = by < 0 ? -(uint64_t)by : (uint64_t)by;

	if (by < 0)
		compare_view_goto(view, view->at > far ? view->at - (size_t)far : 0);
	else
		compare_view_goto(view, view->count - view->at > far ? view->at + (size_t)far : SIZE_MAX);
}

void compare_view_goto(struct compare_view *view, size_t index)
{
	if (view->count == 0)
		return;
	view->held = true;
	view->at = size_min(index, view->count - 1);
	view->cursor = view->items[view->at].row;
	scroll(view);
	view->version++;
}

void compare_view_want(struct compare_view *view, compare_id row)
{
	for (size_t i = 0; i < view->count; i++) {
		if (view->items[i].row == row) {
			compare_view_goto(view, i);
			return;
		}
	}
	view->cursor = row;
	view->held = true;
	compare_view_touch(view);
}

const struct compare_item *compare_view_current(const struct compare_view *view)
{
	const struct compare_item *item = view->at < view->count ? &view->items[view->at] : NULL;

	return item && compare_has(view->compare, item->row) ? item : NULL;
}

size_t compare_view_search(const struct compare_view *view, const char *text, size_t len, int direction)
{
	size_t at = view->at;

	for (size_t i = 0; len > 0 && i < view->count; i++) {
		if (direction > 0)
			at = at + 1 < view->count ? at + 1 : 0;
		else
			at = at > 0 ? at - 1 : view->count - 1;
		if (compare_view_matches(view->compare, view->items[at].row, text, len))
			return at;
	}
	return SIZE_MAX;
}
