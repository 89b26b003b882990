/*
 * The terminal, in memory and on a pseudo terminal. What arrives there goes through a small emulator that refuses every
 * sequence it does not know, and that may be told to draw some characters with another width than ours.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "keys.h"
#include "term.h"

enum { COLS = 40, ROWS = 6 };

/** The emulator: what the terminal shows. */
struct screen {
	char cells[ROWS][COLS][GRID_CLUSTER + 1];
	int x, y;
	int wrong_width;    /* how wide characters are drawn that are 2 cells for us; 0: rightly */
	bool alternate, paste, hidden;
	char last[GRID_CLUSTER + 1];
};

static int master;
static int slave;
static struct term *term;
static struct styles *styles;
static struct grid grid;
static struct screen screen;

static void set_cell(int y, int x, const char *bytes)
{
	char copy[GRID_CLUSTER + 1];

	snprintf(copy, sizeof copy, "%s", bytes);
	memcpy(screen.cells[y][x], copy, sizeof copy);
}

static void erase(int y, int from, int to)
{
	for (int x = from; x < to; x++)
		set_cell(y, x, " ");
}

static int limit(int value, int max)
{
	return value < 0 ? 0 : value > max ? max : value;
}

/** Draw one character where the cursor is. */
static void draw(const char *bytes, size_t len)
{
	uint32_t scalar = 0;
	int width;

	ck_assert_int_eq(utf8_decode(bytes, len, &scalar), (int)len);
	ck_assert_msg(scalar >= ' ' && (scalar < 0x7f || scalar >= 0xa0), "control character %x", scalar);
	width = scalar >= 0x1100 && scalar < 0x2000 ? 2 : scalar >= 0x2e80 ? 2 : 1;
	if (width == 2 && screen.wrong_width)
		width = screen.wrong_width;
	if (screen.x >= COLS)
		return;
	if (scalar >= 0x300 && scalar < 0x370) {
		if (screen.x > 0)
			strncat(screen.cells[screen.y][screen.x - 1], bytes, len);
		return;
	}
	snprintf(screen.cells[screen.y][screen.x], sizeof screen.cells[0][0], "%.*s", (int)len, bytes);
	snprintf(screen.last, sizeof screen.last, "%.*s", (int)len, bytes);
	for (int i = 1; i < width && screen.x + i < COLS; i++)
		screen.cells[screen.y][screen.x + i][0] = '\0';
	screen.x += width;
}

static void private_mode(int mode, bool on)
{
	switch (mode) {
	case 1049: screen.alternate = on; break;
	case 2004: screen.paste = on; break;
	case 25: screen.hidden = !on; break;
	case 1: case 7: case 12: case 1000: case 1002: case 1003: case 1006: break;
	default: ck_abort_msg("private mode %d", mode);
	}
}

/** One control sequence: the allow-list. */
static void control(const char *params, char final)
{
	int n = atoi(params);
	int count = n > 0 ? n : 1;
	const char *second = strchr(params, ';');

	switch (final) {
	case 'H':
		screen.y = limit(count - 1, ROWS - 1);
		screen.x = limit(second ? atoi(second + 1) - 1 : 0, COLS - 1);
		break;
	case 'A': screen.y = limit(screen.y - count, ROWS - 1); break;
	case 'B': screen.y = limit(screen.y + count, ROWS - 1); break;
	case 'C': screen.x = limit(screen.x + count, COLS - 1); break;
	case 'D': screen.x = limit(screen.x - count, COLS - 1); break;
	case 'G': screen.x = limit(count - 1, COLS - 1); break;
	case 'd': screen.y = limit(count - 1, ROWS - 1); break;
	case 'K': erase(screen.y, n == 1 ? 0 : screen.x, n == 1 ? screen.x + 1 : COLS); break;
	case 'X': erase(screen.y, screen.x, limit(screen.x + count, COLS)); break;
	case 'J':
		erase(screen.y, n == 2 ? 0 : screen.x, COLS);
		for (int y = n == 2 ? 0 : screen.y + 1; y < ROWS; y++)
			erase(y, 0, COLS);
		break;
	case 'b':
		for (int i = 0; i < count; i++)
			draw(screen.last, strlen(screen.last));
		break;
	case 'P':
		for (int x = screen.x; x < COLS; x++)
			set_cell(screen.y, x, x + count < COLS ? screen.cells[screen.y][x + count] : " ");
		break;
	case '@':
		for (int x = COLS - 1; x >= screen.x; x--)
			set_cell(screen.y, x, x - count >= screen.x ? screen.cells[screen.y][x - count] : " ");
		break;
	case 'm': case 'r': case 't': case 'l': case 'h': break;
	default: ck_abort_msg("control sequence %s%c", params, final);
	}
}

