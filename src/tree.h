/*
 * The model of one root: every entry that is known, and what is known of its directories.
 *
 * It is edited only by tree_apply_*() of apply.h, which read the stream, and by marks. Entries keep their
 * number and their place in memory as long as they exist; a number of one that has gone is not used again
 * before tree_reclaim(), so whoever holds numbers has a moment to let go.
 * Owner: the interface's main thread (or whoever made it); nothing here locks.   Thread: that one, for all functions.
 */
#ifndef MUNTIN_TREE_H
#define MUNTIN_TREE_H

#include "arena.h"
#include "buf.h"
#include "entry.h"
#include "error.h"

/** How much is known of a directory's content. */
enum dir_state {
	DIR_UNREAD,     /* nobody has looked yet */
	DIR_QUEUED,     /* a scan will read it */
	DIR_READING,    /* a scan reads it now */
	DIR_COMPLETE,   /* every entry is known */
	DIR_PARTIAL,    /* an error or a stop in the middle: more may exist */
	DIR_UNREADABLE, /* it could not be opened */
	DIR_SKIPPED,    /* not entered on purpose; the entry's error says why */
};

/** What lies below a directory, itself included. Hard links are counted once. */
struct totals {
	uint64_t size;    /* bytes */
	uint64_t blocks;  /* of 512 bytes */
	uint64_t entries;
	uint64_t unread;  /* entries that could not be read: unknown attributes, unreadable or partial directories */
	uint64_t growing; /* directories that are unread, queued or being read */
};

/** The side of an entry that only directories have. */
struct dir {
	entry_id entry;
	entry_id first;      /* child */
	entry_id last;       /* child */
	uint32_t count;      /* of children */
	uint32_t depth;      /* the root's is 0 */
	uint32_t dirty;      /* 1 + place among the changes not yet propagated */
	uint32_t changes;    /* counts up whenever a child comes, goes or changes */
	uint32_t mnt;        /* mount id, 0 unknown */
	uint8_t state;       /* enum dir_state */
	struct totals total; /* propagated up to the last tree_settle() */
};

struct tree;

enum { TREE_ROOT = 1 }; /* the root's entry */

/** A tree with nothing but its root, of which nothing is known. Returns NULL with ENOMEM. */
MUN_NODISCARD struct tree *tree_new(void);

/** Takes NULL. */
void tree_free(struct tree *tree);

/** The entry of a number that is in use. Borrowed; valid until it is removed. */
struct entry *tree_entry(const struct tree *tree, entry_id id);

/** Is the number in use? */
bool tree_has(const struct tree *tree, entry_id id);

/** The directory side of an entry; NULL for all but directories. Borrowed until an entry is added. */
struct dir *tree_dir(const struct tree *tree, entry_id id);

/** An entry's name, not terminated; the root's is empty. Borrowed for the tree's life. */
const char *tree_name(const struct tree *tree, entry_id id, size_t *len);

/** A symbolic link's target; NULL while it is unknown. Borrowed for the tree's life. */
const char *tree_target(const struct tree *tree, entry_id id, size_t *len);

/** Append the path below the root, components joined by '/'; nothing for the root. Depth is no limit. */
void tree_path(const struct tree *tree, entry_id id, struct buf *out);

/** The device of an entry, major << 32 | minor. */
uint64_t tree_device(const struct tree *tree, entry_id id);

/** The identity of an entry as far as the tree knows it. */
struct identity tree_identity(const struct tree *tree, entry_id id);

/** The child of a directory with that name, or 0. Looks at every child. */
entry_id tree_find(const struct tree *tree, entry_id dir, const char *name, size_t len);

/** The entry at a path below the root as tree_path() writes it, or 0. */
entry_id tree_lookup(const struct tree *tree, const char *path, size_t len);

/** Is `below` the same as `above` or beneath it? */
bool tree_is_below(const struct tree *tree, entry_id below, entry_id above);

/** The next entry of a walk over everything below `top`, parents before children; begin with `top`, ends with 0. */
entry_id tree_walk(const struct tree *tree, entry_id top, entry_id at);

/** Add a child of which nothing but name and type (S_IFMT bits, 0 unknown) is known. Returns 0 with ENOMEM. */
MUN_NODISCARD entry_id tree_add(struct tree *tree, entry_id parent, const char *name, size_t len, uint32_t type);

/** Remove an entry (not the root) and everything below it. */
void tree_remove(struct tree *tree, entry_id id);

/** Set or clear ENTRY_SEEN of every child of a directory. */
void tree_see(struct tree *tree, entry_id dir);
void tree_unsee(struct tree *tree, entry_id dir);

/** Remove the children of a directory that are without ENTRY_SEEN. */
void tree_sweep(struct tree *tree, entry_id dir);

/**
 * Put a new root above the present one, which becomes its child `name` under another number, returned;
 * 0 with ENOMEM. All else that is known stays.
 */
MUN_NODISCARD entry_id tree_raise(struct tree *tree, const char *name, size_t len);

/** Set attributes; a change of type removes what was below. Returns -1 with ENOMEM. */
MUN_NODISCARD int tree_set_attrs(struct tree *tree, entry_id id, const struct attrs *attrs);

/** Attributes could not be had: keep the row, say why. What was known of it is known no more. */
void tree_set_error(struct tree *tree, entry_id id, enum error error);

/** Set a link's target. Returns -1 with ENOMEM. */
MUN_NODISCARD int tree_set_target(struct tree *tree, entry_id id, const char *target, size_t len);

/** Set how far a directory is known; `error` is the reason for the worse ones. */
void tree_set_state(struct tree *tree, entry_id id, enum dir_state state, enum error error);

/** Tell that an entry has an access ACL, or that it has none. */
void tree_set_acl(struct tree *tree, entry_id id, bool has);

/** Mark or unmark. */
void tree_mark(struct tree *tree, entry_id id, bool marked);

/** How many entries are marked; with `bytes` (may be NULL) also the sizes of tree_marked_total(). */
size_t tree_marked(const struct tree *tree, uint64_t *bytes);

/** What the marked entries hold, directories with all that is below them; marks below others are not counted again. */
struct totals tree_marked_total(const struct tree *tree);

/** Bring every `total` up to date. Costs what has changed, not what there is. */
void tree_settle(struct tree *tree);

/**
 * Who is told of every change at once. Nothing of the tree may be changed meanwhile. An attribute that is set to what it
 * was is no change, marks are none, and totals are not looked at.
 */
struct tree_observer {
	void (*added)(void *arg, entry_id id);   /* an entry of which name and type are known */
	void (*changed)(void *arg, entry_id id); /* attributes, an error, a link's target, or how far a directory is known */
	void (*removed)(void *arg, entry_id id); /* it is about to go; what was below it went before */
	void (*raised)(void *arg, entry_id id);  /* what was the root has this number now, see tree_raise() */
	void *arg;
};

/** Have one observer, which outlives the tree or is taken away with NULL; without one nothing is spent on it. */
void tree_observe(struct tree *tree, const struct tree_observer *observer);

/** Let numbers of removed entries be used again. Never while a scan_view follows a scan into this tree: it holds numbers. */
void tree_reclaim(struct tree *tree);

/** Counts up with every change of anything. */
uint64_t tree_version(const struct tree *tree);

/** Bytes allocated. */
size_t tree_memory(const struct tree *tree);

#endif
