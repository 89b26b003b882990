/*
 * What has happened to the directories that are shown: rows for what is new in them, and for those that were opened or closed.
 */
#include "rows_impl.h"

#include <string.h>

#define FIRST_ROWS (SECOND / 25)      /* rows that take longer to be sorted are shown unsorted until they are */

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

int rows_insert_block(struct rows *rows)
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

void rows_remove_block(struct rows *rows, size_t row)
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
		rows_spoil(rows, ROWS_ORDER_BAD);
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

bool rows_by_totals(const struct rows *rows)
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
	rows_spoil(rows, attrs_matter(rows) ? ROWS_ORDER_BAD : ROWS_ORDER_UNKNOWN);
	if (insert_new(rows, k, until) != 0)
		return -1;
	if (shown->behind)
		return 0;
	rows->untrue = rows->untrue || shown->count != dir->count;
	shown->count = dir->count;
	shown->changes = dir->changes;
	return 0;
}

bool rows_is_behind(const struct rows *rows)
{
	bool behind = false;

	for (size_t i = 0; i < rows->shown_count; i++)
		behind = behind || rows->shown[i].behind;
	return behind;
}

bool rows_is_first(const struct rows *rows)
{
	return rows->count == 0 && rows->shown_count == 1 && rows->shown[0].count == 0 && !rows->known &&
	       tree_dir(rows->tree, rows->dir)->first != 0;
}

int rows_look_around(struct rows *rows, int64_t now, int64_t until)
{
	bool sweeping = rows->make && rows->make->task == ROWS_SWEEP;
	uint64_t version = tree_version(rows->tree);

	if (rows->seen != version && rows_by_totals(rows))
		rows_spoil(rows, ROWS_ORDER_BAD);
	rows->seen = version;
	rows->looked = !sweeping;
	if (rows_is_first(rows) && (!rows_makes_all(rows) || now < rows->made_at + FIRST_ROWS))
		return 0;
	for (size_t i = 0; i < (sweeping ? 1 : rows->shown_count); i++) {
		if (take_news(rows, i, until) != 0)
			return -1;
	}
	if (rows->known && !rows_is_behind(rows))
		rows_forget_known(rows);
	return 0;
}
