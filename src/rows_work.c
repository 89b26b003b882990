/*
 * Rows: how the list is kept while a directory fills.
 *
 * The children of a directory are linked in the order of their arrival, so what is new in it stands behind the
 * last child that was looked at. What can have happened since the last time, and what is done about it:
 *
 *     nothing               tree_version() is the same     nothing
 *     children were added   they stand behind the last     rows at the end of their directory, at once; a sort later
 *     children have gone    there are too few              a sweep through the rows
 *     the last one has gone it is not in the tree          a sweep; those that turn out to have no row are new
 *     attributes changed    none of these                  a sort later, if the order depends on them
 *     a setting changed     rows_touch()                   a sort now; a directory was opened or closed: its rows, and a sweep
 *
 * A sort, a sweep or a check of the order is a struct rows_make, of which there is one at a time; it gets a slice of each
 * rows_update(). Until it is done the old rows are in use, and new ones are still added behind them:
 *
 *                       settings, first rows                               key within 2 s
 *     (none) ──────────────────────────────────▶ a sort ───▶ done ───┬─────────────────────▶ ready
 *       │ ▲                                     ▲            │       │                        │
 *       │ │  good                               │ out of     │       ▼     swap, keep cursor  │
 *       │ └──────────────── a check ────────────┤ order and  │     (none) ◀───────────────────┘
 *       ▼                     ▲                 │ due
 *     a sweep, if rows are ───┴─────────────────┘
 *     untrue, and a sort of what was opened
 *
 * In a list by name a sort is often spared: attributes change no names, so that the order holds unless something turned
 * out to be a directory; that is the check.
 */
#include "rows_impl.h"

#include <string.h>

#define MOST_WAIT (5 * SECOND)        /* before a directory that fills is sorted for the first time */
#define SORT_GUESS INT64_C(300)       /* nanoseconds a row */

/* Work ------------------------------------------------------------------------------------------------ */

/* Is every directory that has rows known as far as it ever will? */
static bool all_read(const struct rows *rows)
{
	for (size_t i = 0; i < rows->shown_count; i++) {
		entry_id id = rows->shown[i].dir;

		if (tree_has(rows->tree, id) && tree_dir(rows->tree, id) && tree_dir(rows->tree, id)->state < DIR_COMPLETE)
			return false;
	}
	return true;
}

static int start(struct rows *rows, enum rows_task task, entry_id dir, uint32_t indent)
{
	rows_stop_making(rows);
	rows->make = rows_make_new(rows, task, dir, indent);
	return rows->make ? 0 : -1;
}

/* Begin to sort everything. */
static int start_sort(struct rows *rows, enum rows_cause cause, int64_t now)
{
	rows->cause = cause;
	rows->made_at = now;
	rows->made_complete = all_read(rows);
	rows->untrue = false;
	return start(rows, ROWS_SORT, rows->dir, 0);
}

/* The settings are those with which the rows were made, or are being made. */
static bool same_settings(const struct rows *rows)
{
	return rows->made && rows->made_sort == rows->sort && rows->made_reverse == rows->reverse &&
	       rows->made_hidden == rows->hidden && rows->made_filter.len == rows->filter.len &&
	       (rows->filter.len == 0 || memcmp(rows->made_filter.data, rows->filter.data, rows->filter.len) == 0);
}

static int note_settings(struct rows *rows)
{
	buf_clear(&rows->made_filter);
	buf_add(&rows->made_filter, rows->filter.data, rows->filter.len);
	rows->made_sort = rows->sort;
	rows->made_reverse = rows->reverse;
	rows->made_hidden = rows->hidden;
	rows->made = !rows->made_filter.failed;
	return rows->made ? 0 : -1;
}

/* If it was the cursor's directory that was opened or closed, that comes first. */
static int toggle_cursor(struct rows *rows)
{
	const struct row *row = &rows->items[rows->at];

	if (rows->at >= rows->count || !tree_has(rows->tree, row->id) || row->open == rows_is_open(rows, row->id))
		return 0;
	if (!row->open) {
		if (vec_grow(&rows->opening, &rows->opening_cap, rows->opening_count + 1, sizeof *rows->opening) != 0)
			return -1;
		rows->opening[rows->opening_count++] = row->id;
		return 0;
	}
	if (!rows_makes_all(rows))
		rows_stop_making(rows);
	rows_remove_block(rows, rows->at);
	rows->version++;
	return 0;
}

