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
#include "rows.h"
#include "rows_make.h"

#include <string.h>

#define SECOND INT64_C(1000000000)
#define SLICE (SECOND / 500)
#define FIRST_ROWS (SECOND / 25)      /* rows that take longer to be sorted are shown unsorted until they are */
#define MOST_WAIT (5 * SECOND)        /* before a directory that fills is sorted for the first time */
#define SORT_GUESS INT64_C(300)       /* nanoseconds a row */

enum { GRAIN = 2048, HEIRS = 4096 };

static const struct entry *entry_at(const struct rows *rows, entry_id id)
{
	return tree_entry(rows->tree, id);
}

/* Is everything being sorted? */
static bool makes_all(const struct rows *rows)
{
	return rows->make && rows->make->task == ROWS_SORT && rows->make->indent == 0;
}

/* The order may be as bad as that now. */
static void spoil(struct rows *rows, enum rows_order order)
{
	rows->order = order > rows->order ? order : rows->order;
}

static void stop_making(struct rows *rows)
{
	rows_make_free(rows->make);
	rows->make = NULL;
	rows->ready = false;
}

static void forget_known(struct rows *rows)
{
	free(rows->known);
	rows->known = NULL;
	rows->known_size = 0;
}

/* Blocks ---------------------------------------------------------------------------------------------- */

/* The row behind everything below a row. */
static size_t block_end(const struct rows *rows, size_t row)
{
	size_t end = row + 1;

	while (end < rows->count && rows->items[end].indent > rows->items[row].indent)
		end++;
	return end;
}

/* How many rows are open from one to before another? */
static size_t count_open(const struct rows *rows, size_t from, size_t to)
{
	size_t open = 0;

	for (size_t i = from; i < to; i++)
		open += rows->items[i].open;
	return open;
}

/* The row of a shown directory but the first. */
static size_t open_row(const struct rows *rows, size_t shown)
{
	size_t row = 0;

	for (size_t open = rows->items[0].open; open < shown; open += rows->items[row].open)
		row++;
	return row;
}

/* Make room for rows before another one, which the caller sets. */
static int make_room(struct rows *rows, size_t to, size_t count)
{
	if (vec_grow(&rows->items, &rows->cap, rows->count + count, sizeof *rows->items) != 0)
		return -1;
	if (count == 0)
		return 0;
	memmove(rows->items + to + count, rows->items + to, (rows->count - to) * sizeof *rows->items);
	rows->at += to < rows->count && to <= rows->at ? count : 0;
	rows->count += count;
	return 0;
}

/* The rows below a directory that was opened are made: put them there, if it is still so. */
static int insert_block(struct rows *rows)
{
	const struct rows_make *make = rows->make;
	size_t row = rows_find(rows, make->dir);
	size_t at;

	if (row == SIZE_MAX || rows->items[row].open || !tree_has(rows->tree, make->dir) || !rows_is_open(rows, make->dir))
		return 0;
	if (vec_grow(&rows->shown, &rows->shown_cap, rows->shown_count + make->shown_count, sizeof *rows->shown) != 0 ||
	    make_room(rows, row + 1, make->count) != 0)
		return -1;
	if (make->count > 0)
		memcpy(rows->items + row + 1, make->items, make->count * sizeof *rows->items);
	at = 1 + count_open(rows, 0, row);
	memmove(rows->shown + at + make->shown_count, rows->shown + at, (rows->shown_count - at) * sizeof *rows->shown);
	memcpy(rows->shown + at, make->shown, make->shown_count * sizeof *rows->shown);
	rows->shown_count += make->shown_count;
	rows->items[row].open = 1;
	return 0;
}

/* Take away the rows below a directory that was closed. */
static void remove_block(struct rows *rows, size_t row)
{
	size_t end = block_end(rows, row);
	size_t at = 1 + count_open(rows, 0, row);
	size_t gone = count_open(rows, row, end);

	memmove(rows->items + row + 1, rows->items + end, (rows->count - end) * sizeof *rows->items);
	rows->count -= end - row - 1;
	memmove(rows->shown + at, rows->shown + at + gone, (rows->shown_count - at - gone) * sizeof *rows->shown);
	rows->shown_count -= gone;
	rows->items[row].open = 0;
}

/* News ------------------------------------------------------------------------------------------------ */

/* Is a child, behind those that were looked at, one that gets a row? */
static bool is_new(const struct rows *rows, entry_id id)
{
	bool known = id / 8 < rows->known_size && rows->known[id / 8] >> id % 8 & 1;

	return !known && rows_pass(rows, id);
}

static entry_id next_new(const struct rows *rows, const struct rows_dir *shown)
{
	return shown->last ? entry_at(rows, shown->last)->next : tree_dir(rows->tree, shown->dir)->first;
}

