#include "grid.h"

#include <string.h>

#include "keys.h"
#include "text.h"

static const char *const symbols_utf8[GRID_SYMBOLS] = {
	[GRID_HLINE] = "─", [GRID_VLINE] = "│",
	[GRID_TOP_LEFT] = "┌", [GRID_TOP_RIGHT] = "┐",
	[GRID_BOTTOM_LEFT] = "└", [GRID_BOTTOM_RIGHT] = "┘",
	[GRID_TEE_LEFT] = "├", [GRID_TEE_RIGHT] = "┤",
};

static const char *const symbols_ascii[GRID_SYMBOLS] = {
	[GRID_HLINE] = "-", [GRID_VLINE] = "|",
	[GRID_TOP_LEFT] = "+", [GRID_TOP_RIGHT] = "+",
	[GRID_BOTTOM_LEFT] = "+", [GRID_BOTTOM_RIGHT] = "+",
	[GRID_TEE_LEFT] = "+", [GRID_TEE_RIGHT] = "+",
};

static int int_min(int a, int b)
{
	return a < b ? a : b;
}

static int int_clamp(int value, int low, int high)
{
	return value < low ? low : int_min(value, high);
}

static struct cell *cell_at(struct grid *grid, int x, int y)
{
	return &grid->cells[(size_t)y * (size_t)grid->cols + (size_t)x];
}

static void cell_blank(struct cell *cell, uint16_t style)
{
	*cell = (struct cell){ .style = style, .width = 1, .len = 1, .bytes = " " };
}

/** Before (x, y) gets another text: the other half of a wide character there becomes a blank. */
static void cell_release(struct grid *grid, int x, int y)
{
	struct cell *cell = cell_at(grid, x, y);

	if (cell->width == 0 && x > 0)
		cell_blank(cell - 1, cell[-1].style);
	if (cell->width == 2 && x + 1 < grid->cols)
		cell_blank(cell + 1, cell[1].style);
}

void grid_init(struct grid *grid, bool ascii)
{
	*grid = (struct grid){ .cursor_x = -1, .cursor_y = -1, .ascii = ascii };
}

void grid_fini(struct grid *grid)
{
	free(grid->cells);
	grid_init(grid, grid->ascii);
}

int grid_resize(struct grid *grid, int cols, int rows)
{
	cols = int_clamp(cols, 1, GRID_SIDE);
	rows = int_clamp(rows, 1, GRID_SIDE);
	if (vec_grow(&grid->cells, &grid->cap, (size_t)cols * (size_t)rows, sizeof *grid->cells) != 0)
		return -1;
	grid->cols = cols;
	grid->rows = rows;
	grid_clear(grid);
	return 0;
}

void grid_clear(struct grid *grid)
{
	size_t count = (size_t)grid->cols * (size_t)grid->rows;

	for (size_t i = 0; i < count; i++)
		cell_blank(&grid->cells[i], 0);
	grid->cursor_x = -1;
	grid->cursor_y = -1;
}

/** Write one cluster where it is known to fit into the limit; what the grid's sides cut becomes a blank. */
static void put_cluster(struct grid *grid, int x, int y, const char *bytes, size_t len, int width, uint16_t style)
{
	struct cell *cell;

	if (x + width <= 0 || x >= grid->cols)
		return;
	if (x < 0 || x + width > grid->cols || len > GRID_CLUSTER) {
		grid_fill(grid, x, y, width, 1, style);
		return;
	}
	if (grid->ascii && (unsigned char)bytes[0] >= 0x80) {
		put_cluster(grid, x, y, "?", 1, 1, style);
		grid_fill(grid, x + 1, y, width - 1, 1, style);
		return;
	}
	cell_release(grid, x, y);
	if (width == 2)
		cell_release(grid, x + 1, y);
	cell = cell_at(grid, x, y);
	*cell = (struct cell){ .style = style, .width = (uint8_t)width, .len = (uint8_t)len };
	memcpy(cell->bytes, bytes, len);
	if (width == 2)
		cell[1] = (struct cell){ .style = style };
}

int grid_put(struct grid *grid, int x, int y, int max_width, const char *text, size_t len, uint16_t style)
{
	bool shown = y >= 0 && y < grid->rows;
	int used = 0;

	while (len > 0 && used < max_width && x + used < grid->cols) {
		int width;
		size_t bytes = text_next(text, len, &width);

		if (used + width > max_width) {
			grid_fill(grid, x + used, y, 1, 1, style);
			return max_width;
		}
		if (shown)
			put_cluster(grid, x + used, y, text, bytes, width, style);
		used += width;
		text += bytes;
		len -= bytes;
	}
	return used;
}

int grid_put_str(struct grid *grid, int x, int y, int max_width, const char *str, uint16_t style)
{
	return grid_put(grid, x, y, max_width, str, strlen(str), style);
}

