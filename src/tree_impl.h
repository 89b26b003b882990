/*
 * What the files of the tree share; nobody else includes this.
 *
 * Thread: the tree's, for all functions.
 */
#ifndef MUNTIN_TREE_IMPL_H
#define MUNTIN_TREE_IMPL_H

#include "tree.h"

#ifndef TREE_CHUNK_BITS
#define TREE_CHUNK_BITS 12
#endif

enum { CHUNK = 1 << TREE_CHUNK_BITS };

/* What changed in a directory's total and has not yet reached its parents. */
struct delta {
	uint32_t dir;
	uint32_t depth;
	struct totals by; /* modulo 2^64: a decrease is a large increase */
};

/* Entries by device and inode, those with several links: which of them is counted. */
struct links {
	entry_id *slots; /* 0: free */
	size_t cap;      /* a power of two, or 0 */
	size_t used;
	bool stale;      /* one that was counted has gone: count anew */
};

struct tree {
	struct entry **chunks;
	size_t chunk_cap;
	uint32_t entry_count; /* numbers given out, 0 included */
	struct dir **dir_chunks;
	size_t dir_chunk_cap;
	uint32_t dir_count;   /* indices given out, 0 included */
	entry_id *free_ids;   /* numbers that can be used again */
	size_t free_count;
	size_t free_cap;
	entry_id *gone_ids;   /* numbers that wait for tree_reclaim() */
	size_t gone_count;
	size_t gone_cap;
	uint32_t *free_dirs;
	size_t free_dir_count;
	size_t free_dir_cap;
	struct delta *deltas;
	size_t delta_count;
	size_t delta_cap;
	uint64_t *devices;
	size_t device_count;
	size_t device_cap;
	struct arena names;
	struct links links;
	size_t marked;
	entry_id *marks;      /* numbers of all that are marked, and of some that were: those with ENTRY_LISTED */
	size_t marks_len;
	size_t marks_cap;
	uint64_t version;
	const struct tree_observer *observer; /* NULL: nobody */
};

/** The entry of a number; as tree_entry(). */
static inline struct entry *entry_at(const struct tree *tree, entry_id id)
{
	return &tree->chunks[id >> TREE_CHUNK_BITS][id & (CHUNK - 1)];
}

/** The directory side of an index. */
static inline struct dir *dir_at(const struct tree *tree, uint32_t index)
{
	return &tree->dir_chunks[index >> TREE_CHUNK_BITS][index & (CHUNK - 1)];
}

/**
 * The pending change of a directory's total. Room for it was reserved when the directory was made, so that this
 * never fails: there is at most one for each directory.
 */
static inline struct totals *delta_of(struct tree *tree, uint32_t index)
{
	struct dir *dir = dir_at(tree, index);

	if (!dir->dirty) {
		tree->deltas[tree->delta_count] = (struct delta){ .dir = index, .depth = dir->depth };
		dir->dirty = (uint32_t)++tree->delta_count;
	}
	return &tree->deltas[dir->dirty - 1].by;
}

/** Add. */
static inline void totals_add(struct totals *to, const struct totals *by)
{
	to->size += by->size;
	to->blocks += by->blocks;
	to->entries += by->entries;
	to->unread += by->unread;
	to->growing += by->growing;
}

/** Take away. */
static inline void totals_sub(struct totals *from, const struct totals *by)
{
	from->size -= by->size;
	from->blocks -= by->blocks;
	from->entries -= by->entries;
	from->unread -= by->unread;
	from->growing -= by->growing;
}

/** What an entry itself adds to the totals above it, without what is below it. */
static inline struct totals own_totals(const struct tree *tree, const struct entry *entry)
{
	struct totals own = { .entries = 1 };

	if (entry->flags & ENTRY_KNOWN && !(entry->flags & ENTRY_HARD_LINK)) {
		own.size = entry->size;
		own.blocks = entry_blocks(entry);
	}
	if (entry_is_dir(entry)) {
		unsigned state = dir_at(tree, entry->below)->state;

		own.growing = state < DIR_COMPLETE;
		own.unread = state == DIR_PARTIAL || state == DIR_UNREADABLE;
	}
	if (entry->error && !(entry->flags & ENTRY_KNOWN))
		own.unread = 1;
	return own;
}

/** The directory in whose total an entry counts first: its own, or its parent's. */
static inline uint32_t counted_in(const struct tree *tree, const struct entry *entry)
{
	return entry_is_dir(entry) ? entry->below : entry_at(tree, entry->parent)->below;
}

/** Count an entry itself. */
static inline void count_in(struct tree *tree, const struct entry *entry)
{
	struct totals own = own_totals(tree, entry);

	totals_add(delta_of(tree, counted_in(tree, entry)), &own);
}

/** Count it no more. */
static inline void count_out(struct tree *tree, const struct entry *entry)
{
	struct totals own = own_totals(tree, entry);

	totals_sub(delta_of(tree, counted_in(tree, entry)), &own);
}

/** A child of the entry's directory looks different now. */
static inline void changed(struct tree *tree, const struct entry *entry)
{
	tree->version++;
	if (entry->parent)
		dir_at(tree, entry_at(tree, entry->parent)->below)->changes++;
}

/** Tell the observer. */
static inline void tell_changed(const struct tree *tree, entry_id id)
{
	if (tree->observer)
		tree->observer->changed(tree->observer->arg, id);
}

/** Give an entry its directory side; its totals are not counted yet. Returns -1 with ENOMEM. */
MUN_NODISCARD int tree_make_dir(struct tree *tree, entry_id id);

/** Has an entry other names, as far as is known? */
bool tree_has_links(const struct entry *entry);

/** Decide whether an entry with several links is the one that counts. Without memory every link counts. */
void tree_link_add(struct tree *tree, entry_id id);

/** One of several links goes. */
void tree_link_remove(struct tree *tree, const struct entry *entry);

/** One that counted has gone: decide again for all. */
void tree_link_recount(struct tree *tree);

/** The attributes of an entry are known no more. */
void tree_forget_attrs(struct tree *tree, struct entry *entry);

/** Count an entry out of everything; what is below a directory is dropped. */
void tree_leave_totals(struct tree *tree, entry_id id);

/** Let the list of marks have no more than what is marked. */
void tree_prune_marks(struct tree *tree);

/** Bring all totals up to date. */
void tree_propagate(struct tree *tree);

#endif
