/*
 * The terminal as the rest of the program sees it: something with a size that shows a grid and yields keys.
 *
 * There are two: term_curses.c draws on the terminal, term_mem.c into memory, for --headless and for tests. Both
 * are one struct term whose functions are called through the wrappers below. Nothing here ever blocks.
 */
#ifndef MUNTIN_TERM_H
#define MUNTIN_TERM_H

#include "base.h"
#include "buf.h"
#include "grid.h"
#include "style.h"

enum term_event_type {
	TERM_EVENT_NONE,  /* nothing now: wait for the descriptor or the deadline */
	TERM_EVENT_KEY,
	TERM_EVENT_LOST,  /* end of input or an error: the terminal is gone for good */
};

struct term_event {
	enum term_event_type type;
	uint32_t key;  /* as in keys.h; a pasted end of line is K_ENTER */
	bool pasted;   /* text from a paste (bracketed, or several lines in one burst): it may be inserted, never obeyed */
	bool queued;   /* it came together with the key before it: nobody has seen that one's effect yet */
};

struct term;

/** The functions behind a struct term; their contracts are those of the wrappers. */
struct term_ops {
	void (*size)(struct term *term, int *cols, int *rows);
	int (*show)(struct term *term, const struct grid *grid, const struct styles *styles);
	void (*read)(struct term *term, struct term_event *event);
	int64_t (*deadline)(const struct term *term);
	void (*flush)(struct term *term);
	void (*leave)(struct term *term);
	int (*enter)(struct term *term);
	void (*redraw)(struct term *term);
	bool (*behind)(const struct term *term);
	void (*free)(struct term *term);
};

/** What both kinds begin with. */
struct term {
	const struct term_ops *ops;
	int fd;       /* poll it for input; -1: never has any of its own */
	bool utf8;    /* it shows more than ASCII */
	bool active;  /* between enter and leave */
	int colors;   /* how many it has; 0: none */
};

/**
 * Take over the terminal `fd` (read and write; it stays the caller's and must outlive the result), of type `type` (the
 * value of TERM, or NULL). setlocale() must have been called; fd may be any descriptor of the terminal.
 * The signal dispositions and mask are as before. The screen is entered: alternate screen, raw keys, bracketed paste.
 * Returns NULL after adding one line (no newline) to `why`.   Thread: main.
 */
struct term *term_curses_new(int fd, const char *type, struct buf *why);

/**
 * Open the controlling terminal, close-on-exec. Returns a descriptor, or -1 with errno.   Thread: main.
 */
int term_tty_open(void);

/**
 * The bytes that put a terminal of this type back: attributes and colours off, cursor shown, mouse, paste mode and
 * keypad off, alternate screen left. They can be written by another process after any death of ours. Adds nothing for
 * a type that cannot be drawn on. Needs no open screen, but must not be called while one is.   Thread: main.
 */
void term_restore_bytes(const char *type, struct buf *out);

/** The library and its version, as for --version.   Thread: any. */
const char *term_curses_version(void);

/** A terminal in memory. Returns NULL with ENOMEM.   Thread: main. */
struct term *term_mem_new(int cols, int rows, bool utf8);

/** Feed a key to a terminal in memory. Returns 0, or -1 with ENOMEM.   Thread: main. */
MUN_NODISCARD int term_mem_feed(struct term *term, uint32_t key, bool pasted);

/** Another size, and the end of its input: for tests and scripts.   Thread: main. */
void term_mem_resize(struct term *term, int cols, int rows);
void term_mem_hang_up(struct term *term);

/** What a terminal in memory shows, as grid_dump() writes it.   Thread: main. */
void term_mem_dump(const struct term *term, struct buf *out);

/** The size now, at least 1×1; asked anew at each call.   Thread: main. */
static inline void term_size(struct term *term, int *cols, int *rows)
{
	term->ops->size(term, cols, rows);
}

/**
 * Make the terminal show this grid, whatever its size, by sending what differs. Does nothing while left.
 * Returns 0, or -1 when the terminal is gone.   Thread: main.
 */
MUN_NODISCARD static inline int term_show(struct term *term, const struct grid *grid, const struct styles *styles)
{
	return term->ops->show(term, grid, styles);
}

/** The next key, if there is one. Call it until it says TERM_EVENT_NONE or _LOST.   Thread: main. */
static inline void term_read(struct term *term, struct term_event *event)
{
	term->ops->read(term, event);
}

/**
 * When to call term_read() again even though nothing came (an Esc that may yet be the begin of a key), in nanoseconds of
 * CLOCK_MONOTONIC; -1: no need.   Thread: main.
 */
static inline int64_t term_deadline(const struct term *term)
{
	return term->ops->deadline(term);
}

/** Forget all that was typed and not read yet: before a question is asked.   Thread: main. */
static inline void term_flush(struct term *term)
{
	term->ops->flush(term);
}

/** Give the terminal back, as for an external program or a stop; and take it again, all to be redrawn.
 * term_enter() returns 0, or -1 when the terminal is gone.   Thread: main. */
static inline void term_leave(struct term *term)
{
	term->ops->leave(term);
}
MUN_NODISCARD static inline int term_enter(struct term *term)
{
	return term->ops->enter(term);
}

/** Forget what the terminal shows: the next term_show() sends everything.   Thread: main. */
static inline void term_redraw(struct term *term)
{
	term->ops->redraw(term);
}

/** Whether the terminal does not take output just now, so that painting had better wait.   Thread: main. */
static inline bool term_behind(const struct term *term)
{
	return term->ops->behind(term);
}

/** Leave the terminal and free; also takes NULL.   Thread: main. */
static inline void term_free(struct term *term)
{
	if (term)
		term->ops->free(term);
}

#endif
