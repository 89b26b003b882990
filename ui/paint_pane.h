/*
 * What the painters of panes share: the columns of a row, browsed or compared. Nobody else includes this.
 * Thread: main, for all functions.
 */
#ifndef MUNTIN_PAINT_PANE_H
#define MUNTIN_PAINT_PANE_H

#include "paint.h"
#include "session_compare.h"

enum { ROW_LEAD = 3, ROW_INDENT = 2 };

/** Which columns a pane has room for, and what that leaves to the name. */
struct columns {
	bool size;
	bool mode;
	bool time;
	int name;
};

/** The columns of a row: mark, sign, blank, name, and these. */
struct columns paint_columns_of(int width);

/** Append why a directory shows no rows: empty, or not read, or not readable. */
void paint_reason(const struct paint *p, const struct pane *pane, entry_id id, struct buf *out);

/** The columns behind the name. */
void paint_columns(const struct paint *p, const struct pane *pane, entry_id id, struct columns columns, int x, int y, uint16_t flags);

/** Their headings. */
void paint_column_heads(const struct paint *p, struct columns columns, int x, int y);

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
