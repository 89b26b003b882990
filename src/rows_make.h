/*
 * Making the rows of a struct rows, a slice at a time; for the files that keep rows.
 * Thread: the tree's, for all functions.
 */
#ifndef MUNTIN_ROWS_MAKE_H
#define MUNTIN_ROWS_MAKE_H

#include "rows.h"

enum rows_task {
	ROWS_SORT,  /* rows for everything below a directory, in order */
	ROWS_SWEEP, /* the rows that there are, in their order, less those that are not true any more */
	ROWS_CHECK, /* do directories still stand before all else? */
};

enum rows_progress { ROWS_MORE, ROWS_DONE, ROWS_NOMEM };

/** Some children to be sorted: a part of the stack. */
struct rows_range {
	size_t begin;
	size_t end;
	size_t from;      /* texts: they are the same before this byte */
	unsigned phase;   /* by what: an index into the phases of the order */
	int shift;        /* of the byte of the keys that is next; < 0: there are no keys yet */
};

/** A child that has no row yet, and eight bytes of that by which it is sorted. Unaligned: there are as many as rows. */
struct __attribute__((packed, aligned(4))) rows_keyed {
	uint64_t key;
	entry_id id;
};

static_assert(sizeof(struct rows_keyed) == 12, "a child is sorted among a million");

/** Rows that are being made. */
struct rows_make {
	/* What is asked, and the answer. */
	const struct rows *rows;
	enum rows_task task;
	entry_id dir;
	uint64_t version;         /* tree_version() when it began */
	int64_t cost;             /* nanoseconds of work so far */
	struct row *items;
	size_t count;
	size_t cap;
	struct rows_dir *shown;   /* a sweep leaves it to others what is known of the first one */
	size_t shown_count;
	size_t shown_cap;
	size_t dir_rows;
	entry_id *opening;        /* a sweep: directories that are open and have no rows below them */
	size_t opening_count;
	size_t opening_cap;
	unsigned char *known;     /* a sweep: a bit for each entry that has a row */
	size_t known_size;        /* in bytes */
	bool good;                /* a check: yes */

	/* How it goes on. */
	unsigned state;           /* enum state */
	size_t quota;             /* units of work until the next look at the clock */
	uint32_t indent;          /* of the first rows */
	struct rows_keyed *stack; /* children without a row, the next one last */
	size_t stack_count;
	size_t stack_cap;
	size_t base;              /* where the children of the directory begin that is being listed */
	struct rows_range *ranges; /* that are still to be sorted */
	size_t range_count;
	size_t range_cap;
	struct rows_range range;  /* that is being sorted */
	size_t at;                /* the next one of it; a sweep's or check's next row */
	size_t same;              /* bytes that its texts have in common so far */
	uint64_t differ;          /* bits in which its keys differ */
	size_t heads[256];        /* for each value of a byte, where the next key with it goes */
	size_t ends[256];         /* ... and where those with it end */
	unsigned bucket;          /* the value whose keys are being brought home */
	size_t next_shown;        /* a sweep: the directory of the next row that is open */
	size_t tops;              /* a sweep: rows of the first level so far */
	bool skipping;            /* a sweep: rows that are indented further than ... */
	uint32_t skip_indent;     /* ... this have lost their parent */
};

/** Begin; `dir` is rows->dir but for a sort, `indent` that of its children. Returns NULL with ENOMEM. */
MUN_NODISCARD struct rows_make *rows_make_new(const struct rows *rows, enum rows_task task, entry_id dir, uint32_t indent);

/** Takes NULL. */
void rows_make_free(struct rows_make *make);

/**
 * Do so many units of work, and from then on rows->grain of them at a time until a time of rows_clock(); `quota` tells what is left.
 * The tree may change between two calls; a number must not be used again. Rows may be added at the end; while they
 * are sorted, anything may be done to those that are in use.
 */
MUN_NODISCARD enum rows_progress rows_make_run(struct rows_make *make, int64_t until, size_t *quota);

/** Nanoseconds of a monotonic clock. */
int64_t rows_clock(void);

/** Is it a directory that is open in place? */
bool rows_is_open(const struct rows *rows, entry_id id);

/** Do the settings let an entry have a row? */
bool rows_pass(const struct rows *rows, entry_id id);

/** Does it depend on the type of an entry, which may change, whether it has a row? */
bool rows_filter_types(const struct rows *rows);

/** Does a name, followed by '/' if `slash`, contain a text, ASCII case folded? */
bool rows_contains(const char *name, size_t len, bool slash, const char *text, size_t text_len);

/** Does the name of an entry (a directory's with '/' behind it) contain a text, ASCII case folded? */
bool rows_match(const struct rows *rows, entry_id id, const char *text, size_t text_len);

#endif
