/*
 * Making the rows: the children of a directory, filtered, sorted, and with them what is open below.
 *
 * A million names take a third of a second, so everything here is done in slices, between which keys are read and
 * the tree may change. Nobody sees rows that are half made: those that were stay in use until rows_work.c takes the new ones.
 * A thread with a snapshot of the keys would need the snapshot, 30 MB of it; to sort only what is seen, the
 * smallest of a million names have to be found as well, and again for every page. So it is slices of a sort in place.
 *
 *                     ┌──────────────── a row is an open directory: its children first ─────────────┐
 *                     ▼                                                                             │
 *     SORT ───▶ LIST: children on the stack ───▶ NEXT: a range of the stack ── none is left ───▶ EMIT: rows ───▶ DONE
 *                                                │  ▲  ▲                                    off the stack
 *                       without keys: COMMON     │  │  └── few: sorted at once ┐
 *                       (bytes that all have) ◀──┤  └─────────────────────┐    │
 *                                │               ├────────────────────────┼────┘
 *                                ▼               ▼ many                   │
 *                              KEYS           COUNT ───▶ PLACE: by one byte of their keys
 *                                │                        │
 *                                └── those whose keys are not told apart are ranges again, by what comes next
 *
 *     SWEEP: row by row, keep what is true ───▶ DONE             CHECK: row by row, is it in its place? ───▶ DONE
 *
 * An entry that goes meanwhile keeps its number, has no name any more, and gets no row. Directories that are listed when a
 * child goes just where the listing stands are listed again.
 */
#include "rows_make_impl.h"

#include <string.h>
#include <time.h>

enum {
	BIG = 1 << 16,          /* a stack above this is given back while it empties */
	MATCH_COST = 4,         /* units for looking at a name */
};

bool rows_is_open(const struct rows *rows, entry_id id)
{
	return entry_is_dir(entry_at(rows, id)) && entry_at(rows, id)->flags & ENTRY_EXPANDED;
}

int64_t rows_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Names ----------------------------------------------------------------------------------------------- */

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool rows_contains(const char *name, size_t len, bool slash, const char *text, size_t text_len)
{
	size_t all = len + slash;

	for (size_t start = 0; start + text_len <= all; start++) {
		size_t i = 0;

		while (i < text_len && fold(start + i < len ? name[start + i] : '/') == fold(text[i]))
			i++;
		if (i == text_len)
			return true;
	}
	return false;
}

bool rows_pass(const struct rows *rows, entry_id id)
{
	const char *name;
	size_t len;

	if (rows->hidden && rows->filter.len == 0)
		return true;
	name = tree_name(rows->tree, id, &len);
	if (!rows->hidden && len > 0 && name[0] == '.')
		return false;
	return rows->filter.len == 0 || rows_match(rows, id, rows->filter.data, rows->filter.len);
}

bool rows_match(const struct rows *rows, entry_id id, const char *text, size_t text_len)
{
	size_t len;
	const char *name = tree_name(rows->tree, id, &len);

	return rows_contains(name, len, entry_is_dir(entry_at(rows, id)), text, text_len);
}

bool rows_filter_types(const struct rows *rows)
{
	return rows->filter.len > 0 && memchr(rows->filter.data, '/', rows->filter.len);
}

/* Rows in order --------------------------------------------------------------------------------------- */

/* The rows of a directory's children are next. */
static int begin_dir(struct rows_make *make, entry_id id)
{
	if (vec_grow(&make->shown, &make->shown_cap, make->shown_count + 1, sizeof *make->shown) != 0)
		return -1;
	make->shown[make->shown_count++] = (struct rows_dir){ .dir = id };
	make->base = make->stack_count;
	make->state = STATE_LIST;
	return 0;
}

/* The next child to be listed; where the listing stood may have gone, and then it begins again. */
static entry_id next_child(struct rows_make *make, struct rows_dir *shown)
{
	const struct dir *dir = tree_dir(make->rows->tree, shown->dir);

	if (shown->last && tree_has(make->rows->tree, shown->last))
		return entry_at(make->rows, shown->last)->next;
	make->stack_count = make->base;
	shown->last = 0;
	shown->count = 0;
	shown->changes = dir->changes;
	return dir->first;
}

/* Room for so many children, and some below them, so that a big stack is not copied; what is not used costs nothing. */
static int reserve_stack(struct rows_make *make, size_t count)
{
	if (make->stack_count + count <= make->stack_cap)
		return 0;
	return vec_grow(&make->stack, &make->stack_cap, make->stack_count + count + count / 4, sizeof *make->stack);
}

