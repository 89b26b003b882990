/*
 * The terminal proper. The only file that knows curses.
 *
 * Curses finds out what differs from the frame before; rows equal to the last grid are not even handed to it. It is told
 * nothing of keys and signals: bytes are read and decoded by input.c, its signal handlers are taken out again, and the
 * size is asked from the kernel when the loop wants to know.
 *
 * A terminal may draw a character wider or narrower than our table says. Curses moves relative to where it believes
 * the cursor to be, so such a character would shift what follows. A changed row with characters of that kind is
 * therefore sent in steps: blanks first, then up to the end of each run of them, and after each step the cursor
 * goes to the beginning of the row in a way that does not depend on where it was.
 */
#define NCURSES_WIDECHAR 1
#include "term.h"

#include <curses.h>
#include <langinfo.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <termcap.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "keys.h"
#include "text.h"
#include "tty.h"

enum { PAIRS_MAX = 256 };

/** A colour pair that curses knows; its number is its index + 1. */
struct pair {
	int16_t fg;
	int16_t bg;
};

struct curses_term {
	struct term term;        /* first: they share their address */
	struct tty tty;
	struct grid shown;       /* the last grid handed to curses */
	bool stale;              /* `shown` does not count: hand over everything */
	SCREEN *screen;
	FILE *in;
	FILE *out;
	cchar_t *row;            /* room for one row */
	size_t row_cap;
	struct buf bytes;        /* what is sent past curses, whose own buffer is empty after an update */
	struct pair pairs[PAIRS_MAX];
	int pair_count;
	int pair_max;
	bool ansi;               /* control sequences begin with ESC [ */
	pthread_t owner;
};

static struct curses_term *curses_of(struct term *term)
{
	struct curses_term *self = (struct curses_term *)term;

	assert(pthread_equal(self->owner, pthread_self()));
	return self;
}

/** A string of the terminal's description, or NULL. */
static const char *capability(const char *name)
{
	const char *value = tigetstr(name);

	return value == (const char *)-1 || (value && *value == '\0') ? NULL : value;
}

/** Load the description of a type. Returns NULL, or what is wrong with it. */
static const char *load_type(const char *type)
{
	int found = type && *type ? tgetent(NULL, type) : 0;

	if (!type || *type == '\0')
		return "TERM is not set";
	if (found < 0)
		return "there is no terminal database";
	if (found == 0)
		return "unknown terminal type";
	if (!capability("cup") || !capability("clear"))
		return "this terminal cannot move the cursor";
	return NULL;
}

/** Whether control sequences begin with ESC [, so that private modes do no harm. */
static bool type_is_ansi(void)
{
	const char *address = capability("cup");

	return address && strncmp(address, "\033[", 2) == 0;
}

void term_restore_bytes(const char *type, struct buf *out)
{
	if (load_type(type))
		return;
	tty_unpad(out, capability("sgr0"));
	tty_unpad(out, capability("op"));
	if (type_is_ansi())
		buf_add_str(out, "\033[?2004l\033[?1000l\033[?1002l\033[?1003l\033[?1006l");
	tty_unpad(out, capability("rmkx"));
	tty_unpad(out, capability("rmcup"));
	tty_unpad(out, capability("cnorm"));
	/* a screen that stays: the shell goes on in its last line */
	if (type_is_ansi() && !capability("rmcup"))
		buf_add_str(out, "\033[9999;1H\033[K");
}

const char *term_curses_version(void)
{
	return curses_version();
}

static void curses_size(struct term *term, int *cols, int *rows)
{
	tty_size(&curses_of(term)->tty, cols, rows);
}

/** The pair of two colours, made when it is needed first; 0, the terminal's own, when there are no more. */
static short pair_of(struct curses_term *self, int16_t fg, int16_t bg)
{
	if (fg == INK_DEFAULT && bg == INK_DEFAULT)
		return 0;
	for (int i = 0; i < self->pair_count; i++)
		if (self->pairs[i].fg == fg && self->pairs[i].bg == bg)
			return (short)(i + 1);
	if (self->pair_count >= self->pair_max || init_pair((short)(self->pair_count + 1), fg, bg) == ERR)
		return 0;
	self->pairs[self->pair_count++] = (struct pair){ fg, bg };
	return (short)self->pair_count;
}