/** Take one sequence after an ESC. Returns its length without the ESC. */
static size_t escape(const char *bytes, size_t len)
{
	char params[32];
	size_t end = 1;

	ck_assert_uint_gt(len, 0);
	if (strchr("=>78", bytes[0]))
		return 1;
	if (bytes[0] == '(')
		return 2;
	if (len >= 5 && memcmp(bytes, "]104\a", 5) == 0)
		return 5;  /* endwin(): the palette as it was */
	ck_assert_msg(bytes[0] == '[', "ESC %c", bytes[0]);
	while (end < len && end < sizeof params && (unsigned char)bytes[end] < 0x40)
		end++;
	ck_assert(end < len && end < sizeof params);
	snprintf(params, sizeof params, "%.*s", (int)end - 1, bytes + 1);
	if (params[0] != '?') {
		control(params, bytes[end]);
		return end + 1;
	}
	ck_assert(bytes[end] == 'h' || bytes[end] == 'l');
	for (const char *at = params; at; at = strchr(at + 1, ';'))
		private_mode(atoi(at + 1), bytes[end] == 'h');
	return end + 1;
}

static void emulate(const char *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		unsigned char byte = (unsigned char)bytes[at];
		uint32_t scalar;
		int used = 1;

		if (byte == 0x1b)
			used = 1 + (int)escape(bytes + at + 1, len - at - 1);
		else if (byte == '\r')
			screen.x = 0;
		else if (byte == '\n')
			screen.y = limit(screen.y + 1, ROWS - 1);
		else if (byte == '\b')
			screen.x = limit(screen.x - 1, COLS - 1);
		else if (byte == '\t')
			screen.x = limit((screen.x / 8 + 1) * 8, COLS - 1);
		else if (byte != 0x0f) {
			used = utf8_decode(bytes + at, len - at, &scalar);
			ck_assert_int_gt(used, 0);
			draw(bytes + at, (size_t)used);
		}
		at += (size_t)used;
	}
}

/** Read all that was sent. */
static void drain(struct buf *all)
{
	struct pollfd watch = { .fd = master, .events = POLLIN };

	while (poll(&watch, 1, 0) > 0 && (watch.revents & POLLIN)) {
		char *room = buf_room(all, 4096);
		ssize_t got = room ? read(master, room, 4096) : -1;

		if (got <= 0)
			return;
		all->len += (size_t)got;
	}
}

/** Let the emulator have what was sent. Returns how many bytes that was. */
static size_t receive(void)
{
	struct buf all = BUF_INIT;
	size_t total;

	drain(&all);
	emulate(all.data, all.len);
	total = all.len;
	buf_fini(&all);
	return total;
}

static void assert_row(int y, const char *want)
{
	struct buf row = BUF_INIT;

	for (int x = 0; x < COLS; x++)
		buf_add_str(&row, screen.cells[y][x]);
	while (row.len > 0 && row.data[row.len - 1] == ' ')
		row.len--;
	ck_assert_str_eq(buf_str(&row), want);
	buf_fini(&row);
}

static void show(void)
{
	ck_assert_int_eq(term_show(term, &grid, styles), 0);
	receive();
}

