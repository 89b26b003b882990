/*
 * A pane as it is browsed: where it is, what is marked.
 */
#include "pane.h"

#include "glob.h"
#include "session_compare.h"

#include <errno.h>
#include <string.h>

/* Rows ------------------------------------------------------------------------------------------------- */

size_t pane_row_count(const struct pane *pane)
{
	const struct comparison *comparison = pane->session->comparison;

	return comparison ? comparison->view.count : pane->rows.count;
}

entry_id pane_row(const struct pane *pane, size_t index)
{
	const struct comparison *comparison = pane->session->comparison;

	if (comparison)
		return comparison_entry(comparison, pane, index);
	return tree_has(pane->tree, pane->rows.items[index].id) ? pane->rows.items[index].id : 0;
}

size_t pane_row_at(const struct pane *pane)
{
	const struct comparison *comparison = pane->session->comparison;

	return comparison ? comparison->view.at : pane->rows.at;
}

void pane_move(struct pane *pane, int64_t by)
{
	struct comparison *comparison = pane->session->comparison;

	if (comparison)
		compare_view_move(&comparison->view, by);
	else
		rows_move(&pane->rows, by);
}

void pane_goto(struct pane *pane, size_t index)
{
	struct comparison *comparison = pane->session->comparison;

	if (comparison)
		compare_view_goto(&comparison->view, index);
	else
		rows_goto(&pane->rows, index);
}

void pane_want(struct pane *pane, entry_id id)
{
	struct comparison *comparison = pane->session->comparison;
	size_t index = comparison ? comparison_index(comparison, pane) : SIZE_MAX;
	compare_id row = index != SIZE_MAX ? compare_find(comparison->compare, index, id) : 0;

	rows_want(&pane->rows, id);
	if (row)
		comparison_goto(comparison, row);
}

size_t pane_search(const struct pane *pane, const char *text, size_t len, int direction)
{
	const struct comparison *comparison = pane->session->comparison;

	return comparison ? compare_view_search(&comparison->view, text, len, direction) : rows_search(&pane->rows, text, len, direction);
}

entry_id pane_dir(const struct pane *pane)
{
	const struct comparison *comparison = pane->session->comparison;

	return comparison ? comparison_dir(comparison, pane) : pane->rows.dir;
}

entry_id pane_current(const struct pane *pane)
{
	const struct comparison *comparison = pane->session->comparison;

	if (comparison)
		return comparison_entry(comparison, pane, comparison->view.at);
	return pane->rows.cursor && tree_has(pane->tree, pane->rows.cursor) ? pane->rows.cursor : 0;
}

/* Places ------------------------------------------------------------------------------------------------ */

void pane_entry_path(const struct pane *pane, entry_id id, struct buf *out)
{
	buf_add(out, pane->root.data, pane->root.len);
	if (id == TREE_ROOT)
		return;
	if (pane->root.len > 0 && pane->root.data[pane->root.len - 1] != '/')
		buf_add_byte(out, '/');
	tree_path(pane->tree, id, out);
}

void pane_directory(const struct pane *pane, struct buf *out)
{
	pane_entry_path(pane, pane->rows.dir, out);
}

void pane_show(struct pane *pane, entry_id dir, entry_id cursor)
{
	buf_clear(&pane->shown);
	tree_path(pane->tree, dir, &pane->shown);
	rows_show(&pane->rows, dir, cursor);
	pane->session->version++;
}

bool pane_enter(struct pane *pane)
{
	entry_id id = pane_current(pane);

	if (!id || !tree_dir(pane->tree, id))
		return false;
	pane_show(pane, id, 0);
	return true;
}

/* The root in a form whose last component is its name: absolute where it ends in a dot. False where there is none. */
static bool name_root(const struct pane *pane, struct buf *root)
{
	const struct buf *from = &pane->session->directory;
	const char *last;

	buf_add(root, pane->root.data, pane->root.len);
	while (root->len > 1 && root->data[root->len - 1] == '/')
		root->len--;
	if (root->len == 1 && root->data[0] == '.') {
		buf_clear(root);
		buf_add(root, from->data, from->len);
	}
	if (!buf_str(root) || root->len == 0 || (root->len == 1 && root->data[0] == '/'))
		return false;
	last = strrchr(root->data, '/');
	last = last ? last + 1 : root->data;
	return strcmp(last, ".") != 0 && strcmp(last, "..") != 0;
}