/** A style as curses has it. */
static attr_t attrs_of(struct curses_term *self, const struct styles *styles, uint16_t style, short *pair)
{
	static const struct { uint16_t attr; attr_t curses; } table[] = {
		{ ATTR_BOLD, A_BOLD }, { ATTR_DIM, A_DIM }, { ATTR_ITALIC, A_ITALIC },
		{ ATTR_UNDERLINE, A_UNDERLINE }, { ATTR_REVERSE, A_REVERSE },
	};
	struct style_look look = styles_look(styles, style);
	attr_t attrs = A_NORMAL;

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (look.attrs & table[i].attr)
			attrs |= table[i].curses;
	if ((attrs & A_ITALIC) && !(termattrs() & A_ITALIC))
		attrs = (attrs & ~A_ITALIC) | A_UNDERLINE;
	*pair = 0;
	if (self->term.colors < 8)
		return attrs;
	if (look.fg >= 8 && look.fg < 16 && self->term.colors < 16)
		attrs |= A_BOLD;
	*pair = pair_of(self, (int16_t)style_color_reduce(look.fg, self->term.colors),
	                (int16_t)style_color_reduce(look.bg, self->term.colors));
	return attrs;
}

/** The characters of a cell; `?` for what the terminal, or curses, cannot show with this width. Returns its width. */
static int cell_chars(const struct curses_term *self, const struct cell *cell, wchar_t chars[CCHARW_MAX + 1])
{
	size_t count = 0;
	int width;

	for (size_t at = 0; at < cell->len && count < CCHARW_MAX;) {
		uint32_t scalar;
		int used = utf8_decode(cell->bytes + at, cell->len - at, &scalar);

		if (used <= 0)
			break;
		chars[count++] = (wchar_t)scalar;
		at += (size_t)used;
	}
	chars[count] = L'\0';
	width = count > 0 && (chars[0] < 0x80 || self->term.utf8) ? wcwidth(chars[0]) : -1;
	if (width >= 1 && width <= cell->width && chars[0] >= ' ')
		return width;
	chars[0] = L'?';
	chars[1] = L'\0';
	return 1;
}

/** Hand the cells from `from` to `to` of a row to curses. */
static void put_cells(struct curses_term *self, const struct grid *grid, const struct styles *styles, int y, int from,
                      int to)
{
	const struct cell *cells = grid_at(grid, 0, y);
	attr_t attrs = A_NORMAL;
	short pair = 0;
	int style = -1;
	int count = 0;

	for (int x = from; x < to; x++) {
		wchar_t chars[CCHARW_MAX + 1];
		int width;

		if (cells[x].width == 0)
			continue;
		if (cells[x].style != style) {
			style = cells[x].style;
			attrs = attrs_of(self, styles, cells[x].style, &pair);
		}
		width = cell_chars(self, &cells[x], chars);
		setcchar(&self->row[count++], chars, attrs, pair, NULL);
		for (; width < cells[x].width; width++)
			setcchar(&self->row[count++], L" ", attrs, pair, NULL);
	}
	if (count > 0)
		mvadd_wchnstr(y, from, self->row, count);
}

/**
 * Send what was handed over, of which the characters before column `end` of a row are in doubt, and set the cursor to
 * the beginning of that row beyond all doubt. Curses goes there by a carriage return, which is sure, unless going back
 * cell by cell is as short: then we set it once more.
 */
static void settle(struct curses_term *self, int y, int end)
{
	move(y, 0);
	refresh();
	if (end > 4)
		return;
	buf_clear(&self->bytes);
	tty_unpad(&self->bytes, tparm(capability("cup"), y, 0, 0, 0, 0, 0, 0, 0, 0));
	tty_send(&self->tty, self->bytes.data, self->bytes.len);
}

/** Show a row with cells that a terminal may draw with another width than ours. */
static void show_unsure(struct curses_term *self, const struct grid *grid, const struct styles *styles, int y)
{
	int from = 0;
	int end;

	while (from < grid->cols) {
		bool doubt = grid_unsure(grid, y, from, &end) < grid->cols;

		put_cells(self, grid, styles, y, from, end);
		if (doubt)
			settle(self, y, end);
		from = end;
	}
}

