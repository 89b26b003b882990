/*
 * From the session to cells. Painters read the model and write a grid; they change nothing and wait for nothing.
 *
 * What is foreign (names, targets, reasons, owners) goes through paint_foreign(), all else are literals of ours
 * and what text.h made.   Thread: main, for all functions.
 */
#ifndef MUNTIN_PAINT_H
#define MUNTIN_PAINT_H

#include "base.h"
#include "buf.h"
#include "grid.h"
#include "layout.h"
#include "style.h"

#include "session.h"

struct columns;
struct key_state;
struct keymap;
struct lines;
struct owners;

/** What every painter needs. */
struct paint {
	struct grid *grid;
	const struct styles *styles;
	struct owners *owners;  /* NULL: owners are shown as numbers */
	const struct columns *columns; /* of the panes */
	unsigned text;          /* TEXT_ASCII, or 0 */
	bool root;              /* we act as root, and say so */
	int64_t now;            /* loop_now() time */
	int64_t clock;          /* nanoseconds since 1970 */
	const char *home;       /* shown as ~; NULL or empty: not shortened */
	const char *cwd;        /* what the root `.` stands for, not terminated; NULL: not known */
	size_t cwd_len;
};

/** The signs that stand for a state, each with a form for terminals without UTF-8. */
enum sign {
	SIGN_DOT,       /* between two facts */
	SIGN_COMPLETE,
	SIGN_STOPPED,
	SIGN_FAILED,
	SIGN_SILENT,
	SIGN_CLOSED,    /* a directory */
	SIGN_OPEN,      /* a directory that is expanded */
	SIGN_AT_LEAST,
	SIGN_ARROW,
	SIGN_ELLIPSIS,
	SIGN_DIFFERS,
	SIGN_COUNT
};

/** The bytes of a sign.   Thread: any. */
const char *paint_sign(const struct paint *p, enum sign sign);

/** The wheel that turns while something goes on; ten pictures a second. */
const char *paint_spinner(const struct paint *p);

/** Append foreign bytes as they may be shown. */
void paint_foreign(const struct paint *p, struct buf *out, const void *bytes, size_t len);

/** Append a path for people, safe text: `~` for the home directory, and the current directory spelled out for `.`. */
void paint_path(const struct paint *p, struct buf *out, const char *path, size_t len);

/** Write safe text into exactly `width` cells, cut in the middle if need be and padded with blanks. */
void paint_field(const struct paint *p, int x, int y, int width, const struct buf *safe, uint16_t style);

/** The same, the text at the right end; what does not fit is left out whole. */
void paint_field_right(const struct paint *p, int x, int y, int width, const struct buf *safe, uint16_t style);

/** Write safe text where it fits into `width` cells, cut in the middle. Returns the cells used. */
int paint_cut(const struct paint *p, int x, int y, int width, const struct buf *safe, uint16_t style);

/** The same for a sentence, which is cut at its end. */
int paint_sentence(const struct paint *p, int x, int y, int width, const struct buf *safe, uint16_t style);

/** Append a user, a group by name, or by number where no name is known (yet). */
void paint_user(const struct paint *p, struct buf *out, uint32_t uid);
void paint_group(const struct paint *p, struct buf *out, uint32_t gid);

/**
 * The next row of `width` cells of safe text that is broken at blanks where it can be; its rest begins at `*at`, which is moved
 * over blanks. Returns the bytes of the row, 0 at the end.
 */
size_t paint_next_row(const struct buf *safe, size_t *at, int width);

/** Write a sentence into a line, and into those above it if it needs them. */
void paint_message(const struct paint *p, struct rect line, const struct buf *safe, uint16_t style);

/** Append USER:GROUP in the same way. */
void paint_owner(const struct paint *p, struct buf *out, uint32_t uid, uint32_t gid);

/** Append `text` once for 1 and with an s for all other counts: "2 links". */
void paint_plural(struct buf *out, uint64_t count, const char *noun);

/** The style of an entry's name. */
uint16_t paint_entry_style(const struct paint *p, const struct tree *tree, entry_id id);

/** Append the name of an entry with its suffix, safe text; with a link's target when `target`. */
void paint_name(const struct paint *p, const struct tree *tree, entry_id id, bool target, struct buf *out);

/** How many rows a pane of this rectangle shows. */
size_t paint_pane_height(const struct rect *rect);

/** All panes, each in its rectangle. `cursor` says whether the hardware cursor rests on the current row. */
void paint_panes(const struct paint *p, const struct session *session, const struct rect *rects, bool cursor);

/** The line about the current entry. */
void paint_status(const struct paint *p, const struct session *session, struct rect rect);

/** The same while comparing: the current row, how it differs, and the active pane's entry. */
void paint_compared_status(const struct paint *p, const struct session *session, struct rect rect);

/** A line with what the comparison has found so far, by what, and what was left out. */
void paint_comparison(const struct paint *p, const struct session *session, struct rect rect);

/** A line with how far a job is. */
void paint_job_line(const struct paint *p, const struct job *job, struct rect rect);

/** Append how far a job is, or what it has come to: safe text. */
void paint_job_text(const struct paint *p, const struct job *job, struct buf *out);

/** Every field of stat of the entry that pane_look() asked about, and what is known of what lies below it. */
void paint_info(const struct paint *p, const struct pane *pane, struct lines *lines);

/** The answer to pane_why(): a line for each component, what blocks, and at last what the user may do. */
void paint_why(const struct paint *p, const struct pane *pane, struct lines *lines);

/** What the panes have for the current row of the comparison, where they differ apart. */
void paint_compared_info(const struct paint *p, const struct session *session, struct lines *lines);

/** One line for each source: name, kind, process, state, rate, errors. */
void paint_workers(const struct paint *p, const struct session *session, struct lines *lines);

/** One line for each job, the newest first. */
void paint_tasks(const struct paint *p, const struct session *session, struct lines *lines);

/** All commands with their keys as they are bound now. */
void paint_help(const struct paint *p, const struct keymap *keymap, struct lines *lines);

/** The keys worth knowing, in one line. */
void paint_hint(const struct paint *p, const struct keymap *keymap, struct rect rect);

/** Say at the right end of a line that we act as root. Returns what is left of the line; all of it where there is no room. */
struct rect paint_root(const struct paint *p, struct rect rect);

/** A key and what it stands for, safe text. */
struct paint_choice {
	struct buf key;
	struct buf word;
};

/** Choices behind a label, in as many of the lowest lines of the screen as they need; the hardware cursor there if `cursor`. */
void paint_menu(const struct paint *p, const struct buf *label, const struct paint_choice *choices, size_t count, bool cursor);

/** What may follow the keys typed so far, in the same place. */
void paint_prefix(const struct paint *p, const struct keymap *keymap, const struct key_state *state);

/** A frame in the middle of the screen, at most w × h inside, blank, with a title and a line at the bottom (safe, may be NULL). Returns the inside. */
struct rect paint_frame(const struct paint *p, int w, int h, const char *title, const char *bottom);

#endif
