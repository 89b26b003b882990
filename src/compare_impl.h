/*
 * What the files of the comparison share; see compare.h for the whole picture. Nobody else includes this.
 * Thread: the comparison's, for all functions.
 */
#ifndef MUNTIN_COMPARE_IMPL_H
#define MUNTIN_COMPARE_IMPL_H

#include "compare.h"
#include "fold.h"

#ifndef COMPARE_CHUNK_BITS
#define COMPARE_CHUNK_BITS 10
#endif

/* Directories with fewer entries get their rows at once. */
#ifndef COMPARE_FILL_AT_ONCE
#define COMPARE_FILL_AT_ONCE 4096
#endif

/** Things of one size in chunks that never move, each with a number from 1. */
struct pool {
	char **chunks;
	size_t chunk_cap;
	size_t stride;     /* bytes of one */
	uint32_t count;    /* numbers given out, 0 included */
	uint32_t *free;    /* numbers that can be used again */
	size_t free_count;
	size_t free_cap;
};

enum row_flags {
	ROW_DIRTY = 1 << 0,  /* waits in the queue */
	ROW_GONE = 1 << 1,   /* removed; still linked in its directory, or waiting for compare_reclaim() */
	ROW_WANTS = 1 << 2,  /* contents have to be read */
	ROW_ASKED = 1 << 3,  /* they are being read */
	ROW_QUEUED = 1 << 4, /* waits among the wants */
	ROW_SPLIT = 1 << 5,  /* a pane has several names for it: it falls apart */
	ROW_EXACT = 1 << 6,  /* it has come of one that did: found by its very name */
	ROW_HELD = 1 << 7,   /* see compare_hold() */
};

/**
 * What is known of a file's content besides its class, from 1 on: files of a row whose classes are known are equal if and only if those are.
 * From CONTENT_ERROR on it is why it could not be read.
 */
enum {
	CONTENT_UNKNOWN = 0,
	CONTENT_LATE = 127,  /* unknown, and it has changed since it was asked for: the answer does not count */
	CONTENT_ERROR = 128,
};

/** One path. Behind its entries, one for each pane, stands a byte for each: what is known of its content. */
struct row {
	compare_id parent;
	compare_id next;     /* in its directory */
	uint32_t side;       /* of a directory that two panes have, or that is held; 0: none */
	uint8_t state;       /* enum compare_state, as counted in the roll-ups */
	uint8_t flags;       /* enum row_flags */
	uint16_t present;    /* panes that have an entry; 0 is possible only for COMPARE_TOP */
	entry_id entries[];
};

/** How a pane's directory has ended when it was last read to an end. That lasts while it is read again. */
enum ended { ENDED_NOT, ENDED_COMPLETE, ENDED_STOPPED, ENDED_PARTIAL, ENDED_UNREADABLE, ENDED_SKIPPED };

/**
 * What a row that is a directory in two panes, or is held, knows about what is below it. It ends with a byte for each pane, enum ended, and
 * another one: enum compare_know, of a name for which this pane has no entry.
 */
struct side {
	compare_id row;
	compare_id first;
	compare_id last;
	uint32_t count;      /* rows linked, those that have gone included */
	uint32_t depth;
	uint32_t dirty;      /* 1 + place among the sides that have changes */
	uint32_t chain;      /* the next side to be emptied */
	bool open;           /* there are rows below */
	bool filling;        /* but not all of those that are known: no name is missing anywhere */
	bool alone;          /* one pane at most can read it: its counts are not those of what is above */
	bool unsorted;
	bool unswept;        /* rows that have gone are linked here */
	bool split;          /* some names were split: see compare_fold() */
	bool remake;         /* what is open is to be opened anew */
	struct compare_counts counts;
	struct compare_counts changes; /* not yet in `counts`, nor in those above; modulo 2^32 */
	uint8_t panes[];
};

/** A place in the index. */
struct slot {
	compare_id row;      /* 0: free */
	uint32_t hash;
};

/** A pane, and what its tree's observer has for itself. */
struct place {
	struct compare *compare;
	struct tree *tree;
	entry_id top;
	bool local;
	struct tree_observer observer;
	compare_id *rows;    /* by entry */
	size_t row_cap;
	size_t before;       /* which pane it was in `compare->before`; SIZE_MAX: none */
};

/** A row while its directory is sorted. */
struct sorted {
	uint64_t prefix;     /* the first eight bytes of the name */
	const char *name;
	uint32_t len;
	compare_id row;
};

/* A part of the index: open addressing. */
struct slots {
	struct slot *items;
	size_t cap;          /* a power of two, or 0 */
	size_t used;
};

/* The index grows part by part, each at another load, so that no single name has to wait for all of it. */
enum { INDEX_BITS = 6, INDEX_PARTS = 1 << INDEX_BITS };

struct compare {
	size_t count;        /* panes */
	unsigned by;
	int64_t tolerance;
	unsigned hours;      /* see compare_time_shift() */
	unsigned fold;       /* see compare_fold() */
	const struct glob_set *leaves[COMPARE_MAX_PANES + 1]; /* see compare_leave_out() */
	size_t leave_count;
	uint64_t left_out;
	struct buf path;     /* of what may be left out */
	struct buf key;      /* a name that was folded */
	struct buf row_key;  /* another one */
	uint64_t version;
	uint64_t come;       /* rows that ever came */
	uint64_t gone_ever;  /* and that went */
	compare_id filling;  /* the directory whose side is being filled; 0: none */
	size_t work;         /* rows looked at, made or marked in this part of compare_settle_part() */
	size_t fill_pane;    /* by the entries of this pane, */
	entry_id fill_next;  /* from this one on */
	bool failed;         /* memory ran out: rows are missing */
	bool patient;        /* see compare_be_patient() */
	struct compare *before; /* see compare_take_over(); NULL: nobody, or nothing more is to be had from it */
	void (*shared)(void *arg, size_t pane, entry_id id); /* see compare_tell_shared(); may be NULL */
	void *shared_arg;
	struct pool rows;
	struct pool sides;
	struct slots index[INDEX_PARTS]; /* from names to rows, by the upper bits of their hashes */
	compare_id *queue;   /* rows to look at again */
	size_t queue_len;
	size_t queue_cap;
	size_t queue_at;
	uint32_t *dirty;     /* sides with changes */
	size_t dirty_len;
	size_t dirty_cap;
	compare_id *wants;
	size_t want_len;
	size_t want_cap;
	size_t want_at;
	compare_id *gone;    /* rows unlinked, waiting for compare_reclaim() */
	size_t gone_len;
	size_t gone_cap;
	struct sorted *order; /* room for the largest directory */
	size_t order_cap;
	struct place panes[];
};

