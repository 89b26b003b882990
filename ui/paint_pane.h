/*
 * What the painters of panes share: the columns of a row, browsed or compared. Nobody else includes this.
 * Thread: main, for all functions.
 */
#ifndef MUNTIN_PAINT_PANE_H
#define MUNTIN_PAINT_PANE_H

#include "columns.h"
#include "paint.h"
#include "session_compare.h"

enum {
	ROW_MARK = 1,   /* cells before the room for columns */
	ROW_INDENT = 2,
};

/** What the columns other than the name show; `x` is where the room of columns_place() begins. */
void paint_columns(const struct paint *p, const struct pane *pane, entry_id id, const struct column_places *places, int x, int y,
		   uint16_t flags);

/** Append why a directory shows no rows: empty, or not read, or not readable. */
void paint_reason(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out);

/** The headings, that of the name too. */
void paint_column_heads(const struct paint *p, const struct column_places *places, int x, int y);

/** Is there something below that could not be read, or will not be any more? */
bool paint_is_partial(const struct pane *pane, const struct totals *total);

/** Append the size of a total with what is to be known of it: at least so much, or growing. */
void paint_total(const struct paint *p, const struct pane *pane, const struct totals *total, struct buf *out);

/** The sign before a name: what kind it is, or `!`. */
const char *paint_row_sign(const struct paint *p, const struct pane *pane, entry_id id);

/** Append what an entry is, beyond its row. */
void paint_facts(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out);

/** What kind of file a mode is: "directory". */
const char *paint_type_name(uint32_t mode);

/** Append what is known of a row, in words. */
void paint_verdict(const struct comparison *comparison, compare_id row, struct buf *out);

/** Why a pane has nothing of the directory that is compared, in a word or two: "not here". NULL: it has. */
const char *paint_absence(const struct pane *pane);

/** The headings and the rows of a pane that is compared. */
void paint_compared_header(const struct paint *p, const struct comparison *comparison, struct rect line);
void paint_compared_rows(const struct paint *p, const struct comparison *comparison, const struct pane *pane, struct rect area, bool active,
			 bool cursor);

#endif
