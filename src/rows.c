/*
 * Rows: how the list is kept while a directory fills.
 *
 * The children of a directory are linked in the order of their arrival, so what is new in it stands behind the
 * last child that was looked at. Four things can have happened since the last time, and each has its price:
 *
 *     nothing               tree_version() is the same                           free
 *     attributes changed    the order may be another one                         a sort, when it may be
 *     children were added   they get rows at the end of the list                 what is new, and a sort later
 *     children have gone    the old rows are gone through; what is new gets      what there is
 *                           rows at the end of its directory
 *
 * In a list by name a sort is often spared: attributes change no names, so that the order holds unless something turned
 * out to be a directory.
 */
#include "rows.h"
#include "rows_make.h"

#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000000)

static const struct entry *entry_at(const struct rows *rows, entry_id id)
{
	return tree_entry(rows->tree, id);
}

/* News ------------------------------------------------------------------------------------------------ */

enum news { NEWS_NONE, NEWS_ATTRS, NEWS_ADDED, NEWS_REMOVED };

/* What happened to the children of a shown directory? Those that were added stand behind the last one of before. */
static enum news news_of(const struct rows *rows, const struct rows_dir *shown)
{
	const struct dir *dir = tree_has(rows->tree, shown->dir) ? tree_dir(rows->tree, shown->dir) : NULL;
	uint32_t added = 0;

	if (!dir)
		return NEWS_REMOVED;
	if (dir->changes == shown->changes)
		return NEWS_NONE;
	if (shown->last && !tree_has(rows->tree, shown->last))
		return NEWS_REMOVED;
	for (entry_id at = shown->last ? entry_at(rows, shown->last)->next : dir->first; at; at = entry_at(rows, at)->next)
		added++;
	if (shown->count + added != dir->count)
		return NEWS_REMOVED;
	return added > 0 ? NEWS_ADDED : NEWS_ATTRS;
}

/* The most that happened to any shown directory. */
static enum news look_around(const struct rows *rows)
{
	enum news most = NEWS_NONE;

	for (size_t i = 0; i < rows->shown_count && most < NEWS_REMOVED; i++) {
		enum news news = news_of(rows, &rows->shown[i]);

		most = news > most ? news : most;
	}
	return most;
}

/* Add rows for new children behind all others; nothing is expanded. */
static int append_new(struct rows *rows)
{
	struct rows_dir *shown = &rows->shown[0];
	const struct dir *dir = tree_dir(rows->tree, shown->dir);

	for (entry_id at = shown->last ? entry_at(rows, shown->last)->next : dir->first; at; at = entry_at(rows, at)->next) {
		if (rows_pass(rows, at)) {
			if (vec_grow(&rows->items, &rows->cap, rows->count + 1, sizeof *rows->items) != 0)
				return -1;
			rows->items[rows->count++] = (struct row){ at, 0 };
			rows->appended = true;
		}
		shown->last = at;
		shown->count++;
	}
	shown->changes = dir->changes;
	return 0;
}

/* The rows are up to date with all that look_around() could tell. */
static void note_changes(struct rows *rows)
{
	for (size_t i = 0; i < rows->shown_count; i++)
		rows->shown[i].changes = tree_dir(rows->tree, rows->shown[i].dir)->changes;
}

/* The settings are those with which the rows were made. */
static bool same_settings(const struct rows *rows)
{
	return !rows->fresh && rows->made_sort == rows->sort && rows->made_reverse == rows->reverse &&
	       rows->made_hidden == rows->hidden && rows->made_filter.len == rows->filter.len &&
	       (rows->filter.len == 0 || memcmp(rows->made_filter.data, rows->filter.data, rows->filter.len) == 0);
}

/* Is every directory that has rows known as far as it ever will? */
static bool all_read(const struct rows *rows)
{
	for (size_t i = 0; i < rows->shown_count; i++) {
		if (tree_dir(rows->tree, rows->shown[i].dir)->state < DIR_COMPLETE)
			return false;
	}
	return true;
}

static int64_t clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

/* Make the rows in order. */
static int sort_rows(struct rows *rows, int64_t now)
{
	int64_t begin = clock_now();

	if (rows_make(rows, false) != 0)
		return -1;
	rows->sort_cost = clock_now() - begin;
	rows->sorted_at = now;
	rows->ordered = true;
	return 0;
}

/* A setting was changed, or another directory is shown. */
static int remake(struct rows *rows, int64_t now)
{
	if (same_settings(rows)) {
		if (rows_make(rows, true) != 0)
			return -1;
	} else {
		buf_clear(&rows->made_filter);
		buf_add(&rows->made_filter, rows->filter.data, rows->filter.len);
		if (rows->made_filter.failed || sort_rows(rows, now) != 0)
			return -1;
		rows->made_sort = rows->sort;
		rows->made_reverse = rows->reverse;
		rows->made_hidden = rows->hidden;
	}
	if (rows->fresh) {
		rows->shown_at = now;
		rows->sorted_at = all_read(rows) ? now : 0;
	}
	rows->fresh = false;
	rows->stale = false;
	return 0;
}

