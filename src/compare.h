/*
 * The N-way comparison: one row for each path below the directories that are compared, filled while they are scanned.
 *
 *   trees ── observers ──▶ rows that have to be looked at again ── compare_settle() ──▶ classes, states, roll-ups
 *
 * It can be made at any moment over trees that know little, and follows them: what is known of a row only ever grows
 * until something really changes. A row is not the same before that is known, and nothing is missing from a directory
 * that is not complete. Below a directory that fewer than two panes could read there are no rows, unless it is held.
 *
 * A row is named by a number that is not used again before compare_reclaim(). It takes 16 bytes and 5 for each pane, 4
 * for each entry it stands for, and 10 to 28 in the index: with three panes 59 on average.
 * Owner: the trees' thread.   Thread: that one, for all functions.
 */
#ifndef MUNTIN_COMPARE_H
#define MUNTIN_COMPARE_H

#include "buf.h"
#include "error.h"
#include "glob.h"
#include "tree.h"

struct compare;

/** A row's number; 0 is none. */
typedef uint32_t compare_id;

enum {
	COMPARE_TOP = 1,           /* the row of the compared directories themselves, which is not listed */
	COMPARE_MAX_PANES = 26,    /* a letter for each */
};

/** What is compared; the type always is. */
enum compare_by {
	COMPARE_SIZE = 1 << 0,
	COMPARE_MTIME = 1 << 1,
	COMPARE_CONTENT = 1 << 2,  /* of files; targets of links too */
	COMPARE_TARGET = 1 << 3,
	COMPARE_MODE = 1 << 4,
	COMPARE_OWNER = 1 << 5,
	COMPARE_GROUP = 1 << 6,
	COMPARE_AUTO = 1 << 7,     /* size and target; content where sizes are equal and times are not */
};

/** What differs between any two panes of a row, in the order in which it is spelled: `tlscmogp`. */
enum compare_differs {
	COMPARE_DIFFERS_TYPE = 1 << 0,
	COMPARE_DIFFERS_TARGET = 1 << 1,
	COMPARE_DIFFERS_SIZE = 1 << 2,
	COMPARE_DIFFERS_CONTENT = 1 << 3,
	COMPARE_DIFFERS_MTIME = 1 << 4,
	COMPARE_DIFFERS_OWNER = 1 << 5,
	COMPARE_DIFFERS_GROUP = 1 << 6,
	COMPARE_DIFFERS_MODE = 1 << 7,
};

/** What a row is; the first that holds, from the last one up. */
enum compare_state {
	COMPARE_SAME,
	COMPARE_PENDING,    /* nothing differs so far */
	COMPARE_MISSING,    /* a pane that has the directory has not this */
	COMPARE_DIFFERENT,  /* two classes or more */
	COMPARE_ERROR,      /* something could not be read */
	COMPARE_STATES
};

/** What is known of a row in one pane. */
enum compare_know {
	COMPARE_UNKNOWN,    /* `.` nothing yet; or for ever, below what could not be read */
	COMPARE_KNOWN,      /* a letter; `.` until its content is known */
	COMPARE_ABSENT,     /* `-` it is not in its directory, all of which is known */
	COMPARE_NO_PARENT,  /* `-` there is no such directory at all: this pane has no say */
	COMPARE_LEFT_OUT,   /* `.` its directory was not entered on purpose: no say either */
	COMPARE_UNREADABLE, /* `!` attributes, content, or (for a directory) entries could not be had */
};

/** A pane of the comparison. */
struct compare_pane {
	struct tree *tree;  /* borrowed; its observer becomes the comparison's */
	entry_id top;       /* the directory that is compared */
	bool local;         /* its files can be read on this machine: contents, and inode numbers that mean the same */
};

/** A row as it is shown. */
struct compare_look {
	enum compare_state state;
	uint8_t differs;                         /* enum compare_differs */
	bool wants;                              /* contents have to be read to know more */
	uint8_t know[COMPARE_MAX_PANES];         /* enum compare_know */
	char letters[COMPARE_MAX_PANES + 1];     /* a class letter, `-`, `.` or `!` for each pane; terminated */
};

/** One file whose content is to be read, and what the tree knows it by. */
struct compare_file {
	uint8_t pane;
	uint64_t dev;
	uint64_t ino;
	uint64_t size;
	int64_t mtime;
};

