/*
 * The picture of one frame: a matrix of cells that painters fill and a terminal shows.
 *
 * A cell holds one cluster (a character with its combining marks), its width and the id of its style; what a
 * style looks like is style.h's business. A wide character owns two cells: the second has width 0 and no bytes.
 * Only safe text comes here: what text_add() made, and our own literals. Whatever is put is cut at the grid's
 * edges and at `max_width`; half a wide character never remains, a blank stands in for it.
 */
#ifndef MUNTIN_GRID_H
#define MUNTIN_GRID_H

#include "base.h"
#include "buf.h"

enum {
	GRID_CLUSTER = 20,  /* bytes of the longest cluster: a base and four marks, four bytes each */
	GRID_SIDE = 4096,   /* more columns or rows than this are left unused */
};

struct cell {
	uint16_t style;           /* an id of style.h */
	uint8_t width;            /* 1 or 2 cells; 0: the right half of the wide character before it */
	uint8_t len;              /* bytes in use; 0 only where the width is 0 */
	char bytes[GRID_CLUSTER]; /* UTF-8, not terminated */
};

struct grid {
	struct cell *cells;  /* row by row; NULL while there is none */
	size_t cap;          /* cells allocated */
	int cols;
	int rows;
	int cursor_x;        /* where the hardware cursor rests; -1: hidden */
	int cursor_y;
	bool ascii;          /* the locale has no UTF-8: boxes are drawn in ASCII, other text becomes `?` */
};

/** The lines of a box: where two panes touch, joints replace corners. */
enum grid_symbol {
	GRID_HLINE,
	GRID_VLINE,
	GRID_TOP_LEFT,
	GRID_TOP_RIGHT,
	GRID_BOTTOM_LEFT,
	GRID_BOTTOM_RIGHT,
	GRID_TEE_LEFT,    /* in the left side of a box, where an inner line begins */
	GRID_TEE_RIGHT,
	GRID_SYMBOLS
};

/** An empty grid of no size; needs no memory.   Thread: main. */
void grid_init(struct grid *grid, bool ascii);

/** Give the memory back.   Thread: main. */
void grid_fini(struct grid *grid);

/**
 * Take another size (cut to 1 … GRID_SIDE each way) and become blank, as after grid_clear().
 * Returns 0, or -1 with ENOMEM; the grid is then unchanged.   Thread: main.
 */
MUN_NODISCARD int grid_resize(struct grid *grid, int cols, int rows);

/** Blank every cell (style 0) and hide the cursor.   Thread: main. */
void grid_clear(struct grid *grid);

/**
 * Write safe text at (x, y) into at most `max_width` cells and not beyond the right edge; what lies left of column 0
 * or outside the rows is passed over. A wide character of which only half has room becomes a blank.
 * Returns the cells used, up to the right edge, what lies left of column 0 included.   Thread: main.
 */
int grid_put(struct grid *grid, int x, int y, int max_width, const char *text, size_t len, uint16_t style);

/** The same for a literal, as wide as it is.   Thread: main. */
int grid_put_str(struct grid *grid, int x, int y, int max_width, const char *str, uint16_t style);

/** Blank a rectangle in a style; a wide character cut by its side loses the other half.   Thread: main. */
void grid_fill(struct grid *grid, int x, int y, int width, int height, uint16_t style);

/** Give the cells of a rectangle another style and keep their text.   Thread: main. */
void grid_restyle(struct grid *grid, int x, int y, int width, int height, uint16_t style);

/** Draw one symbol, or a run of it to the right (or down, GRID_VLINE).   Thread: main. */
void grid_symbol(struct grid *grid, int x, int y, enum grid_symbol symbol, int count, uint16_t style);

/** Draw the sides of a rectangle; a single row or column is a line.   Thread: main. */
void grid_box(struct grid *grid, int x, int y, int width, int height, uint16_t style);

/** Let the hardware cursor rest at (x, y), cut to the grid.   Thread: main. */
void grid_cursor(struct grid *grid, int x, int y);

/** The cell at (x, y), which must be inside.   Thread: main. */
const struct cell *grid_at(const struct grid *grid, int x, int y);

/**
 * Where in row `y`, at or behind `x`, the next run of cells begins that some terminal may draw wider or narrower than
 * we do; `*end` is where it ends. Both are the number of columns when there is none.   Thread: main.
 */
int grid_unsure(const struct grid *grid, int y, int x, int *end);

/** The cells as text, one line a row, without the blanks at its end.   Thread: main. */
void grid_dump(const struct grid *grid, struct buf *out);

#endif
