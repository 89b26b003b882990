#include "layout.h"

struct rect rect_inset(struct rect rect, int dx, int dy)
{
	struct rect in = { rect.x + dx, rect.y + dy, rect.w - 2 * dx, rect.h - 2 * dy };

	if (rect_empty(&in))
		return (struct rect){ rect.x, rect.y, 0, 0 };
	return in;
}

struct rect rect_center(struct rect area, int w, int h)
{
	w = w < area.w ? w : area.w;
	h = h < area.h ? h : area.h;
	if (w <= 0 || h <= 0)
		return (struct rect){ area.x, area.y, 0, 0 };
	return (struct rect){ area.x + (area.w - w) / 2, area.y + (area.h - h) / 2, w, h };
}

void layout_screen(int cols, int rows, struct layout *layout)
{
	int status = rows > LAYOUT_HEIGHT;
	int hint = rows > LAYOUT_HEIGHT + 2;

	layout->panes = (struct rect){ 0, 0, cols, rows - status - hint };
	layout->status = (struct rect){ 0, rows - status - hint, status ? cols : 0, status };
	layout->hint = (struct rect){ 0, rows - hint, hint ? cols : 0, hint };
}

/** Where part `index` of `count` equal parts of a length begins; the first ones are longer by one. */
static int part_begin(int length, size_t count, size_t index)
{
	int each = length / (int)count;
	int longer = length % (int)count;

	return each * (int)index + ((int)index < longer ? (int)index : longer);
}

/** How many panes stand side by side, and in how many rows. */
static void wrap(const struct rect *area, size_t count, size_t *columns, size_t *rows)
{
	size_t fit = area->w < 2 * LAYOUT_COLUMN ? 1 : (size_t)(area->w / LAYOUT_COLUMN);

	fit = size_min(fit, count);
	*rows = (count + fit - 1) / fit;
	*columns = (count + *rows - 1) / *rows;
}

/** The panes of one row, side by side over its whole width. */
static void lay_row(struct rect row, size_t count, struct rect *panes)
{
	for (size_t i = 0; i < count; i++) {
		int begin = part_begin(row.w, count, i);
		int end = part_begin(row.w, count, i + 1);

		panes[i] = (struct rect){ row.x + begin, row.y, end - begin, row.h };
	}
}

void layout_panes(struct rect area, size_t count, size_t active, bool zoom, struct rect *panes)
{
	size_t columns;
	size_t rows;
	size_t shown;
	size_t first;

	for (size_t i = 0; i < count; i++)
		panes[i] = (struct rect){ area.x, area.y, 0, 0 };
	if (count == 0 || rect_empty(&area))
		return;
	active = size_min(active, count - 1);
	if (zoom) {
		panes[active] = area;
		return;
	}
	wrap(&area, count, &columns, &rows);
	shown = area.h < 2 * LAYOUT_HEIGHT ? 1 : size_min(rows, (size_t)(area.h / LAYOUT_HEIGHT));
	first = active / columns;
	first = first < shown ? 0 : first - shown + 1;
	for (size_t i = 0; i < shown; i++) {
		size_t begin = (first + i) * columns;
		int top = part_begin(area.h, shown, i);
		int bottom = part_begin(area.h, shown, i + 1);

		lay_row((struct rect){ area.x, area.y + top, area.w, bottom - top },
		        size_min(columns, count - begin), panes + begin);
	}
}

/** How far the span b lies outside of the span a: 0 if they overlap. */
static int gap(int a, int a_len, int b, int b_len)
{
	if (b >= a + a_len)
		return b - (a + a_len) + 1;
	if (a >= b + b_len)
		return a - (b + b_len) + 1;
	return 0;
}

size_t layout_neighbour(const struct rect *panes, size_t count, size_t from, int dx, int dy)
{
	const struct rect *here = &panes[from];
	size_t best = from;
	int best_cost = 0;

	for (size_t i = 0; i < count; i++) {
		const struct rect *there = &panes[i];
		int ahead = dx * (there->x - here->x) + dy * (there->y - here->y);
		int aside = dx ? gap(here->y, here->h, there->y, there->h) : gap(here->x, here->w, there->x, there->w);

		if (rect_empty(there) || ahead <= 0 || aside > 0)
			continue;
		if (best == from || ahead < best_cost) {
			best = i;
			best_cost = ahead;
		}
	}
	return best;
}
