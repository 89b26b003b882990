/*
 * Where a comparison is: which directory all panes show, and the row of the cursor, which is found again when the comparison is made anew.
 */
#include "session_compare_impl.h"

#include <string.h>

/* Showing ---------------------------------------------------------------------------------------------- */

void comparison_show_dirs(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		struct pane *pane = comparison->panes[i];
		entry_id dir = comparison_dir(comparison, pane);

		if (dir && dir != pane->rows.dir)
			pane_show(pane, dir, 0);
	}
}

/* Show a directory, whoever has it, with the cursor on a row (0: the first). */
static void show(struct comparison *comparison, compare_id dir, compare_id cursor)
{
	comparison->wanted = 0;
	compare_view_show(&comparison->view, dir, cursor);
	comparison_show_dirs(comparison);
}

/* Show a directory above a row, with the cursor on that; the row itself when that was shown. */
static void show_above(struct comparison *comparison, compare_id row, size_t up)
{
	compare_id dir = row;

	for (; up > 0 && dir != COMPARE_TOP; up--)
		dir = compare_parent(comparison->compare, dir);
	show(comparison, dir, dir != row ? row : 0);
}

/* The nearest row above an entry gets rows in it, as it has when it was entered. Returns whether that is new. */
static bool hold_above(const struct comparison *comparison, entry_id id)
{
	const struct tree *tree = comparison->panes[comparison->wanted_pane]->tree;
	compare_id row = 0;

	for (entry_id at = tree_has(tree, id) ? tree_entry(tree, id)->parent : 0; at && !row; at = tree_entry(tree, at)->parent)
		row = compare_find(comparison->compare, comparison->wanted_pane, at);
	return row && compare_hold(comparison->compare, row);
}

void comparison_find_wanted(struct comparison *comparison)
{
	const struct pane *pane = comparison->wanted ? comparison->panes[comparison->wanted_pane] : NULL;
	compare_id row;

	if (!pane)
		return;
	row = tree_has(pane->tree, comparison->wanted) ? compare_find(comparison->compare, comparison->wanted_pane, comparison->wanted) : 0;
	if (comparison->view.held || (!row && !comparison->settling && !hold_above(comparison, comparison->wanted)))
		comparison->wanted = 0;
	else if (row && comparison->wanted_up == SIZE_MAX)
		comparison_goto(comparison, row);
	else if (row)
		show_above(comparison, row, comparison->wanted_up);
}

/* Moving ----------------------------------------------------------------------------------------------- */

bool comparison_enter(struct comparison *comparison)
{
	compare_id row = comparison_row(comparison);

	if (!row || !compare_view_can_show(&comparison->view, row))
		return false;
	show(comparison, row, 0);
	return true;
}

bool comparison_leave(struct comparison *comparison)
{
	compare_id dir = comparison->view.dir;

	if (dir == COMPARE_TOP)
		return comparison_rise(comparison);
	show(comparison, compare_parent(comparison->compare, dir), dir);
	return true;
}

bool comparison_expand(struct comparison *comparison)
{
	compare_id row = comparison_row(comparison);
	bool open = row && compare_view_is_open(&comparison->view, row);

	if (!row || !compare_view_can_show(&comparison->view, row))
		return false;
	for (size_t i = 0; i < comparison->count; i++) {
		struct tree *tree = comparison->panes[i]->tree;
		entry_id id = compare_entry(comparison->compare, row, i);

		if (!id || !tree_dir(tree, id))
			continue;
		tree_entry(tree, id)->flags &= (uint16_t)~ENTRY_EXPANDED;
		if (!open)
			tree_entry(tree, id)->flags |= ENTRY_EXPANDED;
		rows_touch(&comparison->panes[i]->rows);
	}
	compare_hold(comparison->compare, row);
	compare_view_touch(&comparison->view);
	return true;
}

void comparison_goto(struct comparison *comparison, compare_id row)
{
	compare_id dir;

	comparison->wanted = 0;
	if (!compare_has(comparison->compare, row) || row == COMPARE_TOP)
		return;
	dir = compare_parent(comparison->compare, row);
	while (dir != comparison->view.dir && dir != COMPARE_TOP && compare_view_is_open(&comparison->view, dir))
		dir = compare_parent(comparison->compare, dir);
	if (dir == comparison->view.dir)
		compare_view_want(&comparison->view, row);
	else
		show(comparison, compare_parent(comparison->compare, row), row);
}

/* Finding it again ------------------------------------------------------------------------------------- */

void comparison_remember_place(struct comparison *comparison)
{
	const struct compare_item *item = compare_view_current(&comparison->view);
	compare_id row = item ? item->row : comparison->view.dir;

	buf_clear(&comparison->place);
	comparison->place_up = 0;
	if (!compare_has(comparison->compare, row) || row == COMPARE_TOP)
		return;
	compare_path(comparison->compare, row, &comparison->place);
	for (; row != comparison->view.dir && row != COMPARE_TOP; row = compare_parent(comparison->compare, row))
		comparison->place_up++;
}

/* The entry at the place in any pane is wanted. */
static bool want_entry(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count && !comparison->wanted; i++) {
		struct buf path = BUF_INIT;

		buf_add(&path, comparison->tops[i].data, comparison->tops[i].len);
		if (path.len > 0)
			buf_add_byte(&path, '/');
		buf_add(&path, comparison->place.data, comparison->place.len);
		comparison->wanted = path.failed ? 0 : tree_lookup(comparison->panes[i]->tree, path.data, path.len);
		comparison->wanted_pane = i;
		buf_fini(&path);
	}
	return comparison->wanted != 0;
}

void comparison_want_place(struct comparison *comparison)
{
	struct buf *place = &comparison->place;

	comparison->wanted = 0;
	comparison->wanted_up = comparison->place_up;
	while (place->len > 0 && !want_entry(comparison)) {
		const char *slash = memrchr(place->data, '/', place->len);

		place->len = slash ? (size_t)(slash - place->data) : 0;
		comparison->wanted_up -= comparison->wanted_up > 0;
	}
	buf_clear(place);
}
