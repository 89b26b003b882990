#include "compare_view_make.h"

#include "compare_list.h"
#include "rows_make.h"

/** A directory whose rows are being put into the list. */
struct compare_make_level {
	struct compare_list list;
	size_t at;           /* the next key to become an item */
};

/* What is shown ---------------------------------------------------------------------------------------- */

bool compare_view_matches(const struct compare *compare, compare_id row, const char *text, size_t text_len)
{
	size_t len;
	const char *name = compare_name(compare, row, &len);

	return rows_contains(name, len, compare_is_dir(compare, row), text, text_len);
}

static bool has_state(const struct compare *compare, compare_id row, unsigned show)
{
	const struct compare_counts *below = compare_below(compare, row);

	if (show & 1U << compare_state(compare, row))
		return true;
	for (unsigned state = 0; below && state < COMPARE_STATES; state++) {
		if (show & 1U << state && below->of[state] > 0)
			return true;
	}
	return false;
}

bool compare_view_pass(const struct compare_view *view, compare_id row)
{
	size_t len;

	if (view->no_hidden && *compare_name(view->compare, row, &len) == '.')
		return false;
	if (view->filter.len > 0 && !compare_view_matches(view->compare, row, view->filter.data, view->filter.len))
		return false;
	return view->show == COMPARE_SHOW_ALL || has_state(view->compare, row, view->show);
}

/* Is everything below a row and the row itself the same? */
static bool is_same(const struct compare *compare, compare_id row)
{
	return compare_has(compare, row) && !has_state(compare, row, COMPARE_SHOW_ALL & ~(1U << COMPARE_SAME));
}

bool compare_view_is_open(const struct compare_view *view, compare_id row)
{
	if (!compare_is_open(view->compare, row))
		return false;
	for (size_t pane = 0; pane < compare_panes(view->compare); pane++) {
		entry_id id = compare_entry(view->compare, row, pane);

		if (id && tree_entry(compare_tree(view->compare, pane), id)->flags & ENTRY_EXPANDED)
			return true;
	}
	return false;
}

/* Making ----------------------------------------------------------------------------------------------- */

void compare_make_free(struct compare_make *make)
{
	if (!make)
		return;
	for (size_t i = 0; i < make->level_count; i++)
		compare_list_fini(&make->levels[i].list);
	free(make->levels);
	free(make->items);
	free(make);
}

static bool pass(void *arg, compare_id row)
{
	return compare_view_pass(arg, row);
}

static int push_level(struct compare_view *view, compare_id dir)
{
	struct compare_make *make = view->make;

	if (vec_grow(&make->levels, &make->level_cap, make->level_count + 1, sizeof *make->levels) != 0)
		return -1;
	make->levels[make->level_count].at = 0;
	compare_list_begin(&make->levels[make->level_count++].list, view->compare, dir, pass, view);
	return 0;
}

/* Is there nothing to be seen of a row? Owner or mode may differ in one that is the same. */
static bool is_plain(const struct compare *compare, compare_id row)
{
	struct compare_look look;

	if (!is_same(compare, row))
		return false;
	compare_look(compare, row, &look);
	return look.differs == 0;
}

/* Can a row join the run that the last item is, or would begin? */
static bool is_folded(const struct compare_view *view, const struct compare_item *last, compare_id row, uint32_t indent)
{
	return view->fold && last && last->indent == indent && !last->open && is_plain(view->compare, row) &&
	       (last->run > 0 || is_plain(view->compare, last->row));
}

static int add_item(struct compare_view *view, compare_id row, bool open)
{
	struct compare_make *make = view->make;
	uint32_t indent = (uint32_t)make->level_count - 1;
	struct compare_item *last = make->count > 0 ? &make->items[make->count - 1] : NULL;

	if (!open && is_folded(view, last, row, indent)) {
		last->run = last->run ? last->run + 1 : 2;
	} else {
		if (vec_grow(&make->items, &make->cap, make->count + 1, sizeof *make->items) != 0)
			return -1;
		make->items[make->count++] = (struct compare_item){ .row = row, .indent = indent & INT32_MAX, .open = open };
	}
	if (row == view->cursor) {
		make->cursor = row;
		make->cursor_at = make->count - 1;
	}
	return 0;
}

/* The next row of a level becomes an item; or the level is done. */
static int emit(struct compare_view *view)
{
	struct compare_make *make = view->make;
	struct compare_make_level *level = &make->levels[make->level_count - 1];
	compare_id row;
	bool open;

	if (level->at == level->list.count) {
		if (level->list.dir == view->dir)
			make->last = level->list.last;
		compare_list_fini(&level->list);
		make->level_count--;
		return 0;
	}
	row = level->list.keys[level->at++].row;
	if (!compare_has(view->compare, row))
		return 0;
	open = compare_view_is_open(view, row);
	if (add_item(view, row, open) != 0)
		return -1;
	return open ? push_level(view, row) : 0;
}

int compare_make_begin(struct compare_view *view)
{
	view->make = calloc(1, sizeof *view->make);
	if (!view->make)
		return -1;
	return push_level(view, view->dir);
}

int compare_make_some(struct compare_view *view, size_t units)
{
	struct compare_make *make = view->make;

	while (make->level_count > 0 && units > 0) {
		int done = compare_list_step(&make->levels[make->level_count - 1].list, &units);

		if (done < 0 || (done && units > 0 && emit(view) != 0))
			return -1;
		units -= units > 0;
	}
	return make->level_count == 0;
}