/** Files of a row whose contents have to be compared. */
struct compare_ask {
	compare_id row;
	size_t count;
	struct compare_file files[COMPARE_MAX_PANES];
};

/** Rows by state. */
struct compare_counts {
	uint32_t of[COMPARE_STATES];
};

/** An answer for a file that is no class: it could not be read. */
#define COMPARE_ANSWER_ERROR(error) ((uint8_t)(128 + (error)))

/**
 * Compare `count` (2 to COMPARE_MAX_PANES) directories. Nothing is looked at before compare_settle().
 * `by` is enum compare_by; mtimes at most `tolerance` nanoseconds apart are equal. Returns NULL with ENOMEM.
 */
MUN_NODISCARD struct compare *compare_new(const struct compare_pane *panes, size_t count, unsigned by, int64_t tolerance);

/**
 * Wait with the rows of a directory until it has been read to its end wherever it is, so that each row is looked at only
 * once. For who shows nothing before; to be said before the first compare_settle().
 */
void compare_be_patient(struct compare *compare);

/** Times that are 1 to `hours` whole hours apart are equal, too, as after a change to summer time. To be said before the first compare_settle(). */
void compare_time_shift(struct compare *compare, unsigned hours);

/**
 * Names that fold to the same (enum fold_flags) are one row, called by the name in the first pane that has it. Where one pane has several of
 * them in a directory, each name is a row of its own in all panes. There are no rows in a directory before it has been read to its
 * end wherever it is: two names could still turn out to be such. To be said before the first compare_settle().
 */
void compare_fold(struct compare *compare, unsigned flags);

/**
 * Leave out what a pattern matches by its name, or by its path below its tree's root: it has no row, and nothing below it has one. For
 * what was scanned without these patterns. Several sets may be given, before a name that they match has come. Owner: borrowed.
 */
void compare_leave_out(struct compare *compare, const struct glob_set *patterns);

/** Is an entry left out? */
bool compare_leaves_out(struct compare *compare, size_t pane, entry_id id);

/** How many entries were left out. */
uint64_t compare_left_out(const struct compare *compare);

/** Are two times, in nanoseconds, the same to this comparison? */
bool compare_same_time(const struct compare *compare, int64_t a, int64_t b);

/**
 * Be told by compare_settle() of every directory that another pane has a directory for, too: what is in it matters. The same one may be
 * told more than once. To be said before the first compare_settle().
 */
void compare_tell_shared(struct compare *compare, void (*shared)(void *arg, size_t pane, entry_id id), void *arg);

/** A pane turns out to be one whose files cannot be read here; to be said before anything is known of it. */
void compare_not_local(struct compare *compare, size_t pane);

/**
 * Take over what the comparison `before`, of other panes, knew of contents and of directories that are being read again; and itself, which was
 * the one of their trees until now. Pane i was pane `panes[i]` of that one, or none (SIZE_MAX). It is freed once this one has settled. To be said before the first compare_settle().
 */
void compare_take_over(struct compare *compare, struct compare *before, const size_t *panes);

/** Let go of the trees, which must still be there. Takes NULL. */
void compare_free(struct compare *compare);

/** Bring rows, states and roll-ups up to date with the trees: after tree_settle() and before tree_reclaim(). Returns -1 with ENOMEM, now or since. */
MUN_NODISCARD int compare_settle(struct compare *compare);

/** The same for about `rows` rows that have to be looked at again or made. Returns whether there are more: their states are those of before, their looks are true. */
bool compare_settle_part(struct compare *compare, size_t rows);

/** Has memory run out, so that rows are missing? */
bool compare_has_failed(const struct compare *compare);

/** Compare by other criteria from now on. Nothing is known of any row until it was looked at again; contents that were read stay known. */
void compare_set_by(struct compare *compare, unsigned by);

/**
 * Have rows in a directory from now on even if one pane alone has it, or could read it. What other panes have no directory for is missing
 * there; it is not counted in the directories above. Returns whether that is new.
 */
bool compare_hold(struct compare *compare, compare_id dir);

/** Let numbers of rows that have gone be used again. */
void compare_reclaim(struct compare *compare);

/** Counts up with every change that could be seen. */
uint64_t compare_version(const struct compare *compare);

/** Is the number in use? */
bool compare_has(const struct compare *compare, compare_id row);