/* A setting was changed, or another directory is shown. */
static int remake(struct rows *rows, int64_t now)
{
	enum rows_cause cause = rows->fresh ? ROWS_FRESH : ROWS_SETTINGS;

	rows->stale = false;
	if (same_settings(rows)) {
		rows->untrue = true;
		return toggle_cursor(rows);
	}
	if (rows->fresh) {
		if (vec_grow(&rows->shown, &rows->shown_cap, 1, sizeof *rows->shown) != 0)
			return -1;
		rows->shown[0] = (struct rows_dir){ .dir = rows->dir, .behind = true };
		rows->shown_count = 1;
		rows->shown_at = now;
		rows->fresh = false;
	}
	return note_settings(rows) == 0 ? start_sort(rows, cause, now) : -1;
}

int64_t rows_key_due(const struct rows *rows, int64_t last_key)
{
	return !rows->sorted_at && last_key <= rows->shown_at ? 0 : last_key + 2 * SECOND;
}

int64_t rows_sort_due(const struct rows *rows, int64_t last_key)
{
	int64_t due = rows->shown_at;
	int64_t gap = SECOND;

	if (tree_dir(rows->tree, rows->dir)->total.growing > 0) {
		int64_t guess = rows->count > SIZE_MAX >> 16 ? 0 : (int64_t)rows->count * SORT_GUESS;
		int64_t cost = rows->sorted_at ? rows->sort_cost : guess;

		gap = cost * 10 > gap ? cost * 10 : gap;
		gap = !rows->sorted_at && gap > MOST_WAIT ? MOST_WAIT : gap;
	}
	if (rows->sorted_at)
		due = rows->sorted_at + gap;
	else if (!all_read(rows))
		due += gap;
	return due > rows_key_due(rows, last_key) ? due : rows_key_due(rows, last_key);
}

/* Begin with the rows of the next directory that was opened. */
static int start_opening(struct rows *rows)
{
	while (rows->opening_count > 0) {
		entry_id id = rows->opening[--rows->opening_count];
		size_t row = tree_has(rows->tree, id) && rows_is_open(rows, id) ? rows_find(rows, id) : SIZE_MAX;

		if (row != SIZE_MAX && !rows->items[row].open)
			return start(rows, ROWS_SORT, id, rows->items[row].indent + 1u);
	}
	return 0;
}

/* Begin with what is to be done next, if anything is. */
static int choose_work(struct rows *rows, int64_t now, int64_t last_key)
{
	bool due = now >= rows_sort_due(rows, last_key);

	if (rows_is_first(rows))
		return start_sort(rows, ROWS_FIRST, now);
	if (rows->opening_count > 0 && (start_opening(rows) != 0 || rows->make))
		return rows->make ? 0 : -1;
	if (rows->untrue) {
		rows->untrue = false;
		return start(rows, ROWS_SWEEP, rows->dir, 0);
	}
	if (rows->order == ROWS_ORDER_BAD && due)
		return start_sort(rows, ROWS_RESORT, now);
	if (rows->order == ROWS_ORDER_UNKNOWN && (due || all_read(rows))) {
		rows->order = ROWS_ORDER_GOOD;
		return start(rows, ROWS_CHECK, rows->dir, 0);
	}
	return 0;
}

/* Taking ---------------------------------------------------------------------------------------------- */

/* Let the rows that were made be the rows. */
static void swap_rows(struct rows *rows)
{
	struct rows_make *make = rows->make;
	struct row *items = rows->items;
	struct rows_dir *shown = rows->shown;

	rows->items = make->items;
	rows->count = make->count;
	rows->cap = make->cap;
	rows->shown = make->shown;
	rows->shown_count = make->shown_count;
	rows->shown_cap = make->shown_cap;
	rows->dir_rows = make->dir_rows;
	make->items = items;
	make->shown = shown;
}

static void take_sort(struct rows *rows, int64_t now)
{
	rows_choose_heir(rows);
	swap_rows(rows);
	rows_forget_known(rows);
	rows->order = ROWS_ORDER_GOOD;
	if (rows->cause == ROWS_FIRST)
		return;
	rows->sort_cost = rows->make->cost;
	rows->sorted_at = rows->cause == ROWS_FRESH && !rows->made_complete ? 0 : now;
}

