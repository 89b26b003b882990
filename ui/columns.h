/*
 * The columns of a row: which, in what order, and where they stand in a pane of some width.
 *
 * Columns are left out from the right until the name has room; the name always stays. Knows no entries and no cells.
 * Thread: any, for all functions.
 */
#ifndef MUNTIN_COLUMNS_H
#define MUNTIN_COLUMNS_H

#include "base.h"
#include "buf.h"

/** What a column shows; identifier, name, cells, cells behind them that only some values need, right-aligned. */
#define COLUMN_TABLE(X) \
	X(NAME, "name", 0, 0, false) \
	X(SIZE, "size", 8, 0, true) \
	X(DISK, "disk", 8, 0, true) \
	X(MODE, "mode", 9, 1, false) \
	X(OCTAL, "octal", 5, 0, true) \
	X(MTIME, "mtime", 7, 0, false) \
	X(OWNER, "owner", 8, 0, false) \
	X(GROUP, "group", 8, 0, false) \
	X(LINKS, "links", 6, 0, true) \
	X(INODE, "inode", 10, 0, true) \
	X(COUNT, "count", 9, 0, true) \
	X(EXT, "ext", 6, 0, false)

#define X(id, ...) COLUMN_##id,
enum column { COLUMN_TABLE(X) COLUMN_KINDS };
#undef X

/** Columns in order, each at most once, the name among them. */
struct columns {
	uint8_t kinds[COLUMN_KINDS]; /* enum column */
	uint8_t count;
};

/** Where one of them stands. */
struct column_place {
	uint8_t kind;  /* enum column, not the name */
	int x;         /* from the beginning of the room */
	int width;
};

/** Where all of them stand. */
struct column_places {
	int sign;      /* where the sign before the name stands, a blank behind it; from the beginning of the room */
	int name;      /* where the name begins */
	int width;     /* of the name */
	size_t count;
	struct column_place at[COLUMN_KINDS];
};

/** name size mode mtime */
extern const struct columns columns_usual;

/**
 * Read names with commas or blanks between; a list without `name` begins with it. Returns NULL, or a few words on what is
 * wrong; nothing is changed then.
 */
MUN_NODISCARD const char *columns_parse(struct columns *columns, const char *list);

/** Append the names, as columns_parse() takes them. */
void columns_add(struct buf *out, const struct columns *columns);

/** The name of a column, which is its heading too. */
const char *column_name(enum column kind);

/** Does it stand at the right end of its cells? */
bool column_is_right(enum column kind);

/** Place the columns in `width` cells. */
void columns_place(const struct columns *columns, int width, struct column_places *places);

#endif