static const int signals[] = { SIGINT, SIGTERM, SIGTSTP, SIGWINCH };

static void open_pty(void)
{
	struct winsize size = { .ws_col = COLS, .ws_row = ROWS };

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(master, 0);
	ck_assert(grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(slave, 0);
	ck_assert_int_eq(ioctl(master, TIOCSWINSZ, &size), 0);
}

static void setup(void)
{
	struct buf why = BUF_INIT;

	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
	open_pty();
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		signal(signals[i], SIG_DFL);
	screen = (struct screen){ .x = 0 };
	for (int y = 0; y < ROWS; y++)
		erase(y, 0, COLS);
	term = term_curses_new(slave, "xterm-256color", &why);
	ck_assert_msg(term != NULL, "%s", buf_str(&why));
	styles = styles_new(true);
	grid_init(&grid, false);
	ck_assert_int_eq(grid_resize(&grid, COLS, ROWS), 0);
	buf_fini(&why);
}

static void teardown(void)
{
	term_free(term);
	receive();
	ck_assert(!screen.alternate && !screen.paste && !screen.hidden);
	styles_free(styles);
	grid_fini(&grid);
	close(slave);
	close(master);
}

START_TEST(test_show)
{
	int cols;
	int rows;

	term_size(term, &cols, &rows);
	ck_assert(cols == COLS && rows == ROWS);
	ck_assert(term->utf8 && term->active && term->fd == slave);
	ck_assert_int_eq(term->colors, 256);
	grid_box(&grid, 0, 0, COLS, ROWS, STYLE_BORDER);
	grid_put_str(&grid, 2, 1, 30, "directory/", STYLE_DIRECTORY | STYLE_CURSOR);
	grid_put_str(&grid, 2, 2, 30, "日本 e\xcc\x81 ✓ end", STYLE_ERROR | STYLE_MARKED);
	grid_put_str(&grid, COLS - 1, ROWS - 1, 1, "x", STYLE_CLASS_B);
	grid_cursor(&grid, 2, 1);
	show();
	ck_assert(screen.alternate && screen.paste && !screen.hidden);
	assert_row(0, "┌──────────────────────────────────────┐");
	assert_row(1, "│ directory/                           │");
	assert_row(2, "│ 日本 e\xcc\x81 ✓ end                         │");
	assert_row(5, "└──────────────────────────────────────x");
	ck_assert(screen.x == 2 && screen.y == 1);
	ck_assert_int_eq(term_show(term, &grid, styles), 0);
	ck_assert_uint_eq(receive(), 0);  /* nothing changed: nothing is sent */
	grid_put_str(&grid, 2, 1, 30, "D", STYLE_DIRECTORY | STYLE_CURSOR);
	ck_assert_int_eq(term_show(term, &grid, styles), 0);
	ck_assert_uint_lt(receive(), 80);
	assert_row(1, "│ Directory/                           │");
	grid_clear(&grid);
	show();
	ck_assert(screen.hidden);
	for (int y = 0; y < ROWS; y++)
		assert_row(y, "");
}
END_TEST

/** A terminal that draws wide characters with another width: only they are wrong, no other column and no other row. */
START_TEST(test_wrong_width)
{
	static const char *const names[] = { "日本語", "a日b本", "plain", "\xea\x93\x90", "本日本", "x日" };

	screen.wrong_width = _i;
	for (int frame = 0; frame < 12; frame++) {
		grid_clear(&grid);
		for (int y = 0; y < ROWS; y++) {
			grid_put_str(&grid, 0, y, 10, names[(y + frame) % ROWS], STYLE_FILE);
			grid_put_str(&grid, 12, y, 8, "size|", STYLE_SIZE);
			grid_put_str(&grid, 20, y, 10, names[(y * 2 + frame) % ROWS], STYLE_FILE);
			grid_put_str(&grid, 31, y, 9, "123 mode|", STYLE_MODE);
		}
		grid_cursor(&grid, 0, frame % ROWS);
		show();
		ck_assert(screen.x == 0 && screen.y == frame % ROWS);
		for (int y = 0; y < ROWS; y++) {
			for (int i = 0; i < 5; i++)
				ck_assert_int_eq(screen.cells[y][12 + i][0], "size|"[i]);
			for (int i = 0; i < 9; i++)
				ck_assert_int_eq(screen.cells[y][31 + i][0], "123 mode|"[i]);
			if ((y + frame) % ROWS == 2)
				ck_assert_int_eq(screen.cells[y][0][0], 'p');
		}
	}
}
END_TEST

START_TEST(test_leave_and_enter)
{
	struct termios before;
	struct termios raw;
	struct termios after;

	ck_assert_int_eq(tcgetattr(slave, &raw), 0);
	ck_assert_uint_eq(raw.c_lflag & (ICANON | ECHO | ISIG), 0);
	ck_assert_uint_eq(raw.c_iflag & (IXON | ICRNL), 0);
	grid_put_str(&grid, 0, 0, 10, "hello", 0);
	show();
	for (int i = 0; i < 5; i++) {
		term_leave(term);
		term_leave(term);
		receive();
		ck_assert(!screen.alternate && !screen.paste && !term->active);
		ck_assert_int_eq(tcgetattr(slave, &before), 0);
		ck_assert_uint_eq(before.c_lflag & (ICANON | ECHO | ISIG), ICANON | ECHO | ISIG);
		ck_assert_int_eq(term_show(term, &grid, styles), 0);
		ck_assert_uint_eq(receive(), 0);
		for (int y = 0; y < ROWS; y++)
			erase(y, 0, COLS);
		ck_assert_int_eq(term_enter(term), 0);
		show();
		ck_assert(screen.alternate && screen.paste);
		assert_row(0, "hello");
		ck_assert_int_eq(tcgetattr(slave, &after), 0);
		ck_assert_mem_eq(after.c_cc, raw.c_cc, sizeof raw.c_cc);
		ck_assert_uint_eq(after.c_lflag, raw.c_lflag);
	}
	set_cell(0, 0, "?");
	term_redraw(term);
	show();
	assert_row(0, "hello");
}
END_TEST

START_TEST(test_sizes)
{
	static const int sizes[][2] = { { 1, 1 }, { 40, 6 }, { 3, 2 }, { 200, 60 }, { 1, 60 }, { 40, 1 }, { 40, 6 } };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct winsize size = { .ws_col = (unsigned short)sizes[i][0], .ws_row = (unsigned short)sizes[i][1] };
		int cols;
		int rows;

		ck_assert_int_eq(ioctl(master, TIOCSWINSZ, &size), 0);
		term_size(term, &cols, &rows);
		ck_assert(cols == sizes[i][0] && rows == sizes[i][1]);
		ck_assert_int_eq(grid_resize(&grid, cols, rows), 0);
		grid_put_str(&grid, 0, 0, 10, "日x", 0);
		grid_cursor(&grid, cols, rows);
		show();
	}
	assert_row(0, "日x");
}
END_TEST

