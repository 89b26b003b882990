/*
 * What the rows of a comparison are to its panes.
 */
#include "session_compare.h"

size_t comparison_index(const struct comparison *comparison, const struct pane *pane)
{
	for (size_t i = 0; i < comparison->count; i++) {
		if (comparison->panes[i] == pane)
			return i;
	}
	return SIZE_MAX;
}

compare_id comparison_row(const struct comparison *comparison)
{
	const struct compare_item *item = compare_view_current(&comparison->view);

	return item && item->run == 0 ? item->row : 0;
}

entry_id comparison_entry(const struct comparison *comparison, const struct pane *pane, size_t line)
{
	const struct compare_view *view = &comparison->view;
	size_t index = comparison_index(comparison, pane);

	if (line >= view->count || index == SIZE_MAX || view->items[line].run > 0 || !compare_has(comparison->compare, view->items[line].row))
		return 0;
	return compare_entry(comparison->compare, view->items[line].row, index);
}

entry_id comparison_dir(const struct comparison *comparison, const struct pane *pane)
{
	size_t index = comparison_index(comparison, pane);
	entry_id id;

	if (index == SIZE_MAX || !compare_has(comparison->compare, comparison->view.dir))
		return 0;
	id = compare_entry(comparison->compare, comparison->view.dir, index);
	return id && tree_dir(pane->tree, id) ? id : 0;
}

void comparison_look(const struct comparison *comparison, compare_id row, struct compare_look *look)
{
	const struct session *session = comparison->session;
	uint8_t order[COMPARE_MAX_PANES] = { 0 };
	uint8_t measured[COMPARE_MAX_PANES];
	struct compare_look seen;
	size_t first = comparison->reference ? comparison_index(comparison, comparison->reference) : SIZE_MAX;
	size_t count = 0;

	for (size_t i = 0; i < session->pane_count && count < comparison->count; i++) {
		size_t index = comparison_index(comparison, session->panes[i]);

		if (index != SIZE_MAX)
			order[count++] = (uint8_t)index;
	}
	if (first != SIZE_MAX) {
		size_t to = 0;

		measured[to++] = (uint8_t)first;
		for (size_t i = 0; i < count; i++) {
			if (order[i] != first)
				measured[to++] = order[i];
		}
	}
	compare_look_by(comparison->compare, row, first != SIZE_MAX ? measured : order, first != SIZE_MAX, &seen);
	*look = seen;
	for (size_t i = 0; i < count; i++) {
		look->letters[i] = seen.letters[order[i]];
		look->know[i] = seen.know[order[i]];
	}
}

void comparison_directory(const struct comparison *comparison, const struct pane *pane, struct buf *out)
{
	size_t index = comparison_index(comparison, pane);
	const struct buf *top = index == SIZE_MAX ? NULL : &comparison->tops[index];
	struct buf path = BUF_INIT;

	if (!top || !compare_has(comparison->compare, comparison->view.dir))
		return;
	buf_add(&path, top->data, top->len);
	if (comparison->view.dir != COMPARE_TOP) {
		if (path.len > 0)
			buf_add_byte(&path, '/');
		compare_path_in(comparison->compare, comparison->view.dir, index, &path);
	}
	buf_add(out, pane->root.data, pane->root.len);
	if (path.len > 0 && pane->root.len > 0 && pane->root.data[pane->root.len - 1] != '/')
		buf_add_byte(out, '/');
	buf_add(out, path.data, path.len);
	buf_fini(&path);
}
