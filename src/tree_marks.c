/*
 * Marks, and what the marked entries come to.
 */
#include "tree_impl.h"

void tree_prune_marks(struct tree *tree)
{
	size_t kept = 0;

	for (size_t i = 0; i < tree->marks_len; i++) {
		struct entry *entry = entry_at(tree, tree->marks[i]);

		if (entry->flags & ENTRY_MARKED)
			tree->marks[kept++] = tree->marks[i];
		else
			entry->flags &= (uint16_t)~ENTRY_LISTED;
	}
	tree->marks_len = kept;
}

void tree_mark(struct tree *tree, entry_id id, bool marked)
{
	struct entry *entry = entry_at(tree, id);

	if (marked == !!(entry->flags & ENTRY_MARKED))
		return;
	entry->flags ^= ENTRY_MARKED;
	tree->marked += marked ? 1 : (size_t)-1;
	tree->version++;
	if (!marked || entry->flags & ENTRY_LISTED)
		return;
	if (tree->marks_len > 2 * tree->marked + 64)
		tree_prune_marks(tree);
	/* without memory its size is not told, and nothing else is lost */
	if (vec_grow(&tree->marks, &tree->marks_cap, tree->marks_len + 1, sizeof *tree->marks) != 0)
		return;
	tree->marks[tree->marks_len++] = id;
	entry->flags |= ENTRY_LISTED;
}

static bool below_a_mark(const struct tree *tree, const struct entry *entry)
{
	while (entry->parent) {
		entry = entry_at(tree, entry->parent);
		if (entry->flags & ENTRY_MARKED)
			return true;
	}
	return false;
}

struct totals tree_marked_total(const struct tree *tree)
{
	struct totals sum = { 0 };

	for (size_t i = 0; i < tree->marks_len; i++) {
		const struct entry *entry = entry_at(tree, tree->marks[i]);
		struct totals own;

		if (!(entry->flags & ENTRY_MARKED) || below_a_mark(tree, entry))
			continue;
		own = entry_is_dir(entry) ? tree_dir(tree, tree->marks[i])->total : own_totals(tree, entry);
		/* a file counts where it is marked, whichever of its links counts in the totals */
		if (entry->flags & ENTRY_HARD_LINK) {
			own.size = entry->size;
			own.blocks = entry_blocks(entry);
		}
		totals_add(&sum, &own);
	}
	return sum;
}

size_t tree_marked(const struct tree *tree, uint64_t *bytes)
{
	if (bytes)
		*bytes = tree_marked_total(tree).size;
	return tree->marked;
}
