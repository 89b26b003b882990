/*
 * Totals of what is below a directory, brought up to date for many changes at once.
 */
#include "tree_impl.h"

static int deeper_first(const void *a, const void *b)
{
	const struct delta *x = a;
	const struct delta *y = b;

	return (x->depth < y->depth) - (x->depth > y->depth);
}

/*
 * Changes go up level by level, the deepest first, so that every directory above them is visited once however
 * many changes there are below it. Two queues are merged, both deepest first: the changes as they were made,
 * sorted, and behind them the parents that join while their children are done.
 */
void tree_propagate(struct tree *tree)
{
	size_t made = tree->delta_count;
	size_t next_made = 0;
	size_t next_joined = made;

	if (made == 0)
		return;
	qsort(tree->deltas, made, sizeof *tree->deltas, deeper_first);
	for (size_t i = 0; i < made; i++)
		dir_at(tree, tree->deltas[i].dir)->dirty = (uint32_t)i + 1;
	while (next_made < made || next_joined < tree->delta_count) {
		bool joined = next_made == made || (next_joined < tree->delta_count &&
						    tree->deltas[next_joined].depth > tree->deltas[next_made].depth);
		const struct delta *delta = &tree->deltas[joined ? next_joined++ : next_made++];
		struct dir *dir = dir_at(tree, delta->dir);
		entry_id parent = entry_at(tree, dir->entry)->parent;

		dir->dirty = 0;
		totals_add(&dir->total, &delta->by);
		if (parent)
			totals_add(delta_of(tree, entry_at(tree, parent)->below), &delta->by);
	}
	tree->delta_count = 0;
}

void tree_settle(struct tree *tree)
{
	tree_link_recount(tree);
	tree_propagate(tree);
}