/* Put the children of a directory on the stack. */
static int step_list(struct rows_make *make)
{
	const struct rows *rows = make->rows;
	struct rows_dir *shown = &make->shown[make->shown_count - 1];
	bool choosy = !rows->hidden || rows->filter.len > 0;
	entry_id at;

	if (!tree_has(rows->tree, shown->dir) || !tree_dir(rows->tree, shown->dir)) {
		make->stack_count = make->base;
		make->state = STATE_NEXT;
		return 0;
	}
	at = next_child(make, shown);
	if (!shown->last && reserve_stack(make, tree_dir(rows->tree, shown->dir)->count) != 0)
		return -1;
	for (; at && make->quota > 0; at = entry_at(rows, at)->next) {
		if (rows_pass(rows, at)) {
			if (vec_grow(&make->stack, &make->stack_cap, make->stack_count + 1, sizeof *make->stack) != 0)
				return -1;
			make->stack[make->stack_count++] = (struct rows_keyed){ 0, at };
		}
		shown->last = at;
		shown->count++;
		spend(make, choosy ? MATCH_COST : 1);
	}
	if (at)
		return 0;
	make->state = STATE_NEXT;
	return rows_sort_begin(make, make->base, make->stack_count);
}

/* Give back what a big stack does not need any more. */
static void shrink_stack(struct rows_make *make)
{
	struct rows_keyed *less;

	if (make->stack_cap < BIG || make->stack_count > make->stack_cap - make->stack_cap / 16)
		return;
	less = realloc(make->stack, size_max(make->stack_count, 1) * sizeof *less);
	if (!less)
		return;
	make->stack = less;
	make->stack_cap = size_max(make->stack_count, 1);
}

static int emit(struct rows_make *make, struct row row)
{
	if (vec_grow(&make->items, &make->cap, make->count + 1, sizeof row) != 0)
		return -1;
	make->items[make->count++] = row;
	return 0;
}

/* The row of an entry that is there: as deep as it is below the directory with which it began. */
static struct row row_of(const struct rows_make *make, entry_id id)
{
	const struct tree *tree = make->rows->tree;
	uint32_t levels = tree_dir(tree, tree_entry(tree, id)->parent)->depth - tree_dir(tree, make->dir)->depth;

	return (struct row){ id, (make->indent + levels) & INT32_MAX, rows_is_open(make->rows, id) };
}

/* Room for rows of what is on the stack. */
static int reserve_rows(struct rows_make *make)
{
	size_t count = make->count + make->stack_count;

	if (count <= make->cap)
		return 0;
	return vec_grow(&make->items, &make->cap, count + make->stack_count / 4, sizeof *make->items);
}

/* Make rows of what is on the stack, up to an open directory. */
static int step_emit(struct rows_make *make)
{
	if (reserve_rows(make) != 0)
		return -1;
	while (make->stack_count > 0 && make->quota > 0) {
		entry_id id = make->stack[--make->stack_count].id;
		struct row row;

		spend(make, 1);
		if (!tree_has(make->rows->tree, id))
			continue;
		row = row_of(make, id);
		make->dir_rows += row.indent == make->indent && entry_is_dir(entry_at(make->rows, id));
		if (emit(make, row) != 0)
			return -1;
		if (row.open)
			return begin_dir(make, row.id);
	}
	shrink_stack(make);
	if (make->stack_count == 0)
		make->state = STATE_DONE;
	return 0;
}

/* Rows that there are --------------------------------------------------------------------------------- */

/* An entry has a row. */
static int note_known(struct rows_make *make, entry_id id)
{
	size_t old = make->known_size;

	if (id / 8 >= old) {
		if (vec_grow(&make->known, &make->known_size, id / 8 + 1, 1) != 0)
			return -1;
		memset(make->known + old, 0, make->known_size - old);
	}
	make->known[id / 8] |= (unsigned char)(1 << id % 8);
	return 0;
}

/* An open row is kept; `was` is what was known of its directory. */
static int keep_open(struct rows_make *make, const struct rows_dir *was)
{
	if (vec_grow(&make->shown, &make->shown_cap, make->shown_count + 1, sizeof *make->shown) != 0)
		return -1;
	make->shown[make->shown_count++] = *was;
	return 0;
}

