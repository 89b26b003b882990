#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "grid.h"
#include "keys.h"

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/** What poll says of it just now. */
static short poll_now(const struct tty *tty, short events)
{
	struct pollfd watch = { .fd = tty->fd, .events = events };

	return poll(&watch, 1, 0) > 0 ? watch.revents : 0;
}

int term_tty_open(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

void tty_keep_signals(struct tty_signals *saved, bool back)
{
	static const int signals[TTY_SIGNALS] = { SIGINT, SIGTERM, SIGTSTP, SIGWINCH };

	for (size_t i = 0; i < TTY_SIGNALS; i++)
		sigaction(signals[i], back ? &saved->actions[i] : NULL, back ? NULL : &saved->actions[i]);
}

FILE *tty_stream(int fd, const char *mode)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *stream = copy < 0 ? NULL : fdopen(copy, mode);

	if (!stream && copy >= 0)
		close(copy);
	return stream;
}

void tty_size(const struct tty *tty, int *cols, int *rows)
{
	struct winsize size;

	*cols = 80;
	*rows = 24;
	if (ioctl(tty->fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
		return;
	*cols = size.ws_col < GRID_SIDE ? size.ws_col : GRID_SIDE;
	*rows = size.ws_row < GRID_SIDE ? size.ws_row : GRID_SIDE;
}

void tty_send(struct tty *tty, const char *bytes, size_t len)
{
	while (len > 0 && !tty->lost) {
		ssize_t sent = write(tty->fd, bytes, len);

		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0 && errno != EINTR)
			tty->lost = true;
		if (sent > 0) {
			bytes += sent;
			len -= (size_t)sent;
		}
	}
}

void tty_send_str(struct tty *tty, const char *str)
{
	tty_send(tty, str, strlen(str));
}

void tty_unpad(struct buf *out, const char *string)
{
	const char *at = string;

	while (at && *at) {
		size_t len = strcspn(at, "$");
		const char *end = strncmp(at + len, "$<", 2) == 0 ? strchr(at + len, '>') : NULL;

		buf_add(out, at, len);
		at += len;
		if (end)
			at = end + 1;
		else if (*at)
			buf_add_byte(out, *at++);
	}
}

/** Read what there is, without waiting. Returns whether there was anything. */
static bool fill(struct tty *tty)
{
	unsigned char *room;
	size_t size = input_room(&tty->input, &room);
	short events = poll_now(tty, POLLIN);
	ssize_t got;

	if (events == 0 || size == 0)
		return false;
	if (!(events & POLLIN)) {
		tty->lost = true;
		return false;
	}
	got = read(tty->fd, room, size);
	if (got > 0)
		input_came(&tty->input, (size_t)got, now());
	else if (got == 0 || (errno != EINTR && errno != EAGAIN))
		tty->lost = true;
	return got > 0;
}

void tty_read(struct tty *tty, bool reading, struct term_event *event)
{
	*event = (struct term_event){ .type = TERM_EVENT_NONE, .key = K_NONE };
	do {
		if (input_next(&tty->input, now(), event))
			return;
	} while (reading && !tty->lost && fill(tty));
	if (tty->lost)
		event->type = TERM_EVENT_LOST;
}

void tty_flush(struct tty *tty)
{
	tcflush(tty->fd, TCIFLUSH);
	input_flush(&tty->input);
}

bool tty_behind(const struct tty *tty)
{
	return poll_now(tty, POLLOUT) == 0;
}
