/*
 * What the files that keep rows share; see rows_work.c for the whole picture. Nobody else includes this.   Thread: the tree's, for all functions.
 */
#ifndef MUNTIN_ROWS_IMPL_H
#define MUNTIN_ROWS_IMPL_H

#include "rows_make.h"

#define SECOND INT64_C(1000000000)

/** The entry of a row. */
static inline const struct entry *entry_at(const struct rows *rows, entry_id id)
{
	return tree_entry(rows->tree, id);
}

/** Is everything being sorted? */
static inline bool rows_makes_all(const struct rows *rows)
{
	return rows->make && rows->make->task == ROWS_SORT && rows->make->indent == 0;
}

/** The order may be as bad as that now. */
static inline void rows_spoil(struct rows *rows, enum rows_order order)
{
	rows->order = order > rows->order ? order : rows->order;
}

/** What is being made is not wanted any more. */
static inline void rows_stop_making(struct rows *rows)
{
	rows_make_free(rows->make);
	rows->make = NULL;
	rows->ready = false;
}

/** Nobody knows any more which children have rows but by their place. */
static inline void rows_forget_known(struct rows *rows)
{
	free(rows->known);
	rows->known = NULL;
	rows->known_size = 0;
}

/** The rows below a directory that was opened are made: put them there, if it is still so. Returns -1 with ENOMEM. */
MUN_NODISCARD int rows_insert_block(struct rows *rows);

/** Take away the rows below a directory that was closed. */
void rows_remove_block(struct rows *rows, size_t row);

/** Does the order depend on what is below the entries? */
bool rows_by_totals(const struct rows *rows);

/** Are there children that nobody has looked at? */
bool rows_is_behind(const struct rows *rows);

/** Is nothing listed of a directory in which there is something? */
bool rows_is_first(const struct rows *rows);

/** Bring the rows in line with what has happened to the tree. While they are swept, nothing is inserted but at the end. Returns -1 with ENOMEM. */
MUN_NODISCARD int rows_look_around(struct rows *rows, int64_t now, int64_t until);

/** When do the keys that were pressed allow rows to move? */
int64_t rows_key_due(const struct rows *rows, int64_t last_key);

/** When may the rows be sorted? */
int64_t rows_sort_due(const struct rows *rows, int64_t last_key);

/**
 * A slice of work; the cursor stays on this line of the screen. A short list never needs a second one, however slow the machine is: the first
 * units are not timed. Returns -1 with ENOMEM.
 */
MUN_NODISCARD int rows_work(struct rows *rows, int64_t now, int64_t last_key, size_t line);

/** Out of memory: let go of what is not in the tree any more, and try again later. */
void rows_drop_gone(struct rows *rows);

/** Is there something to do at once? */
bool rows_has_work(const struct rows *rows);

/** When the cursor's row goes, one close behind it takes its place; one before it, if none is behind. */
void rows_choose_heir(struct rows *rows);

/** Find the cursor's row and scroll so that it stays on its line of the screen. */
void rows_place_cursor(struct rows *rows, size_t line);

#endif
