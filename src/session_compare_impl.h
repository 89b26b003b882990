/*
 * What the files of the comparison on the screen share. Nobody else includes this.   Thread: main, for all functions.
 */
#ifndef MUNTIN_SESSION_COMPARE_IMPL_H
#define MUNTIN_SESSION_COMPARE_IMPL_H

#include "session_compare.h"

/** Take over what the threads have read, before rows are looked at again. */
void comparison_take_contents(struct comparison *comparison);

/** Give the threads more to read, once the rows were looked at. */
void comparison_ask_contents(struct comparison *comparison);

/** The panes themselves are where the comparison is: what they show is watched, and they stay there when it ends. */
void comparison_show_dirs(struct comparison *comparison);

/** The cursor goes to the row that was wished for, once that is there, unless it was moved meanwhile. */
void comparison_find_wanted(struct comparison *comparison);

/** Remember where the cursor is, for a comparison made anew. */
void comparison_remember_place(struct comparison *comparison);

/** The row that the cursor was on is wanted again, or the nearest one above it that there is still. */
void comparison_want_place(struct comparison *comparison);

/** The parents of the compared directories are compared. False when one of them has none. */
bool comparison_rise(struct comparison *comparison);

#endif