/* A directory is open and has no rows below it yet. */
static int note_opening(struct rows_make *make, entry_id id)
{
	if (vec_grow(&make->opening, &make->opening_cap, make->opening_count + 1, sizeof id) != 0)
		return -1;
	make->opening[make->opening_count++] = id;
	return 0;
}

static int keep_row(struct rows_make *make, struct row row, const struct rows_dir *was)
{
	bool open = rows_is_open(make->rows, row.id);

	if (was && open && keep_open(make, was) != 0)
		return -1;
	if (!was && open && note_opening(make, row.id) != 0)
		return -1;
	row.open = was && open;
	return emit(make, row) != 0 || note_known(make, row.id) != 0 ? -1 : 0;
}

static int step_sweep(struct rows_make *make)
{
	const struct rows *rows = make->rows;

	if (make->at == 0 && vec_grow(&make->items, &make->cap, rows->count, sizeof *make->items) != 0)
		return -1;
	for (; make->at < rows->count && make->quota > 0; make->at++) {
		struct row row = rows->items[make->at];
		const struct rows_dir *was = row.open ? &rows->shown[make->next_shown++] : NULL;
		bool is_dir_row = row.indent == 0 && make->tops < rows->dir_rows;

		spend(make, 1);
		make->tops += row.indent == 0;
		make->skipping = make->skipping && row.indent > make->skip_indent;
		if (make->skipping)
			continue;
		make->skip_indent = row.indent;
		make->skipping = true;
		if (!tree_has(rows->tree, row.id) || !rows_pass(rows, row.id))
			continue;
		make->dir_rows += is_dir_row;
		if (keep_row(make, row, was) != 0)
			return -1;
		make->skipping = was && !rows_is_open(rows, row.id);
	}
	if (make->at == rows->count)
		make->state = STATE_DONE;
	return 0;
}

/* Names do not change; so the order holds as long as directories are directories. */
static int step_check(struct rows_make *make)
{
	const struct rows *rows = make->rows;

	for (; make->good && make->at < rows->count && make->quota > 0; make->at++) {
		entry_id id = rows->items[make->at].id;

		make->good = !tree_has(rows->tree, id) || entry_is_dir(entry_at(rows, id)) == (make->at < rows->dir_rows);
		spend(make, 1);
	}
	if (!make->good || make->at == rows->count)
		make->state = STATE_DONE;
	return 0;
}

/* The interface --------------------------------------------------------------------------------------- */

static int (*const steps[STATE_DONE])(struct rows_make *make) = {
	[STATE_LIST] = step_list,      [STATE_NEXT] = rows_sort_step,  [STATE_COMMON] = rows_sort_step,
	[STATE_KEYS] = rows_sort_step, [STATE_COUNT] = rows_sort_step, [STATE_PLACE] = rows_sort_step,
	[STATE_EMIT] = step_emit,      [STATE_SWEEP] = step_sweep,     [STATE_CHECK] = step_check,
};

static const uint8_t first_states[] = { [ROWS_SORT] = STATE_LIST, [ROWS_SWEEP] = STATE_SWEEP, [ROWS_CHECK] = STATE_CHECK };

struct rows_make *rows_make_new(const struct rows *rows, enum rows_task task, entry_id dir, uint32_t indent)
{
	struct rows_make *make = calloc(1, sizeof *make);

	if (!make)
		return NULL;
	make->rows = rows;
	make->task = task;
	make->version = tree_version(rows->tree);
	make->dir = dir;
	make->indent = indent;
	make->next_shown = 1;
	make->good = true;
	if (begin_dir(make, dir) != 0) {
		free(make);
		return NULL;
	}
	make->state = first_states[task];
	return make;
}

void rows_make_free(struct rows_make *make)
{
	if (!make)
		return;
	free(make->items);
	free(make->shown);
	free(make->opening);
	free(make->known);
	free(make->stack);
	free(make->ranges);
	free(make);
}

enum rows_progress rows_make_run(struct rows_make *make, int64_t until, size_t *quota)
{
	int64_t began = rows_clock();
	int64_t now = began;

	make->quota = *quota;
	spend(make, 1);
	while (make->state != STATE_DONE && (make->quota > 0 || now < until)) {
		if (make->quota == 0)
			make->quota = make->rows->grain;
		while (make->quota > 0 && make->state != STATE_DONE) {
			if (steps[make->state](make) != 0)
				return ROWS_NOMEM;
		}
		now = rows_clock();
	}
	make->cost += now - began;
	*quota = make->quota;
	return make->state == STATE_DONE ? ROWS_DONE : ROWS_MORE;
}