/** The next key, waiting for it as the loop does. */
static struct term_event next_event(void)
{
	struct term_event event;

	for (;;) {
		struct pollfd watch = { .fd = term->fd, .events = POLLIN };
		int64_t deadline;

		term_read(term, &event);
		if (event.type != TERM_EVENT_NONE)
			return event;
		deadline = term_deadline(term);
		ck_assert_int_ge(poll(&watch, 1, deadline < 0 ? -1 : 20), 0);
	}
}

static void send_keys(const char *bytes)
{
	ck_assert_int_eq(write(master, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
}

START_TEST(test_keys)
{
	static const uint32_t want[] = { 3, 26, 19, 17, 28, K_UP, 0x65e5, K_F1 + 4, K_ENTER };
	struct term_event event;

	term_read(term, &event);
	ck_assert_int_eq(event.type, TERM_EVENT_NONE);
	ck_assert_int_eq(term_deadline(term), -1);
	send_keys("\x03\x1a\x13\x11\x1c\033OA日\033[15~\r");
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		event = next_event();
		ck_assert_int_eq(event.type, TERM_EVENT_KEY);
		ck_assert_uint_eq(event.key, want[i]);
		ck_assert(!event.pasted);
	}
	send_keys("\033");
	event = next_event();
	ck_assert(event.type == TERM_EVENT_KEY && event.key == K_ESC);
	send_keys("\033[200~X\033[201~");
	event = next_event();
	ck_assert(event.key == 'X' && event.pasted);
	send_keys("abc");
	event = next_event();
	ck_assert_uint_eq(event.key, 'a');
	send_keys("def");
	term_flush(term);
	term_read(term, &event);
	ck_assert_int_eq(event.type, TERM_EVENT_NONE);
	ck_assert(!term_behind(term));
}
END_TEST

START_TEST(test_signals)
{
	term_leave(term);
	ck_assert_int_eq(term_enter(term), 0);
	show();
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct sigaction action;

		ck_assert_int_eq(sigaction(signals[i], NULL, &action), 0);
		ck_assert_msg(action.sa_handler == SIG_DFL, "signal %d", signals[i]);
	}
}
END_TEST

