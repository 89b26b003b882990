/*
 * Making the rows of a struct rows; for rows.c alone.
 * Thread: the tree's, for all functions.
 */
#ifndef MUNTIN_ROWS_MAKE_H
#define MUNTIN_ROWS_MAKE_H

#include "rows.h"

/**
 * Make the rows anew: sorted, or (`keep`) with the old ones in their order and new ones at the end of their directory.
 * Sets `items`, `shown`, `appended` and `dir_rows`. Returns -1 with ENOMEM, and then changes nothing.
 */
MUN_NODISCARD int rows_make(struct rows *rows, bool keep);

/** Do the settings let an entry have a row? */
bool rows_pass(const struct rows *rows, entry_id id);

/** Does it depend on the type of an entry, which may change, whether it has a row? */
bool rows_filter_types(const struct rows *rows);

/** Does the name of an entry (a directory's with '/' behind it) contain a text, ASCII case folded? */
bool rows_match(const struct rows *rows, entry_id id, const char *text, size_t text_len);

#endif