/* The parent becomes the root. `root` is the present one as name_root() made it. */
static bool raise_root(struct pane *pane, struct buf *root)
{
	char *slash = memrchr(root->data, '/', root->len);
	const char *name = slash ? slash + 1 : root->data;
	size_t name_len = root->len - (size_t)(name - root->data);
	entry_id lowered = tree_raise(pane->tree, name, name_len);

	if (!lowered)
		return false;
	if (pane->link_base == TREE_ROOT)
		pane->link_base = lowered;
	buf_clear(&pane->root);
	if (slash)
		buf_add(&pane->root, root->data, slash == root->data ? 1 : (size_t)(slash - root->data));
	else
		buf_add_str(&pane->root, ".");
	pane_restart(pane);
	pane_show(pane, TREE_ROOT, lowered);
	return buf_str(&pane->root) != NULL;
}

bool pane_can_rise(const struct pane *pane)
{
	struct buf root = BUF_INIT;
	bool can = !pane->recording && name_root(pane, &root);

	buf_fini(&root);
	return can;
}

bool pane_leave(struct pane *pane)
{
	entry_id dir = pane->rows.dir;
	struct buf root = BUF_INIT;
	bool done;

	if (dir != TREE_ROOT) {
		pane_show(pane, tree_entry(pane->tree, dir)->parent, dir);
		return true;
	}
	done = !pane->recording && name_root(pane, &root) && raise_root(pane, &root);
	buf_fini(&root);
	return done;
}

void pane_expand(struct pane *pane)
{
	entry_id id = pane_current(pane);

	if (!id || !tree_dir(pane->tree, id))
		return;
	tree_entry(pane->tree, id)->flags ^= ENTRY_EXPANDED;
	rows_touch(&pane->rows);
	pane->session->version++;
}

/* Marks ----------------------------------------------------------------------------------------------- */

static void set_mark(struct pane *pane, entry_id id, bool marked)
{
	if (tree_has(pane->tree, id))
		tree_mark(pane->tree, id, marked);
}

static bool is_marked(const struct pane *pane, entry_id id)
{
	return tree_entry(pane->tree, id)->flags & ENTRY_MARKED;
}

void pane_mark(struct pane *pane)
{
	entry_id id = pane_current(pane);

	if (!id)
		return;
	set_mark(pane, id, !is_marked(pane, id));
	pane_move(pane, 1);
}

void pane_mark_range(struct pane *pane)
{
	size_t at = pane_row_at(pane);
	size_t from = at;

	if (!pane_current(pane))
		return;
	for (size_t i = at; i-- > 0;) {
		entry_id id = pane_row(pane, i);

		if (id && is_marked(pane, id)) {
			from = i;
			break;
		}
	}
	for (size_t i = from; i <= at; i++)
		set_mark(pane, pane_row(pane, i), true);
}

void pane_mark_glob(struct pane *pane, const char *glob, bool marked)
{
	for (size_t i = 0; i < pane_row_count(pane); i++) {
		entry_id id = pane_row(pane, i);
		size_t len;
		const char *name = id ? tree_name(pane->tree, id, &len) : NULL;

		if (name && glob_match(glob, strlen(glob), name, len))
			set_mark(pane, id, marked);
	}
}

void pane_mark_invert(struct pane *pane)
{
	for (size_t i = 0; i < pane_row_count(pane); i++) {
		entry_id id = pane_row(pane, i);

		if (id)
			set_mark(pane, id, !is_marked(pane, id));
	}
}

void pane_mark_none(struct pane *pane)
{

	if (tree_marked(pane->tree, NULL) == 0)
		return;
	for (entry_id at = TREE_ROOT; at; at = tree_walk(pane->tree, TREE_ROOT, at))
		set_mark(pane, at, false);
}

static int add_target(entry_id **ids, size_t *cap, long count, entry_id id)
{
	if (vec_grow(ids, cap, (size_t)count + 1, sizeof **ids) != 0)
		return -1;
	(*ids)[count] = id;
	return 0;
}

/* The next entry of a walk that does not go below `at`. */
static entry_id walk_past(const struct tree *tree, entry_id at)
{
	while (at != TREE_ROOT && !tree_entry(tree, at)->next)
		at = tree_entry(tree, at)->parent;
	return at == TREE_ROOT ? 0 : tree_entry(tree, at)->next;
}

long pane_targets(const struct pane *pane, entry_id **ids, size_t *cap)
{
	const struct tree *tree = pane->tree;
	entry_id current = pane_current(pane);
	entry_id next;
	long count = 0;

	if (tree_marked(tree, NULL) == 0) {
		if (!current)
			return 0;
		return add_target(ids, cap, 0, current) == 0 ? 1 : -1;
	}
	for (entry_id at = TREE_ROOT; at; at = next) {
		bool marked = is_marked(pane, at);

		next = marked ? walk_past(tree, at) : tree_walk(tree, TREE_ROOT, at);
		if (marked && add_target(ids, cap, count++, at) != 0)
			return -1;
	}
	return count;
}
