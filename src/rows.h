/*
 * The visible rows of a pane: which entries of a tree stand in the list, in which order, and where the cursor is.
 *
 * The rows are the children of one directory, with those of expanded directories below them. Cursor and scroll
 * position are kept as (entry, line on the screen), never as an index: the list may grow and be sorted around them.
 * Owner: the tree's thread.   Thread: that one, for all functions.
 */
#ifndef MUNTIN_ROWS_H
#define MUNTIN_ROWS_H

#include "tree.h"

/*
 * Names sort in byte order; size, time and count (of what is below) begin with the largest, mode and owner with the
 * smallest number, extensions are ordered as names are. What is equal goes by name, and directories always come first.
 */
enum rows_sort { ROWS_NAME, ROWS_SIZE, ROWS_MTIME, ROWS_EXT, ROWS_MODE, ROWS_OWNER, ROWS_COUNT };

/** One visible row. Its entry may have gone since the last rows_update(), and in a long list for a little longer: tree_has() tells. */
struct row {
	entry_id id;
	uint32_t indent : 31; /* levels of expansion */
	uint32_t open : 1;    /* a directory whose children have rows below it */
};

static_assert(sizeof(struct row) == 8, "a row is kept a million times");

/** A directory whose children have rows, and how far they were looked at. */
struct rows_dir {
	entry_id dir;
	entry_id last;       /* the last child that was looked at; new ones come behind it */
	uint32_t count;      /* of children that were looked at and are there */
	uint32_t changes;    /* its dir.changes then */
	bool behind;         /* there are more children to be looked at */
	bool lost;           /* `last` has gone: which children have rows is found out by a sweep */
};

/** How well the rows are in order. */
enum rows_order {
	ROWS_ORDER_GOOD,
	ROWS_ORDER_UNKNOWN, /* something has changed that may matter */
	ROWS_ORDER_BAD,     /* they are to be sorted */
};

/** Why the rows are being made anew. */
enum rows_cause {
	ROWS_FRESH,    /* another directory is shown */
	ROWS_FIRST,    /* there were none */
	ROWS_SETTINGS,
	ROWS_RESORT,   /* they are out of order */
};

struct rows {
	struct tree *tree;   /* borrowed */
	entry_id dir;        /* whose content is shown */
	enum rows_sort sort;
	bool reverse;
	bool hidden;         /* names with a leading dot are shown */
	struct buf filter;   /* only names that contain this, ASCII case folded; directories count with a trailing '/' */

	struct row *items;
	size_t count;
	size_t cap;
	entry_id cursor;     /* 0: no row */
	size_t at;           /* the cursor's row; true after rows_update() */
	size_t top;          /* the first row on the screen; true after rows_update() and rows_view() */
	size_t height;       /* lines on the screen, as last told to rows_view() */

	entry_id wanted;     /* the cursor goes there as soon as it has a row */
	bool held;           /* the cursor was put where it is; until then it stays on the first row */
	size_t grain;        /* units of work between two looks at the clock */
	int64_t slice;       /* nanoseconds of work in one rows_update(), behind the first `grain` */
	int64_t shown_at;    /* when the directory was first shown, loop_now() time */
	int64_t sorted_at;   /* when the rows were last sorted, loop_now() time; 0: not since the directory filled */
	int64_t sort_cost;   /* how much work that was, nanoseconds */
	uint64_t seen;       /* tree_version() when the rows were last looked after */
	uint64_t version;    /* counts up when rows are put in another place */
	bool fresh;          /* the directory was never updated */
	bool stale;          /* a setting has changed: make them anew */
	bool made;           /* `made_*` are the settings of the rows, or of those that are being made */
	bool looked;         /* nothing has happened to the shown directories that is not known */
	bool untrue;         /* some may have gone, or are open or closed and should not be */
	enum rows_order order;
	size_t dir_rows;     /* directories among the sorted rows of the first level: the first so many */

	struct rows_make *make; /* what is being done about all this; NULL: nothing */
	enum rows_cause cause;  /* of that, if it is a sort of everything */
	int64_t made_at;        /* when it began, loop_now() time */
	bool made_complete;     /* the directory was complete when it began */
	bool ready;             /* it is done and waits for its time */
	entry_id *opening;      /* open directories whose children have no rows yet */
	size_t opening_count;
	size_t opening_cap;
	unsigned char *known;   /* a bit for each entry that has a row; NULL: all up to the last that was looked at have */
	size_t known_size;

	struct rows_dir *shown; /* `dir`, and the directories of the rows that are open, in their order */
	size_t shown_count;
	size_t shown_cap;
	entry_id *above;     /* what is above `dir`, the root first: where to go when it vanishes */
	size_t above_count;
	size_t above_cap;
	struct buf made_filter; /* the settings with which the rows were made */
	enum rows_sort made_sort;
	bool made_reverse;
	bool made_hidden;
};

/** No rows yet, of the root of a tree that outlives them. */
void rows_init(struct rows *rows, struct tree *tree);

void rows_fini(struct rows *rows);

/** Show another directory; the cursor goes to `cursor` (0: the first row). */
void rows_show(struct rows *rows, entry_id dir, entry_id cursor);

/** A setting was changed from outside (sort, reverse, hidden, filter, an ENTRY_EXPANDED flag): make the rows anew. */
void rows_touch(struct rows *rows);

/**
 * Bring the rows up to date with the tree, after tree_settle(): a slice of the work; the rows that were are in use until the new
 * ones are ready. New entries are added at the end of their directory at once; sorting waits until a second, and while more is
 * coming ten times what it costs, have passed since the last time, and two since the last key. A directory that was just
 * opened is first sorted when it is complete, or after a second. `now` and `last_key` are in nanoseconds of loop_now().
 * Returns when it wants to be called again although nothing changes: `now` while there is work, INT64_MAX for never. Without
 * memory the rows are those that were, less the entries that have gone.
 */
int64_t rows_update(struct rows *rows, int64_t now, int64_t last_key);

/**
 * Are the rows those of the tree, in order?   After rows_update().
 * While they are not, numbers of entries that have gone are still held: no tree_reclaim().
 */
bool rows_settled(const struct rows *rows);

/** What is behind the last dot of a name, unless that is its first byte; a directory has no extension. Borrowed as tree_name() is. */
const char *rows_extension(const struct rows *rows, entry_id id, size_t *len);

/** Tell how many lines the screen has for rows, and keep the cursor among them. */
void rows_view(struct rows *rows, size_t height);

/** Move the cursor by rows, clamped. */
void rows_move(struct rows *rows, int64_t by);

/** Put the cursor on a row, clamped. */
void rows_goto(struct rows *rows, size_t index);

/** Put the cursor on an entry, now or as soon as it has a row. */
void rows_want(struct rows *rows, entry_id id);

/** The row of an entry, or SIZE_MAX. */
size_t rows_find(const struct rows *rows, entry_id id);

/**
 * The next row behind the cursor, in a direction (1 or -1), whose name contains `text` (ASCII case folded), or SIZE_MAX.
 * Wraps; the cursor's own row is the last that is looked at. An empty text is found nowhere.
 */
size_t rows_search(const struct rows *rows, const char *text, size_t len, int direction);

#endif