/* Look at one more child; the row that it gets is to be put at `to`. */
static void look_at(struct rows *rows, struct rows_dir *shown, entry_id id, struct row **to, uint32_t indent)
{
	shown->last = id;
	shown->count++;
	if (!is_new(rows, id))
		return;
	*(*to)++ = (struct row){ id, indent & INT32_MAX, 0 };
	rows->untrue = rows->untrue || rows_is_open(rows, id);
}

/* Look at some more children of a shown directory, and give the new ones rows before the row `to`. */
static int insert_some(struct rows *rows, struct rows_dir *shown, size_t to, uint32_t indent)
{
	entry_id first = next_new(rows, shown);
	entry_id end = first;
	size_t fresh = 0;
	struct row *row;

	for (size_t i = 0; end && i < rows->grain; i++) {
		fresh += is_new(rows, end);
		end = entry_at(rows, end)->next;
	}
	if (make_room(rows, to, fresh) != 0)
		return -1;
	row = rows->items + to;
	for (entry_id next = first; next != end;) {
		entry_id at = next;

		next = entry_at(rows, at)->next;
		look_at(rows, shown, at, &row, indent);
	}
	if (fresh > 0)
		spoil(rows, ROWS_ORDER_BAD);
	shown->behind = end != 0;
	return 0;
}

static int insert_new(struct rows *rows, size_t k, int64_t until)
{
	struct rows_dir *shown = &rows->shown[k];
	size_t row = k > 0 ? open_row(rows, k) : 0;
	uint32_t indent = k > 0 ? rows->items[row].indent + 1u : 0;

	do {
		if (insert_some(rows, shown, k > 0 ? block_end(rows, row) : rows->count, indent) != 0)
			return -1;
	} while (shown->behind && rows_clock() < until);
	return 0;
}

/* Does the order depend on what is below the entries? */
static bool by_totals(const struct rows *rows)
{
	return rows->sort == ROWS_SIZE || rows->sort == ROWS_COUNT;
}

/* Does a change of attributes change the order, or what is listed? */
static bool attrs_matter(const struct rows *rows)
{
	return rows->shown_count > 1 || (rows->sort != ROWS_NAME && rows->sort != ROWS_EXT) || rows_filter_types(rows);
}

/* What has happened to a shown directory? */
static int take_news(struct rows *rows, size_t k, int64_t until)
{
	struct rows_dir *shown = &rows->shown[k];
	const struct dir *dir = tree_has(rows->tree, shown->dir) ? tree_dir(rows->tree, shown->dir) : NULL;

	if (dir && dir->changes == shown->changes && !shown->behind)
		return 0;
	if (!dir || shown->lost || (shown->last && !tree_has(rows->tree, shown->last))) {
		rows->untrue = rows->untrue || !shown->lost;
		shown->lost = true;
		shown->behind = false;
		return 0;
	}
	spoil(rows, attrs_matter(rows) ? ROWS_ORDER_BAD : ROWS_ORDER_UNKNOWN);
	if (insert_new(rows, k, until) != 0)
		return -1;
	if (shown->behind)
		return 0;
	rows->untrue = rows->untrue || shown->count != dir->count;
	shown->count = dir->count;
	shown->changes = dir->changes;
	return 0;
}

/* Are there children that nobody has looked at? */
static bool is_behind(const struct rows *rows)
{
	bool behind = false;

	for (size_t i = 0; i < rows->shown_count; i++)
		behind = behind || rows->shown[i].behind;
	return behind;
}

/* Is nothing listed of a directory in which there is something? */
static bool is_first(const struct rows *rows)
{
	return rows->count == 0 && rows->shown_count == 1 && rows->shown[0].count == 0 && !rows->known &&
	       tree_dir(rows->tree, rows->dir)->first != 0;
}

/* Bring the rows in line with what has happened to the tree. While they are swept, nothing is inserted but at the end. */
static int look_around(struct rows *rows, int64_t now, int64_t until)
{
	bool sweeping = rows->make && rows->make->task == ROWS_SWEEP;
	uint64_t version = tree_version(rows->tree);

	if (rows->seen != version && by_totals(rows))
		spoil(rows, ROWS_ORDER_BAD);
	rows->seen = version;
	rows->looked = !sweeping;
	if (is_first(rows) && (!makes_all(rows) || now < rows->made_at + FIRST_ROWS))
		return 0;
	for (size_t i = 0; i < (sweeping ? 1 : rows->shown_count); i++) {
		if (take_news(rows, i, until) != 0)
			return -1;
	}
	if (rows->known && !is_behind(rows))
		forget_known(rows);
	return 0;
}

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
	stop_making(rows);
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
	if (!makes_all(rows))
		stop_making(rows);
	remove_block(rows, rows->at);
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