START_TEST(test_lost)
{
	struct term_event event;
	struct buf why = BUF_INIT;

	open_pty();
	term = term_curses_new(slave, "xterm", &why);
	ck_assert_ptr_nonnull(term);
	ck_assert_int_eq(write(master, "j", 1), 1);
	event = next_event();
	ck_assert_int_eq(event.type, TERM_EVENT_KEY);
	close(master);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(next_event().type, TERM_EVENT_LOST);
	ck_assert_int_eq(grid_resize(&grid, 10, 3), 0);
	styles = styles_new(true);
	ck_assert_int_eq(term_show(term, &grid, styles), -1);
	styles_free(styles);
	grid_fini(&grid);
	term_free(term);
	close(slave);
}
END_TEST

START_TEST(test_refused)
{
	static const struct { const char *type; const char *why; } cases[] = {
		{ NULL, "cannot use the screen: TERM is not set" },
		{ "", "cannot use the screen: TERM is not set" },
		{ "no-such\033type", "cannot use the screen: unknown terminal type: $'no-such\\x1btype'" },
		{ "dumb", "cannot use the screen: this terminal cannot move the cursor: dumb" },
	};
	struct buf why = BUF_INIT;
	int pair[2];

	open_pty();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ck_assert_ptr_null(term_curses_new(slave, cases[i].type, &why));
		ck_assert_str_eq(buf_str(&why), cases[i].why);
		buf_fini(&why);
		term_restore_bytes(cases[i].type, &why);
		ck_assert_uint_eq(why.len, 0);
	}
	ck_assert_int_eq(pipe(pair), 0);
	ck_assert_ptr_null(term_curses_new(pair[0], "xterm", &why));
	ck_assert_str_eq(buf_str(&why), "cannot use the screen: not a terminal");
	buf_fini(&why);
	close(pair[0]);
	close(pair[1]);
	close(master);
	close(slave);
}
END_TEST

/** Without UTF-8 only ASCII leaves the program. */
START_TEST(test_ascii)
{
	struct buf why = BUF_INIT;
	struct buf all = BUF_INIT;

	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C"));
	open_pty();
	term = term_curses_new(slave, "xterm", &why);
	ck_assert_ptr_nonnull(term);
	ck_assert(!term->utf8);
	styles = styles_new(false);
	grid_init(&grid, false);
	ck_assert_int_eq(grid_resize(&grid, COLS, ROWS), 0);
	grid_put_str(&grid, 0, 0, 20, "é日─x", STYLE_ERROR);
	ck_assert_int_eq(term_show(term, &grid, styles), 0);
	term_free(term);
	drain(&all);
	for (size_t i = 0; i < all.len; i++)
		ck_assert_int_ge(all.data[i], 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&all), "x"));
	ck_assert_ptr_null(strstr(buf_str(&all), "\033[31m"));
	buf_fini(&all);
	styles_free(styles);
	grid_fini(&grid);
	close(master);
	close(slave);
}
END_TEST