static bool same_row(const struct grid *a, const struct grid *b, int y)
{
	return memcmp(grid_at(a, 0, y), grid_at(b, 0, y), (size_t)a->cols * sizeof(struct cell)) == 0;
}

/** Hand over the rows that changed; those in doubt become blank first, and stand once all others do. */
static void show_rows(struct curses_term *self, const struct grid *grid, const struct styles *styles)
{
	bool doubt = false;

	for (int y = 0; y < grid->rows; y++) {
		int end;
		int begin = grid_unsure(grid, y, 0, &end);

		if (!self->stale && same_row(&self->shown, grid, y))
			continue;
		put_cells(self, grid, styles, y, 0, begin);
		if (begin == grid->cols)
			continue;
		move(y, begin);
		clrtoeol();
		doubt = true;
	}
	if (!doubt)
		return;
	refresh();
	for (int y = 0; y < grid->rows; y++) {
		int end;

		if (grid_unsure(grid, y, 0, &end) < grid->cols && (self->stale || !same_row(&self->shown, grid, y)))
			show_unsure(self, grid, styles, y);
	}
}

/** Give curses the size of the grid when it changed: what the terminal shows then is anybody's guess. */
static int take_size(struct curses_term *self, const struct grid *grid)
{
	if (vec_grow(&self->row, &self->row_cap, 2 * (size_t)grid->cols, sizeof *self->row) != 0)
		return -1;
	if (grid->cols == self->shown.cols && grid->rows == self->shown.rows)
		return 0;
	if (grid_resize(&self->shown, grid->cols, grid->rows) != 0)
		return -1;
	if (resize_term(grid->rows, grid->cols) == ERR)
		return -1;
	erase();
	clearok(curscr, TRUE);
	self->stale = true;
	return 0;
}

static int curses_show(struct term *term, const struct grid *grid, const struct styles *styles)
{
	struct curses_term *self = curses_of(term);

	if (self->tty.lost)
		return -1;
	if (!term->active)
		return 0;
	if (take_size(self, grid) != 0)
		return -1;
	show_rows(self, grid, styles);
	memcpy(self->shown.cells, grid->cells, (size_t)grid->cols * (size_t)grid->rows * sizeof *grid->cells);
	self->stale = false;
	curs_set(grid->cursor_x >= 0);
	move(grid->cursor_x >= 0 ? grid->cursor_y : 0, grid->cursor_x >= 0 ? grid->cursor_x : 0);
	refresh();
	return self->tty.lost ? -1 : 0;
}

static void curses_read(struct term *term, struct term_event *event)
{
	tty_read(&curses_of(term)->tty, term->active, event);
}

static int64_t curses_deadline(const struct term *term)
{
	return input_deadline(&((const struct curses_term *)term)->tty.input);
}

static void curses_flush(struct term *term)
{
	tty_flush(&curses_of(term)->tty);
}

static bool curses_behind(const struct term *term)
{
	return tty_behind(&((const struct curses_term *)term)->tty);
}

static void curses_leave(struct term *term)
{
	struct curses_term *self = curses_of(term);
	struct tty_signals saved;

	if (!term->active)
		return;
	if (curses_behind(term))
		tcflush(term->fd, TCOFLUSH);  /* endwin() waits until all is sent, and nobody reads it */
	tty_keep_signals(&saved, false);
	if (self->ansi)
		tty_send_str(&self->tty, "\033[?2004l");
	endwin();
	tty_keep_signals(&saved, true);
	if (self->ansi && !capability("rmcup"))
		tty_send_str(&self->tty, "\r\033[K");
	term->active = false;
}

static void curses_redraw(struct term *term)
{
	struct curses_term *self = curses_of(term);

	clearok(curscr, TRUE);
	self->stale = true;
}

