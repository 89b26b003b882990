/*
 * Where things stand on the screen: pure rectangles, for any size from 1×1.
 */
#ifndef MUNTIN_LAYOUT_H
#define MUNTIN_LAYOUT_H

#include "base.h"

enum {
	LAYOUT_COLUMN = 24,  /* a pane narrower than this wraps into another row of panes */
	LAYOUT_SPARE = 8,    /* panes that are lower spare no line for what is said about them all */
	LAYOUT_HEIGHT = 3,   /* a pane lower than this is of no use: rows of panes that do not fit are left out */
};

struct rect {
	int x;
	int y;
	int w;  /* 0 with h 0: not shown */
	int h;
};

struct layout {
	struct rect panes;   /* what all the panes share */
	struct rect status;  /* one line, or empty */
	struct rect hint;    /* one line, or empty */
};

/** Whether nothing of it is on the screen.   Thread: any. */
static inline bool rect_empty(const struct rect *rect)
{
	return rect->w <= 0 || rect->h <= 0;
}

/** The rectangle `dx` and `dy` smaller at each side; empty when nothing is left.   Thread: any. */
struct rect rect_inset(struct rect rect, int dx, int dy);

/** A rectangle of at most w × h in the middle of `area`.   Thread: any. */
struct rect rect_center(struct rect area, int w, int h);

/** Share the screen: the last two lines are status and hint when the panes can spare them.   Thread: any. */
void layout_screen(int cols, int rows, struct layout *layout);

/**
 * Share `area` among `count` panes: equal columns side by side, wrapped into a grid when narrower than LAYOUT_COLUMN; the
 * last row's panes share its whole width. Rows of panes that would be lower than LAYOUT_HEIGHT are left out (empty
 * rectangles), never the one with pane `active`. With `zoom` the active pane has it all.   Thread: any.
 */
void layout_panes(struct rect area, size_t count, size_t active, bool zoom, struct rect *panes);

/**
 * The pane next to `from` when walking in a direction (-1, 0 or 1 each), as laid out by layout_panes(); `from` when
 * there is none.   Thread: any.
 */
size_t layout_neighbour(const struct rect *panes, size_t count, size_t from, int dx, int dy);

#endif