START_TEST(test_restore_bytes)
{
	static const char *const types[] = { "xterm-256color", "screen", "linux", "vt100", "rxvt", "tmux" };

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct buf out = BUF_INIT;
		const char *bytes;

		term_restore_bytes(types[i], &out);
		bytes = buf_str(&out);
		ck_assert_ptr_nonnull(bytes);
		ck_assert(out.len == 0 || strstr(bytes, "\033[?2004l"));  /* 0: not described on this system */
		ck_assert_ptr_null(strstr(bytes, "$<"));
		ck_assert_uint_le(out.len, 512);
		/* where the screen stays as it is, the shell finds an empty last line */
		ck_assert(out.len == 0 || strstr(bytes, "1049l") || strstr(bytes, "47l") || strstr(bytes, "\033[9999;1H\033[K"));
		screen = (struct screen){ .alternate = true, .paste = true, .hidden = true };
		if (i == 0) {
			emulate(out.data, out.len);
			ck_assert(!screen.alternate && !screen.paste && !screen.hidden);
		}
		buf_fini(&out);
	}
}
END_TEST

START_TEST(test_memory)
{
	struct term *mem = term_mem_new(20, 3, true);
	struct term_event event;
	struct buf out = BUF_INIT;
	int cols;
	int rows;

	grid_init(&grid, false);
	styles = styles_new(true);
	term_size(mem, &cols, &rows);
	ck_assert(cols == 20 && rows == 3 && mem->fd == -1);
	ck_assert_int_eq(grid_resize(&grid, cols, rows), 0);
	grid_put_str(&grid, 3, 1, 9, "日x", 0);
	ck_assert_int_eq(term_show(mem, &grid, styles), 0);
	term_mem_dump(mem, &out);
	ck_assert_str_eq(buf_str(&out), "\n   日x\n\n");
	ck_assert_int_eq(term_mem_feed(mem, 'j', false), 0);
	ck_assert_int_eq(term_mem_feed(mem, 'X', true), 0);
	term_read(mem, &event);
	ck_assert(event.type == TERM_EVENT_KEY && event.key == 'j' && !event.pasted);
	term_read(mem, &event);
	ck_assert(event.key == 'X' && event.pasted);
	term_read(mem, &event);
	ck_assert_int_eq(event.type, TERM_EVENT_NONE);
	ck_assert_int_eq(term_mem_feed(mem, 'j', false), 0);
	term_flush(mem);
	term_mem_hang_up(mem);
	term_read(mem, &event);
	ck_assert_int_eq(event.type, TERM_EVENT_LOST);
	term_mem_resize(mem, 0, 100000);
	term_size(mem, &cols, &rows);
	ck_assert(cols == 1 && rows == GRID_SIDE);
	term_leave(mem);
	ck_assert_int_eq(term_enter(mem), 0);
	ck_assert(!term_behind(mem) && term_deadline(mem) == -1);
	term_redraw(mem);
	term_free(mem);
	term_free(NULL);
	styles_free(styles);
	grid_fini(&grid);
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("term");
	TCase *drawn = tcase_create("pty");
	TCase *tests = tcase_create("others");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(drawn, setup, teardown);
	tcase_add_test(drawn, test_show);
	tcase_add_loop_test(drawn, test_wrong_width, 0, 4);
	tcase_add_test(drawn, test_leave_and_enter);
	tcase_add_test(drawn, test_sizes);
	tcase_add_test(drawn, test_keys);
	tcase_add_test(drawn, test_signals);
	suite_add_tcase(suite, drawn);
	tcase_add_test(tests, test_lost);
	tcase_add_test(tests, test_refused);
	tcase_add_test(tests, test_ascii);
	tcase_add_test(tests, test_restore_bytes);
	tcase_add_test(tests, test_memory);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
