/*
 * The visible rows of a comparison, the same for all panes: which paths stand in the list, in which order, and where
 * the cursor is.
 *
 * The rows are those of one directory, with those of expanded ones (ENTRY_EXPANDED in any pane) below them; directories
 * first, then by name. They are made in slices, beside the list that is in use: new paths stand at its end at once, those that have
 * gone leave it at once, and it is made anew within the second, but not within two seconds of a key. Cursor and scroll
 * position are kept as (row, line on the screen), never as an index.
 * An item takes 12 bytes; while the list is made, 32 more for each row of the directories that are shown.
 * Owner: the comparison's thread.   Thread: that one, for all functions.
 */
#ifndef MUNTIN_COMPARE_VIEW_H
#define MUNTIN_COMPARE_VIEW_H

#include "compare.h"

/** One line. */
struct compare_item {
	compare_id row;
	uint32_t run;         /* so many rows that are the same stand for one, of which this is the first; else 0 */
	uint32_t indent : 31; /* levels of expansion */
	uint32_t open : 1;    /* its rows stand below it */
};

enum { COMPARE_SHOW_ALL = (1 << COMPARE_STATES) - 1 };

struct compare_make;

struct compare_view {
	struct compare *compare; /* borrowed */
	compare_id dir;      /* whose rows are shown */
	unsigned show;       /* a bit for each enum compare_state of the rows that are shown, and of those below directories */
	bool fold;           /* runs of rows that are the same, owner and mode too, are one line */
	bool no_hidden;      /* names with a leading dot are left out */
	struct buf filter;   /* only names that contain this, ASCII case folded */

	struct compare_item *items;
	size_t count;
	size_t cap;
	compare_id cursor;   /* 0: no row */
	size_t at;           /* the cursor's line; true after compare_view_update() */
	size_t top;          /* the first line on the screen */
	size_t height;       /* lines on the screen */
	uint64_t version;    /* counts up with every change of the list or of the directory */

	compare_id *above;   /* what is above `dir`, COMPARE_TOP first: where to go when it vanishes */
	size_t above_count;
	size_t above_cap;
	compare_id last;     /* the newest row of `dir` that was looked at; 0: none */
	uint64_t seen;       /* compare_version() when the list was last begun to be made, */
	uint64_t come;       /* and compare_come() */
	uint64_t gone;       /* compare_gone() when it was last swept */
	bool held;           /* the cursor was put where it is; until then it stays on the first line */
	bool stale;          /* a setting has changed: make it anew at once */
	bool failed;         /* memory has run out: the list is old */
	int64_t shown_at;    /* when the directory was first shown; 0: not yet. loop_now() time, as all of these */
	int64_t made_at;     /* when the list was last made */
	int64_t cost;        /* how much work that was, nanoseconds */
	struct compare_make *make; /* what is being made; NULL: nothing */
};

/** A view of no comparison; needs no memory. */
void compare_view_init(struct compare_view *view);

/** Show the compared directories of a comparison, which outlives it, or of none (NULL); the settings stay. */
void compare_view_renew(struct compare_view *view, struct compare *compare);

void compare_view_fini(struct compare_view *view);

/** Show another directory, which is held from now on; the cursor goes to `cursor` (0: the first row). */
void compare_view_show(struct compare_view *view, compare_id dir, compare_id cursor);

/** A setting was changed from outside: make the list anew. */
void compare_view_touch(struct compare_view *view);

/**
 * Bring the list up to date, after compare_settle(): about `slice` nanoseconds of work. `now` and `last_key` in nanoseconds
 * of loop_now(). Returns when it wants to be called again although nothing changes, INT64_MAX for never.
 */
int64_t compare_view_update(struct compare_view *view, int64_t now, int64_t last_key, int64_t slice);

/** Is the list that of the comparison? While it is not, numbers of rows are still held: no compare_reclaim(). */
bool compare_view_settled(const struct compare_view *view);

/** Tell how many lines the screen has, and keep the cursor among them. */
void compare_view_height(struct compare_view *view, size_t height);

/** Move the cursor by lines, or put it on one; clamped. */
void compare_view_move(struct compare_view *view, int64_t by);
void compare_view_goto(struct compare_view *view, size_t index);

/** Put the cursor on a row, as soon as it has a line. */
void compare_view_want(struct compare_view *view, compare_id row);

/** The cursor's item; NULL when there is none. */
const struct compare_item *compare_view_current(const struct compare_view *view);

/** Is a row opened in place? */
bool compare_view_is_open(const struct compare_view *view, compare_id row);

/** May a directory be shown? A pane at least has it. */
bool compare_view_can_show(const struct compare_view *view, compare_id row);

/** The next line in a direction (1 or -1) whose name contains `text` (ASCII case folded), or SIZE_MAX. Wraps, as rows_search(). */
size_t compare_view_search(const struct compare_view *view, const char *text, size_t len, int direction);

#endif