/** The thing of a number. */
static inline void *pool_at(const struct pool *pool, uint32_t id)
{
	return pool->chunks[id >> COMPARE_CHUNK_BITS] + (id & ((1U << COMPARE_CHUNK_BITS) - 1)) * pool->stride;
}

static inline struct row *row_at(const struct compare *compare, compare_id id)
{
	return pool_at(&compare->rows, id);
}

static inline uint8_t *row_content(const struct compare *compare, struct row *row)
{
	return (uint8_t *)&row->entries[compare->count];
}

static inline struct side *side_at(const struct compare *compare, uint32_t id)
{
	return pool_at(&compare->sides, id);
}

/** How the panes' directories have ended. */
static inline uint8_t *side_ended(struct side *side)
{
	return side->panes;
}

/** What is known of a name that a pane has no entry for. */
static inline uint8_t *side_absence(const struct compare *compare, struct side *side)
{
	return side->panes + compare->count;
}

/** The row of a pane's entry, or 0. */
static inline compare_id place_row(const struct place *place, entry_id id)
{
	return id < place->row_cap ? place->rows[id] : 0;
}

/** Is the class of a content known, or why there is none? */
static inline bool content_is_known(uint8_t content)
{
	return content != CONTENT_UNKNOWN && content != CONTENT_LATE;
}

/** The entry of a row in a pane; NULL when there is none. */
static inline const struct entry *row_entry(const struct compare *compare, const struct row *row, size_t pane)
{
	entry_id id = row->entries[pane];

	return id ? tree_entry(compare->panes[pane].tree, id) : NULL;
}

/** Were its attributes asked for in vain? Not when that was stopped. */
static inline bool could_not_be_had(const struct entry *entry)
{
	return entry->error != ERROR_NONE && entry->error != ERROR_CANCELED;
}

/** Is this a directory of which the attributes are known? */
static inline bool is_known_dir(const struct entry *entry)
{
	return entry && entry->flags & ENTRY_KNOWN && S_ISDIR(entry->mode);
}

/** Judge a row by its entries, and by what its directory's side knows of those that are not there; see compare_look_by(). */
void compare_judge(const struct compare *compare, compare_id id, const uint8_t *order, bool measured, struct compare_look *look);

/** The panes in their own order. */
extern const uint8_t compare_own_order[COMPARE_MAX_PANES];

/** Which files of a row have to be read to compare it. Returns how many. */
size_t compare_judge_ask(const struct compare *compare, compare_id id, struct compare_file *files);

/** The content of a row's file in a pane is not known any more. */
void compare_drop_content(const struct compare *compare, struct row *row, size_t pane);

/** Let a row have what the comparison before knew of its contents. */
void compare_recall(struct compare *compare, compare_id id);

/** Let a directory have ended as it had for the comparison before. */
void compare_recall_ended(const struct compare *compare, struct side *side);

/** What the comparisons before knew of a pane's entry is not true any more. */
void compare_forget(struct compare *compare, size_t pane, entry_id id);

/** A row with its number for a new path, or NULL when memory has run out. */
compare_id compare_row_new(struct compare *compare, compare_id parent);

/** Have room in the index for so many rows, before there are any. Returns -1 with ENOMEM. */
int compare_slots_reserve(struct compare *compare, size_t rows);

/**
 * Put a pane's entry into its row in a directory, a new row if there is none yet. False when the row has another entry of this pane, whose
 * name folds to the same.
 */
bool compare_row_put(struct compare *compare, compare_id parent, size_t pane, entry_id id);

/** A pane's entry is about to go: take it out of its row; a row without any goes too. */
void compare_row_take(struct compare *compare, size_t pane, compare_id id);

/** Remove all rows below a directory. */
void compare_side_empty(struct compare *compare, struct side *side);

/** Give a row its side; 0 when memory has run out. */
uint32_t compare_side_new(struct compare *compare, compare_id id);

/** Give names of which one pane has several a row each. */
void compare_side_split(struct compare *compare, struct side *side);

/** The names that fold together in a directory are others now: open it anew with the next compare_settle(). */
void compare_side_remake(struct compare *compare, struct side *side);

/** Take a row's side away, with all rows below. */
void compare_side_drop(struct compare *compare, compare_id id);

/** Unlink the rows of a directory that have gone. */
void compare_side_sweep(struct compare *compare, struct side *side);

/** Look at a row again with the next compare_settle(). */
void compare_touch(struct compare *compare, compare_id id);

/** A row in this directory was in one state and is in another; COMPARE_STATES: in none. */
void compare_count(struct compare *compare, compare_id dir, unsigned from, unsigned to);

/** There is nothing below a directory any more, after compare_roll(). */
void compare_uncount(struct compare *compare, struct side *side);

/** Bring the roll-ups up to date. */
void compare_roll(struct compare *compare);

#endif
