/*
 * Hard links: which of several names of an inode is counted.
 */
#include "tree_impl.h"

#include <string.h>

static size_t link_slot(const struct tree *tree, const struct entry *entry)
{
	uint64_t hash = (entry->ino ^ (uint64_t)entry->dev << 48) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(hash >> 32) & (tree->links.cap - 1);
}

/* The slot that holds an entry of the same inode, or the free one where it belongs. */
static entry_id *link_find(const struct tree *tree, const struct entry *entry)
{
	for (size_t slot = link_slot(tree, entry);; slot = (slot + 1) & (tree->links.cap - 1)) {
		entry_id *at = &tree->links.slots[slot];

		if (!*at)
			return at;
		if (entry_at(tree, *at)->ino == entry->ino && entry_at(tree, *at)->dev == entry->dev)
			return at;
	}
}

static int link_grow(struct tree *tree)
{
	struct links old = tree->links;
	size_t cap = old.cap ? old.cap * 2 : 64;

	if ((old.used + 1) * 4 <= old.cap * 3)
		return 0;
	tree->links.slots = calloc(cap, sizeof *old.slots);
	if (!tree->links.slots) {
		tree->links = old;
		return -1;
	}
	tree->links.cap = cap;
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slots[i])
			*link_find(tree, entry_at(tree, old.slots[i])) = old.slots[i];
	}
	free(old.slots);
	return 0;
}

bool tree_has_links(const struct entry *entry)
{
	return entry->nlink > 1 && entry->flags & ENTRY_KNOWN && !entry_is_dir(entry);
}

void tree_link_add(struct tree *tree, entry_id id)
{
	struct entry *entry = entry_at(tree, id);
	entry_id *slot;

	entry->flags &= (uint16_t)~ENTRY_HARD_LINK;
	if (!tree_has_links(entry) || tree->links.stale || link_grow(tree) != 0)
		return;
	slot = link_find(tree, entry);
	if (*slot && *slot != id) {
		entry->flags |= ENTRY_HARD_LINK;
		return;
	}
	tree->links.used += !*slot;
	*slot = id;
}

void tree_link_remove(struct tree *tree, const struct entry *entry)
{
	if (tree_has_links(entry) && !(entry->flags & ENTRY_HARD_LINK))
		tree->links.stale = true;
}

void tree_link_recount(struct tree *tree)
{
	if (!tree->links.stale)
		return;
	tree->links.stale = false;
	tree->links.used = 0;
	memset(tree->links.slots, 0, tree->links.cap * sizeof *tree->links.slots);
	for (entry_id at = TREE_ROOT; at; at = tree_walk(tree, TREE_ROOT, at)) {
		struct entry *entry = entry_at(tree, at);

		if (!tree_has_links(entry))
			continue;
		count_out(tree, entry);
		tree_link_add(tree, at);
		count_in(tree, entry);
	}
}