/** Cut a rectangle to the grid. Returns whether anything of it is left. */
static bool clip(const struct grid *grid, int *x, int *y, int *width, int *height)
{
	int right = *width < grid->cols - *x ? *x + *width : grid->cols;
	int bottom = *height < grid->rows - *y ? *y + *height : grid->rows;

	*x = *x < 0 ? 0 : *x;
	*y = *y < 0 ? 0 : *y;
	*width = right - *x;
	*height = bottom - *y;
	return *width > 0 && *height > 0;
}

void grid_fill(struct grid *grid, int x, int y, int width, int height, uint16_t style)
{
	if (!clip(grid, &x, &y, &width, &height))
		return;
	for (int row = y; row < y + height; row++) {
		cell_release(grid, x, row);
		cell_release(grid, x + width - 1, row);
		for (int col = x; col < x + width; col++)
			cell_blank(cell_at(grid, col, row), style);
	}
}

void grid_restyle(struct grid *grid, int x, int y, int width, int height, uint16_t style)
{
	if (!clip(grid, &x, &y, &width, &height))
		return;
	for (int row = y; row < y + height; row++)
		for (int col = x; col < x + width; col++)
			cell_at(grid, col, row)->style = style;
}

void grid_symbol(struct grid *grid, int x, int y, enum grid_symbol symbol, int count, uint16_t style)
{
	const char *text = grid->ascii ? symbols_ascii[symbol] : symbols_utf8[symbol];
	size_t len = strlen(text);
	int width = symbol == GRID_VLINE ? 1 : count;
	int height = symbol == GRID_VLINE ? count : 1;

	if (!clip(grid, &x, &y, &width, &height))
		return;
	for (int row = y; row < y + height; row++)
		for (int col = x; col < x + width; col++)
			put_cluster(grid, col, row, text, len, 1, style);
}

void grid_box(struct grid *grid, int x, int y, int width, int height, uint16_t style)
{
	int right = x + width - 1;
	int bottom = y + height - 1;

	if (width < 1 || height < 1)
		return;
	grid_symbol(grid, x, y, GRID_HLINE, width, style);
	grid_symbol(grid, x, bottom, GRID_HLINE, width, style);
	if (height == 1)
		return;
	grid_symbol(grid, x, y, GRID_VLINE, height, style);
	grid_symbol(grid, right, y, GRID_VLINE, height, style);
	if (width == 1)
		return;
	grid_symbol(grid, x, y, GRID_TOP_LEFT, 1, style);
	grid_symbol(grid, right, y, GRID_TOP_RIGHT, 1, style);
	grid_symbol(grid, x, bottom, GRID_BOTTOM_LEFT, 1, style);
	grid_symbol(grid, right, bottom, GRID_BOTTOM_RIGHT, 1, style);
}

void grid_cursor(struct grid *grid, int x, int y)
{
	grid->cursor_x = int_clamp(x, 0, grid->cols - 1);
	grid->cursor_y = int_clamp(y, 0, grid->rows - 1);
}

const struct cell *grid_at(const struct grid *grid, int x, int y)
{
	assert(x >= 0 && x < grid->cols && y >= 0 && y < grid->rows);
	return &grid->cells[(size_t)y * (size_t)grid->cols + (size_t)x];
}

/** Whether every terminal is known to draw a cell as wide as we say. */
static bool is_sure(const struct cell *cell)
{
	static const struct { uint32_t first; uint32_t last; } sure[] = {
		{ 0xa1, 0x2ff }, { 0x370, 0x482 }, { 0x48a, 0x52f }, { 0x2010, 0x2027 }, { 0x2190, 0x21ff },
		{ 0x2260, 0x2265 }, { 0x2500, 0x25fc }, { 0x2713, 0x2717 }, { 0x2800, 0x28ff },
	};
	uint32_t scalar;

	if (cell->len <= 1)
		return cell->width == 1;
	if (cell->width != 1 || utf8_decode(cell->bytes, cell->len, &scalar) != cell->len)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(sure); i++)
		if (scalar >= sure[i].first && scalar <= sure[i].last)
			return true;
	return false;
}

int grid_unsure(const struct grid *grid, int y, int x, int *end)
{
	const struct cell *cells = grid_at(grid, 0, y);
	int begin = x;

	while (begin < grid->cols && is_sure(&cells[begin]))
		begin++;
	*end = begin;
	while (*end < grid->cols && !is_sure(&cells[*end]))
		(*end)++;
	return begin;
}

void grid_dump(const struct grid *grid, struct buf *out)
{
	for (int y = 0; y < grid->rows; y++) {
		const struct cell *row = grid_at(grid, 0, y);
		int end = grid->cols;

		while (end > 0 && row[end - 1].len == 1 && row[end - 1].bytes[0] == ' ')
			end--;
		for (int x = 0; x < end; x++)
			buf_add(out, row[x].bytes, row[x].len);
		buf_add_byte(out, '\n');
	}
}
