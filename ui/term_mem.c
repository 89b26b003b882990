#include "term.h"

#include <string.h>

#include "keys.h"

/** The terminal in memory: the last grid shown, and keys waiting in a queue. */
struct mem_term {
	struct term term;        /* first: they share their address */
	struct grid grid;
	struct term_event *keys; /* from `first` on */
	size_t first;
	size_t count;
	size_t cap;
	int cols;
	int rows;
	bool hung_up;
};

static struct mem_term *mem(struct term *term)
{
	return (struct mem_term *)term;
}

static void mem_size(struct term *term, int *cols, int *rows)
{
	*cols = mem(term)->cols;
	*rows = mem(term)->rows;
}

static int mem_show(struct term *term, const struct grid *grid, const struct styles *styles)
{
	struct grid *shown = &mem(term)->grid;

	(void)styles;
	if (!term->active)
		return 0;
	if (grid_resize(shown, grid->cols, grid->rows) != 0)
		return -1;
	memcpy(shown->cells, grid->cells, (size_t)grid->cols * (size_t)grid->rows * sizeof *grid->cells);
	shown->cursor_x = grid->cursor_x;
	shown->cursor_y = grid->cursor_y;
	return 0;
}

static void mem_read(struct term *term, struct term_event *event)
{
	struct mem_term *self = mem(term);

	*event = (struct term_event){ .type = TERM_EVENT_NONE, .key = K_NONE };
	if (self->first < self->count)
		*event = self->keys[self->first++];
	else if (self->hung_up)
		event->type = TERM_EVENT_LOST;
}

static int64_t mem_deadline(const struct term *term)
{
	(void)term;
	return -1;
}

static void mem_flush(struct term *term)
{
	mem(term)->first = mem(term)->count;
}

static void mem_leave(struct term *term)
{
	term->active = false;
}

static int mem_enter(struct term *term)
{
	term->active = true;
	return 0;
}

static void mem_redraw(struct term *term)
{
	(void)term;
}

static bool mem_behind(const struct term *term)
{
	(void)term;
	return false;
}

static void mem_free(struct term *term)
{
	struct mem_term *self = mem(term);

	grid_fini(&self->grid);
	free(self->keys);
	free(self);
}

static const struct term_ops mem_ops = {
	.size = mem_size, .show = mem_show, .read = mem_read, .deadline = mem_deadline, .flush = mem_flush,
	.leave = mem_leave, .enter = mem_enter, .redraw = mem_redraw, .behind = mem_behind, .free = mem_free,
};

struct term *term_mem_new(int cols, int rows, bool utf8)
{
	struct mem_term *self = calloc(1, sizeof *self);

	if (!self)
		return NULL;
	self->term = (struct term){ .ops = &mem_ops, .fd = -1, .utf8 = utf8, .active = true, .colors = 256 };
	grid_init(&self->grid, !utf8);
	term_mem_resize(&self->term, cols, rows);
	return &self->term;
}

int term_mem_feed(struct term *term, uint32_t key, bool pasted)
{
	struct mem_term *self = mem(term);

	if (self->first == self->count)
		self->first = self->count = 0;
	if (vec_grow(&self->keys, &self->cap, self->count + 1, sizeof *self->keys) != 0)
		return -1;
	self->keys[self->count++] = (struct term_event){ .type = TERM_EVENT_KEY, .key = key, .pasted = pasted };
	return 0;
}

void term_mem_resize(struct term *term, int cols, int rows)
{
	mem(term)->cols = cols < 1 ? 1 : cols > GRID_SIDE ? GRID_SIDE : cols;
	mem(term)->rows = rows < 1 ? 1 : rows > GRID_SIDE ? GRID_SIDE : rows;
}

void term_mem_hang_up(struct term *term)
{
	mem(term)->hung_up = true;
}

void term_mem_dump(const struct term *term, struct buf *out)
{
	grid_dump(&((const struct mem_term *)term)->grid, out);
}