/** How many directories are compared, and the tree of one. */
size_t compare_panes(const struct compare *compare);
struct tree *compare_tree(const struct compare *compare, size_t pane);

/** Count up with every row that comes, and with every one that goes. */
uint64_t compare_come(const struct compare *compare);
uint64_t compare_gone(const struct compare *compare);

/** The row of a pane's entry, or 0 when it has none. */
compare_id compare_find(const struct compare *compare, size_t pane, entry_id id);

/** The entry of a row in a pane, or 0. */
entry_id compare_entry(const struct compare *compare, compare_id row, size_t pane);

/** The row of the directory that a row is in; 0 for COMPARE_TOP. */
compare_id compare_parent(const struct compare *compare, compare_id row);

/** The first row in a directory, in byte order of names; 0 when there is none. Sorts what has come since, after compare_settle(). */
compare_id compare_first(struct compare *compare, compare_id dir);

/** A row in a directory, from which compare_next() leads to all others, new ones last: for who sorts them. */
compare_id compare_any(struct compare *compare, compare_id dir);

/** Are there rows for what is in a directory, if there is anything? */
bool compare_is_open(const struct compare *compare, compare_id dir);

/** How many rows compare_any() leads to, at most. */
size_t compare_children(const struct compare *compare, compare_id dir);

/** The row behind a row in its directory, or 0; as compare_first() has sorted them. */
compare_id compare_next(const struct compare *compare, compare_id row);

/** The next row of a walk over all rows below `top`, a directory before what is in it; begin with `top`, ends with 0. */
compare_id compare_walk(struct compare *compare, compare_id top, compare_id at);

/** Is it a directory in any pane? */
bool compare_is_dir(const struct compare *compare, compare_id row);

/** A row's name, not terminated. Borrowed for the trees' life. */
const char *compare_name(const struct compare *compare, compare_id row, size_t *len);

/** The same as it is called in a pane that has it: names that fold to the same are not the same in every pane. */
const char *compare_name_in(const struct compare *compare, compare_id row, size_t pane, size_t *len);

/** Append the path below COMPARE_TOP, components joined by '/'. */
void compare_path_in(const struct compare *compare, compare_id row, size_t pane, struct buf *out);
void compare_path(const struct compare *compare, compare_id row, struct buf *out);

/** What a row is, as of the last compare_settle(). */
enum compare_state compare_state(const struct compare *compare, compare_id row);

/** All that is shown of a row. */
void compare_look(const struct compare *compare, compare_id row, struct compare_look *look);

/**
 * The same with classes as they are when the panes are taken in another order, all of them. With `measured` the first of
 * these is the one that the others are measured against: `differs` speaks of it, where it has an entry.
 */
void compare_look_by(const struct compare *compare, compare_id row, const uint8_t *order, bool measured, struct compare_look *look);

/** Why a file's content could not be read; ERROR_NONE when it could, or need not. */
enum error compare_content_error(const struct compare *compare, compare_id row, size_t pane);

/**
 * The rows below a directory by state, itself not among them; NULL when there are none, or one pane alone has them. As of the last
 * compare_settle().
 */
const struct compare_counts *compare_below(const struct compare *compare, compare_id dir);

/** Would reading contents tell more about a row, whether that was asked for or not? */
bool compare_waits(const struct compare *compare, compare_id row);

/** Have contents to be read for a row that were not asked for yet? */
bool compare_wants(const struct compare *compare, compare_id row);

/** Ask for a row's contents: fills in which files are to be read. False when there is no need. */
bool compare_ask(struct compare *compare, compare_id row, struct compare_ask *ask);

/** What was asked for a row will not be answered: it has to be asked for again. */
void compare_unask(struct compare *compare, compare_id row);

/** How many rows may be waiting for compare_pop_want(). */
size_t compare_wanted(const struct compare *compare);

/** A row whose contents are wanted and not asked for, the oldest first; 0 when there is none. */
compare_id compare_pop_want(struct compare *compare);

/**
 * What reading has brought: for each file that was asked for the number of its class, from 1 to COMPARE_MAX_PANES (equal numbers, equal
 * bytes), 0 for not read, or COMPARE_ANSWER_ERROR(). What it says of files that have changed since is dropped.
 */
void compare_answer(struct compare *compare, const struct compare_ask *ask, const uint8_t *answers);

/** Bytes allocated. */
size_t compare_memory(const struct compare *compare);

#endif
