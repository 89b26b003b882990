/*
 * Entries leave the tree, and what is below them.
 */
#include "tree_impl.h"

void tree_forget_attrs(struct tree *tree, struct entry *entry)
{
	tree_link_remove(tree, entry);
	entry->flags &= (uint16_t)~(ENTRY_KNOWN | ENTRY_HARD_LINK | ENTRY_ACL | ENTRY_ACL_ASKED);
}

/* Forget one entry; whoever calls sees to siblings, totals and what is below. */
static void drop_entry(struct tree *tree, entry_id id)
{
	struct entry *entry = entry_at(tree, id);

	if (tree->observer)
		tree->observer->removed(tree->observer->arg, id);
	tree_mark(tree, id, false);
	tree_link_remove(tree, entry);
	if (entry_is_dir(entry) && vec_grow(&tree->free_dirs, &tree->free_dir_cap, tree->free_dir_count + 1, sizeof *tree->free_dirs) == 0)
		tree->free_dirs[tree->free_dir_count++] = entry->below;
	if (vec_grow(&tree->gone_ids, &tree->gone_cap, tree->gone_count + 1, sizeof *tree->gone_ids) == 0)
		tree->gone_ids[tree->gone_count++] = id;
	*entry = (struct entry){ .flags = ENTRY_GONE };
}

/* Drop everything below a directory, children before parents; their totals leave the directory's own. */
static void empty_dir(struct tree *tree, entry_id top)
{
	struct dir *dir = tree_dir(tree, top);
	struct totals below;
	struct totals own;
	entry_id at = dir->first;

	if (!at)
		return;
	tree_propagate(tree);
	own = own_totals(tree, entry_at(tree, top));
	below = dir->total;
	totals_sub(&below, &own);
	totals_sub(delta_of(tree, entry_at(tree, top)->below), &below);
	while (at != top) {
		const struct entry *entry = entry_at(tree, at);
		struct dir *in = tree_dir(tree, at);
		entry_id next = entry->next ? entry->next : entry->parent;

		if (in && in->first) {
			next = in->first;
			in->first = 0;
			at = next;
			continue;
		}
		drop_entry(tree, at);
		at = next;
	}
	dir->first = dir->last = 0;
	dir->count = 0;
	dir->changes++;
	tree->version++;
}

void tree_leave_totals(struct tree *tree, entry_id id)
{
	struct entry *entry = entry_at(tree, id);
	struct totals own;

	if (!entry_is_dir(entry)) {
		count_out(tree, entry);
		return;
	}
	empty_dir(tree, id);
	tree_propagate(tree);
	own = own_totals(tree, entry);
	totals_sub(delta_of(tree, entry_at(tree, entry->parent)->below), &own);
}

/* Remove the child behind `previous` (0: the first one). */
static void remove_after(struct tree *tree, entry_id parent, entry_id previous, entry_id id)
{
	struct dir *in = tree_dir(tree, parent);
	entry_id next = entry_at(tree, id)->next;

	tree_leave_totals(tree, id);
	if (previous)
		entry_at(tree, previous)->next = next;
	else
		in->first = next;
	if (in->last == id)
		in->last = previous;
	in->count--;
	in->changes++;
	tree->version++;
	drop_entry(tree, id);
}

void tree_remove(struct tree *tree, entry_id id)
{
	entry_id parent = entry_at(tree, id)->parent;
	entry_id previous = 0;

	assert(id != TREE_ROOT);
	for (entry_id at = tree_dir(tree, parent)->first; at != id; at = entry_at(tree, at)->next)
		previous = at;
	remove_after(tree, parent, previous, id);
}

void tree_see(struct tree *tree, entry_id dir)
{
	for (entry_id at = tree_dir(tree, dir)->first; at; at = entry_at(tree, at)->next)
		entry_at(tree, at)->flags |= ENTRY_SEEN;
}

void tree_unsee(struct tree *tree, entry_id dir)
{
	for (entry_id at = tree_dir(tree, dir)->first; at; at = entry_at(tree, at)->next)
		entry_at(tree, at)->flags &= (uint16_t)~ENTRY_SEEN;
}

void tree_sweep(struct tree *tree, entry_id dir)
{
	entry_id previous = 0;
	entry_id next;

	for (entry_id at = tree_dir(tree, dir)->first; at; at = next) {
		next = entry_at(tree, at)->next;
		if (entry_at(tree, at)->flags & ENTRY_SEEN)
			previous = at;
		else
			remove_after(tree, dir, previous, at);
	}
}
