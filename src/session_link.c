/*
 * Each pane has a base: these stand for each other. The others are shown the directory whose path below their base is that of the
 * active pane's below its own. When that one leaves its base, all bases go up.
 */
#include "session_link.h"

#include "pane.h"

#include <string.h>

/* In larger directories the cursor does not follow: names are looked up one by one. */
enum { LARGE = 50000 };

static void remember(struct session *session)
{
	const struct pane *pane = session_pane(session);

	session->followed = pane;
	session->followed_dir = pane->rows.dir;
	session->followed_cursor = pane->rows.cursor;
}

static void rebase(struct session *session)
{
	for (size_t i = 0; i < session->pane_count; i++)
		session->panes[i]->link_base = session->panes[i]->rows.dir;
}

void session_link(struct session *session, bool linked)
{
	session->linked = linked;
	rebase(session);
	remember(session);
	session->version++;
}

static uint32_t depth_of(const struct pane *pane, entry_id dir)
{
	return tree_dir(pane->tree, dir)->depth;
}

/* One level up; where the root has a parent that becomes the root. */
static void raise_base(struct pane *pane)
{
	if (pane->link_base != TREE_ROOT) {
		pane->link_base = tree_entry(pane->tree, pane->link_base)->parent;
		return;
	}
	if (pane->rows.dir != TREE_ROOT)
		pane_show(pane, TREE_ROOT, 0);
	if (pane_leave(pane))
		pane->link_base = TREE_ROOT;
}

/* The active pane has left its base. */
static void raise_bases(struct session *session, uint32_t levels)
{
	for (size_t i = 0; i < session->pane_count; i++) {
		struct pane *pane = session->panes[i];

		for (uint32_t level = 0; level < levels && pane != session_pane(session); level++)
			raise_base(pane);
	}
	session_pane(session)->link_base = session_pane(session)->rows.dir;
}

/* The entry of a pane at a path below its base, or 0. */
static entry_id find_below(const struct pane *pane, const char *path, size_t len)
{
	struct buf whole = BUF_INIT;
	entry_id id;

	tree_path(pane->tree, pane->link_base, &whole);
	if (whole.len > 0 && len > 0)
		buf_add_byte(&whole, '/');
	buf_add(&whole, path, len);
	id = whole.failed ? 0 : tree_lookup(pane->tree, whole.data ? whole.data : "", whole.len);
	buf_fini(&whole);
	return id;
}

/* Is there a directory that the cursor can be looked for in? */
static bool is_small(const struct pane *pane)
{
	return tree_dir(pane->tree, pane->rows.dir)->count <= LARGE;
}

static void follow_cursor(struct pane *pane, const struct pane *active)
{
	entry_id cursor = pane_current(active);
	const char *name;
	size_t len;
	entry_id id;

	if (!cursor || tree_entry(active->tree, cursor)->parent != active->rows.dir || !is_small(pane))
		return;
	name = tree_name(active->tree, cursor, &len);
	id = tree_find(pane->tree, pane->rows.dir, name, len);
	if (id)
		rows_want(&pane->rows, id);
}

/* Show in the other panes what the active one shows. */
static void follow(struct session *session)
{
	const struct pane *active = session_pane(session);
	struct buf path = BUF_INIT;
	struct buf base = BUF_INIT;
	size_t skip;

	tree_path(active->tree, active->rows.dir, &path);
	tree_path(active->tree, active->link_base, &base);
	skip = base.len > 0 && path.len > base.len ? base.len + 1 : base.len;
	for (size_t i = 0; i < session->pane_count && !path.failed && !base.failed; i++) {
		struct pane *pane = session->panes[i];
		entry_id id = pane == active ? 0 : find_below(pane, path.len > skip ? path.data + skip : "", path.len - skip);

		if (!id || !tree_dir(pane->tree, id))
			continue;
		if (id != pane->rows.dir)
			pane_show(pane, id, 0);
		follow_cursor(pane, active);
	}
	buf_fini(&path);
	buf_fini(&base);
}

/* Bases that have gone are those that are shown now. */
static void check_bases(struct session *session)
{
	for (size_t i = 0; i < session->pane_count; i++) {
		struct pane *pane = session->panes[i];

		if (!tree_has(pane->tree, pane->link_base) || !tree_dir(pane->tree, pane->link_base))
			pane->link_base = pane->rows.dir;
	}
}

void session_follow(struct session *session)
{
	struct pane *pane = session_pane(session);

	if (!session->linked || session->comparison)
		return;
	check_bases(session);
	if (pane != session->followed || !tree_has(pane->tree, pane->rows.dir)) {
		remember(session);
		return;
	}
	if (pane->rows.dir == session->followed_dir && pane->rows.cursor == session->followed_cursor)
		return;
	if (tree_is_below(pane->tree, pane->rows.dir, pane->link_base))
		;
	else if (tree_is_below(pane->tree, pane->link_base, pane->rows.dir))
		raise_bases(session, depth_of(pane, pane->link_base) - depth_of(pane, pane->rows.dir));
	else
		rebase(session);
	follow(session);
	remember(session);
}