static void take_sweep(struct rows *rows)
{
	struct rows_make *make = rows->make;

	rows_choose_heir(rows);
	make->shown[0] = rows->shown[0];
	swap_rows(rows);
	for (size_t i = 0; i < rows->shown_count; i++) {
		if (rows->shown[i].lost)
			rows->shown[i] = (struct rows_dir){ .dir = rows->shown[i].dir, .behind = true };
	}
	rows_forget_known(rows);
	rows->known = make->known;
	rows->known_size = make->known_size;
	make->known = NULL;
	free(rows->opening);
	rows->opening = make->opening;
	rows->opening_count = make->opening_count;
	rows->opening_cap = make->opening_cap;
	make->opening = NULL;
}

/* What was made is done. */
static int take(struct rows *rows, int64_t now, int64_t last_key)
{
	const struct rows_make *make = rows->make;
	bool changed = rows_by_totals(rows) && make->version != tree_version(rows->tree);
	int result = 0;

	if (make->task == ROWS_SWEEP)
		take_sweep(rows);
	else if (rows_makes_all(rows))
		take_sort(rows, now);
	else if (make->task == ROWS_SORT)
		result = rows_insert_block(rows);
	else if (!make->good)
		rows_spoil(rows, ROWS_ORDER_BAD);
	else if (now >= rows_sort_due(rows, last_key))
		rows->sorted_at = now;
	if (changed)
		rows_spoil(rows, ROWS_ORDER_BAD);
	rows->version += make->task != ROWS_CHECK;
	rows->looked = false;
	rows_stop_making(rows);
	return result;
}

/* A sort is of no use any more: the directory is complete only now, or it waits for keys while rows have gone. */
static bool is_overtaken(const struct rows *rows)
{
	if (!rows_makes_all(rows) || rows->cause != ROWS_RESORT)
		return false;
	return (rows->ready && rows->untrue) || (!rows->made_complete && all_read(rows));
}

/* Go on with what is being made, and take it when it is done and may be. */
static int go_on(struct rows *rows, int64_t now, int64_t last_key, int64_t until, size_t *quota)
{
	switch (rows_make_run(rows->make, until, quota)) {
	case ROWS_MORE:
		return 0;
	case ROWS_NOMEM:
		return -1;
	case ROWS_DONE:
		break;
	}
	rows->ready = rows_makes_all(rows) && rows->cause == ROWS_RESORT && now < rows_key_due(rows, last_key);
	return rows->ready ? 0 : take(rows, now, last_key);
}

int rows_work(struct rows *rows, int64_t now, int64_t last_key, size_t line)
{
	int64_t until = rows_clock() + rows->slice;
	size_t quota = rows->grain;

	do {
		bool idle;

		if (rows->stale && remake(rows, now) != 0)
			return -1;
		if (rows_look_around(rows, now, until) != 0)
			return -1;
		if (is_overtaken(rows))
			rows_stop_making(rows);
		if (!rows->make && choose_work(rows, now, last_key) != 0)
			return -1;
		idle = !rows->make;
		if (!idle && go_on(rows, now, last_key, until, &quota) != 0)
			return -1;
		rows_place_cursor(rows, line);
		if (idle || rows->ready)
			return 0;
	} while (quota > 0 || rows_clock() < until);
	return 0;
}

void rows_drop_gone(struct rows *rows)
{
	size_t kept = 0;

	rows_stop_making(rows);
	rows_forget_known(rows);
	for (size_t i = 0; i < rows->count; i++) {
		struct row row = rows->items[i];

		row.open = 0;
		if (tree_has(rows->tree, row.id))
			rows->items[kept++] = row;
	}
	rows->count = kept;
	rows->shown_count = 0;
	rows->opening_count = 0;
	rows->made = false;
	rows->stale = true;
}

bool rows_has_work(const struct rows *rows)
{
	return (rows->make && !rows->ready) || !rows->looked || rows->untrue || rows->opening_count > 0 || rows_is_behind(rows) || rows_is_first(rows) ||
	       (rows->order == ROWS_ORDER_UNKNOWN && all_read(rows));
}
