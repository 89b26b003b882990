/*
 * The terminal as a descriptor: bytes out, keys in, its size. Nothing waits; no curses.
 */
#ifndef MUNTIN_TTY_H
#define MUNTIN_TTY_H

#include "base.h"
#include "buf.h"
#include "input.h"

#include <signal.h>
#include <stdio.h>

struct tty {
	int fd;              /* borrowed */
	bool lost;           /* end of input or an error: it will not come back */
	struct input input;  /* what was read and not yet taken */
};

enum { TTY_SIGNALS = 4 };

/** What is done about the signals that curses would like to handle. */
struct tty_signals {
	struct sigaction actions[TTY_SIGNALS];
};

/** Save that, or bring it `back`.   Thread: main. */
void tty_keep_signals(struct tty_signals *saved, bool back);

/** A stream of our own on a descriptor, as newterm() wants one; NULL with errno. Close it.   Thread: main. */
FILE *tty_stream(int fd, const char *mode);

/** How large it is, at least 1×1; 80×24 when it does not say.   Thread: main. */
void tty_size(const struct tty *tty, int *cols, int *rows);

/** Send bytes; gives up on an error, which is then `lost`.   Thread: main. */
void tty_send(struct tty *tty, const char *bytes, size_t len);
void tty_send_str(struct tty *tty, const char *str);

/** Add a string of a terminal's description (NULL: none) without the padding times `$<20>` in it.   Thread: any. */
void tty_unpad(struct buf *out, const char *string);

/** The next key, as term_read() wants it; without `reading` only of those that were read.   Thread: main. */
void tty_read(struct tty *tty, bool reading, struct term_event *event);

/** Forget what was typed and not taken yet.   Thread: main. */
void tty_flush(struct tty *tty);

/** Whether it takes no output just now.   Thread: main. */
bool tty_behind(const struct tty *tty);

#endif