static int curses_enter(struct term *term)
{
	struct curses_term *self = curses_of(term);
	struct tty_signals saved;

	if (self->tty.lost)
		return -1;
	if (term->active)
		return 0;
	tty_keep_signals(&saved, false);
	erase();
	curses_redraw(term);
	refresh();
	tty_keep_signals(&saved, true);
	if (self->ansi)
		tty_send_str(&self->tty, "\033[?2004h");
	curses_flush(term);
	term->active = true;
	return 0;
}

static void curses_free(struct term *term)
{
	struct curses_term *self = curses_of(term);

	curses_leave(term);
	if (self->screen)
		delscreen(self->screen);
	if (self->in)
		fclose(self->in);
	if (self->out)
		fclose(self->out);
	grid_fini(&self->shown);
	free(self->row);
	buf_fini(&self->bytes);
	free(self);
}

static const struct term_ops curses_ops = {
	.size = curses_size, .show = curses_show, .read = curses_read, .deadline = curses_deadline,
	.flush = curses_flush, .leave = curses_leave, .enter = curses_enter, .redraw = curses_redraw,
	.behind = curses_behind, .free = curses_free,
};

/** Teach the decoder what this terminal's keys send. */
static void teach_keys(struct input *input)
{
	const char *name;
	uint32_t key;

	for (size_t i = 0; (name = input_capability(i, &key)) != NULL; i++)
		if (capability(name))
			input_teach(input, capability(name), key);
}

/**
 * Curses would put back the terminal's own palette whenever it leaves the screen, and with it take away colours that the
 * user has set. We never change one: let it have nothing to send.
 */
static void keep_palette(void)
{
	char *reset = tigetstr("oc");

	if (reset && reset != (char *)-1)
		*reset = '\0';
}

/** Have curses take the terminal over. Returns whether it did. */
static bool open_screen(struct curses_term *self, const char *type)
{
	self->in = tty_stream(self->term.fd, "r");
	self->out = tty_stream(self->term.fd, "w");
	if (!self->in || !self->out)
		return false;
	use_env(FALSE);
	use_tioctl(TRUE); /* some descriptions have no size */
	self->screen = newterm((char *)type, self->out, self->in);
	if (!self->screen)
		return false;
	keep_palette();
	raw();
	noecho();
	nonl();
	typeahead(-1);
	keypad(stdscr, TRUE);
	if (has_colors() && start_color() != ERR && use_default_colors() != ERR) {
		self->term.colors = COLORS;
		self->pair_max = COLOR_PAIRS - 1 < PAIRS_MAX ? COLOR_PAIRS - 1 : PAIRS_MAX;
	}
	return true;
}

/** Everything but the screen. Returns NULL with ENOMEM. */
static struct curses_term *curses_new(int fd, const struct termios *modes)
{
	bool utf8 = strcasecmp(nl_langinfo(CODESET), "UTF-8") == 0;
	struct curses_term *self = calloc(1, sizeof *self);

	if (!self)
		return NULL;
	self->term = (struct term){ .ops = &curses_ops, .fd = fd, .utf8 = utf8 };
	self->tty.fd = fd;
	self->owner = pthread_self();
	self->stale = true;
	self->ansi = type_is_ansi();
	grid_init(&self->shown, !utf8);
	input_init(&self->tty.input, utf8, modes->c_cc[VERASE]);
	teach_keys(&self->tty.input);
	return self;
}

struct term *term_curses_new(int fd, const char *type, struct buf *why)
{
	struct termios modes;
	struct tty_signals saved;
	bool is_tty = isatty(fd) && tcgetattr(fd, &modes) == 0;
	const char *problem = is_tty ? load_type(type) : "not a terminal";
	struct curses_term *self = problem ? NULL : curses_new(fd, &modes);

	if (self) {
		tty_keep_signals(&saved, false);
		self->term.active = open_screen(self, type);
		tty_keep_signals(&saved, true);
	}
	if (self && self->term.active) {
		if (self->ansi)
			tty_send_str(&self->tty, "\033[?2004h");
		return &self->term;
	}
	if (self)
		curses_free(&self->term);
	buf_printf(why, "cannot use the screen: %s", problem ? problem : "curses refuses this terminal");
	if (is_tty && type && *type) {
		buf_add_str(why, ": ");
		text_add(why, type, strlen(type), TEXT_QUOTE);
	}
	return NULL;
}