/* When do the keys that were pressed allow rows to move? */
static int64_t key_due(const struct rows *rows, int64_t last_key)
{
	return !rows->sorted_at && last_key <= rows->shown_at ? 0 : last_key + 2 * SECOND;
}

/* When may the rows be sorted? */
static int64_t sort_due(const struct rows *rows, int64_t last_key)
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
	return due > key_due(rows, last_key) ? due : key_due(rows, last_key);
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
	bool due = now >= sort_due(rows, last_key);

	if (is_first(rows))
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

/* When the cursor's row goes, one close behind it takes its place; one before it, if none is behind. */
static void choose_heir(struct rows *rows)
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

/* Find the cursor's row and scroll so that it stays on its line of the screen. */
static void place_cursor(struct rows *rows, size_t line)
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
	choose_heir(rows);
	swap_rows(rows);
	forget_known(rows);
	rows->order = ROWS_ORDER_GOOD;
	if (rows->cause == ROWS_FIRST)
		return;
	rows->sort_cost = rows->make->cost;
	rows->sorted_at = rows->cause == ROWS_FRESH && !rows->made_complete ? 0 : now;
}

static void take_sweep(struct rows *rows)
{
	struct rows_make *make = rows->make;

	choose_heir(rows);
	make->shown[0] = rows->shown[0];
	swap_rows(rows);
	for (size_t i = 0; i < rows->shown_count; i++) {
		if (rows->shown[i].lost)
			rows->shown[i] = (struct rows_dir){ .dir = rows->shown[i].dir, .behind = true };
	}
	forget_known(rows);
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
	bool changed = by_totals(rows) && make->version != tree_version(rows->tree);
	int result = 0;

	if (make->task == ROWS_SWEEP)
		take_sweep(rows);
	else if (makes_all(rows))
		take_sort(rows, now);
	else if (make->task == ROWS_SORT)
		result = insert_block(rows);
	else if (!make->good)
		spoil(rows, ROWS_ORDER_BAD);
	else if (now >= sort_due(rows, last_key))
		rows->sorted_at = now;
	if (changed)
		spoil(rows, ROWS_ORDER_BAD);
	rows->version += make->task != ROWS_CHECK;
	rows->looked = false;
	stop_making(rows);
	return result;
}

/* A sort is of no use any more: the directory is complete only now, or it waits for keys while rows have gone. */
static bool is_overtaken(const struct rows *rows)
{
	if (!makes_all(rows) || rows->cause != ROWS_RESORT)
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
	rows->ready = makes_all(rows) && rows->cause == ROWS_RESORT && now < key_due(rows, last_key);
	return rows->ready ? 0 : take(rows, now, last_key);
}

/* A slice of work. A short list never needs a second one, however slow the machine is: the first units are not timed. */
static int work(struct rows *rows, int64_t now, int64_t last_key, size_t line)
{
	int64_t until = rows_clock() + rows->slice;
	size_t quota = rows->grain;

	do {
		bool idle;

		if (rows->stale && remake(rows, now) != 0)
			return -1;
		if (look_around(rows, now, until) != 0)
			return -1;
		if (is_overtaken(rows))
			stop_making(rows);
		if (!rows->make && choose_work(rows, now, last_key) != 0)
			return -1;
		idle = !rows->make;
		if (!idle && go_on(rows, now, last_key, until, &quota) != 0)
			return -1;
		place_cursor(rows, line);
		if (idle || rows->ready)
			return 0;
	} while (quota > 0 || rows_clock() < until);
	return 0;
}

/* Out of memory: let go of what is not in the tree any more, and try again later. */
static void drop_gone(struct rows *rows)
{
	size_t kept = 0;

	stop_making(rows);
	forget_known(rows);
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

/* Is there something to do at once? */
static bool has_work(const struct rows *rows)
{
	return (rows->make && !rows->ready) || !rows->looked || rows->untrue || rows->opening_count > 0 || is_behind(rows) || is_first(rows) ||
	       (rows->order == ROWS_ORDER_UNKNOWN && all_read(rows));
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
	stop_making(rows);
	forget_known(rows);
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
	stop_making(rows);
	forget_known(rows);
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
		choose_heir(rows);
	if (work(rows, now, last_key, line) != 0) {
		drop_gone(rows);
		place_cursor(rows, line);
		return now + SECOND;
	}
	if (has_work(rows))
		return now;
	if (rows->ready)
		return key_due(rows, last_key);
	return rows->order == ROWS_ORDER_GOOD ? INT64_MAX : sort_due(rows, last_key);
}

bool rows_settled(const struct rows *rows)
{
	return !rows->stale && rows->looked && rows->order == ROWS_ORDER_GOOD && !rows->make && !rows->untrue &&
	       rows->opening_count == 0 && !is_behind(rows);
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