/* Bring the rows in line with what has happened to the tree. */
static int catch_up(struct rows *rows, int64_t now)
{
	enum news news = look_around(rows);

	if (news > NEWS_NONE || rows->sort == ROWS_SIZE || rows->sort == ROWS_COUNT)
		rows->ordered = false;
	if (rows->stale)
		return remake(rows, now);
	if (news == NEWS_REMOVED || (news == NEWS_ADDED && rows->shown_count > 1) || (news > NEWS_NONE && rows_filter_types(rows)))
		return rows_make(rows, true);
	if (news == NEWS_ADDED && rows->shown[0].count > 0)
		return append_new(rows);
	if (news == NEWS_ADDED) {
		rows->ordered = true;
		return rows_make(rows, false);
	}
	note_changes(rows);
	return 0;
}

/* Out of memory: let go of what is not in the tree any more, and try again later. */
static void drop_gone(struct rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		if (tree_has(rows->tree, rows->items[i].id))
			rows->items[kept++] = rows->items[i];
	}
	rows->count = kept;
	rows->shown_count = 0;
	rows->ordered = false;
	rows->stale = true;
}

/* Names do not change; so the order holds as long as directories are directories. */
static bool order_holds(const struct rows *rows)
{
	if (rows->appended || rows->shown_count > 1 || (rows->sort != ROWS_NAME && rows->sort != ROWS_EXT))
		return false;
	for (size_t i = 0; i < rows->count; i++) {
		if (entry_is_dir(entry_at(rows, rows->items[i].id)) != (i < rows->dir_rows))
			return false;
	}
	return true;
}

/* When may the rows be sorted? */
static int64_t sort_due(const struct rows *rows, int64_t last_key)
{
	int64_t due = rows->shown_at;
	int64_t gap = SECOND;

	if (rows->sorted_at && tree_dir(rows->tree, rows->dir)->total.growing > 0 && rows->sort_cost * 10 > gap)
		gap = rows->sort_cost * 10;
	if (rows->sorted_at)
		due = rows->sorted_at + gap;
	else if (!all_read(rows))
		due += gap;
	if (!rows->sorted_at && last_key <= rows->shown_at)
		return due;
	return last_key + 2 * SECOND > due ? last_key + 2 * SECOND : due;
}

/* Find that the order still holds, or sort if that may be. */
static void settle_order(struct rows *rows, int64_t now, bool due)
{
	rows->ordered = order_holds(rows);
	if (rows->ordered && due)
		rows->sorted_at = now;
	if (!rows->ordered && due && sort_rows(rows, now) != 0)
		drop_gone(rows);
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

/* When the cursor's row goes, the one behind it takes its place; the one before it, if none is behind. */
static void choose_heir(struct rows *rows)
{
	if (!rows->cursor || shows(rows, rows->cursor))
		return;
	for (size_t i = rows->at + 1; i < rows->count; i++) {
		if (shows(rows, rows->items[i].id)) {
			rows->cursor = rows->items[i].id;
			return;
		}
	}
	for (size_t i = size_min(rows->at, rows->count); i-- > 0;) {
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

/* The interface ----------------------------------------------------------------------------------------- */

void rows_init(struct rows *rows, struct tree *tree)
{
	*rows = (struct rows){ .tree = tree, .hidden = true, .filter = BUF_INIT, .made_filter = BUF_INIT };
	rows_show(rows, TREE_ROOT, 0);
}

void rows_fini(struct rows *rows)
{
	buf_fini(&rows->filter);
	buf_fini(&rows->made_filter);
	free(rows->items);
	free(rows->shown);
	free(rows->above);
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
	rows->fresh = rows->stale = true;
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
	int64_t due;

	if (!rows->stale && rows->ordered && rows->seen == tree_version(rows->tree))
		return INT64_MAX;
	find_dir(rows);
	choose_heir(rows);
	if ((rows->stale || rows->seen != tree_version(rows->tree)) && catch_up(rows, now) != 0)
		drop_gone(rows);
	rows->seen = tree_version(rows->tree);
	due = sort_due(rows, last_key);
	if (!rows->stale && !rows->ordered && (now >= due || all_read(rows)))
		settle_order(rows, now, now >= due);
	place_cursor(rows, line);
	if (rows->stale)
		return now + SECOND;
	return rows->ordered ? INT64_MAX : due;
}

bool rows_settled(const struct rows *rows)
{
	return rows->ordered && !rows->stale;
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
